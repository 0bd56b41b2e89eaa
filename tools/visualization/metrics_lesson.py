"""The pictures and numbers of docs/metrics_lesson.md: IoU, precision and recall, AP and Dice on real predictions.

python tools/visualization/metrics_lesson.py --out-dir docs

The shipped CAM looks at the first scenes of the test split; its boxes and maps are compared with the truth. Writes
``lesson_numbers.md`` and, below ``_static``, ``lesson_boxes.jpg``, ``lesson_curve.png`` and ``lesson_masks.jpg``.
"""

import argparse
import sys
from pathlib import Path

MODEL = 'cam_plainnet_1xb32-15e_scenes-96px'
THRESHOLD = 0.35
"""Of the map, for boxes and masks."""


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out-dir', default='docs', help='folder of the page (default: %(default)s)')
    parser.add_argument('--count', type=int, default=100, help='scenes to look at (default: %(default)s)')
    return parser.parse_args(argv)


def answers(count: int) -> list[dict]:
    """Prediction and truth of the first scenes of the test split."""
    import numpy as np

    from wsolzoo.apis.inferencer import Inferencer
    from wsolzoo.synthetic.scenes import draw_scene

    inferencer = Inferencer(MODEL, device='cpu', threshold=THRESHOLD, all_boxes=True)
    found = []
    for index in range(count):
        scene = draw_scene(0, 'test', index)
        (answer,) = inferencer(np.ascontiguousarray(scene.image[..., ::-1]))
        true = np.asarray(scene.box, np.float64)[None]
        found.append(answer | {'true': true, 'mask': np.asarray(scene.mask, bool)})
        found[-1]['box_scores'] = scores_of(answer['map'], answer['boxes']) * answer['score']
    return found


def scores_of(map, boxes):
    """The highest value of the map inside each box (M, 4): how sure the model is that there is something."""
    import numpy as np

    cells = [map[int(y0) : int(y1), int(x0) : int(x1)] for x0, y0, x1, y1 in boxes]
    return np.array([cell.max() if cell.size else 0.0 for cell in cells])


def numbers(found: list[dict]) -> tuple[dict[str, float], dict]:
    """Every number of the page by name; and precision and recall for the curve."""
    import numpy as np

    from wsolzoo.evaluation.functional import detection, segmentation

    matched = [
        detection.match_image(one['boxes'], one['box_scores'], one['true'], thresholds=[0.5])[0] for one in found
    ]
    precision, recall = (np.atleast_2d(values)[0] for values in detection.precision_recall(matched))
    told = {
        'boxes': sum(len(one['boxes']) for one in found),
        'objects': len(found),
        'true positives': int(sum(one.hit.sum() for one in matched)),
    }
    told['false positives'] = told['boxes'] - told['true positives']
    told['missed objects'] = told['objects'] - told['true positives']
    for definition in detection.AP_DEFINITIONS:
        told[f'AP, {definition}'] = 100 * float(detection.average_precision(matched, definition)[0])
    matrix = sum(segmentation.confusion_matrix(mask_of(one), one['mask'].astype(np.uint8), 2) for one in found)
    scores = segmentation.class_scores(matrix)
    told |= {f'{name} of the animals': 100 * float(scores[name][1]) for name in ('IoU', 'Dice')}
    told['mean IoU'] = 100 * float(np.mean(scores['IoU']))
    told['pixel accuracy'] = 100 * float(np.trace(matrix) / matrix.sum())
    return told, {'precision': precision, 'recall': recall}


def mask_of(answer: dict):
    """The pixels that the model takes for the animal, (H, W) uint8."""
    return (answer['map'] >= THRESHOLD).astype('uint8')


def draw_boxes(found: list[dict], path: Path) -> None:
    """A poor, a middling and two good boxes, with their overlap."""
    import numpy as np

    from wsolzoo.evaluation.functional.detection import box_iou
    from wsolzoo.visualization.overlay import draw_boxes, draw_text, fit, side_by_side
    from wsolzoo.visualization.visualizer import save_picture

    best = np.array([box_iou(one['boxes'], one['true']).max(initial=0) for one in found])
    cells = []
    for share in (0.1, 0.4, 0.6, 0.95):
        index = int(np.argsort(best)[round(share * (len(found) - 1))])
        picture, factor = fit(found[index]['image'])
        picture = draw_boxes(picture, found[index]['boxes'] * factor, found[index]['true'] * factor)
        cells.append(draw_text(picture, f'best IoU {best[index]:.2f}', (8, 6)))
    save_picture(path, side_by_side(cells))


def draw_masks(found: list[dict], path: Path) -> None:
    """Right, missed and added pixels of four scenes, with their Dice."""
    import numpy as np

    from wsolzoo.visualization.drawing import tint
    from wsolzoo.visualization.overlay import draw_text, fit, side_by_side
    from wsolzoo.visualization.visualizer import save_picture

    cells = []
    for one in found[:4]:
        made, true = mask_of(one).astype(bool), one['mask']
        kinds = np.select([made & true, true, made], [3, 2, 1])
        dice = 2 * (made & true).sum() / (made.sum() + true.sum())
        cells.append(draw_text(tint(fit(one['image'])[0], kinds), f'Dice {dice:.2f}', (8, 6)))
    save_picture(path, side_by_side(cells))


def draw_curve(curve: dict, path: Path) -> None:
    """Precision over recall, and its envelope."""
    import matplotlib
    import numpy as np

    matplotlib.use('Agg')
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(5.5, 3.6))
    axes.step(curve['recall'], curve['precision'], where='post', label='as measured')
    envelope = np.maximum.accumulate(curve['precision'][::-1])[::-1]
    axes.step(curve['recall'], envelope, where='post', linestyle='--', label='envelope')
    axes.set(xlabel='recall', ylabel='precision', xlim=(0, 1), ylim=(0, 1.05))
    axes.legend()
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def page(told: dict[str, float]) -> str:
    """The numbers as a table."""
    rows = [f'| {name} | {value if isinstance(value, int) else f"{value:.2f}"} |' for name, value in told.items()]
    head = '<!-- Generated by `python tools/visualization/metrics_lesson.py --out-dir docs`. -->\n'
    return head + '| number | value |\n|---|---|\n' + '\n'.join(rows) + '\n'


def main(argv: list[str] | None = None) -> int:
    """Write the numbers and pictures; returns the exit status."""
    args = parse_args(argv)
    out = Path(args.out_dir)
    pictures = out / '_static'
    pictures.mkdir(parents=True, exist_ok=True)
    found = answers(args.count)
    told, curve = numbers(found)
    draw_boxes(found, pictures / 'lesson_boxes.jpg')
    draw_masks(found, pictures / 'lesson_masks.jpg')
    draw_curve(curve, pictures / 'lesson_curve.png')
    (out / 'lesson_numbers.md').write_text(page(told), encoding='utf-8')
    print(page(told), end='')
    return 0


if __name__ == '__main__':
    sys.exit(main())
