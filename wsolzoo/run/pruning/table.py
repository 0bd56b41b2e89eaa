"""The study of width plans as tables, and as a picture of score against time."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from wsolzoo.run.options import UsageError
from wsolzoo.run.pruning.study import ANY, MODES, WHOLE, Row

NAMES = {
    'none': 'as cut',
    'recovery': 'trained after the cut',
    'scratch': 'from scratch',
}
MADE = {'none': '', 'recovery': ', trained', 'scratch': ', from scratch'}


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


def lines(head: Iterable[str], rows: Iterable[Iterable[str]], left: int = 2) -> list[str]:
    """A table in Markdown; all columns but the first ``left`` to the right."""
    head = list(head)
    ruler = ['---'] * left + ['---:'] * (len(head) - left)
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


def column(select: str, mode: str) -> str:
    """Where the value of a row stands; all seeds of ``random`` in one."""
    return NAMES[mode] if select == ANY else f'{select.partition(":")[0]}{MADE[mode]}'


def cell(found: Sequence[Mapping[str, Any]], metric: str, split: str) -> str:
    """One value, or the mean of several with the lowest and the highest; n/a where the selector does not apply."""
    values = [value for row in found if (value := score(row, metric, split)) is not None]
    if not values:
        return 'n/a' if found else ''
    mean, low, high = text(statistics.fmean(values)), text(min(values)), text(max(values))
    return mean if low == high else f'{mean} ({low} to {high})'


def by_plan(studies: Sequence[Mapping[Row, dict]], metric: str, split: str, modes: Sequence[str]) -> list[str]:
    """One metric: a row for each plan, a column for each selector and way of making it, over all seeds."""
    groups: dict[tuple[str, str], list[dict]] = {}
    for (plan, select, mode), row in ((key, row) for rows in studies for key, row in rows.items()):
        if mode in modes:
            groups.setdefault((plan, column(select, mode)), []).append(row)
    plans = list(dict.fromkeys(plan for rows in studies for plan in plans_of(rows)))
    heads = list(dict.fromkeys(name for plan, name in groups if plan != WHOLE))
    made = [[plan, *(cell(groups.get((plan, name), ()), metric, split) for name in heads)] for plan in plans]
    for name in (NAMES[mode] for mode in modes):  # the whole network has no selector: its value stands in the first
        if made and (WHOLE, name) in groups and name not in heads:
            made[0][1] = cell(groups[WHOLE, name], metric, split)
    return lines(['plan', *heads], made, left=1)


def every_score(rows: Mapping[Row, dict], split: str) -> list[str]:
    """All metrics of all rows."""
    judged = {key: row for key, row in rows.items() if split in row}
    keys = list(dict.fromkeys(name for row in judged.values() for name in row[split]))
    head = ['plan', 'selector', 'how', *(key.rpartition('/')[2] for key in keys)]
    return lines(
        head, ([*key[:2], NAMES[key[2]], *(text(row[split].get(k)) for k in keys)] for key, row in judged.items())
    )


def markdown(studies: Sequence[Mapping[Row, dict]], metric: str, split: str = 'test') -> str:
    """What the plans cost; one metric as cut, and as trained, by plan and selector; every metric, folded.

    Args:
        studies: rows of one study by seed; costs and every metric are those of the first.
        metric: of the tables by plan.
        split: that they show.
    """
    first, *_ = studies
    parts = [costs(first)]
    for told, modes in (('as cut', MODES[:1]), ('trained', MODES[1:])):
        if any(mode in modes and plan != WHOLE for rows in studies for plan, _, mode in rows):
            parts += [[f'{metric}, {split} split, {told}:'], by_plan(studies, metric, split, modes)]
    folded = f'<details><summary>Every metric, {split} split, one seed</summary>'
    return '\n\n'.join('\n'.join(part) for part in [*parts, [folded], every_score(first, split), ['</details>']]) + '\n'


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
