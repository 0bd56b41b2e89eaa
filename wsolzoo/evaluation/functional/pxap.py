"""PxAP and pIoU: average precision and best IoU over all pixels of a data set, from two histograms.

Source: Choe et al., CVPR 2020 (PxAP); BAS-Extension, IJCV 2023 (pIoU).
"""

import numpy as np

from wsolzoo.evaluation.functional.boxes import centred
from wsolzoo.evaluation.functional.flood import kernels


def edges(thresholds: np.ndarray) -> np.ndarray:
    """Edges of the histogram bins, ``[thresholds…, 1, 2, 3]``: a score of exactly 1 falls into [1, 2).

    Example:
        >>> edges(np.array([0.0, 0.5]))
        array([0. , 0.5, 1. , 2. , 3. ])
    """
    return np.append(np.asarray(thresholds, np.float64), [1.0, 2.0, 3.0])


def histograms(
    scores: np.ndarray, mask: np.ndarray, thresholds: np.ndarray, stretch: bool = False, share: float = 0.8
) -> tuple[np.ndarray, np.ndarray]:
    """Count background and object pixels by score, and by place, in one pass.

    Args:
        scores: (h, w) float64 in [0, 1]; finite and of any range where they are stretched.
        mask: (h, w) uint8, 0 background, 1 object, 255 ignored (counted nowhere).
        thresholds: (T,) ascending, the first one 0.
        stretch: put the scores through :func:`wsolzoo.maps.minmax` first.
        share: of each side, that the centred box covers.

    Returns:
        tuple[ndarray, ndarray]: (2, T + 2) int64, row 0 background, row 1 object, equal to ``numpy.histogram`` with
        :func:`edges`; and (2, 2) int64, the same two outside and inside the centred box.

    Raises:
        ValueError: shapes differ, a score is outside [0, 1] or not a number, or the mask holds other values.

    Example:
        >>> scores, mask = np.array([[0.1, 0.6, 0.9, 1.0]]), np.array([[0, 0, 1, 255]], np.uint8)
        >>> histograms(scores, mask, np.array([0.0, 0.5]))[0]
        array([[1, 1, 0, 0],
               [0, 1, 0, 0]])
    """
    scores, mask = np.ascontiguousarray(scores, np.float64), np.asarray(mask)
    if scores.shape != mask.shape or scores.ndim != 2 or scores.size == 0:
        raise ValueError(f'scores {scores.shape} and mask {mask.shape} must have the same shape (h, w)')
    bins, box = edges(thresholds), np.round(centred(mask.shape, share)[0]).astype(int)
    out, places = np.zeros((2, len(bins) - 1), np.int64), np.zeros((2, 2), np.int64)
    mask = np.ascontiguousarray(mask, np.uint8)
    wrong = (
        -2
        if np.isnan(scores.min())
        else kernels().pixel_histograms(scores, stretch, mask, bins, out, tuple(box.tolist()), places)
    )
    if wrong == -2:
        raise ValueError(f'scores lie in [0, 1]; got {scores.min()} to {scores.max()}')
    if wrong >= 0:
        raise ValueError(f'a mask holds 0, 1 and 255; got {wrong}')
    return out, places


def pxap(counts: np.ndarray) -> float:
    """Average precision over pixels: ``sum_k precision_k (recall_k - recall_(k-1))`` from the top bin down.

    Bins down to which no pixel lies are skipped; the sum starts at the second bin (the first, [2, 3], is empty).

    Args:
        counts: (2, B) summed histograms of background and object pixels.

    Returns:
        float: in [0, 1]; NaN without object pixels.

    Example:
        >>> pxap(np.array([[6, 1, 0, 0], [0, 3, 0, 0]]))
        0.75
    """
    false, true = _cumulated(counts)
    if true.size == 0 or true[-1] == 0:
        return float('nan')
    seen = true + false
    precision = np.divide(true, seen, out=np.zeros_like(true), where=seen > 0)
    terms = precision[1:] * np.diff(true / true[-1])
    return float(terms[seen[1:] > 0].sum())


def piou(counts: np.ndarray) -> tuple[float, int]:
    """Best IoU of pixels over the thresholds, and the bin from which it counts as object.

    Args:
        counts: (2, B) summed histograms of background and object pixels.

    Returns:
        tuple[float, int]: IoU in [0, 1] and bin; NaN and 0 without object pixels.

    Example:
        >>> piou(np.array([[6, 1, 0, 0], [0, 3, 0, 0]]))
        (0.75, 1)
    """
    false, true = _cumulated(counts)
    if true[-1] == 0:
        return float('nan'), 0
    curve = true / (true[-1] + false)
    best = int(np.argmax(curve))
    return float(curve[best]), counts.shape[1] - 1 - best


def _cumulated(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """False and true positives from the top bin down."""
    counts = np.asarray(counts)
    if counts.ndim != 2 or counts.shape[0] != 2:
        raise ValueError(f'counts are (2, bins); got shape {counts.shape}')
    false, true = np.cumsum(counts[:, ::-1], axis=1).astype(np.float64)
    return false, true
