"""What the charts and bars of the report show, gathered from a result."""

from collections.abc import Mapping

from markupsafe import Markup

from wsolzoo.visualization import charts
from wsolzoo.visualization.gallery import hit_level, name_of
from wsolzoo.visualization.summary import LABELS, is_number

SIZES = ('small', 'medium', 'large')
SHOWN_ROWS = 20
"""A breakdown of more rows shows half as many from either end, and folds the whole list."""


def accuracy_curves(result: dict) -> list[dict]:
    """One chart a protocol that has a threshold curve."""
    found = []
    for name, entry in result.get('protocols', {}).items():
        grid = entry.get('thresholds') or []
        curves: dict[str, charts.Points] = {
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


def training_curves(curves: Mapping[str, Mapping]) -> list[dict]:
    """One chart a panel with at least one point."""
    found = []
    for name, panel in curves.items():
        series = panel.get('series', {k: v for k, v in panel.items() if k != 'x'})
        series = charts.merge_equal({key: points for key, points in series.items() if charts.thin(points)})
        if series:
            svg = Markup(charts.line_chart(name, series, panel.get('x', 'iteration')))  # noqa: S704
            found.append({'name': name, 'svg': svg, 'series': list(series)})
    return found


def iou_histogram(result: dict) -> dict | None:
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


def breakdown(result: dict, classes: list[str] | None) -> list[dict]:
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
            ends = SHOWN_ROWS // 2 if kind == 'class' and len(rows) > SHOWN_ROWS else 0
            groups.append({'kind': kind, 'metrics': metrics, 'rows': rows, 'ends': ends})
    return groups
