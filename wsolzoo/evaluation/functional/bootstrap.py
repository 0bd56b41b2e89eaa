"""Bootstrap confidence intervals over images, and the paired bootstrap of two methods.

Images are the unit of resampling: pixels and boxes of one image are not independent. The generator is explicit, so
the same seed gives the same interval. Source: Efron & Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13
(percentile interval) and ch. 16 (tests).
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

Statistic = Callable[[np.ndarray], float]
_CHUNK = 2**22


class Interval(NamedTuple):
    """A value and its confidence interval ``low .. high`` at ``level`` (for example 0.95)."""

    value: float
    low: float
    high: float
    level: float


class Difference(NamedTuple):
    """``b - a`` with its confidence interval, and the two-sided bootstrap p-value of "no difference"."""

    value: float
    low: float
    high: float
    level: float
    p_value: float


def bootstrap_interval(
    values: np.ndarray,
    statistic: Statistic | None = None,
    *,
    num_resamples: int = 2000,
    level: float = 0.95,
    rng: np.random.Generator | int = 0,
) -> Interval:
    """Percentile interval of a statistic over images.

    Args:
        values: (N, ...) one entry per image: a hit, an IoU, a row of hits per threshold, a confusion matrix.
        statistic: maps an (N, ...) array of resampled images to a number; the mean of all entries if ``None``. Any
            choice made on the data belongs inside it, e.g. ``lambda hits: hits.mean(0).max()`` for MaxBoxAcc.
        num_resamples: number of resamples.
        level: coverage aimed at, in (0, 1).
        rng: a NumPy generator, or a seed for one.

    Returns:
        The statistic of the values themselves, and the quantiles ``(1 -+ level) / 2`` of the resampled statistics.

    Raises:
        ValueError: no images, a NaN entry, or ``level`` or ``num_resamples`` out of range.

    Example:
        >>> hits = np.repeat([1.0, 0.0], [70, 30])
        >>> interval = bootstrap_interval(hits)
        >>> interval.value, round(interval.low, 1), round(interval.high, 1)
        (0.7, 0.6, 0.8)
    """
    values = _checked(values, num_resamples, level)
    statistic = statistic or np.mean
    resampled = _resample([values], statistic, num_resamples, rng)[0]
    low, high = percentiles(resampled, level)
    return Interval(float(statistic(values)), low, high, level)


def paired_bootstrap(
    a: np.ndarray,
    b: np.ndarray,
    statistic: Statistic | None = None,
    *,
    num_resamples: int = 2000,
    level: float = 0.95,
    rng: np.random.Generator | int = 0,
) -> Difference:
    """Compare two methods on the same images: the interval and p-value of ``statistic(b) - statistic(a)``.

    Both methods are resampled with the same images, so that what is hard for both cancels; this is narrower than
    comparing two separate intervals.

    Args:
        a: (N, ...) per-image values of the first method; entry i belongs to image i.
        b: (N, ...) per-image values of the second method, in the same order of images.
        statistic: as in :func:`bootstrap_interval`.
        num_resamples: number of resamples.
        level: coverage aimed at, in (0, 1).
        rng: a NumPy generator, or a seed for one.

    Returns:
        The difference, its percentile interval, and ``p = 2 min(P(d <= 0), P(d >= 0))`` over resamples, at most 1,
        with one added to both counts so that p is never 0.

    Raises:
        ValueError: the numbers of images differ, or as :func:`bootstrap_interval`.

    Example:
        >>> a, b = np.repeat([1.0, 0.0], [60, 40]), np.repeat([1.0, 0.0], [70, 30])
        >>> difference = paired_bootstrap(a, b)
        >>> round(difference.value, 3), bool(difference.p_value < 0.05)
        (0.1, True)
    """
    a, b = _checked(a, num_resamples, level), _checked(b, num_resamples, level)
    if len(a) != len(b):
        raise ValueError(f'a paired comparison needs the same images: got {len(a)} and {len(b)}')
    statistic = statistic or np.mean
    of_a, of_b = _resample([a, b], statistic, num_resamples, rng)
    differences = of_b - of_a
    low, high = percentiles(differences, level)
    tail = min(np.count_nonzero(differences <= 0), np.count_nonzero(differences >= 0))
    p_value = min(1.0, 2 * (tail + 1) / (num_resamples + 1))
    return Difference(float(statistic(b)) - float(statistic(a)), low, high, level, p_value)


def resample_indices(num_images: int, num_resamples: int, rng: np.random.Generator | int = 0) -> Iterator[np.ndarray]:
    """Yield chunks (B, num_images) of image indices drawn with replacement, ``num_resamples`` rows in total.

    Example:
        >>> next(resample_indices(num_images=10, num_resamples=3)).shape
        (3, 10)
    """
    rng = np.random.default_rng(rng)
    step = max(1, _CHUNK // num_images)
    for start in range(0, num_resamples, step):
        yield rng.integers(0, num_images, (min(step, num_resamples - start), num_images))


def _resample(arrays: list[np.ndarray], statistic: Statistic, num_resamples: int, rng) -> np.ndarray:
    """Return (len(arrays), num_resamples): the statistic of each array on the same resampled images."""
    flat = statistic is np.mean and all(array.ndim == 1 for array in arrays)
    results = []
    for chunk in resample_indices(len(arrays[0]), num_resamples, rng):
        if flat:
            results.append([array[chunk].mean(1) for array in arrays])
        else:
            results.append([[statistic(array[row]) for row in chunk] for array in arrays])
    return np.concatenate([np.asarray(part, dtype=np.float64) for part in results], axis=1)


def percentiles(values: np.ndarray, level: float) -> tuple[float, float]:
    """The ends of the interval that holds the middle ``level`` of resampled values; NaN has no place in it.

    Example:
        >>> percentiles(np.array([1.0, 2.0, 3.0, np.nan]), level=1.0)
        (1.0, 3.0)
    """
    known = values[~np.isnan(values)]
    if known.size == 0:
        return float('nan'), float('nan')
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _checked(values: np.ndarray, num_resamples: int, level: float) -> np.ndarray:
    values = np.asarray(values)
    if values.ndim == 0 or len(values) == 0:
        raise ValueError(f'expected one value per image, at least one image, got shape {values.shape}')
    if np.issubdtype(values.dtype, np.floating) and np.isnan(values).any():
        raise ValueError('a per-image value is NaN: decide what such an image counts before resampling')
    if not 0 < level < 1:
        raise ValueError(f'level must lie in (0, 1), got {level}')
    if num_resamples < 1:
        raise ValueError(f'num_resamples must be at least 1, got {num_resamples}')
    return values
