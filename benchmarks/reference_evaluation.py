"""The evaluators as their papers read, one threshold after another: what ``evaluation.py`` measures against.

Nothing here is used by wsolzoo. No step is made slow on purpose and none is made clever: NumPy and OpenCV do what they
do well, the sweep visits every threshold. Shares no code with the package.
"""

import sys
from collections import Counter
from pathlib import Path

import cv2
import numpy as np


def prepare(raw: np.ndarray, size: int = 224) -> np.ndarray:
    """Cubic resize, then min-max; a constant map or one with NaN becomes zeros."""
    array = cv2.resize(raw.astype(np.float64), (size, size), interpolation=cv2.INTER_CUBIC)
    low, high = array.min(), array.max()
    if np.isnan(low) or np.isnan(high) or low == high:
        return np.zeros((size, size))
    return (array - low) / (high - low)


class BoxEvaluator:
    """MaxBoxAcc (``all_contours=False``) and MaxBoxAccV2: hits for every threshold and IoU level."""

    def __init__(self, interval: float, levels: tuple[float, ...], all_contours: bool) -> None:
        self.thresholds = np.arange(0, 1, interval)
        self.levels, self.all_contours = np.array(levels), all_contours
        self.hits = np.zeros((len(levels), len(self.thresholds)), np.int64)

    def add(self, raw: np.ndarray, truths: np.ndarray) -> None:
        """Judge one map against integer boxes (M, 4) in the 224 frame."""
        grey = (prepare(raw) * 255).astype(np.uint8)
        top = int(grey.max())
        for k, t in enumerate(self.thresholds):
            boxes = self.boxes(grey, int(t * top))
            self.hits[:, k] += ious(boxes, truths).max() >= self.levels

    def boxes(self, grey: np.ndarray, level: int) -> np.ndarray:
        """Boxes of the largest contour, or of all."""
        height, width = grey.shape
        mask = cv2.threshold(grey, level, 255, cv2.THRESH_BINARY)[1]
        contours = cv2.findContours(mask, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)[-2]
        if len(contours) == 0:
            return np.zeros((1, 4), np.int64)
        if not self.all_contours:
            contours = [max(contours, key=cv2.contourArea)]
        found = []
        for contour in contours:
            x, y, w, h = cv2.boundingRect(contour)
            found.append((x, y, min(x + w, width - 1), min(y + h, height - 1)))
        return np.array(found)


def ious(boxes: np.ndarray, truths: np.ndarray) -> np.ndarray:
    """IoU of integer boxes with 1 added to every side, (M, N)."""
    a, b = boxes[:, None, :], truths[None, :, :]
    wide = np.maximum(np.minimum(a[..., 2], b[..., 2]) - np.maximum(a[..., 0], b[..., 0]) + 1, 0)
    high = np.maximum(np.minimum(a[..., 3], b[..., 3]) - np.maximum(a[..., 1], b[..., 1]) + 1, 0)
    areas = [(c[..., 2] - c[..., 0] + 1) * (c[..., 3] - c[..., 1] + 1) for c in (a, b)]
    return wide * high / (areas[0] + areas[1] - wide * high)


def read_mask(folder: Path, objects: list[str], ignored: list[str], size: int = 224) -> np.ndarray:
    """Union of the mask pictures of an image: 0 background, 1 object, 255 ignored."""
    out = np.zeros((size, size), np.uint8)
    for names, value in ((ignored, 255), (objects, 1)):
        for name in names:
            picture = cv2.imread(str(folder / name), cv2.IMREAD_GRAYSCALE)
            out[cv2.resize(picture, (size, size), interpolation=cv2.INTER_NEAREST) > 0] = value
    return out


class PixelEvaluator:
    """PxAP: histograms of the scores of object and background pixels."""

    def __init__(self, interval: float) -> None:
        self.edges = np.append(np.arange(0, 1, interval), [1.0, 2.0, 3.0])
        self.counts = np.zeros((2, len(self.edges) - 1), np.int64)

    def add(self, scores: np.ndarray, mask: np.ndarray) -> None:
        """Count one map in [0, 1]; mask 0, 1 or 255 (ignored)."""
        for value in (0, 1):
            self.counts[value] += np.histogram(scores[mask == value], self.edges)[0]

    def average_precision(self) -> float:
        """Percent."""
        false, true = self.counts[:, ::-1].cumsum(1)
        seen = true + false > 0
        precision = true[seen] / (true + false)[seen]
        recall = true / true[-1]
        steps = np.diff(recall)[seen[1:]]
        return 100 * float((precision[len(precision) - len(steps) :] * steps).sum())


def largest_component(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Box of the 8-connected component with most pixels: label the mask, count every label's pixels, look it up."""
    from scipy.ndimage import label

    labels = label(mask, structure=np.ones((3, 3)))[0]
    counts = Counter(labels[mask].tolist())
    most = max(counts.values())
    winner = min(name for name, count in counts.items() if count == most)
    rows, columns = np.nonzero(labels == winner)
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def main(maps: str, annotations: str, interval: str) -> None:
    """MaxBoxAcc of saved maps (one true box each, images of 224 pixels), as a program of its own."""
    evaluator = BoxEvaluator(float(interval), (0.5,), all_contours=False)
    lines = (Path(annotations) / 'localization.txt').read_text().split()
    for line in lines:
        name, *box = line.split(',')
        evaluator.add(np.load(Path(maps) / f'{name}.npy'), np.array([box], float).astype(int))
    print(100 * evaluator.hits.max() / len(lines))


if __name__ == '__main__':
    main(*sys.argv[1:])
