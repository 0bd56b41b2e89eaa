"""One self-contained HTML page about one evaluation: numbers, curves, pictures, causes of failure."""

import json
from collections import Counter
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import jinja2
from markupsafe import Markup

from wsolzoo.visualization import charts
from wsolzoo.visualization.gallery import figure, hit_level, name_of, select
from wsolzoo.visualization.overlay import PREDICTED_COLOR, TRUE_COLOR
from wsolzoo.visualization.summary import (
    BASELINES,
    COLUMNS,
    HIT,
    LABELS,
    cause_order,
    cause_title,
    headlines,
    is_number,
    protocol_table,
)

TEMPLATE, STYLE = 'report.html.j2', 'report.css'
SIZES = ('small', 'medium', 'large')


def write_report(
    result: dict,
    path: str | Path,
    *,
    title: str,
    images: Mapping[str, Mapping] | None = None,
    curves: Mapping[str, Mapping] | None = None,
    meta: Mapping | None = None,
) -> Path:
    """Write the report; a section without data is left out.

    The page fetches nothing and runs no script. The same arguments give the same bytes.

    Args:
        result: the result dict of the evaluator (``protocols``, ``classification``, ``breakdown``, ``images``;
            optionally ``causes``, the definition of each cause of failure).
        path: where to write; folders are made.
        title: of the page.
        images: pictures by ``img_id``: ``image`` (H, W, 3) uint8 RGB, ``map`` (h, w) any range, and ``frame`` (height,
            width) of the network input if the picture has another size. :func:`wanted_images` says which are shown.
        curves: training curves, ``{'loss': {'train': [(step, value)…]}}``; a panel may also be
            ``{'series': {…}, 'x': 'epoch'}`` to name its axis.
        meta: about the run. ``classes`` (names), ``subtitle`` (text), ``config`` (text, shown folded), ``date``,
            ``seed`` and ``sample_seed`` (of the random pictures) are known; whatever else is listed as it is.

    Returns:
        The path written.
    """
    meta = dict(meta or {})
    context = {
        'title': title,
        'style': Markup(_resource(STYLE)),  # noqa: S704 - ours, not the user's
        'colors': {'true': _css(TRUE_COLOR), 'predicted': _css(PREDICTED_COLOR)},
        'facts': _facts(result, meta),
        'subtitle': meta.pop('subtitle', ''),
        'headlines': headlines(result),
        'tables': [(name, protocol_table(entry), entry) for name, entry in result.get('protocols', {}).items()],
        'metrics': {name: value for name, value in (result.get('metrics') or {}).items() if is_number(value)},
        'policies': [*COLUMNS.items(), *BASELINES.values()],
        'accuracy': _accuracy_curves(result),
        'training': _training_curves(curves or {}),
        'histogram': _iou_histogram(result),
        'breakdown': _breakdown(result, meta.get('classes')),
        'gallery': _gallery(result, images or {}, meta.get('classes'), int(meta.get('sample_seed') or 0)),
        'config': meta.pop('config', ''),
    }
    context['sections'] = {
        'Numbers': context['headlines'] or context['tables'] or context['metrics'],
        'Curves': context['accuracy'] or context['histogram'] or context['training'],
        'Breakdown': context['breakdown'],
        'Pictures': any(context['gallery'][kind] for kind in ('best', 'worst', 'sample')),
        'Failures': context['gallery']['atlas'],
        'Run': meta or context['config'],
    }
    meta.pop('classes', None)
    context['run'] = [(key, _plain(value)) for key, value in meta.items() if value not in (None, '')]
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.from_string(_resource(TEMPLATE)).render(context)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding='utf-8')
    return path


def wanted_images(result: dict, seed: int = 0) -> list[str]:
    """The ``img_id`` of every picture that a report with ``meta={'sample_seed': seed}`` shows: a few dozen at most."""
    return select(result.get('images', []), seed=seed).ids()


def _resource(name: str) -> str:
    return resources.files('wsolzoo.visualization').joinpath(name).read_text(encoding='utf-8')


def _css(color: tuple[int, int, int]) -> str:
    return '#{:02x}{:02x}{:02x}'.format(*color)


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _facts(result: dict, meta: dict) -> list[str]:
    """Short phrases under the title."""
    counts = {entry.get('num_images') for entry in result.get('protocols', {}).values()} - {None}
    facts = [
        f'{count:,} images' for count in sorted(counts or ({len(result['images'])} if result.get('images') else ()))
    ]
    if meta.get('classes'):
        facts.append(f'{len(meta["classes"]):,} classes')
    if meta.get('selected_on_test'):
        facts.insert(0, f'SELECTED ON TEST: {meta["selected_on_test"]}')
    facts += [f'{key} {meta[key]}' for key in ('seed',) if meta.get(key) is not None]
    return facts + [str(meta[key])[:16].replace('T', ' ') for key in ('date',) if meta.get(key)]


def _accuracy_curves(result: dict) -> list[dict]:
    """One chart a protocol that has a threshold curve."""
    found = []
    for name, entry in result.get('protocols', {}).items():
        grid = entry.get('thresholds') or []
        curves = {
            iou: list(zip(grid, curve, strict=True)) for iou, curve in (entry.get('curve') or {}).items() if len(curve)
        }
        if not curves:
            continue
        chosen: dict[str, dict[str, float]] = {iou: {} for iou in curves}
        for who, column in (entry.get('columns') or {'oracle': entry}).items():
            for iou, threshold in ((column or {}).get('threshold') or {}).items():
                if iou in chosen and is_number(threshold):
                    chosen[iou][who] = threshold
        baseline = (entry.get('centered_box') or {}).get('BoxAcc') or {}
        baseline = {iou: float(value) for iou, value in baseline.items() if is_number(value)}
        what = LABELS.get(entry.get('curve_of', 'BoxAcc'), entry.get('curve_of', 'BoxAcc'))
        svg = Markup(charts.threshold_chart(what, curves, chosen, baseline))  # noqa: S704 - charts escape what they get
        policies = [
            who for who in ('oracle', 'transferred', 'fixed') if any(who in points for points in chosen.values())
        ]
        found.append(
            {
                'protocol': name,
                'what': what,
                'svg': svg,
                'ious': list(curves),
                'policies': policies,
                'baseline': bool(baseline),
            }
        )
    return found


def _training_curves(curves: Mapping[str, Mapping]) -> list[dict]:
    """One chart a panel with at least one point."""
    found = []
    for name, panel in curves.items():
        series = panel.get('series', {k: v for k, v in panel.items() if k != 'x'})
        series = {key: points for key, points in series.items() if charts.thin(points)}
        if series:
            svg = Markup(charts.line_chart(name, series, panel.get('x', 'iteration')))  # noqa: S704
            found.append({'name': name, 'svg': svg, 'series': list(series)})
    return found


def _iou_histogram(result: dict) -> dict | None:
    """Histogram of the IoU of each image at the chosen threshold."""
    records = [record for record in result.get('images', []) if is_number(record.get('iou'))]
    values = [float(record['iou']) for record in records]
    if not values:
        return None
    ordered, level = sorted(values), hit_level(records[0])
    svg = Markup(charts.histogram(values, split=level))  # noqa: S704
    return {
        'svg': svg,
        'level': level,
        'median': ordered[len(ordered) // 2],
        'mean': sum(values) / len(values),
        'count': len(values),
    }


def _breakdown(result: dict, classes: list[str] | None) -> list[dict]:
    """One group (class, size) of rows: name, number of images, the first metric as a bar and the others as text."""
    groups: list[dict] = []
    for kind, entries in (result.get('breakdown') or {}).items():
        rows: list[dict] = []
        for name, values in entries.items():
            values = values if isinstance(values, dict) else {'value': values}
            numbers = {key: float(value) for key, value in values.items() if is_number(value)}
            count = next((int(numbers.pop(key)) for key in ('num_images', 'count', 'n') if key in numbers), None)
            if numbers:
                numbers = {LABELS.get(key, key): value for key, value in numbers.items()}
                label = name_of(int(name), classes) if kind == 'class' and str(name).isdigit() else str(name)
                rows.append({'name': label, 'count': count, 'metrics': numbers})
        if rows:
            metrics = list(dict.fromkeys(key for row in rows for key in row['metrics']))
            if kind == 'class':
                rows.sort(key=lambda row: (-row['metrics'].get(metrics[0], 0), row['name']))
            elif {row['name'] for row in rows} <= set(SIZES):
                rows.sort(key=lambda row: SIZES.index(row['name']))
            groups.append({'kind': kind, 'metrics': metrics, 'rows': rows})
    return groups


def _gallery(result: dict, images: Mapping[str, Mapping], classes: list[str] | None, seed: int) -> dict:
    """Figures of the gallery and, cause by cause, of the failure atlas (counts come from every record)."""
    records = result.get('images', [])
    chosen = select(records, seed=seed)

    def figures(group: list[dict]) -> list[dict]:
        return [figure(record, images[record['img_id']], classes) for record in group if record['img_id'] in images]

    definitions = result.get('causes') or {}
    counts = Counter(record['cause'] for record in records if record.get('cause'))
    atlas = []
    for cause in cause_order(counts, definitions) if set(counts) - {HIT} else ():
        atlas.append({'key': cause, 'name': cause_title(cause), 'definition': definitions.get(cause, '')})
        atlas[-1] |= {'count': counts[cause], 'share': counts[cause] / counts.total()}
        atlas[-1]['shots'] = figures(chosen.causes.get(cause, []))
    return {kind: figures(getattr(chosen, kind)) for kind in ('best', 'worst', 'sample')} | {'atlas': atlas}
