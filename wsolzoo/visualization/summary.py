"""What a result says at a glance: headline numbers, one table per protocol, causes of failure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real

COLUMNS = {
    'oracle': 'best threshold of this split (uses its boxes)',
    'transferred': 'threshold chosen on the validation split',
    'fixed': 'threshold fixed beforehand',
}
"""Who chose the threshold: the three columns of every box table, never mixed."""

METRICS = ('MaxBoxAcc', 'MaxBoxAccV2', 'BoxAcc', 'GTKnown', 'Top1Loc', 'Top5Loc', 'PxAP', 'pIoU', 'threshold')
BASELINES = {
    'centered_box': ('centred box', 'a box in the middle of every image, blind to what it shows'),
    'whole_image': ('whole image', 'every image whole'),
}

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

LABELS = {
    'GTKnown': 'GT-known',
    'Top1Loc': 'Top-1 Loc',
    'Top5Loc': 'Top-5 Loc',
    'MaxBoxAccV2': 'MaxBoxAccV2 / mean',
    'threshold @ pIoU': 'threshold of pIoU',
}
"""How keys of the result are written for people; the others are written as they are."""

HIT = 'hit'
"""The cause of an image that did not fail."""


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
        interval: its 95 % interval over images, low and high; ``None`` where none was computed.
    """

    name: str
    value: float
    baseline: float | None
    protocol: str
    column: str
    meaning: str
    interval: tuple[float, float] | None = None

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
                column, interval = _column_of(entry, key), _interval(entry, key)
                found.append(Headline(name, float(entry[key]), baseline, protocol, column, meaning, interval))
                break
    return found


def _interval(entry: dict, key: str) -> tuple[float, float] | None:
    """The interval of the headline value of a protocol."""
    ends: Sequence[float] = (entry.get('intervals') or {}).get(key) or ()
    return (float(ends[0]), float(ends[1])) if len(ends) == 2 and all(map(is_number, ends)) else None


def cards(heads: list[Headline]) -> list[tuple[Headline, list[Headline]]]:
    """Headlines, each with those that are the same number by definition or by luck: a page shows a number once."""
    groups: dict[tuple, list[Headline]] = {}
    for head in heads:
        groups.setdefault((head.protocol, head.column, head.value, head.baseline), []).append(head)
    return [(group[0], group[1:]) for group in groups.values()]


def numbers(metrics: Mapping[str, float]) -> list[tuple[str, float, tuple[float, float] | None]]:
    """Scalars of any task as (name, value, interval): ``MAE_low`` and ``MAE_high`` are the interval of ``MAE``."""
    found = {name: float(value) for name, value in metrics.items() if is_number(value)}
    ends = {name: (f'{name}_low', f'{name}_high') for name in found}
    paired = {name: pair for name, pair in ends.items() if set(pair) <= set(found)}
    used = {end for pair in paired.values() for end in pair}
    return [
        (name, value, (found[paired[name][0]], found[paired[name][1]]) if name in paired else None)
        for name, value in found.items()
        if name not in used
    ]


def deviations(result: dict) -> list[tuple[str, list[str]]]:
    """Each deviation from a protocol once, with the protocols it concerns; no names where it concerns all of them."""
    protocols = result.get('protocols', {})
    found: dict[str, list[str]] = {}
    for name, entry in protocols.items():
        for text in entry.get('deviations') or ():
            found.setdefault(text, []).append(name)
    return [(text, [] if len(names) == len(protocols) else names) for text, names in found.items()]


def _column_of(entry: dict, key: str) -> str:
    """Which of the three threshold policies the headline value of a protocol belongs to."""
    columns = entry.get('columns') or {}
    order = [entry['headline']] if entry.get('headline') in COLUMNS else []
    return next((name for name in [*order, *COLUMNS] if (columns.get(name) or {}).get(key) == entry[key]), '')


def flat_metrics(entry: dict) -> Iterator[tuple[str, float]]:
    """Known metrics of a column in the order of a table, ``{'BoxAcc': {'0.5': 61.0}}`` as ``('BoxAcc @ 0.5', 61.0)``.

    The mean over IoUs is ``MaxBoxAccV2`` where the best thresholds are taken and ``MeanBoxAcc`` where others are; a
    table holds both in one row.
    """
    entry = {'MaxBoxAccV2': entry.get('MeanBoxAcc'), **entry}
    for key in METRICS:
        value = entry.get(key)
        if is_number(value):
            yield key, float(value)
        elif isinstance(value, dict):
            for inner, number in value.items():
                if is_number(number):
                    yield f'{key} @ {inner}', float(number)


def protocol_table(entry: dict) -> dict:
    """Rows and columns of one protocol: metrics by who chose the threshold, and the centred box.

    Returns:
        ``{'columns': [(key, meaning)…], 'rows': [(metric, [text…])…], 'intervals': [text…]}``; ``None`` where a column
        lacks a metric.
    """
    given = entry.get('columns') or {'reported': entry}
    columns = [(name, COLUMNS.get(name, ''), dict(flat_metrics(given[name] or {}))) for name in given]
    measured = dict.fromkeys(metric for _, _, values in columns for metric in values)
    for key, titles in BASELINES.items():
        values = {metric: value for metric, value in flat_metrics(entry.get(key) or {}) if metric in measured}
        columns += [(*titles, values)] if values else []
    names = sorted(measured, key=lambda metric: METRICS.index(metric.split(' @ ')[0]))
    rows = [
        (LABELS.get(metric, metric), [_cell(metric, values.get(metric)) for *_, values in columns]) for metric in names
    ]
    ends = {LABELS.get(key, key): _interval(entry, key) for key in entry.get('intervals') or ()}
    texts = [f'{name} {interval[0]:.1f}–{interval[1]:.1f}' for name, interval in ends.items() if interval]
    return {'columns': [(name, meaning) for name, meaning, _ in columns], 'rows': rows, 'intervals': texts}


def _cell(metric: str, value: float | None) -> str | None:
    if value is None:
        return None
    return f'{value:.3f}' if metric.startswith('threshold') else f'{value:.2f}'


def cause_title(cause: str) -> str:
    """``'part-only'`` as people write it: ``'Part only'``."""
    return cause.replace('-', ' ').replace('_', ' ').capitalize()


def cause_order(counts: Mapping[str, int], definitions: Mapping[str, str]) -> list[str]:
    """Every cause once: those the evaluator defines in its order, then those that only records name."""
    return [*definitions, *sorted(set(counts) - set(definitions))]
