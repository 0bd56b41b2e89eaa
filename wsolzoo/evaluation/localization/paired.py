"""Two sets of maps on the same images, compared by the mean of the best accuracies over thresholds."""

from collections.abc import Sequence

import numpy as np

from wsolzoo.evaluation.functional.bootstrap import Difference, percentiles, resample_indices
from wsolzoo.evaluation.localization.counts import is_hit
from wsolzoo.evaluation.localization.protocols import Protocol
from wsolzoo.evaluation.localization.records import BoxRecord


def hits_by_threshold(records: Sequence[BoxRecord], protocol: Protocol, num_thresholds: int) -> np.ndarray:
    """Whether each image is a hit at each IoU level and threshold, (N, levels, T) bool."""
    ious = [
        np.repeat(record.ious, np.diff(np.append(record.starts.astype(np.int64), num_thresholds))) for record in records
    ]
    return is_hit(np.stack(ious), protocol).transpose(1, 0, 2)


def mean_best(shares: np.ndarray) -> np.ndarray:
    """Mean over IoU levels of the best over thresholds, (..., levels, T) to (...): MaxBoxAccV2 for three levels."""
    return shares.max(-1).mean(-1)


def paired_best(
    a: np.ndarray, b: np.ndarray, *, num_resamples: int = 1000, level: float = 0.95, rng: np.random.Generator | int = 0
) -> Difference:
    """The paired bootstrap of ``mean_best(b) - mean_best(a)``, thresholds chosen anew in every resample.

    The same as :func:`~wsolzoo.evaluation.functional.bootstrap.paired_bootstrap` with that statistic, as one product of
    matrices.

    Args:
        a: (N, levels, T) bool, hits of the first maps.
        b: as ``a``, of the second maps; entry i belongs to the same image.
        num_resamples: number of resamples.
        level: coverage aimed at, in (0, 1).
        rng: a NumPy generator, or a seed for one.

    Returns:
        The difference in shares (not percent), its percentile interval and two-sided p.

    Raises:
        ValueError: the shapes differ.
    """
    if a.shape != b.shape:
        raise ValueError(f'a paired comparison needs the same images and thresholds: got {a.shape} and {b.shape}')
    count = len(a)
    both = [hits.reshape(count, -1).astype(np.float32) for hits in (a, b)]
    differences = []
    for chunk in resample_indices(count, num_resamples, rng):
        weights = np.stack([np.bincount(row, minlength=count) for row in chunk]).astype(np.float32)
        counts = [(weights @ hits).astype(np.float64).reshape(len(chunk), *a.shape[1:]) for hits in both]  # exact
        differences.append(mean_best(counts[1]) - mean_best(counts[0]))
    resampled = np.concatenate(differences) / count
    low, high = percentiles(resampled, level)
    tail = min(np.count_nonzero(resampled <= 0), np.count_nonzero(resampled >= 0))
    value = float(mean_best(b.mean(0)) - mean_best(a.mean(0)))
    return Difference(value, low, high, level, min(1.0, 2 * (tail + 1) / (num_resamples + 1)))
