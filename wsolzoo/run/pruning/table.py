"""The study of width plans as tables, and as a picture of score against time."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from wsolzoo.run.options import UsageError
from wsolzoo.run.pruning.study import ANY, MODES, WHOLE, Row

NAMES = {
    'none': 'as cut',
    'recovery': 'trained after the cut',
    'scratch': 'from scratch',
}


def score(row: Mapping[str, Any] | None, metric: str, split: str) -> float | None:
    """The value of a metric, by its key or the last part of it.

    Raises:
        UsageError: the rows have no such metric.
    """
    if row is None or split not in row:
        return None
    found = {key.rpartition('/')[2]: value for key, value in row[split].items()} | row[split]
    if metric not in found:
        raise UsageError(f'the metrics of this study are {", ".join(found)}; got {metric!r}')
    return found[metric]


def text(value: float | None) -> str:
    """Shares in percent with one digit, errors below 1 with four."""
    if value is None:
        return ''
    return f'{value:.4f}' if abs(value) < 1 else f'{value:.1f}'


def lines(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """A table in Markdown; all columns but the first two to the right."""
    head = list(head)
    ruler = ['---', '---', *['---:'] * (len(head) - 2)]
    return ['| ' + ' | '.join(cells) + ' |' for cells in (head, ruler, *map(list, rows))]


def plans_of(rows: Mapping[Row, Any]) -> list[str]:
    """The whole network, then the plans as they first came."""
    return [WHOLE, *dict.fromkeys(plan for plan, _, _ in rows if plan != WHOLE)]


def costs(rows: Mapping[Row, dict]) -> list[str]:
    """Parameters, multiplications and time of each plan."""
    made, whole = [], rows[WHOLE, ANY, 'none']
    for plan in plans_of(rows):
        one = next(row for row in rows.values() if row['plan'] == plan and 'MMAC' in row)
        time = rows.get((plan, ANY, 'time'))
        spent = [f'{time["ms"]:.2f}', '{:.2f} ({:.2f} to {:.2f})'.format(*time['ratio'])] if time else ['', '']
        more = f'{whole["MMAC"] / one["MMAC"]:.2f}'
        made.append([plan, f'{one["parameters"]:,}', f'{one["MMAC"]:.1f}', more, *spent])
    head = ['plan', 'parameters', 'M multiplications', 'times fewer', 'ms an image', 'times faster (range)']
    return lines(head, made)


def by_selector(rows: Mapping[Row, dict], metric: str, split: str) -> list[str]:
    """One metric: a row for each plan and selector, a column for each way of making it."""
    modes = [mode for mode in MODES if any(row['mode'] == mode for row in rows.values())]
    made = []
    for plan in plans_of(rows):
        for select in dict.fromkeys(select for name, select, mode in rows if name == plan and mode in MODES):
            cells = []
            for mode in modes:
                row = rows.get((plan, select, mode))
                cells.append('n/a' if row and 'refused' in row else text(score(row, metric, split)))
            made.append([plan, select, *cells])
    return lines(['plan', 'selector', *(NAMES[mode] for mode in modes)], made)


def every_score(rows: Mapping[Row, dict], split: str) -> list[str]:
    """All metrics of all rows."""
    judged = {key: row for key, row in rows.items() if split in row}
    keys = list(dict.fromkeys(name for row in judged.values() for name in row[split]))
    head = ['plan', 'selector', 'how', *(key.rpartition('/')[2] for key in keys)]
    return lines(
        head, ([*key[:2], NAMES[key[2]], *(text(row[split].get(k)) for k in keys)] for key, row in judged.items())
    )


def markdown(rows: Mapping[Row, dict], metric: str, split: str = 'test') -> str:
    """Three tables: what the plans cost, one metric by selector, every metric."""
    parts = [costs(rows), [f'{metric}, {split} split:'], by_selector(rows, metric, split)]
    parts += [[f'Every metric, {split} split:'], every_score(rows, split)]
    return '\n\n'.join('\n'.join(part) for part in parts) + '\n'


def plot(rows: Mapping[Row, dict], metric: str, split: str, path: str | Path) -> None:
    """Score against measured time: for each plan its best selector on the **validation** split, a mark for each mode.

    Raises:
        UsageError: no times were measured.
    """
    import matplotlib

    matplotlib.use('Agg')
    from matplotlib import pyplot

    times = {plan: row['ms'] for (plan, _, mode), row in rows.items() if mode == 'time'}
    if not times:
        raise UsageError('the picture needs times: --rounds 7, say')
    figure, axes = pyplot.subplots(figsize=(6.4, 4), dpi=110)
    for mode, mark in zip(MODES, 'xos', strict=True):
        chosen = best_of(rows, metric, mode)
        points = [(times[plan], score(row, metric, split), plan) for plan, row in chosen.items() if plan in times]
        if not points:
            continue
        places = [x for x, _, _ in points], [y for _, y, _ in points]
        axes.scatter(places[0], places[1], s=30, marker=mark, label=NAMES[mode])
        for x, y, plan in points if mode in ('none', 'recovery') else ():
            axes.annotate(plan, (x, y), xytext=(4, 3), textcoords='offset points', fontsize=8)
    axes.set(xlabel='ms an image, one thread', ylabel=f'{metric}, {split} split')
    axes.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path)
    pyplot.close(figure)


def best_of(rows: Mapping[Row, dict], metric: str, mode: str) -> dict[str, dict]:
    """The row of each plan whose selector is best on the validation split."""
    found: dict[str, dict] = {}
    for (plan, _, kind), row in rows.items():
        value = score(row, metric, 'val')
        if kind == mode and value is not None:
            known = score(found.get(plan), metric, 'val')
            found[plan] = row if known is None or value > known else found[plan]
    return found
