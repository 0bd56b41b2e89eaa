"""Whether a map points at what the classifier reads: pixels are taken away, or put back, in the map's order.

Source: Petsiuk, Das, Saenko. RISE: Randomized Input Sampling for Explanation of Black-box Models. BMVC 2018, ch. 4.2.
"""

from collections.abc import Sequence

import numpy as np


def most_relevant(map: np.ndarray, shares: Sequence[float]) -> np.ndarray:
    """The most relevant pixels of a map, a mask for every share; of equal pixels the first in reading order.

    Args:
        map: (H, W).
        shares: of all pixels, each in [0, 1].

    Returns:
        (S, H, W) bool; the s-th holds ``round(shares[s] H W)`` pixels.

    Example:
        >>> most_relevant(np.array([[3.0, 1.0], [2.0, 0.0]]), [0.25, 0.5]).astype(int).tolist()
        [[[1, 0], [0, 0]], [[1, 0], [1, 0]]]
    """
    rank = np.empty(map.size, np.int64)
    rank[np.argsort(-np.asarray(map, np.float64).ravel(), kind='stable')] = np.arange(map.size)
    counts = np.rint(np.asarray(shares, np.float64) * map.size)
    return (rank < counts[:, None]).reshape(len(counts), *map.shape)


def area_under(scores: Sequence[float], shares: Sequence[float]) -> float:
    """Area under the class score over the share of pixels (trapezoids), both in [0, 1].

    Of *deletion* (the most relevant pixels are replaced first) low is good, of *insertion* (they are put into a blurred
    image first) high.

    Example:
        >>> area_under([1.0, 0.5, 0.0], [0.0, 0.5, 1.0])
        0.5
    """
    heights, places = np.asarray(scores, np.float64), np.asarray(shares, np.float64)
    return float((np.diff(places) * (heights[1:] + heights[:-1]) / 2).sum())
