"""CPU time of the dense metrics per image, against a straightforward reference with the same results.

    OMP_NUM_THREADS=1 python benchmarks/metrics.py [--images 20] [--sides 224 400]

One thread, both sides interleaved, median over images. The reference lives here only: it loops over the 256 thresholds
and evaluates the formulas on pixels; its results are compared with ours before a ratio is printed.
"""

import argparse
import contextlib
import io
import sys
import time
from collections.abc import Callable

import numpy as np

from wsolzoo.evaluation.functional import saliency, segmentation


def make_pair(side: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return a smooth map in [0, 1] and a shifted object mask."""
    from scipy.ndimage import gaussian_filter

    field = gaussian_filter(rng.random((side, side)), side / 20)
    field = (field - field.min()) / (field.max() - field.min())
    return field, np.roll(field > 0.6, side // 25, 0)


def reference_f_curve(pred: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """F at 256 levels, one pass over the pixels for each."""
    levels, curve = np.floor(pred * 255), []
    for level in range(256):
        chosen = levels >= level
        tp = np.count_nonzero(chosen & mask)
        precision = tp / max(np.count_nonzero(chosen), 1)
        recall = tp / max(np.count_nonzero(mask), 1)
        curve.append(1.3 * precision * recall / (0.3 * precision + recall) if tp else 0.0)
    return np.array(curve)


def reference_e_curve(pred: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """E at 256 levels, the enhanced alignment matrix of the paper for each."""
    levels, curve = np.floor(pred * 255), []
    g = mask - mask.mean()
    for level in range(256):
        chosen = (levels >= level).astype(np.float64)
        p = chosen - chosen.mean()
        aligned = 2 * p * g / (p * p + g * g + np.spacing(1))
        curve.append(((aligned + 1) ** 2 / 4).sum() / (mask.size - 1))
    return np.array(curve)


def reference_confusion(pred: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Confusion matrix of 21 classes, entry by entry."""
    a, b = (pred * 20).astype(np.int64), (mask * 20).astype(np.int64)
    return np.array([[np.count_nonzero((b == i) & (a == j)) for j in range(21)] for i in range(21)])


def detection_line(count: int) -> str | None:
    """COCO average precision of ``count`` images against pycocotools, or nothing where that is not installed."""
    try:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    except ImportError:
        return None
    from wsolzoo.evaluation.metrics import DetectionMetric

    rng, images, truth, found = np.random.default_rng(0), [], [], []
    for k in range(count):
        corner = rng.integers(0, 300, (6, 2)).astype(float)
        boxes = np.concatenate([corner, corner + rng.integers(20, 120, (6, 2))], 1)
        moved = np.repeat(boxes, 3, 0) + rng.integers(-9, 10, (18, 4))
        labels, scores = rng.integers(0, 10, 6), rng.random(18)
        images.append(
            {'img_id': k, 'gt_boxes': boxes, 'gt_box_labels': labels, 'pred_boxes': moved}
            | {'pred_box_labels': np.repeat(labels, 3), 'pred_box_scores': scores}
        )
        sizes, own = boxes[:, 2:] - boxes[:, :2], moved[:, 2:] - moved[:, :2]
        for box, size, label in zip(boxes, sizes, labels, strict=True):
            row = {'id': len(truth) + 1, 'image_id': k, 'category_id': int(label), 'iscrowd': 0}
            truth.append(row | {'bbox': [*box[:2], *size], 'area': size.prod()})
        for box, size, label, score in zip(moved, own, np.repeat(labels, 3), scores, strict=True):
            found.append({'image_id': k, 'category_id': int(label), 'bbox': [*box[:2], *size], 'score': score})
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {'images': [{'id': k} for k in range(count)], 'annotations': truth}
        coco.dataset['categories'] = [{'id': label} for label in range(10)]
        coco.createIndex()
        results = coco.loadRes(found)

    def theirs() -> float:
        with contextlib.redirect_stdout(io.StringIO()):
            evaluator = COCOeval(coco, results, 'bbox')
            evaluator.evaluate()
            evaluator.accumulate()
            evaluator.summarize()
        return 100 * evaluator.stats[0]

    def ours() -> float:
        metric = DetectionMetric()
        metric.process(None, images)
        return metric.evaluate(count)['detection/mAP']

    ours()
    pairs = [(timed(ours), timed(theirs)) for _ in range(5)]
    np.testing.assert_allclose(*(result for _, result in pairs[0]), rtol=0, atol=1e-10)
    mine, other = (np.median([pair[side][0] for pair in pairs]) / count for side in (0, 1))
    return f'  {"detection AP, COCO":<30}{mine:8.2f}   pycocotools {other:6.2f}   {other / mine:6.1f} times'


OURS: dict[str, Callable] = {
    'F curve': lambda pred, mask: saliency.f_curve(saliency.level_histogram(pred, mask)),
    'E curve': lambda pred, mask: saliency.e_curve(saliency.level_histogram(pred, mask)),
    'confusion matrix, 21 classes': lambda pred, mask: segmentation.confusion_matrix(
        (pred * 20).astype(np.int64), (mask * 20).astype(np.int64), 21
    ),
    'S-measure': saliency.s_measure,
    'weighted F': saliency.weighted_f,
    'all saliency measures': saliency.evaluate_image,
    'all but weighted F': lambda pred, mask: saliency.evaluate_image(pred, mask, weighted=False),
}
REFERENCE = {
    'F curve': reference_f_curve,
    'E curve': reference_e_curve,
    'confusion matrix, 21 classes': reference_confusion,
}


def timed(function: Callable, *arguments: np.ndarray) -> tuple[float, object]:
    """Return CPU milliseconds and the result."""
    start = time.process_time()
    result = function(*arguments)
    return (time.process_time() - start) * 1e3, result


def main(arguments: list[str]) -> None:
    """Print a table of milliseconds and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', type=int, default=20)
    parser.add_argument('--sides', type=int, nargs='+', default=[224, 400])
    options = parser.parse_args(arguments)
    for side in options.sides:
        rng = np.random.default_rng(side)
        pairs = [make_pair(side, rng) for _ in range(options.images)]
        print(f'{side} x {side}, {options.images} images, CPU ms per image (median)')
        for name, function in OURS.items():
            function(*pairs[0])  # imports and caches
            ours, theirs = [], []
            for pair in pairs:
                spent, result = timed(function, *pair)
                ours.append(spent)
                if name in REFERENCE:
                    spent, expected = timed(REFERENCE[name], *pair)
                    theirs.append(spent)
                    np.testing.assert_allclose(result, expected, rtol=1e-9, atol=1e-12)
            line = f'  {name:<30}{np.median(ours):8.2f}'
            if theirs:
                line += f'   reference {np.median(theirs):8.2f}   {np.median(theirs) / np.median(ours):6.0f} times'
            print(line)
    print(detection_line(5 * options.images) or 'detection AP: pycocotools is not installed')


if __name__ == '__main__':
    main(sys.argv[1:])
