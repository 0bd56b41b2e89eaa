"""What a result says at a glance: headline numbers, one table per protocol, causes of failure."""

from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Real

COLUMNS = {
    'oracle': 'best threshold of this split (uses its boxes)',
    'transferred': 'threshold chosen on the validation split',
    'fixed': 'threshold fixed beforehand',
}
"""Who chose the threshold: the three columns of every box table, never mixed."""

BASELINE = ('centred box', 'the best single box in the middle of every image, blind to what the image shows')

HEADLINES = (
    ('GT-known', 'GTKnown', 'the box of the true class overlaps a true box by at least half'),
    ('Top-1 Loc', 'Top1Loc', 'the box overlaps by at least half and the first guess of the class is right'),
    ('Top-5 Loc', 'Top5Loc', 'the box overlaps by at least half and the class is among the first five guesses'),
    ('MaxBoxAcc', 'MaxBoxAcc', 'boxes that overlap by at least half, at the best single threshold'),
    ('MaxBoxAccV2', 'MaxBoxAccV2', 'the same averaged over overlaps of 0.3, 0.5 and 0.7'),
    ('PxAP', 'PxAP', 'average precision of the map over all pixels, free of thresholds'),
    ('Top-1', 'top1', 'images whose first guess of the class is right'),
)
"""(name on the page and in metrics.json, key in the result, meaning)."""

LABELS = {'GTKnown': 'GT-known', 'Top1Loc': 'Top-1 Loc', 'Top5Loc': 'Top-5 Loc', 'top1': 'Top-1', 'top5': 'Top-5'}
"""How keys of the result are written for people; the others are written as they are."""

CAUSES = {
    'hit': ('Found', 'The predicted box overlaps a true box by at least half.'),
    'degenerate-map': ('Degenerate map', 'The map is empty, constant or not finite: there is nothing to put a box around.'),
    'wrong-class': ('Wrong class', 'The box is right, but the class is not: it fails Top-1 Loc, not GT-known.'),
    'part-only': ('Part only', 'The box lies on the object but covers only a part of it.'),
    'over-extended': ('Over-extended', 'The box covers the object and much of its surroundings.'),
    'multi-instance': ('Several objects', 'One box was drawn around several true objects.'),
    'wrong-place': ('Wrong place', 'The box misses the object, or hardly touches it.'),
}
"""Title and default definition of each cause; a result may bring its own definitions under ``causes``."""


@dataclass(frozen=True)
class Headline:
    """One number of the first screen.

    Attributes:
        name: e.g. ``'GT-known'``.
        value: percent.
        baseline: percent of the centred box under the same protocol; ``None`` where it does not apply.
        protocol: whose definition the number follows; empty for classification.
        column: who chose the threshold, a key of :data:`COLUMNS`; empty where it does not matter.
        meaning: the definition in a phrase.
    """

    name: str
    value: float
    baseline: float | None
    protocol: str
    column: str
    meaning: str

    @property
    def gain(self) -> float | None:
        """Percentage points above the centred box (negative: below)."""
        return None if self.baseline is None else self.value - self.baseline


def is_number(value: object) -> bool:
    """Whether a JSON value is a finite number (booleans are not)."""
    return isinstance(value, Real) and not isinstance(value, bool) and value == value and abs(value) != float('inf')


def headlines(result: dict) -> list[Headline]:
    """The numbers people ask for first, each from the first protocol that defines it.

    Args:
        result: the result dict of the evaluator.
    """
    found = []
    for name, key, meaning in HEADLINES:
        if key == 'top1':
            value = result.get('classification', {}).get('top1')
            if is_number(value):
                found.append(Headline(name, float(value), None, '', '', meaning))
            continue
        for protocol, entry in result.get('protocols', {}).items():
            if is_number(entry.get(key)):
                baseline = (entry.get('centered_box') or {}).get(key)
                baseline = float(baseline) if is_number(baseline) else None
                found.append(Headline(name, float(entry[key]), baseline, protocol, _column_of(entry, key), meaning))
                break
    return found


def _column_of(entry: dict, key: str) -> str:
    """Which of the three threshold policies the headline value of a protocol belongs to."""
    columns = entry.get('columns') or {}
    if entry.get('policy') in COLUMNS:
        return entry['policy']
    return next((name for name in COLUMNS if (columns.get(name) or {}).get(key) == entry[key]), '')


def flat_metrics(entry: dict) -> Iterator[tuple[str, float]]:
    """Scalars of a column, ``{'BoxAcc': {'0.5': 61.0}}`` as ``('BoxAcc @ IoU 0.5', 61.0)``."""
    for key, value in entry.items():
        if is_number(value):
            yield key, float(value)
        elif isinstance(value, dict):
            for inner, number in value.items():
                if is_number(number):
                    yield f'{key} @ IoU {inner}', float(number)


def protocol_table(entry: dict) -> dict:
    """Rows and columns of one protocol: metrics by who chose the threshold, and the centred box.

    Returns:
        ``{'columns': [(key, meaning)…], 'rows': [(metric, [text or None…])…]}``; ``None`` where a column lacks a metric.
    """
    given = {name: dict(flat_metrics(values)) for name, values in (entry.get('columns') or {}).items() if values}
    if not given:
        skip = ('columns', 'centered_box', 'num_images', 'thresholds', 'curve')
        given = {'reported': dict(flat_metrics({k: v for k, v in entry.items() if k not in skip}))}
    shown = [name for name in COLUMNS if name in (entry.get('columns') or {})] or []
    shown += [name for name in given if name not in shown]
    baseline = dict(flat_metrics(entry.get('centered_box') or {}))
    names = list(dict.fromkeys(metric for column in given.values() for metric in column))
    names += [metric for metric in baseline if metric not in names]
    names.sort(key=lambda metric: metric.startswith('threshold'))
    rows = []
    for metric in names:
        cells = [_cell(metric, given.get(column, {}).get(metric)) for column in shown]
        if baseline:
            cells.append(_cell(metric, baseline.get(metric)))
        rows.append((LABELS.get(metric, metric), cells))
    columns = [(name, COLUMNS.get(name, '')) for name in shown]
    if baseline:
        columns.append(BASELINE)
    return {'columns': columns, 'rows': rows}


def _cell(metric: str, value: float | None) -> str | None:
    if value is None:
        return None
    return f'{value:.3f}' if metric.startswith('threshold') else f'{value:.2f}'


def cause_key(cause: str) -> str:
    """``'Part only'``, ``'part_only'`` and ``'part-only'`` are one cause."""
    key = cause.strip().lower().replace('_', '-').replace(' ', '-')
    return {'correct': 'hit', 'found': 'hit', 'ok': 'hit', 'degenerate': 'degenerate-map'}.get(key, key)


def cause_texts(cause: str, definitions: dict[str, str]) -> tuple[str, str]:
    """Title and definition of a cause; the result's own definition wins over the default one."""
    key = cause_key(cause)
    title, default = CAUSES.get(key, (cause, ''))
    own = {cause_key(name): text for name, text in definitions.items()}
    return title, own.get(key, default)
