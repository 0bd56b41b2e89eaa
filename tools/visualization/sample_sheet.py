"""What a generator makes, on one sheet: a row of real pictures, then rows of made ones.

python tools/visualization/sample_sheet.py dcgan_conv32_1xb16-8e_scenes-32px --out sheet.png
"""

import argparse
import sys
from pathlib import Path


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('model', help='name of a zoo model, or a config file')
    parser.add_argument('--checkpoint', help='weights (default: those the zoo publishes for the model)')
    parser.add_argument('--out', default='sheet.png', metavar='FILE', help='picture to write (default: %(default)s)')
    parser.add_argument('--columns', type=int, default=12)
    parser.add_argument('--rows', type=int, default=5, help='of made pictures')
    parser.add_argument('--side', type=int, default=64, help='of a picture on the sheet, in pixels')
    return parser.parse_args(argv)


def sheet(inferencer, dataset, columns: int, rows: int, side: int):
    """(H, W, 3) uint8 RGB."""
    import cv2
    import numpy as np
    from mmengine.dataset import pseudo_collate

    batch = pseudo_collate([dataset[index] for index in range(columns * rows)])
    real = [image.numpy()[::-1].transpose(1, 2, 0) for image in batch['inputs'][:columns]]
    samples = inferencer.model.test_step(batch)
    made = [inferencer.task.answer(sample, (0, 0), None, {})['made'] for sample in samples]
    cells = [
        cv2.resize(np.ascontiguousarray(cell), (side, side), interpolation=cv2.INTER_CUBIC) for cell in real + made
    ]
    lines = [np.concatenate(cells[start : start + columns], axis=1) for start in range(0, len(cells), columns)]
    gap = np.full((6, lines[0].shape[1], 3), 255, np.uint8)
    return np.concatenate([lines[0], gap, *lines[1:]])


def main(argv: list[str] | None = None) -> int:
    """Draw; returns the exit status: 0, or 2 where the message says what is wrong."""
    args = parse_args(argv)
    from wsolzoo.apis.inferencer import Inferencer
    from wsolzoo.registry import DATASETS
    from wsolzoo.run import launch
    from wsolzoo.testing import scope
    from wsolzoo.visualization.visualizer import save_picture

    try:
        inferencer = Inferencer(args.model, args.checkpoint or True, 'cpu')
        with scope():
            dataset = DATASETS.build(inferencer.cfg.test_dataloader.dataset)
        print(save_picture(Path(args.out), sheet(inferencer, dataset, args.columns, args.rows, args.side)))
    except (*launch.EXPLAINED, ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
