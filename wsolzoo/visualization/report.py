"""One self-contained HTML page about one evaluation: numbers, curves, pictures, causes of failure."""

import json
from base64 import b64encode
from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from importlib import resources
from pathlib import Path

import jinja2
from markupsafe import Markup

from wsolzoo.visualization import panels
from wsolzoo.visualization.gallery import figure, select
from wsolzoo.visualization.overlay import PREDICTED_COLOR, TRUE_COLOR
from wsolzoo.visualization.summary import (
    BASELINES,
    COLUMNS,
    HIT,
    cards,
    cause_order,
    cause_title,
    deviations,
    headlines,
    numbers,
    protocol_table,
)

TEMPLATE, STYLE, SCRIPT = 'report.html.j2', 'report.css', 'report.js.j2'
STAMPS = {
    'selected_on_test': 'Selected on test: {}. These numbers are no estimate of what new images would give.',
    'partial_weights': 'Not all weights come from the checkpoint: {}. What is missing was never trained.',
}
"""What must be read before the numbers, by the key of ``meta`` that says it."""


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

    The page fetches nothing, and a policy in it lets no script run but its own, which filters and enlarges pictures;
    without a script everything is still there. The same arguments give the same bytes.

    Args:
        result: the result dict of the evaluator (``protocols``, ``classification``, ``breakdown``, ``images``;
            optionally ``causes``, the definition of each cause of failure, and ``shown``, how many pictures the random
            sample has).
        path: where to write; folders are made.
        title: of the page.
        images: pictures by ``img_id`` as :func:`wsolzoo.visualization.gallery.figure` reads them; :func:`wanted_images`
            says which are shown.
        curves: training curves, ``{'loss': {'train': [(step, value)…]}}``; a panel may also be
            ``{'series': {…}, 'x': 'epoch'}`` to name its axis.
        meta: about the run. ``classes`` (names), ``subtitle`` (text), ``config`` (text, shown folded), ``date``,
            ``seed``, ``sample_seed`` (of the random pictures) and the keys of :data:`STAMPS` are known; whatever else
            is listed as it is.

    Returns:
        The path written.
    """
    meta, script = dict(meta or {}), _resource(SCRIPT)
    context = {
        'title': title,
        'style': Markup(_resource(STYLE)),  # noqa: S704 - ours, not the user's
        'script': Markup(script),  # noqa: S704
        'script_hash': b64encode(sha256(script.encode()).digest()).decode(),
        'colors': {'true': _css(TRUE_COLOR), 'predicted': _css(PREDICTED_COLOR)},
        'facts': _facts(result, meta),
        'subtitle': meta.pop('subtitle', ''),
        'stamps': [text.format(meta[key]) for key, text in STAMPS.items() if meta.get(key)],
        'cards': cards(headlines(result)),
        'deviations': deviations(result),
        'tables': [(name, protocol_table(entry), entry) for name, entry in result.get('protocols', {}).items()],
        'metrics': numbers(result.get('metrics') or {}),
        'policies': [*COLUMNS.items(), *BASELINES.values()],
        'accuracy': panels.accuracy_curves(result),
        'training': panels.training_curves(curves or {}),
        'histogram': panels.iou_histogram(result),
        'breakdown': panels.breakdown(result, meta.get('classes')),
        'gallery': _gallery(result, images or {}, meta.get('classes'), int(meta.get('sample_seed') or 0)),
        'config': meta.pop('config', ''),
    }
    context['sections'] = {
        'Numbers': context['cards'] or context['tables'] or context['metrics'],
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
    return select(result.get('images', []), seed=seed, shown=result.get('shown')).ids()


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
    facts += [f'{key} {meta[key]}' for key in ('seed',) if meta.get(key) is not None]
    return facts + [str(meta[key])[:16].replace('T', ' ') for key in ('date',) if meta.get(key)]


def _gallery(result: dict, images: Mapping[str, Mapping], classes: list[str] | None, seed: int) -> dict:
    """Figures of the gallery and, cause by cause, of the failure atlas (counts come from every record)."""
    records = result.get('images', [])
    chosen = select(records, seed=seed, shown=result.get('shown'))

    def figures(group: list[dict]) -> list[dict]:
        return [figure(record, images[record['img_id']], classes) for record in group if record['img_id'] in images]

    definitions = result.get('causes') or {}
    counts = Counter(record['cause'] for record in records if record.get('cause'))
    atlas = []
    for cause in cause_order(counts, definitions) if set(counts) - {HIT} else ():
        atlas.append({'key': cause, 'name': cause_title(cause), 'definition': definitions.get(cause, '')})
        atlas[-1] |= {'count': counts[cause], 'share': counts[cause] / counts.total()}
        atlas[-1]['shots'] = figures(chosen.causes.get(cause, []))
    shown = {shot['label'] for cause in atlas for shot in cause['shots']} - {''}
    gallery = {kind: figures(getattr(chosen, kind)) for kind in ('best', 'worst', 'sample')}
    return gallery | {'atlas': atlas, 'labels': sorted(shown)}
