"""Loss curves of one or more runs as a picture, and how long an iteration took.

    python tools/analysis_tools/analyze_logs.py CAM=work_dirs/cam BAS=work_dirs/bas --keys loss top1 --out curves.png

Read are the scalars that a run wrote into its work dir (``<time>/vis_data/scalars.json``); a resumed run is one curve.
"""

import argparse
import sys
from pathlib import Path


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('runs', nargs='+', metavar='[NAME=]DIR', help='work dirs of runs')
    parser.add_argument('--keys', nargs='+', default=['loss'], help='scalars to draw, a panel each (default: loss)')
    parser.add_argument('--out', default='curves.png', metavar='FILE', help='picture to write (png, svg, pdf)')
    args = parser.parse_args(argv)
    if Path(args.out).suffix.lower() not in ('.png', '.svg', '.pdf'):
        parser.error(f'--out is a picture, .png, .svg or .pdf; got {args.out}')
    return args


def read(runs: list[str]) -> dict[str, tuple[list[dict], list[dict]]]:
    """Name of a run → its rows of training and of validation.

    Raises:
        UserError: a folder holds no log of a training, or two runs have one name.
    """
    from wsolzoo.engine.hooks.training_log import training_rows
    from wsolzoo.errors import UserError

    found: dict = {}
    for run in runs:
        name, sign, folder = run.rpartition('=')
        name = name if sign else Path(folder).name
        rows = training_rows(folder)
        if not rows[0]:
            raise UserError(f'{folder} holds no log of a training (<time>/vis_data/scalars.json): is it a work dir?')
        if name in found:
            raise UserError(f'two runs are called {name}; name them: NAME=DIR')
        found[name] = rows
    return found


def seconds(train: list[dict]) -> list[float]:
    """Seconds of an iteration as logged, without the first entry, in which everything warms up."""
    times = [row['time'] for row in train if isinstance(row.get('time'), (int, float))]
    return times[1:] or times


def series(rows: tuple[list[dict], list[dict]], key: str) -> tuple[list, list]:
    """Places and values of a scalar; of a score of validation the places are its epochs.

    Raises:
        UserError: nobody logged it.
    """
    from wsolzoo.errors import UserError, meant

    for part in rows:
        points = [(row['step'], row[key]) for row in part if isinstance(row.get(key), (int, float))]
        if points:
            places, values = zip(*points, strict=True)
            return list(places), list(values)
    known = {name for part in rows for row in part for name in row}
    raise UserError(f'a run logged nothing called {key!r}; {meant(key, known)}')


def draw(runs: dict, keys: list[str], path: Path) -> None:
    """Write the picture, a panel for each scalar."""
    import matplotlib

    matplotlib.use('Agg')
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(len(keys), 1, figsize=(8, 3 * len(keys)), squeeze=False)
    for place, key in zip(axes[:, 0], keys, strict=True):
        for name, rows in runs.items():
            place.plot(*series(rows, key), label=name)
        scored = not any(key in row for train, _ in runs.values() for row in train)
        place.set(ylabel=key, xlabel='validation' if scored else 'iteration')
        place.grid(alpha=0.3)
        place.legend(frameon=False, fontsize='small')
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def table(runs: dict):
    """Iterations, seconds of one, and the last loss of every run."""
    from statistics import fmean, pstdev

    from rich.table import Table

    table = Table(border_style='dim')
    for name in ('run', 'iterations', 's / iteration', 'deviation', 'of it data', 'last loss'):
        table.add_column(name, justify='left' if name == 'run' else 'right')
    for name, (train, _) in runs.items():
        times = seconds(train)
        waits = seconds([{'time': row.get('data_time')} for row in train])
        told = [f'{fmean(times):.4f}', f'{pstdev(times):.4f}'] if times else ['', '']
        told.append(f'{100 * fmean(waits) / fmean(times):.0f} %' if times and waits and fmean(times) else '')
        table.add_row(name, str(train[-1]['step']), *told, f'{train[-1]["loss"]:.4g}')
    return table


def main(argv: list[str] | None = None) -> int:
    """Draw and print; returns the exit status: 0, or 2 where the message says what is wrong and what to do."""
    args = parse_args(argv)
    from rich.console import Console

    from wsolzoo.errors import UserError

    try:
        runs = read(args.runs)
        draw(runs, args.keys, Path(args.out))
    except UserError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    Console().print(table(runs))
    print(args.out)
    return 0


if __name__ == '__main__':
    sys.exit(main())
