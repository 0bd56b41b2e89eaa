"""Which class is taken for which: counts as a picture and a CSV file, and the pairs that are confused most.

From what a test wrote, or by running one:

    python tools/test.py cam.py cam.pth --out results.json
    python tools/analysis_tools/confusion_matrix.py results.json
    python tools/analysis_tools/confusion_matrix.py cam.py cam.pth --out confusion.png
"""

import argparse
import sys
from pathlib import Path


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source', help='results of tools/test.py --out (json or yaml), or a config to test')
    parser.add_argument('checkpoint', nargs='?', help='weights, where the first is a config')
    parser.add_argument('--out', default='confusion.png', metavar='FILE', help='picture; the CSV file stands beside it')
    parser.add_argument('--work-dir', help='where the log of a test goes (default: work_dirs/<config name>)')
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='override config values')
    args = parser.parse_args(argv)
    if Path(args.out).suffix.lower() not in ('.png', '.svg', '.pdf'):
        parser.error(f'--out is a picture, .png, .svg or .pdf; got {args.out}')
    if not args.checkpoint and Path(args.source).suffix not in ('.json', '.yaml', '.yml'):
        parser.error(f'{args.source} is no results file (json or yaml); with a config give a checkpoint as well')
    return args


def tested(args: argparse.Namespace) -> tuple[list[dict], list[str]]:
    """Records of all images, and class names where they are known."""
    if not args.checkpoint:
        import mmengine

        result = mmengine.load(args.source)
        return result.get('images') or [], list((result.get('breakdown') or {}).get('class') or ())
    from wsolzoo.engine.hooks.report import gather_result
    from wsolzoo.run import launch

    launch.prepare_environment()
    cfg = launch.load_config(args.source, args.cfg_options)
    launch.set_work_dir(cfg, args.work_dir)
    launch.set_checkpoint(cfg, args.checkpoint)
    launch.check(cfg, args.cfg_options)
    runner = launch.build_runner(cfg, training=False)
    result = gather_result(runner, runner.test())
    return result['images'], list((runner.test_loop.dataloader.dataset.metainfo or {}).get('classes') or ())


def matrix(records: list[dict]):
    """Counts (K, K) int64: row the class of an image, column the class it was taken for.

    Raises:
        UserError: no record says both.
    """
    import numpy as np

    from wsolzoo.errors import UserError

    pairs = [(record['label'], record['pred_labels'][0]) for record in records if record.get('pred_labels')]
    if not pairs:
        raise UserError('no image of this test has a label and a predicted class (label, pred_labels)')
    counts = np.zeros((1 + max(max(pair) for pair in pairs),) * 2, np.int64)
    np.add.at(counts, tuple(np.array(pairs).T), 1)
    return counts


def confused(counts, names: list[str], most: int = 5) -> list[str]:
    """The pairs that are confused most often, in words."""
    import numpy as np

    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind='stable')[:most]
    pairs = [divmod(int(index), len(counts)) for index in order if wrong.flat[index]]
    return [f'{names[i]} taken for {names[j]}: {wrong[i, j]} of {counts[i].sum()}' for i, j in pairs]


def write_csv(counts, names: list[str], path: Path) -> None:
    """The counts with names of classes on both sides."""
    import csv

    with path.open('w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file)
        writer.writerow(['true \\ predicted', *names])
        writer.writerows([name, *row] for name, row in zip(names, counts.tolist(), strict=True))


def draw(counts, names: list[str], path: Path) -> None:
    """The shares of each row as colours, with counts where they can be read."""
    import matplotlib
    import numpy as np

    matplotlib.use('Agg')
    from matplotlib import pyplot

    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    legible = len(names) <= 40
    side = 2.5 + 0.42 * len(names) if legible else 12
    figure, place = pyplot.subplots(figsize=(side, side))
    place.imshow(shares, vmin=0, vmax=1, cmap='Blues')
    place.set(xlabel='predicted', ylabel='true')
    if legible:
        place.set_xticks(range(len(names)), names, rotation=90)
        place.set_yticks(range(len(names)), names)
        for i, j in zip(*counts.nonzero(), strict=True):
            color = 'white' if shares[i, j] > 0.5 else 'black'
            place.text(j, i, counts[i, j], ha='center', va='center', fontsize=8, color=color)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def main(argv: list[str] | None = None) -> int:
    """Write both files; returns the exit status: 0, or 2 where the message says what is wrong and what to do."""
    args = parse_args(argv)
    from wsolzoo.run import launch

    try:
        records, names = tested(args)
        counts = matrix(records)
    except launch.EXPLAINED as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    if len(names) > len(counts):  # classes at the end that nobody has and nobody predicts
        import numpy as np

        counts = np.pad(counts, (0, len(names) - len(counts)))
    elif len(names) < len(counts):
        names = [f'class {index}' for index in range(len(counts))]
    out = Path(args.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_csv(counts, names, out.with_suffix('.csv'))
    draw(counts, names, out)
    print(f'top-1 {100 * counts.trace() / counts.sum():.2f} over {counts.sum()} images')
    print('\n'.join([*confused(counts, names), str(out), str(out.with_suffix('.csv'))]))
    return 0


if __name__ == '__main__':
    sys.exit(main())
