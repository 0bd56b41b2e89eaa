"""A box that never looks at the image: the baseline of data sets whose objects have a usual place.

    python tools/analysis_tools/constant_box.py CONFIG [--out constant_box.json]

For every IoU level of the config's box protocols, the true box of the validation split (role train-fullsup) that hits
most of its images is put on every image of the test split.
"""

import argparse
import json
import sys
from pathlib import Path


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file, or the name of a shipped one')
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='override config values')
    parser.add_argument(
        '--out', type=Path, metavar='FILE', help='write the percentages as JSON too, by protocol and IoU'
    )
    return parser.parse_args(argv)


def true_boxes(loader: dict, choosing: bool) -> tuple[list, list[int], tuple[int, int]]:
    """True boxes of each image of a split in the frame of the network's input, labels, and the size of that frame."""
    from mmengine.registry import DefaultScope

    from wsolzoo.registry import DATASETS
    from wsolzoo.run.launch import UsageError
    from wsolzoo.structures import TEST

    with DefaultScope.overwrite_default_scope('wsolzoo'):
        dataset = DATASETS.build(loader['dataset'])
    if choosing and dataset.role == TEST:
        raise UsageError('the box would be chosen on a test split: val_dataloader needs role="train-fullsup"')
    samples = [dataset[index]['data_samples'] for index in range(len(dataset))]
    if not all('gt_boxes' in sample for sample in samples):
        raise UsageError(f'{type(dataset).__name__} gives no boxes with role={dataset.role!r}')
    sizes = {tuple(sample.img_shape[:2]) for sample in samples}
    if len(sizes) > 1:
        raise UsageError(f'images of {len(sizes)} sizes have no common place; resize them to one in the test pipeline')
    return [sample.gt_boxes for sample in samples], [int(sample.gt_label) for sample in samples], sizes.pop()


def accuracy(protocol, chosen_on: list, reported_on: list, labels: list[int], size: tuple[int, int]) -> list[tuple]:
    """``(level, box, percent)`` for every IoU level of a protocol; hits and averages are the protocol's."""
    import numpy as np

    from wsolzoo.evaluation.functional import boxes as box_functions
    from wsolzoo.evaluation.localization.counts import is_hit
    from wsolzoo.evaluation.localization.records import read_truths

    known, asked = ([read_truths(one, protocol, size) for one in split] for split in (chosen_on, reported_on))
    rows = []
    for index, level in enumerate(protocol.hit.ious):
        box = box_functions.best_constant([one for one in known if len(one)], level, protocol.hit.offset)
        best = np.array([box_functions.ious(box[None], one, protocol.hit.offset).max(initial=0) for one in asked])
        hits, groups = is_hit(best, protocol)[index], np.asarray(labels)
        if protocol.hit.average == 'macro':
            percent = 100 * float(np.mean([hits[groups == label].mean() for label in np.unique(groups)]))
        else:
            percent = 100 * float(hits.mean())
        rows.append((level, box, percent))
    return rows


def main(argv: list[str] | None = None) -> int:
    """Print a table; returns the exit status: 0, or 2 where the message says what is wrong and what to do."""
    args = parse_args(argv)
    from wsolzoo.evaluation.localization.protocols import resolve
    from wsolzoo.run import launch

    try:
        launch.prepare_environment()
        cfg = launch.load_config(args.config, args.cfg_options)
        known, _, size = true_boxes(cfg.val_dataloader, choosing=True)
        asked, labels, test_size = true_boxes(cfg.test_dataloader, choosing=False)
        if size != test_size:
            raise launch.UsageError(f'validation images are {size}, test images {test_size}: use one test pipeline')
        print('| protocol | IoU | constant box | hits, percent |\n|---|---|---|---|')
        found = {}
        for protocol in map(resolve, cfg.test_evaluator.protocols):
            if protocol.is_pixel:
                continue
            rows = accuracy(protocol, known, asked, labels, size)
            for level, box, percent in rows:
                print(f'| {protocol.name} | {level:g} | {" ".join(f"{x:.0f}" for x in box)} | {percent:.1f} |')
            mean = sum(row[2] for row in rows) / len(rows)
            if len(rows) > 1:
                print(f'| {protocol.name} | mean | | {mean:.1f} |')
            found[protocol.name] = {**{f'{level:g}': percent for level, _, percent in rows}, 'mean': mean}
        if args.out:
            args.out.write_text(json.dumps(found, indent=1) + '\n', encoding='utf-8')
    except launch.EXPLAINED as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
