"""How good a defocus map is: errors with units, blur masks, and focal stacks. Numpy in, numbers out."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from wsolzoo.synthetic.optics.lens import to_sigma

SIGMA_MAX = 3.275
"""Largest Gaussian of the RTF table, pixels."""
RTF_TABLE = np.array(
    [
        (0.5, 0.3), (0.75, 0.5), (1, 0.65), (1.25, 0.775), (1.5, 0.875), (1.75, 0.975), (2, 1.125), (2.25, 1.275),
        (2.5, 1.375), (2.75, 1.525), (3, 1.65), (3.25, 1.8), (3.5, 1.925), (3.75, 2.05), (4, 2.2), (4.25, 2.325),
        (4.5, 2.45), (4.75, 2.6), (5, 2.725), (5.25, 2.875), (5.5, 3), (5.75, 3.15), (6, 3.275),
    ]
)  # fmt: skip
"""Radius of a disc of the RTF set (D'Andrès et al., TIP 2016) and the Gaussian that fits it, pixels."""


class MapError(NamedTuple):
    """Mean squared and mean absolute error; their unit is that of the maps (squared for ``mse``)."""

    mse: float
    mae: float


def rtf_sigma(disc: np.ndarray) -> np.ndarray:
    """Disc sizes of the RTF set to Gaussians (px) by the nearest row of :data:`RTF_TABLE`; the first wins a tie.

    There is no row for 0, so a sharp pixel gets 0.3 like the published evaluation.

    Example:
        >>> rtf_sigma(np.array([0.0, 1.1, 6.0]))
        array([0.3  , 0.65 , 3.275])
    """
    gap = np.abs(np.asarray(disc, dtype=np.float64)[..., None] - RTF_TABLE[:, 0])
    return RTF_TABLE[gap.argmin(-1), 1]


def common(pred: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The top left part that both maps have (a network may drop rows and columns at the end).

    Raises:
        ValueError: they differ by 16 pixels or more, which no cropping to a multiple of 16 explains.

    Example:
        >>> pred, truth = common(np.zeros((16, 16)), np.zeros((17, 20)))
        >>> pred.shape, truth.shape
        ((16, 16), (16, 16))
    """
    h, w = (min(a, b) for a, b in zip(pred.shape, truth.shape))
    if max(abs(a - b) for a, b in zip(pred.shape, truth.shape)) >= 16:
        raise ValueError(f'prediction {pred.shape} and truth {truth.shape} are not the same image')
    return pred[:h, :w], truth[:h, :w]


def map_error(pred: np.ndarray, truth: np.ndarray) -> MapError:
    """Errors of a map (h, w) in the unit both are in.

    Example:
        >>> map_error(np.array([[0.0, 2.0]]), np.array([[1.0, 2.0]]))
        MapError(mse=0.5, mae=0.5)
    """
    pred, truth = common(np.asarray(pred, np.float64), np.asarray(truth, np.float64))
    return MapError(float(np.mean((pred - truth) ** 2)), float(np.mean(np.abs(pred - truth))))


def rank_correlation(pred: np.ndarray, truth: np.ndarray, stride: int = 4) -> float:
    """Spearman's correlation of the two maps over every ``stride``-th pixel; 0 where one of them is constant.

    It asks whether more blur gets a higher value, whatever the scale of the values.

    Example:
        >>> ramp = np.arange(64.0).reshape(8, 8)
        >>> rank_correlation(ramp, ramp**2), rank_correlation(ramp, -ramp)
        (1.0, -1.0)
    """
    pred, truth = (part[::stride, ::stride].reshape(-1, 1) for part in common(np.asarray(pred), np.asarray(truth)))
    return _spearman(pred, truth)


def rtf_error(pred: np.ndarray, disc: np.ndarray, unit: str, eight_bit: bool = True) -> MapError:
    """Error on the RTF set, in fractions of 3.275 px of standard deviation.

    Args:
        pred: (h, w) map in [0, 1].
        disc: (H, W) true disc sizes, 0 to 6.
        unit: of ``pred``.
        eight_bit: round ``pred`` to 1/255 first, because the published evaluation reads 8-bit pictures.

    Example:
        >>> rtf_error(np.full((2, 2), 0.3 / 7), np.zeros((2, 2)), 'sigma7', eight_bit=False)
        MapError(mse=0.0, mae=0.0)
    """
    pred = np.asarray(pred, np.float64)
    pred = np.rint(pred * 255) / 255 if eight_bit else pred
    sigma = np.clip(to_sigma(pred, unit), 0, SIGMA_MAX)
    return map_error(sigma / SIGMA_MAX, rtf_sigma(disc) / SIGMA_MAX)


def adaptive_threshold(pred: np.ndarray, a: float = 0.3) -> float:
    """``a * max + (1 - a) * min`` of the map.

    Example:
        >>> adaptive_threshold(np.array([[0.0, 0.2, 1.0]]))
        0.3
    """
    return float(a * pred.max() + (1 - a) * pred.min())


def blur_accuracy(pred: np.ndarray, mask: np.ndarray, a: float = 0.3) -> float:
    """Share of pixels where ``pred >= adaptive threshold`` agrees with the mask (1 blurred, 0 sharp, 255 ignored).

    Example:
        >>> blur_accuracy(np.array([[0.0, 0.9, 0.8]]), np.array([[0, 1, 255]]))
        1.0
    """
    pred, mask = common(np.asarray(pred, np.float64), np.asarray(mask))
    known = mask != 255
    return float(np.mean((pred >= adaptive_threshold(pred, a))[known] == (mask == 1)[known]))


def blur_average_precision(pred: np.ndarray, mask: np.ndarray, levels: int = 256) -> float:
    """Area under precision and recall of the blurred pixels as the adaptive threshold's ``a`` goes from 1 to 0.

    Step sum ``sum (R_n - R_{n-1}) P_n``. The positive class is *blurred*; the literature does not agree on it.

    Args:
        pred: (h, w) map.
        mask: (h, w), 1 blurred, 0 sharp, 255 ignored.
        levels: number of thresholds.

    Raises:
        ValueError: no pixel is blurred.

    Example:
        >>> round(blur_average_precision(np.array([[0.1, 0.9, 0.5]]), np.array([[1, 1, 0]])), 3)
        0.833
    """
    pred, mask = common(np.asarray(pred, np.float64), np.asarray(mask))
    values, blurred = pred[mask != 255], (mask == 1)[mask != 255]
    if not blurred.any():
        raise ValueError('average precision needs blurred pixels; the mask has none')
    span = values.max() - values.min()
    place = np.full(values.shape, levels - 1) if span == 0 else (values - values.min()) / span * (levels - 1)
    place = np.floor(place + 1e-9).astype(np.int64)  # the highest threshold that the pixel still reaches
    hits = np.bincount(place[blurred], minlength=levels)[::-1].cumsum()
    taken = np.bincount(place, minlength=levels)[::-1].cumsum()
    recall, precision = hits / hits[-1], hits / np.maximum(taken, 1)
    return float(np.sum(np.diff(recall, prepend=0) * precision))


def polarity(pred: np.ndarray, mask: np.ndarray) -> float | None:
    """Mean of the map over blurred pixels less that over sharp ones, ``None`` where the mask has only one kind.

    Above 0 the map has the right sense: a high value means blurred.

    Example:
        >>> round(polarity(np.array([[0.1, 0.9]]), np.array([[0, 1]])), 3)
        0.8
    """
    pred, mask = common(np.asarray(pred, np.float64), np.asarray(mask))
    if not (mask == 1).any() or not (mask == 0).any():
        return None
    return float(pred[mask == 1].mean() - pred[mask == 0].mean())


def sharpness(grey: np.ndarray, smooth: float = 8.0) -> np.ndarray:
    """Local sharpness of an image: its squared Laplacian, averaged by a Gaussian of ``smooth`` pixels. (H, W).

    Example:
        >>> picture = np.zeros((32, 32))
        >>> picture[:, 16:] = 1
        >>> bool(sharpness(picture)[16, 16] > sharpness(picture)[16, 0])
        True
    """
    from scipy.ndimage import gaussian_filter, laplace

    return gaussian_filter(laplace(gaussian_filter(np.asarray(grey, np.float64), 0.7)) ** 2, smooth)


@dataclass(frozen=True)
class FocusIndex:
    """Where in a focal stack each pixel is in focus.

    Attributes:
        index: (h, w) place among the frames, from 0; between frames too.
        clear: (h, w) bool: the pixel has texture and one focus that is neither the first nor the last frame.
    """

    index: np.ndarray
    clear: np.ndarray


def focus_index(sharp: np.ndarray, smooth: float = 16.0, ratio: float = 4.0, quantile: float = 0.5) -> FocusIndex:
    """Frame of best focus of every pixel, from the order of the frames and not from how much contrast a pixel has.

    A pixel's sharpness in all frames is divided by their sum, so that contrast drops out; smoothed along the frames,
    whose focus moves steadily; its peak is refined by a parabola through the logarithms. Surfaces go on, so the place
    of the peak is averaged over neighbours, each counting by how clear its own peak is. [D]

    Args:
        sharp: (F, h, w) from :func:`sharpness`, F >= 3.
        smooth: pixels of the average over neighbours.
        ratio: a clear peak beats the pixel's median frame by this.
        quantile: a clear pixel's sharpest frame is above this quantile of all pixels' sharpest.

    Raises:
        ValueError: fewer than three frames.

    Example:
        >>> profile = np.exp(-0.5 * (np.arange(5.0) - 2.3) ** 2)[:, None, None]
        >>> focus = focus_index(np.tile(profile * np.array([1.0, 9.0]), (1, 8, 1)), quantile=0.0)
        >>> bool(np.allclose(focus.index, 2.3, atol=0.05))  # the same at either contrast
        True
    """
    from scipy.ndimage import gaussian_filter

    if sharp.ndim != 3 or len(sharp) < 3:
        raise ValueError(f'expected a stack (F >= 3, h, w); got {sharp.shape}')
    peak, middle = sharp.max(0), np.maximum(np.median(sharp, axis=0), 1e-12)
    share = sharp / np.maximum(sharp.sum(0), 1e-12)
    wide = np.concatenate([share[:1], share, share[-1:]])
    share = np.log(np.maximum((wide[:-2] + 2 * wide[1:-1] + wide[2:]) / 4, 1e-12))
    frame = np.clip(share.argmax(0), 1, len(sharp) - 2)
    left, top, right = (np.take_along_axis(share, (frame + step)[None], 0)[0] for step in (-1, 0, 1))
    bend = np.minimum(left - 2 * top + right, -1e-6)
    place = frame + np.clip(0.5 * (left - right) / bend, -1, 1)
    trust = np.log(np.maximum(peak / middle, 1)) * (peak / (peak + np.quantile(peak, 0.5) + 1e-12))
    index = gaussian_filter(place * trust, smooth) / np.maximum(gaussian_filter(trust, smooth), 1e-12)
    inner = (index > 0.5) & (index < len(sharp) - 1.5)
    return FocusIndex(index, (peak > ratio * middle) & (peak >= np.quantile(peak, quantile)) & inner)


class StackAgreement(NamedTuple):
    """How well estimated blur follows the focus of a focal stack.

    Attributes:
        hit: share of pixels whose least blurred frame by estimate is the one nearest to focus; chance is 1 / F.
        near: the same, one frame off allowed; chance is below 3 / F.
        rank: mean over pixels of Spearman's correlation, over the frames, between estimated blur and distance from
            focus; 0 by chance, 1 when blur grows with every step away from focus.
        within: mean over frames of the same correlation over the pixels of a frame. Pixels differ in contrast as well:
            an estimate that answers to contrast instead of blur fails here.
        pixels: number of pixels judged.
    """

    hit: float
    near: float
    rank: float
    within: float
    pixels: int


def stack_agreement(index: np.ndarray, blur: np.ndarray, valid: np.ndarray | None = None) -> StackAgreement:
    """Judge estimated blur on a focal stack, which has no true map but an order of its frames.

    Args:
        index: (h, w) place of focus among the frames, see :func:`focus_index`.
        blur: (F, h, w) estimated blur, any unit.
        valid: (h, w) bool, pixels with a clear focus.

    Raises:
        ValueError: shapes differ, fewer than three frames, or no valid pixel.

    Example:
        >>> index = np.array([[1.0, 2.0, 3.0]])
        >>> blur = np.abs(np.arange(5.0)[:, None, None] - index)
        >>> stack_agreement(index, blur)
        StackAgreement(hit=1.0, near=1.0, rank=1.0, within=1.0, pixels=3)
    """
    if blur.ndim != 3 or len(blur) < 3 or index.shape != blur.shape[1:]:
        raise ValueError(f'expected a place (h, w) and a stack (F >= 3, h, w); got {index.shape} and {blur.shape}')
    keep = np.ones(index.shape, bool) if valid is None else np.asarray(valid, bool)
    if not keep.any():
        raise ValueError('no pixel of the stack has a clear focus')
    index, blur = index[keep], blur[:, keep]
    distance = np.abs(np.arange(len(blur))[:, None] - index)
    gap = np.abs(distance.argmin(0) - blur.argmin(0))
    hit, near = float((gap == 0).mean()), float((gap <= 1).mean())
    within = _spearman(distance.T, blur.T) if distance.shape[1] > 1 else 0.0
    return StackAgreement(hit, near, _spearman(distance, blur), within, int(keep.sum()))


def _spearman(a: np.ndarray, b: np.ndarray) -> float:
    from scipy.stats import rankdata

    a, b = rankdata(a, axis=0), rankdata(b, axis=0)
    a, b = a - a.mean(0), b - b.mean(0)
    norm = np.sqrt((a**2).sum(0) * (b**2).sum(0))
    return float(np.mean(np.where(norm > 0, (a * b).sum(0) / np.maximum(norm, 1e-12), 0)))
