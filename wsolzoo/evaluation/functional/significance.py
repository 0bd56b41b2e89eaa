"""Whether a difference of two methods is more than chance says: over seeds, and among many comparisons.

Images are resampled by :func:`~wsolzoo.evaluation.functional.bootstrap.paired_bootstrap`; here are the seeds, which
that holds fixed.
"""

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class SeedDifference(NamedTuple):
    """Gains of one method on another, seed by seed: their mean, the sign all share (0: none), Student's t and its p."""

    mean: float
    sign: int
    t: float
    p_value: float


def paired_t(differences: Sequence[float]) -> SeedDifference:
    """Student's paired t-test: is the mean of differences, one a seed, other than zero?

    It takes the differences for draws of a normal distribution, and with three of them it has two degrees of freedom:
    the mean must be 4.3 times its standard error before p falls below 0.05.

    Args:
        differences: one a seed, of runs that share it.

    Returns:
        SeedDifference: t with n - 1 degrees of freedom and its two-sided p. One difference has NaN for both, as have
        differences that are all 0; others without any spread have an infinite t and a p of 0.

    Raises:
        ValueError: there are no differences, or one is not finite.

    Example:
        >>> found = paired_t([1.0, 2.0, 3.0])
        >>> found.mean, found.sign, round(found.t, 3), round(found.p_value, 4)
        (2.0, 1, 3.464, 0.0742)
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        raise ValueError(f'expected one finite difference a seed, at least one, got {differences}')
    import scipy.stats  # takes half a second

    mean, signs = float(values.mean()), np.unique(np.sign(values))
    with warnings.catch_warnings():  # of one seed, or of seeds that are all alike: NaN and infinity say it
        warnings.simplefilter('ignore', RuntimeWarning)
        test = scipy.stats.ttest_1samp(values, 0)
    return SeedDifference(mean, int(signs[0]) if len(signs) == 1 else 0, float(test.statistic), float(test.pvalue))


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values that hold for all comparisons together: that any of those below 0.05 is chance has a chance of 0.05.

    The k-th smallest of m is multiplied by m - k + 1, and none may be smaller than one before it. Source: Holm, A
    Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of Statistics 1979.

    Args:
        p_values: one a comparison; a NaN is no comparison and stays one.

    Returns:
        list[float]: adjusted, at most 1, in the order they came in.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    values = np.asarray(p_values, dtype=np.float64)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind='stable')]
    adjusted = values.copy()
    adjusted[order] = np.minimum(1, np.maximum.accumulate(values[order] * np.arange(len(order), 0, -1)))
    return [float(value) for value in adjusted]
