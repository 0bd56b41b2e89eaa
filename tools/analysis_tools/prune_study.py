"""What width plans cost and save: each plan with each selector, as cut, trained again, and from scratch.

    python tools/analysis_tools/prune_study.py CONFIG CHECKPOINT --plans configs/fcn_saliency/*-plan-?_*.py \\
        --selectors first l1 taylor random:0 --recover 1 --rounds 7 --out study.jsonl

Every row is judged on the validation and on the test split and written at once: the same command goes on where it
stopped, and with more plans or selectors adds their rows. Training after the cut and from scratch have one budget, the
config's own optimizer and its schedule shortened to it; the whole network gets it too. Nothing is chosen: trainings are
judged at their end. Tables go beside the file (.md), and with --plot a picture of score against time; other seeds have
a file each, and --seeds-in FILE... puts them into the tables, as mean, lowest and highest.
"""

import argparse
import re
import sys
from pathlib import Path


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of the whole network, or the name of a shipped one')
    parser.add_argument('checkpoint', nargs='?', help='its trained weights (default: those the zoo publishes)')
    parser.add_argument('--plans', nargs='+', required=True, metavar='[NAME=]CONFIG', help='configs with width_plan')
    parser.add_argument('--selectors', nargs='*', default=['first', 'l1'], metavar='NAME', help='random:3 has seed 3')
    parser.add_argument(
        '--modes',
        nargs='+',
        default=['none', 'recovery', 'scratch'],
        choices=['none', 'recovery', 'scratch'],
        help='what is judged (default: none recovery scratch)',
    )
    parser.add_argument(
        '--recover',
        type=int,
        default=1,
        metavar='N',
        help='epochs of a training (iterations where the config counts so)',
    )
    parser.add_argument('--batches', type=int, default=50, help='training batches that selectors of data look at')
    parser.add_argument('--rounds', type=int, default=0, help='measure times, in so many rounds (default: do not)')
    parser.add_argument('--images', type=int, default=16, help='test images predicted at once when times are measured')
    parser.add_argument('--size', type=int, default=64, help='side in pixels of the image the network is traced with')
    parser.add_argument('--seed', type=int, default=0, help='of trainings, random weights and random')
    parser.add_argument('--metric', default='maxF', help='of the table by selector and of the picture')
    parser.add_argument('--split', default='test', choices=['val', 'test'], help='that the tables show')
    parser.add_argument('--out', default='prune_study.jsonl', metavar='FILE', help='rows; tables go to FILE.md')
    parser.add_argument('--seeds-in', nargs='+', default=[], metavar='FILE', help='the same study with other seeds')
    parser.add_argument('--plot', metavar='FILE', help='picture (png, svg)')
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='override config values')
    return parser.parse_args(argv)


def named(text: str) -> tuple[str, str]:
    """``f=path`` as name and path; without a name, what follows ``plan-`` in the file name, or all of it."""
    name, equals, path = text.rpartition('=')
    stem = Path(path).stem
    found = re.search(r'plan-([a-z0-9-]+)', stem)
    return (name if equals else found.group(1) if found else stem), path


def study_of(args: argparse.Namespace):
    """The study that a command line means."""
    from wsolzoo.apis.zoo_models import build, find_model
    from wsolzoo.run import launch
    from wsolzoo.run.pruning.steps import hash_of, read_plan
    from wsolzoo.run.pruning.study import PruneStudy, Settings
    from wsolzoo.testing import tiny_batch

    cfg = launch.load_config(args.config, args.cfg_options)
    launch.check(cfg, args.cfg_options)
    checkpoint = args.checkpoint or cfg.get('load_from') or find_model(args.config)[1]
    model = build(cfg, checkpoint, 'cpu')
    rules = {name: read_plan(path) for name, path in map(named, args.plans)}
    settings = Settings(args.recover, args.batches, args.seed, tuple(args.cfg_options))
    batch = tiny_batch(model, args.size, 2)
    return PruneStudy(cfg, model, batch, rules, settings, Path(args.out), hash_of(checkpoint))


def main(argv: list[str] | None = None) -> int:
    """Make what is missing; returns the exit status: 2 where the message says what to put right, 1 where it stopped."""
    args = parse_args(argv)
    from rich.console import Console
    from rich.progress import track

    from wsolzoo.run import launch
    from wsolzoo.run.pruning import table
    from wsolzoo.run.pruning.study import read_rows

    try:
        study = study_of(args)
        missing = [row for row in study.wanted(args.selectors, args.modes) if row not in study.rows]
        for row in track(missing, 'rows', console=Console(stderr=True)):
            study.make(row)
        if args.rounds:
            study.time(args.rounds, args.images)
        text = table.markdown([study.rows, *map(read_rows, args.seeds_in)], args.metric, args.split)
        Path(args.out).with_suffix('.md').write_text(text, encoding='utf-8')
        print(text, end='')
        if args.plot:
            table.plot(study.rows, args.metric, args.split, args.plot)
    except launch.EXPLAINED as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f'\nStopped by Ctrl-C; the same command goes on after the last whole row of {args.out}.', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
