"""Write what a trained localizer says of training images: boxes, masks or maps that a second training learns from.

    python tools/make_pseudo_labels.py CONFIG CHECKPOINT --as boxes --out work_dirs/cam/boxes
    python tools/make_pseudo_labels.py CONFIG CHECKPOINT --as masks --rule fixed:threshold=0.25,background=0.01 --out D
    python tools/make_pseudo_labels.py CONFIG CHECKPOINT --as seeds --normalizer clip --out DIR

No true box is looked at. Interrupted, the same command goes on where it stopped; manifest.json says where the labels
come from, and a pipeline refuses them (LoadPseudoLabels) once that is not so any more.
"""

import argparse
import sys


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    from wsolzoo.run.spelling import component

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file, or the name of a model of the zoo')
    parser.add_argument('checkpoint', help='its weights, a file')
    parser.add_argument('--split', default='train', choices=['train', 'val'], help='whose images (default: train)')
    parser.add_argument('--as', dest='kind', required=True, choices=['boxes', 'masks', 'seeds'], help='what to write')
    parser.add_argument('--out', required=True, help='folder')
    parser.add_argument(
        '--rule',
        type=component,
        default='otsu',
        metavar='NAME[:KEY=VALUE,…]',
        help='what is foreground: otsu (default), fixed, percentile, mean or gaussian, such as percentile:q=70',
    )
    parser.add_argument(
        '--normalizer',
        type=component,
        default='minmax',
        metavar='NAME[:KEY=VALUE,…]',
        help='how maps are brought to [0, 1], such as ivr:percentile=0.3 (default: minmax)',
    )
    parser.add_argument('--overwrite', action='store_true', help='drop other labels that are in the folder')
    parser.add_argument('--batch-size', type=int, default=32)
    parser.add_argument('--workers', type=int, default=0, help='processes that read images (default: none besides)')
    parser.add_argument('--device', help='such as cpu or cuda:1 (default: the first GPU, else the CPU)')
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='override config values')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Write; returns the exit status: 2 where the message says what to put right, 1 where it was stopped."""
    args = parse_args(argv)
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from wsolzoo.apis.pseudo_labels import Recipe, make_pseudo_labels
    from wsolzoo.run import launch

    columns = (TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        cfg = launch.load_config(args.config, args.cfg_options)
        launch.check(cfg, args.cfg_options)
        recipe = Recipe(args.kind, args.rule, args.normalizer, args.split)
        options = {name: getattr(args, name) for name in ('batch_size', 'workers', 'device', 'overwrite')}
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task(args.kind, total=None)
            for done, total in make_pseudo_labels(cfg, args.checkpoint, args.out, recipe, **options):
                progress.update(task, completed=done, total=total)
    except launch.EXPLAINED as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print('\nStopped by Ctrl-C; the same command goes on from here.', file=sys.stderr)
        return 1
    print(f'{total} {args.kind} in {args.out}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
