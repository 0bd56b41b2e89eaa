"""Write a box for every image of the split that chooses, without a label: for selection without true boxes.

    python tools/dataset_tools/make_pseudo_boxes.py CONFIG --by selective-search --out ss-consensus.csv
    python tools/dataset_tools/make_pseudo_boxes.py CONFIG --by centre --side 0.6 --out centre.csv

selective-search takes the proposal that has the highest mean IoU to all other proposals. It needs OpenCV's contributed
modules, which stand in the place of the OpenCV that wsolzoo installs: use an environment of their own, where
`pip install opencv-contrib-python-headless` comes last, and take the file away. The data set PseudoBoxes reads it.

Where the split has true boxes, the quality of those that were written is printed, so that it can stand beside every
result that was chosen by them. It is for reading alone: nothing is chosen by it.
"""

import argparse
import csv
import sys


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file, or the name of a shipped one')
    parser.add_argument('--by', required=True, choices=['selective-search', 'centre'])
    parser.add_argument('--out', required=True, help='CSV file: file,x1,y1,x2,y2')
    parser.add_argument('--side', type=float, default=0.8, help='centre: share of each side (default: %(default)s)')
    parser.add_argument('--scale', type=float, default=1.0, help='enlarge images for the search; 2 suits 96 pixels')
    parser.add_argument(
        '--area', type=float, nargs=2, default=(0.02, 0.8), metavar=('MIN', 'MAX'), help='of proposals, shares'
    )
    return parser.parse_args(argv)


def proposals(image, scale: float, area: tuple[float, float]):
    """Boxes (M, 4) of Selective Search, "fast" mode, of a (H, W, 3) uint8 BGR image."""
    import cv2
    import numpy as np

    from wsolzoo.errors import UserError

    if not hasattr(cv2, 'ximgproc'):
        raise UserError(
            'this OpenCV has no Selective Search. In an environment of its own, after wsolzoo: '
            'pip uninstall opencv-python && pip install opencv-contrib-python-headless'
        )
    cv2.setRNGSeed(0)
    search = cv2.ximgproc.segmentation.createSelectiveSearchSegmentation()
    search.setBaseImage(cv2.resize(image, None, fx=scale, fy=scale))
    search.switchToSelectiveSearchFast()
    x, y, width, height = search.process().astype(np.float64).T / scale
    share = width * height / (image.shape[0] * image.shape[1])
    kept = (share >= area[0]) & (share <= area[1])
    return np.stack([x, y, x + width, y + height], 1)[kept]


def box_of(image, args: argparse.Namespace):
    """The box of one image, (4,)."""
    from wsolzoo.evaluation.functional import boxes

    if args.by == 'centre':
        return boxes.centred(image.shape[:2], args.side)[0]
    found = proposals(image, args.scale, args.area)
    return found[boxes.consensus(found)] if len(found) else boxes.centred(image.shape[:2], 1)[0]


def quality(pairs: list) -> str:
    """How good boxes are against the true ones of their images, for people."""
    import numpy as np

    from wsolzoo.evaluation.functional.boxes import ious

    best = np.array([ious(box[None], truths).max() for box, truths in pairs])
    shares = ' / '.join(f'{100 * (best >= level).mean():.1f}' for level in (0.3, 0.5, 0.7))
    return f'against true boxes: mean IoU {best.mean():.3f}, IoU >= 0.3 / 0.5 / 0.7: {shares} % of {len(best)} images'


def main(argv: list[str] | None = None) -> int:
    """Write; returns the exit status: 2 where the message says what to put right."""
    args = parse_args(argv)
    from mmengine.registry import DefaultScope
    from rich.console import Console
    from rich.progress import track

    from wsolzoo.datasets.loading import LoadImage
    from wsolzoo.registry import DATASETS
    from wsolzoo.run import launch

    load, pairs, rows = LoadImage(), [], []
    try:
        cfg = launch.load_config(args.config)
        with DefaultScope.overwrite_default_scope('wsolzoo'):
            dataset = DATASETS.build({**cfg.val_dataloader.dataset, 'pipeline': []})
        for index in track(range(len(dataset)), args.by, console=Console(stderr=True), transient=True):
            info = dataset.get_data_info(index)
            box = box_of(load({key: info[key] for key in info if key != 'gt_bboxes'})['img'], args)
            rows.append((info['img_id'], *(f'{x:g}' for x in box)))
            if 'gt_bboxes' in info:
                pairs.append((box, info['gt_bboxes']))
    except launch.EXPLAINED as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    with open(args.out, 'w', encoding='utf-8', newline='') as file:
        csv.writer(file, lineterminator='\n').writerows([('file', 'x1', 'y1', 'x2', 'y2'), *rows])
    print(f'{len(rows)} boxes in {args.out}')
    if pairs:
        print(quality(pairs))
    return 0


if __name__ == '__main__':
    sys.exit(main())
