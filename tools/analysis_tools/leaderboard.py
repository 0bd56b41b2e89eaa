"""Write the numbers of a board from tested runs; the page is made of them by `tools/zoo.py readme`.

    python tools/analysis_tools/leaderboard.py scenes DIR [DIR ...]
    python tools/zoo.py readme

A run is a folder ROW_sSEED in one of the DIRs: `metrics.json` of `tools/test.py`, in `boxfree/` that of the same test
with `--pseudo-boxes`, and `train_seconds`, the CPU seconds of the training, where they are known. A DIR may hold
`constant_box.json` too, which `constant_box.py --out` writes. Rows that are found replace those of the board by the
same name; other rows stay, with what they were found to gain. Boards, and what their rows are called, stand in
docs/_data/leaderboard/boards.yml.

Rows are compared with the row `against` of the board, over the seeds both have: by the images (paired bootstrap of
GT-known at the threshold of validation) and by the seeds (paired t of MaxBoxAccV2); p after Holm's correction is
`holm`.
"""

import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUN = re.compile(r'(?P<row>.+)_s(?P<seed>\d+)')
RESAMPLES = 10_000
NOTE = '# Written by `python tools/analysis_tools/leaderboard.py {board} DIR`; docs/leaderboard.md is made of it.\n'


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('board', help='scenes, tiny-imagenet-36, …: a board of boards.yml')
    parser.add_argument('folders', nargs='+', type=Path, metavar='DIR', help='where the folders ROW_sSEED lie')
    parser.add_argument('--anew', action='store_true', help='drop the rows of the board that are not found')
    parser.add_argument('--root', type=Path, default=ROOT, help='the checkout (default: this one)')
    return parser.parse_args(argv)


def find_runs(folders: list[Path], seeds: list[int]) -> dict[str, dict[int, dict]]:
    """Every tested run of these seeds, ``{'test': …, 'boxfree': … or None, 'seconds': … or None}``, by row and seed."""
    from wsolzoo.evaluation.localization.runs import NoRunError, read

    found: dict[str, dict[int, dict]] = {}
    for place in sorted(path for folder in folders for path in folder.iterdir() if path.is_dir()):
        name = RUN.fullmatch(place.name)
        if name is None:
            continue
        if int(name['seed']) not in seeds or not (place / 'metrics.json').is_file():
            why = 'has no metrics.json yet' if int(name['seed']) in seeds else 'is no seed of the board'
            print(f'left out: {place} {why}', file=sys.stderr)
            continue
        try:
            boxfree = read(place / 'boxfree')
        except NoRunError:
            boxfree = None
        seconds = place / 'train_seconds'
        found.setdefault(name['row'], {})[int(name['seed'])] = {
            'test': read(place),
            'boxfree': boxfree,
            'seconds': float(seconds.read_text()) if seconds.is_file() else None,
        }
    return {row: dict(sorted(runs.items())) for row, runs in sorted(found.items())}


def check(runs: dict[str, dict[int, dict]]) -> dict:
    """What all runs share; raises where two may not share a board or a run without true boxes was chosen by them."""
    from wsolzoo.errors import UserError
    from wsolzoo.evaluation.localization.runs import identity
    from wsolzoo.evaluation.localization.tables import require_same

    said = {f'{row}_s{seed}': run for row, seeds in runs.items() for seed, run in seeds.items()}
    require_same({name: identity(run['test']) for name, run in said.items()})
    for name, run in said.items():
        chosen = str(((run['boxfree'] or {}).get('meta') or {}).get('selected_on', 'pseudo:'))
        if not chosen.startswith('pseudo:'):
            raise UserError(f'{name}/boxfree was chosen on {chosen}: test it with --pseudo-boxes SOURCE=FILE')
        if run['test']['meta'].get('selected_on_test'):
            raise UserError(f'{name} was selected on the test split: that is no result; choose on validation')
    return identity(next(iter(said.values()))['test'])


def entry(seeds: dict[int, dict], config: str | None) -> dict:
    """The numbers of a row, seed by seed; ``config`` is what the board says of it."""
    from wsolzoo.evaluation.localization.runs import number
    from wsolzoo.zoo.leaderboard import SCORES

    scores = {}
    for name, (column, policy, test) in SCORES.items():
        values = [number(run[test], column, policy) if run[test] else None for run in seeds.values()]
        if any(value is not None for value in values):
            scores[name] = [value if value is None else round(value, 4) for value in values]
    newest = max((run['test'] for run in seeds.values()), key=lambda run: run['meta']['date'])['meta']
    made = {'config': config or newest['config'], 'date': newest['date'][:10], 'seeds': list(seeds), 'scores': scores}
    seconds = [run['seconds'] for run in seeds.values()]
    return made | ({'seconds': seconds} if None not in seconds else {})


def pairs(ours: dict[int, dict], theirs: dict[int, dict], seedless: tuple[bool, bool]) -> list[tuple[dict, dict]]:
    """The tests of both rows, seed by seed; of a row without seeds, ``(ours, theirs)``, one test stands for all."""
    if seedless[0]:
        ours = dict.fromkeys(theirs, next(iter(ours.values())))
    elif seedless[1]:
        theirs = dict.fromkeys(ours, next(iter(theirs.values())))
    return [(ours[seed]['test'], theirs[seed]['test']) for seed in sorted(ours) if seed in theirs]


def compare(ours: list[dict], theirs: list[dict]) -> dict:
    """What a row gains on another, pair by pair: by images and by seeds, p not corrected yet."""
    from wsolzoo.evaluation.functional.bootstrap import paired_bootstrap
    from wsolzoo.evaluation.functional.significance import paired_t
    from wsolzoo.evaluation.localization.runs import mean_hits, number

    if not ours:
        return {}
    found: dict = {}
    hits = [mean_hits(runs, 'transferred', 'GTKnown') for runs in (theirs, ours)]
    if hits[0] is not None and hits[1] is not None:
        by_image = paired_bootstrap(*hits, num_resamples=RESAMPLES, rng=0)
        gain, low, high = (round(100 * value, 2) for value in by_image[:3])
        found['images'] = {'gain': gain, 'low': low, 'high': high, 'p': digits(by_image.p_value)}
    scores = [[number(run, 'MaxBoxAccV2', '') for run in runs] for runs in (ours, theirs)]
    if None not in scores[0] + scores[1]:
        gains = [one - other for one, other in zip(*scores, strict=True)]
        by_seed = paired_t(gains)
        found['seeds'] = {
            'gains': [round(gain, 2) for gain in gains],
            'sign': by_seed.sign,
            'p': digits(by_seed.p_value),
        }
    return found


def digits(p_value: float) -> float | None:
    """Two digits of a p; None of NaN, which no test has given."""
    return None if p_value != p_value else float(f'{p_value:.2g}')


def correct(rows: dict[str, dict]) -> None:
    """Write Holm's p beside each p, for all rows of the board together; of what was not tested, none."""
    from wsolzoo.evaluation.functional.significance import holm

    for kind in ('images', 'seeds'):
        tests = [row['less'][kind] for row in rows.values() if kind in (row.get('less') or {})]
        adjusted = holm([float('nan') if test['p'] is None else test['p'] for test in tests])
        for test, p_value in zip(tests, adjusted, strict=True):
            test['holm'] = digits(p_value)


def references(run: dict, folders: list[Path]) -> dict[str, dict]:
    """The rows that nobody trains: the centred box of a run, and the best constant box where it was measured."""
    import json

    from wsolzoo.zoo.leaderboard import SCORES

    first = run['test']['centered_box']
    known = {name: round(first[name], 2) for name in ('MaxBoxAccV2', 'PxAP') if name in first}
    if 'GT-known' in first:  # it has no threshold that anything could choose
        known |= {name: round(first['GT-known'], 2) for name, (column, _, _) in SCORES.items() if column == 'GT-known'}
    found = {'centred box': known}
    for path in (folder / 'constant_box.json' for folder in folders):
        if path.is_file():
            said = json.loads(path.read_text(encoding='utf-8'))
            found['best constant box of validation'] = {
                'transferred': round(said['choe2020-v1']['0.5'], 2),
                'MaxBoxAccV2': round(said['choe2020-v2']['mean'], 2),
            }
    return found


def updated(about: dict, runs: dict[str, dict[int, dict]], before: dict, folders: list[Path]) -> dict:
    """The content of a board's file: what stood in it, with the rows of these runs."""
    from wsolzoo.evaluation.localization.tables import require_same

    shared, against, said = check(runs), about.get('against'), about.get('rows') or {}
    if before:
        require_same({'the board as it stands': before['measured'], 'these runs': shared})
    rows = {row: entry(seeds, said.get(row, {}).get('config')) for row, seeds in runs.items()}
    for row in rows:
        if against in runs and row != against:
            alone, others_alone = (said.get(name, {}).get('seedless', False) for name in (row, against))
            both = pairs(runs[row], runs[against], (alone, others_alone))
            rows[row]['less'] = compare([one for one, _ in both], [other for _, other in both])
    rows = dict(sorted({**before.get('rows', {}), **rows}.items()))
    correct(rows)
    boxes = {
        **before.get('references', {}),
        **references(next(iter(runs.get(against, next(iter(runs.values()))).values())), folders),
    }
    return {'measured': shared, 'against': against, 'references': boxes, 'rows': rows}


def main(argv: list[str] | None = None) -> int:
    """Write the file of a board; returns 0, or 2 where the message says what is wrong and what to do."""
    args = parse_args(argv)
    import yaml

    from wsolzoo.errors import UserError, meant
    from wsolzoo.zoo import leaderboard

    path = args.root / leaderboard.DATA / f'{args.board}.yml'
    try:
        known = leaderboard.boards(args.root)
        if args.board not in known:
            raise UserError(f'{path.parent / "boards.yml"} has no board {args.board}; {meant(args.board, known)}')
        runs = find_runs(args.folders, known[args.board]['seeds'])
        if not runs:
            raise UserError(f'{", ".join(map(str, args.folders))}: no folder ROW_sSEED with a metrics.json is here')
        before = {} if args.anew else leaderboard.measured(args.root, args.board)
        content = updated(known[args.board], runs, before, args.folders)
    except UserError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    text = yaml.safe_dump(content, sort_keys=False, default_flow_style=None, width=160, allow_unicode=True)
    path.write_text(NOTE.format(board=args.board) + text, encoding='utf-8')
    print(f'{path}: {len(content["rows"])} rows, {len(runs)} of them from {sum(map(len, runs.values()))} runs')
    return 0


if __name__ == '__main__':
    sys.exit(main())
