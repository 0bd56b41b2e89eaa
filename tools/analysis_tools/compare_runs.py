"""A table over runs: mean and standard deviation over seeds of what their metrics.json say.

python tools/analysis_tools/compare_runs.py CAM=work_dirs/cam_s0,work_dirs/cam_s1 BAS=work_dirs/bas_s0,work_dirs/bas_s1

Rows whose numbers were made by different protocols or on different data are refused. The centred box ends the table. A
second table has what each seed gains or loses against the first row, where the runs of a row are named in the order of
their seeds; a third one compares every row with the first over the same images (paired bootstrap).
"""

import argparse
import sys
from pathlib import Path

COLUMNS = 'Top-1', 'GT-known', 'Top-1 Loc', 'MaxBoxAcc', 'MaxBoxAccV2', 'PxAP'

PAIRED = {'GT-known': 'GTKnown', 'Top-1 Loc': 'Top1Loc'}
"""Columns that are means over images, which two rows can be compared in by a paired bootstrap."""


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('rows', nargs='+', metavar='NAME=DIR[,DIR...]', help='a row and the work dirs of its seeds')
    parser.add_argument(
        '--policy',
        choices=['transferred', 'oracle', 'fixed'],
        default='transferred',
        help='threshold of GT-known and Top-1 Loc: chosen on validation, the best on the test split, or published',
    )
    parser.add_argument(
        '--beside',
        metavar='NAME=FOLDER',
        help='a further column: GT-known of another test of each run, in DIR/FOLDER, such as one without true boxes',
    )
    parser.add_argument('--out', help='write the table (markdown) here instead of printing it')
    return parser.parse_args(argv)


def centred(run: dict) -> dict[str, float]:
    """The centred box under the names of the columns."""
    return {key: value for key, value in run['centered_box'].items() if key in COLUMNS}


def table(rows: dict[str, list[dict]], policy: str, beside: tuple[str, dict[str, list[dict]]] | None = None) -> str:
    """The table in markdown; ``beside`` is the name of a further column and other tests of the same rows."""
    from wsolzoo.evaluation.localization.runs import number
    from wsolzoo.evaluation.localization.tables import over_seeds

    any_run = next(iter(rows.values()))[0]
    columns = [c for c in COLUMNS if any(number(run, c, policy) is not None for runs in rows.values() for run in runs)]
    head = [*columns, *([beside[0]] if beside else [])]
    lines = ['| method | seeds | ' + ' | '.join(head) + ' |', '|---|---|' + '---|' * len(head)]
    for name, runs in rows.items():
        cells = [over_seeds([number(run, column, policy) for run in runs]) for column in columns]
        if beside:
            cells.append(over_seeds([number(run, 'GT-known', policy) for run in beside[1][name]]))
        lines.append(f'| {name} | {len(runs)} | ' + ' | '.join(cells) + ' |')
    box = centred(any_run)
    cells = [f'{box[column]:.1f}' if column in box and column != 'Top-1 Loc' else '' for column in head]
    lines.append('| *centred box* | | ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines) + '\n'


def seed_by_seed(rows: dict[str, list[dict]], policy: str) -> str:
    """What each seed gains or loses against the first row: a table in markdown, empty for a single seed."""
    from wsolzoo.evaluation.localization.runs import number

    (first, base), *others = rows.items()
    paired = {name: runs for name, runs in others if len(runs) == len(base) > 1}
    columns = ('GT-known', 'MaxBoxAccV2', 'PxAP')
    lines = []
    for name, runs in paired.items():
        cells = []
        for column in columns:
            pairs = [
                (number(run, column, policy), number(other, column, policy))
                for run, other in zip(runs, base, strict=True)
            ]
            if all(None not in pair for pair in pairs):
                gains = [one - other for one, other in pairs]
                cells.append(f'{", ".join(f"{gain:+.1f}" for gain in gains)} (mean {sum(gains) / len(gains):+.1f})')
            else:
                cells.append('')
        lines.append(f'| {name} | ' + ' | '.join(cells) + ' |')
    if not lines:
        return ''
    head = ['', f'| seed by seed, less {first} | ' + ' | '.join(columns) + ' |', '|---|' + '---|' * len(columns)]
    return '\n'.join([*head, *lines]) + '\n'


def differences(rows: dict[str, list[dict]], policy: str) -> str:
    """Each row against the first, over the same images: a table in markdown, empty where runs hold no hits by image."""
    from wsolzoo.evaluation.functional.bootstrap import paired_bootstrap
    from wsolzoo.evaluation.localization.runs import mean_hits

    (first, base), *others = rows.items()
    lines = []
    for column, key in PAIRED.items():
        one = mean_hits(base, policy, key)
        for name, runs in others:
            other = mean_hits(runs, policy, key)
            if one is None or other is None:
                continue
            found = paired_bootstrap(one, other)
            value, low, high = (f'{100 * number:+.1f}' for number in (found.value, found.low, found.high))
            lines.append(f'| {column}, {name} - {first} | {value} | {low} to {high} | {found.p_value:.3f} |')
    if not lines:
        return ''
    head = ['', '| difference over the same images | | 95 % interval | p |', '|---|---|---|---|']
    return '\n'.join([*head, *lines]) + '\n'


def main(argv: list[str] | None = None) -> int:
    """Print the table; returns the exit status: 0, or 2 where runs are missing or differ."""
    args = parse_args(argv)
    from wsolzoo.evaluation.localization.runs import identity, read
    from wsolzoo.evaluation.localization.tables import require_same

    try:
        rows, others = {}, {}
        further, _, inside = (args.beside or '').partition('=')
        if args.beside and not (further and inside):
            raise ValueError(f'--beside is NAME=FOLDER; got {args.beside!r}')
        for row in args.rows:
            name, sign, folders = row.partition('=')
            if not sign or not folders:
                raise ValueError(f'a row is NAME=DIR[,DIR...]; got {row!r}')
            rows[name] = [read(folder) for folder in folders.split(',')]
            others[name] = [read(str(Path(folder, inside))) for folder in folders.split(',')] if inside else []
        require_same({f'{name} [{i}]': identity(run) for name, runs in rows.items() for i, run in enumerate(runs)})
    except (FileNotFoundError, ValueError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    text = (
        table(rows, args.policy, (further, others) if inside else None)
        + seed_by_seed(rows, args.policy)
        + differences(rows, args.policy)
    )
    if args.out:
        Path(args.out).write_text(text)
    else:
        print(text, end='')
    return 0


if __name__ == '__main__':
    sys.exit(main())
