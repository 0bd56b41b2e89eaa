"""A table over runs: mean and standard deviation over seeds of what their metrics.json say.

python tools/analysis_tools/compare_runs.py CAM=work_dirs/cam_s0,work_dirs/cam_s1 BAS=work_dirs/bas_s0,work_dirs/bas_s1

Rows whose numbers were made by different protocols or on different data are refused. The centred box ends the table.
"""

import argparse
import json
import sys
from pathlib import Path

COLUMNS = {
    'Top-1': ('classification', None, 'top1'),
    'GT-known': ('choe2020-v1', '{policy}', 'GTKnown'),
    'Top-1 Loc': ('choe2020-v1', '{policy}', 'Top1Loc'),
    'MaxBoxAcc': ('choe2020-v1', 'oracle', 'MaxBoxAcc'),
    'MaxBoxAccV2': ('choe2020-v2', 'oracle', 'MaxBoxAccV2'),
    'PxAP': ('choe2020-pxap', None, 'PxAP'),
}


class RunsDifferError(ValueError):
    """Two runs cannot stand in one table."""


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
    parser.add_argument('--out', help='write the table (markdown) here instead of printing it')
    return parser.parse_args(argv)


def read(folder: str) -> dict:
    """One run's metrics."""
    path = Path(folder) / 'metrics.json'
    if not path.is_file():
        raise FileNotFoundError(f'{path} does not exist; tools/test.py writes it into the work dir')
    return json.loads(path.read_text())


def identity(run: dict) -> dict:
    """What must agree before two runs are compared: the data, the protocols, and who chose."""
    protocols = {name: entry['fingerprint'] for name, entry in run['protocols'].items()}
    counts = {name: entry['num_images'] for name, entry in run['protocols'].items()}
    return {
        'data': run['meta']['data'],
        'images': counts,
        'protocols': protocols,
        'selected on the test split': run['meta'].get('selected_on_test'),
    }


def check_same(runs: dict[str, dict]) -> None:
    """Refuse runs that were judged differently."""
    (first, one), *others = runs.items()
    expected = identity(one)
    for name, run in others:
        for key, value in identity(run).items():
            if value != expected[key]:
                raise RunsDifferError(
                    f'{first} and {name} cannot share a table: {key} differ ({expected[key]} and {value})'
                )


def number(run: dict, column: str, policy: str) -> float | None:
    """One number of one run, percent; None where the run does not have it."""
    part, table, key = COLUMNS[column]
    entry = run[part] if part == 'classification' else run['protocols'].get(part, {})
    if table is not None:
        entry = (entry.get('columns') or {}).get(table.format(policy=policy)) or {}
    return entry.get(key)


def centred(run: dict) -> dict[str, float]:
    """The centred box under the names of the columns."""
    return {key: value for key, value in run['centered_box'].items() if key in COLUMNS}


def table(rows: dict[str, list[dict]], policy: str) -> str:
    """The table in markdown."""
    from wsolzoo.evaluation.localization.tables import over_seeds

    any_run = next(iter(rows.values()))[0]
    columns = [c for c in COLUMNS if any(number(run, c, policy) is not None for runs in rows.values() for run in runs)]
    lines = ['| method | seeds | ' + ' | '.join(columns) + ' |', '|---|---|' + '---|' * len(columns)]
    for name, runs in rows.items():
        cells = [over_seeds([number(run, column, policy) for run in runs]) for column in columns]
        lines.append(f'| {name} | {len(runs)} | ' + ' | '.join(cells) + ' |')
    box = centred(any_run)
    cells = [f'{box[column]:.1f}' if column in box and column != 'Top-1 Loc' else '' for column in columns]
    lines.append('| *centred box* | | ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines) + '\n'


def main(argv: list[str] | None = None) -> int:
    """Print the table; returns the exit status: 0, or 2 where runs are missing or differ."""
    args = parse_args(argv)
    try:
        rows = {}
        for row in args.rows:
            name, sign, folders = row.partition('=')
            if not sign or not folders:
                raise ValueError(f'a row is NAME=DIR[,DIR...]; got {row!r}')
            rows[name] = [read(folder) for folder in folders.split(',')]
        check_same({f'{name} [{i}]': run for name, runs in rows.items() for i, run in enumerate(runs)})
    except (FileNotFoundError, ValueError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    text = table(rows, args.policy)
    if args.out:
        Path(args.out).write_text(text)
    else:
        print(text, end='')
    return 0


if __name__ == '__main__':
    sys.exit(main())
