"""Measures of one saliency map against one mask: F, weighted F, MAE, S and E, and their averages over images.

Conventions (those of the PySODMetrics toolbox, version 1.6.2, which most recent papers quote): the map is stretched to
[0, 1] per image unless it is constant; the 256 thresholds act on ``floor(255 * map)``; foreground at level t is
``>= t``; every measure is computed per image, then averaged with equal weight. Curves are indexed by the level, 0..255.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

EPS = np.spacing(1.0)
LEVELS = 256


class SaliencyRecord(NamedTuple):
    """All that is kept of one image.

    Attributes:
        histogram: (2, 256) int64, pixels per level of the map; row 0 background of the truth, row 1 foreground.
        scalars: measures that are not functions of the histogram, by name (see :func:`evaluate_image`).
    """

    histogram: np.ndarray
    scalars: dict[str, float]


def as_mask(gt: np.ndarray) -> np.ndarray:
    """Return the truth as a bool mask (h, w): bool as it is, float in [0, 1] ``> 0.5``, uint8 grey ``> 128``.

    Raises:
        ValueError: other dtypes, floats outside [0, 1], or a uint8 mask that holds only 0 and 1, whose meaning
            as a grey picture (all background) is surely not meant.

    Example:
        >>> as_mask(np.array([[0, 255]], np.uint8))
        array([[False,  True]])
    """
    gt = np.asarray(gt)
    if gt.dtype == bool:
        return gt
    if gt.dtype == np.uint8:
        if gt.size and gt.max() == 1:
            raise ValueError(
                'the uint8 ground truth holds only 0 and 1; expected grey levels 0..255 (object > 128): '
                'pass mask.astype(bool) for a 0/1 mask'
            )
        return gt > 128
    if not np.issubdtype(gt.dtype, np.floating):
        raise ValueError(f'the ground truth must be bool, uint8 grey or float in [0, 1], got {gt.dtype}')
    if not (gt.min() >= 0 and gt.max() <= 1):
        raise ValueError(f'a float ground truth must lie in [0, 1], got {gt.min()} .. {gt.max()}')
    return gt > 0.5


def as_unit_map(pred: np.ndarray, normalize: bool = True) -> np.ndarray:
    """Return a saliency map as float64 in [0, 1].

    Args:
        pred: (h, w), uint8 grey or float in [0, 1].
        normalize: stretch the map to [0, 1] if it is not constant. A map that peaks at 100/255 on exactly the right
            object scores MAE 0 with the stretch and 0.15 without (object on a quarter of the image).

    Raises:
        ValueError: not two-dimensional, empty, not finite, or outside [0, 1].

    Example:
        >>> as_unit_map(np.array([[0.2, 0.3, 0.4]])).round(2)
        array([[0. , 0.5, 1. ]])
    """
    pred = np.asarray(pred)
    if pred.ndim != 2 or pred.size == 0:
        raise ValueError(f'a saliency map must be (h, w) and not empty, got shape {pred.shape}')
    if pred.dtype == np.uint8:
        pred = pred / 255
    elif not np.issubdtype(pred.dtype, np.floating):
        raise ValueError(f'a saliency map must be uint8 or float, got {pred.dtype}')
    pred = pred.astype(np.float64, copy=False)
    low, high = float(pred.min()), float(pred.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError('the saliency map holds NaN or infinity')
    if low < 0 or high > 1:
        raise ValueError(
            f'a float saliency map must lie in [0, 1], got {low:g} .. {high:g}: '
            'apply the sigmoid or a normaliser of wsolzoo.maps first'
        )
    return (pred - low) / (high - low) if normalize and high != low else pred


def level_histogram(pred: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Count pixels per level ``floor(255 * pred)``: (2, 256) int64, row 0 outside the mask, row 1 inside.

    Example:
        >>> counts = level_histogram(np.array([[0.0, 1.0, 1.0]]), np.array([[False, False, True]]))
        >>> counts[:, [0, 255]]
        array([[1, 1],
               [0, 1]])
    """
    levels: np.ndarray = (pred * 255).astype(np.uint8)
    codes = levels.astype(np.intp) + LEVELS * mask
    return np.bincount(codes.ravel(), minlength=2 * LEVELS).reshape(2, LEVELS)


def cumulate(histogram: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return false and true positives at every level, each (..., 256), from histograms (..., 2, 256).

    Example:
        >>> fp, tp = cumulate(level_histogram(np.array([[0.0, 0.5, 1.0]]), np.array([[False, True, True]])))
        >>> fp[[0, 127, 255]], tp[[0, 127, 255]]
        (array([1, 0, 0]), array([2, 2, 1]))
    """
    positives = np.cumsum(histogram[..., ::-1], axis=-1)[..., ::-1]
    return positives[..., 0, :], positives[..., 1, :]


def _ratio(numerator: ArrayLike, denominator: ArrayLike) -> np.ndarray:
    """Divide, with 0/0 = 0."""
    top, bottom = np.broadcast_arrays(np.asarray(numerator, float), np.asarray(denominator, float))
    return np.divide(top, bottom, out=np.zeros(top.shape), where=bottom != 0)


def precision_recall(histogram: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return precision and recall at every level, each (..., 256) in [0, 1]; 0/0 counts as 0.

    Example:
        >>> counts = level_histogram(np.array([[0.2, 0.6, 1.0]]), np.array([[False, False, True]]))
        >>> precision, recall = precision_recall(counts)
        >>> precision[[0, 100, 255]].round(2), recall[[0, 255]]
        (array([0.33, 0.5 , 1.  ]), array([1., 1.]))
    """
    fp, tp = cumulate(histogram)
    return _ratio(tp, tp + fp), _ratio(tp, tp[..., :1])


def f_beta(precision: np.ndarray, recall: np.ndarray, beta2: float = 0.3) -> np.ndarray:
    """Return F = (1 + b2) P R / (b2 P + R), 0/0 = 0; in [0, 1].

    Source: Achanta et al., CVPR 2009, where beta squared = 0.3 favours precision.

    Example:
        >>> f_beta(np.array([0.5]), np.array([1.0])).round(3)
        array([0.565])
    """
    return _ratio((1 + beta2) * precision * recall, beta2 * precision + recall)


def f_curve(histogram: np.ndarray, beta2: float = 0.3) -> np.ndarray:
    """Return F at every level, (..., 256) in [0, 1], from histograms (..., 2, 256).

    Example:
        >>> counts = level_histogram(np.array([[0.2, 0.6, 1.0]]), np.array([[False, False, True]]))
        >>> f_curve(counts)[[0, 100, 255]].round(3)
        array([0.394, 0.565, 1.   ])
    """
    return f_beta(*precision_recall(histogram), beta2)


def f_of_mask(pred_mask: np.ndarray, mask: np.ndarray, beta2: float = 0.3) -> float:
    """Return F of one binary prediction, in [0, 1].

    Example:
        >>> round(f_of_mask(np.array([True, True]), np.array([True, False])), 3)
        0.565
    """
    tp = np.count_nonzero(pred_mask & mask)
    precision = _ratio(tp, np.count_nonzero(pred_mask))
    return float(f_beta(precision, _ratio(tp, np.count_nonzero(mask)), beta2))


def adaptive_threshold(pred: np.ndarray) -> float:
    """Return twice the mean of the map, at most 1 (Achanta et al., CVPR 2009). An all-black map gives 0: all object.

    Example:
        >>> adaptive_threshold(np.array([[0.0, 0.25, 0.5]]))
        0.5
    """
    return min(2 * float(pred.mean()), 1.0)


def mean_absolute_error(pred: np.ndarray, mask: np.ndarray) -> float:
    """Return the mean of ``|pred - mask|``, in [0, 1], lower is better (Perazzi et al., CVPR 2012).

    Example:
        >>> mean_absolute_error(np.array([[0.25, 0.75]]), np.array([[False, True]]))
        0.25
    """
    return float(np.abs(pred - mask).mean())


def e_from_counts(fp: ArrayLike, tp: ArrayLike, num_foreground: ArrayLike, num_pixels: ArrayLike) -> np.ndarray:
    """Return the E-measure of binary maps from their counts (Fan et al., IJCAI 2018).

    phi = value - mean for prediction and truth; alignment = 2 p g / (p^2 + g^2);
    E = sum((alignment + 1)^2 / 4) / (N - 1). Only four pairs of values occur, so counts are enough. An empty truth
    counts predicted background instead, a full one predicted foreground. The range is [0, N / (N - 1)]: a perfect map
    scores slightly above 1, as in the toolbox. The four arguments broadcast.

    Example:
        >>> e_from_counts(fp=[0, 12], tp=[4, 4], num_foreground=4, num_pixels=16).round(3)
        array([1.067, 0.267])
    """
    fp, tp, size = np.asarray(fp, float), np.asarray(tp, float), np.asarray(num_pixels)
    positive = fp + tp
    fn = num_foreground - tp
    tn = size - positive - fn
    mean_p, mean_g = positive / size, np.asarray(num_foreground) / size
    total = np.zeros(positive.shape)
    for count, value_p, value_g in ((tp, 1, 1), (fp, 1, 0), (fn, 0, 1), (tn, 0, 0)):
        p, g = value_p - mean_p, value_g - mean_g
        total = total + count * (2 * p * g / (p * p + g * g + EPS) + 1) ** 2 / 4
    total = np.where(mean_g == 0, size - positive, np.where(mean_g == 1, positive, total))
    return total / (size - 1 + EPS)


def e_curve(histogram: np.ndarray) -> np.ndarray:
    """Return the E-measure at every level, (..., 256), from histograms (..., 2, 256).

    Example:
        >>> mask = np.eye(4, dtype=bool)
        >>> e_curve(level_histogram(mask * 1.0, mask))[[0, 255]].round(3)
        array([0.267, 1.067])
    """
    fp, tp = cumulate(histogram)
    return e_from_counts(fp, tp, tp[..., :1], histogram.sum((-2, -1))[..., None])


def s_measure(pred: np.ndarray, mask: np.ndarray, alpha: float = 0.5) -> float:
    """Return the structure measure S = alpha S_object + (1 - alpha) S_region, at least 0 (Fan et al., ICCV 2017).

    Empty and full masks give ``1 - mean(pred)`` and ``mean(pred)``. Where the centroid falls into the last row or
    column, blocks of the region part are empty: they weigh 0 here (PySODMetrics 1.6.2 returns NaN).

    Example:
        >>> mask = np.eye(4, dtype=bool)
        >>> round(s_measure(mask * 1.0, mask), 2), round(s_measure(0.5 * np.ones((4, 4)), mask), 2)
        (1.0, 0.62)
    """
    share = mask.mean()
    if share == 0:
        return float(1 - pred.mean())
    if share == 1:
        return float(pred.mean())
    objects = share * _object_score(pred[mask]) + (1 - share) * _object_score(1 - pred[~mask])
    return float(max(0.0, alpha * objects + (1 - alpha) * _region_score(pred, mask)))


def _object_score(values: np.ndarray) -> float:
    mean = values.mean()
    spread = values.std(ddof=1) if values.size > 1 else 0.0
    return 2 * mean / (mean * mean + 1 + spread + EPS)


def _region_score(pred: np.ndarray, mask: np.ndarray) -> float:
    height, width = mask.shape
    rows, columns = np.count_nonzero(mask, axis=1), np.count_nonzero(mask, axis=0)
    area = rows.sum()
    row = int(np.round(rows @ np.arange(height) / area)) + 1
    column = int(np.round(columns @ np.arange(width) / area)) + 1
    score = 0.0
    for top, bottom in ((0, row), (row, height)):
        for left, right in ((0, column), (column, width)):
            if top < bottom and left < right:
                weight = (bottom - top) * (right - left) / mask.size
                score += weight * _ssim(pred[top:bottom, left:right], mask[top:bottom, left:right])
    return score


def _ssim(pred: np.ndarray, mask: np.ndarray) -> float:
    """Structural similarity of two blocks without the usual constants: 1 for two equal constants, 0 for unequal."""
    scale = 1 / (pred.size - 1 + EPS)
    x, y = pred.mean(), mask.mean()
    dx = (pred - x).ravel()
    dy = (mask - y).ravel()
    a = 4 * x * y * (dx @ dy) * scale
    b = (x * x + y * y) * (dx @ dx + dy @ dy) * scale
    if a != 0:
        return a / (b + EPS)
    return 1.0 if b == 0 else 0.0


def weighted_f(pred: np.ndarray, mask: np.ndarray, beta2: float = 1.0) -> float:
    """Return the weighted F-measure, in [0, 1] (Margolin et al., CVPR 2014); 0 for an empty mask.

    Errors inside the object are smoothed by a 7x7 Gaussian (sigma 5); errors outside weigh
    ``2 - exp(ln(0.5) / 5 * distance)``. Where two object pixels are equally near, the choice of SciPy's distance
    transform may differ from MATLAB's (about 1e-4).

    Example:
        >>> mask = np.eye(4, dtype=bool)
        >>> round(weighted_f(mask * 1.0, mask), 3), round(weighted_f(1.0 - mask, mask), 3)
        (1.0, 0.253)
    """
    if not mask.any():
        return 0.0
    from scipy.ndimage import correlate1d, distance_transform_edt  # slow to import, needed only here

    distance, nearest = distance_transform_edt(~mask, return_indices=True)
    error = np.abs(pred - mask)
    kernel = np.exp(-(np.arange(-3, 4) ** 2) / 50)
    kernel /= kernel.sum()
    smooth = error[nearest[0], nearest[1]]
    for axis in (0, 1):
        smooth = correlate1d(smooth, kernel, axis=axis, mode='constant')
    inside = np.minimum(error[mask], smooth[mask])
    outside = error[~mask] * (2 - np.exp(np.log(0.5) / 5 * distance[~mask]))
    tp = mask.sum() - inside.sum()
    recall = 1 - inside.mean()
    precision = tp / (tp + outside.sum() + EPS)
    return float((1 + beta2) * recall * precision / (recall + beta2 * precision + EPS))


def evaluate_image(
    pred: np.ndarray, gt: np.ndarray, beta2: float = 0.3, normalize: bool = True, weighted: bool = True
) -> SaliencyRecord:
    """Measure one image; the result is all that :func:`summarize` needs of it.

    Args:
        pred: (h, w) saliency map, see :func:`as_unit_map`.
        gt: (h, w) truth, see :func:`as_mask`.
        beta2: beta squared of F (the weighted F uses 1).
        normalize: stretch the map per image.
        weighted: also compute the weighted F, which takes most of the time.

    Returns:
        The histogram and the scalars ``MAE``, ``S``, ``wF``, ``adpF``, ``adpE``, and ``maskF`` (F of the map before
        the stretch, cut at > 0.5, which is the arg-max of a two-class network).

    Raises:
        ValueError: the shapes differ, or a value is not allowed.

    Example:
        >>> record = evaluate_image(np.array([[0.1, 0.9], [0.2, 0.8]]), np.array([[False, True], [False, True]]))
        >>> {name: round(value, 3) for name, value in record.scalars.items()}
        {'MAE': 0.062, 'S': 0.967, 'adpF': 0.812, 'adpE': 0.852, 'maskF': 1.0, 'wF': 0.964}
    """
    raw, mask = as_unit_map(pred, normalize=False), as_mask(gt)
    if raw.shape != mask.shape:
        raise ValueError(f'the map is {raw.shape} but the ground truth is {mask.shape}: resize the map first')
    unit = as_unit_map(raw, normalize)
    chosen = unit >= adaptive_threshold(unit)
    tp = np.count_nonzero(chosen & mask)
    positives = (np.count_nonzero(chosen) - tp, tp)
    scalars = {
        'MAE': mean_absolute_error(unit, mask),
        'S': s_measure(unit, mask),
        'adpF': f_of_mask(chosen, mask, beta2),
        'adpE': float(e_from_counts(*positives, int(np.count_nonzero(mask)), mask.size)),
        'maskF': f_of_mask(raw > 0.5, mask, beta2),
    }
    if weighted:
        scalars['wF'] = weighted_f(unit, mask)
    return SaliencyRecord(level_histogram(unit, mask), scalars)


def summarize(records: Sequence[SaliencyRecord], beta2: float = 0.3) -> dict[str, float]:
    """Average over images.

    Returns:
        ``maxF``, ``maxE``: maximum over levels of the image-averaged curve (the toolbox's definition);
        ``meanF``, ``meanE``: mean over levels of the same curve;
        ``maxF_image``, ``maxE_image``: mean over images of each image's own maximum;
        ``maxF_pr``: maximum over levels of F(mean precision, mean recall), as older toolboxes do;
        and the means of the scalars ``MAE``, ``S``, ``wF``, ``adpF``, ``adpE``, ``maskF``.
        All as fractions. The three maxima differ on the same maps: name the one you report.

    Raises:
        ValueError: no records.

    Example:
        >>> record = evaluate_image(np.array([[0.1, 0.9], [0.2, 0.8]]), np.array([[False, True], [False, True]]))
        >>> scores = summarize([record])
        >>> round(scores['maxF'], 3), round(scores['MAE'], 4)
        (1.0, 0.0625)
    """
    if not records:
        raise ValueError('no image to average over')
    histograms = np.stack([record.histogram for record in records])
    f, e = f_curve(histograms, beta2), e_curve(histograms)
    precision, recall = precision_recall(histograms)
    results = {
        'maxF': f.mean(0).max(),
        'meanF': f.mean(),
        'maxF_image': f.max(1).mean(),
        'maxF_pr': f_beta(precision.mean(0), recall.mean(0), beta2).max(),
        'maxE': e.mean(0).max(),
        'meanE': e.mean(),
        'maxE_image': e.max(1).mean(),
    }
    for name in records[0].scalars:
        results[name] = np.mean([record.scalars[name] for record in records])
    return {name: float(value) for name, value in results.items()}
