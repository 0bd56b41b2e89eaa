"""Foreground of a map without knowing the truth: rules that say object, background or nothing of every pixel."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import cv2
import numpy as np

from wsolzoo.errors import UserError, meant
from wsolzoo.maps.boxes import quantise
from wsolzoo.maps.validity import check_map

UNKNOWN = 255
"""The value of a pixel of which a rule says nothing."""


class ForegroundError(UserError, ValueError):
    """There is no such rule, or it does not take what it is given."""


def otsu(map: np.ndarray) -> np.ndarray:
    """Above the grey level that separates the map's values best (Otsu, 1979).

    The level is OpenCV's for ``trunc(255 * map)``, kept between 1 and 254.

    Args:
        map: (h, w) in [0, 1].

    Returns:
        ndarray: (h, w) uint8, 0 background, 1 object; all background for a constant map.

    Example:
        >>> otsu(np.array([[0.1, 0.1, 0.2], [0.1, 0.9, 0.8], [0.0, 0.7, 0.1]])).tolist()
        [[0, 0, 0], [0, 1, 1], [0, 1, 0]]
    """
    levels = quantise(map)
    if levels.min() == levels.max():
        return np.zeros(levels.shape, np.uint8)
    level, _ = cv2.threshold(levels, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return (levels > np.clip(level, 1, 254)).astype(np.uint8)


def fixed(map: np.ndarray, threshold: float = 0.2, background: float | None = None) -> np.ndarray:
    """Above one threshold, the same for every image.

    Args:
        map: (h, w) in [0, 1].
        threshold: a pixel above it is object.
        background: a pixel below it is background, and nothing is said of those between; the threshold by default.

    Returns:
        ndarray: (h, w) uint8, 0 background, 1 object, 255 unknown.

    Example:
        >>> fixed(np.array([[0.005, 0.1, 0.3]]), threshold=0.25, background=0.01)
        array([[  0, 255,   1]], dtype=uint8)
    """
    if background is not None and background > threshold:
        raise ForegroundError(f'background must not exceed threshold; got {background} and {threshold}')
    between = np.zeros(map.shape, bool) if background is None else map >= background
    return np.where(map > threshold, 1, np.where(between, UNKNOWN, 0)).astype(np.uint8)


def percentile(map: np.ndarray, q: float = 70.0) -> np.ndarray:
    """Above a percentile of the map itself: the object has the same share of every image.

    Args:
        map: (h, w) in [0, 1].
        q: percentile in [0, 100) (numpy's linear interpolation).

    Returns:
        ndarray: (h, w) uint8, 0 background, 1 object.

    Example:
        >>> percentile(np.array([[0.1, 0.2, 0.3, 0.4]]), q=50)
        array([[0, 0, 1, 1]], dtype=uint8)
    """
    if not 0 <= q < 100:
        raise ForegroundError(f'q is a percentile in [0, 100); got {q!r}')
    return (map > np.percentile(map, q)).astype(np.uint8)


def mean(map: np.ndarray, factor: float = 1.0) -> np.ndarray:
    """Above the mean of the map, times a factor.

    Args:
        map: (h, w) in [0, 1].
        factor: of the mean.

    Returns:
        ndarray: (h, w) uint8, 0 background, 1 object.

    Example:
        >>> mean(np.array([[0.0, 0.2, 1.0]]))
        array([[0, 0, 1]], dtype=uint8)
    """
    return (map > factor * map.mean()).astype(np.uint8)


def gaussian(
    map: np.ndarray, threshold: float = 0.25, background: float = 0.01, shrink: float = 10.0, least: float = 20
) -> np.ndarray:
    """Above a threshold, or inside a Gaussian that the flanks of the map describe (SPOL: Wei et al., CVPR 2021).

    The flanks are where the map lies between 0.1 and 0.5. Each connected part of them that is large enough gives a
    Gaussian with the weighted mean and covariance of its pixels, ``exp(-d^T (C / shrink)^-1 d / 2)``; the largest
    counts. Where the flank rings an object, its Gaussian lies in the middle of the ring.

    Args:
        map: (h, w) in [0, 1], the paper's at 256 x 256 and divided by its maximum.
        threshold: a pixel of the map, or of the Gaussians, above it is object.
        background: any other pixel of the map below it is background, and nothing is said of those between.
        shrink: of the covariance.
        least: pixels of a part that gives a Gaussian.

    Returns:
        ndarray: (h, w) uint8, 0 background, 1 object, 255 unknown.
    """
    count, parts = cv2.connectedComponents(((map > 0.1) & (map <= 0.5)).astype(np.uint8), connectivity=8)
    prior, grid = np.zeros(map.shape), np.moveaxis(np.indices(map.shape), 0, -1).astype(np.float64)
    for part in range(1, count):
        points, weights = grid[parts == part], map[parts == part]
        if len(points) >= least:
            centre = np.average(points, axis=0, weights=weights)
            spread = np.cov(points.T, aweights=weights, bias=True) / shrink + 1e-6 * np.eye(2)
            away = grid - centre
            prior = np.maximum(prior, np.exp(-0.5 * ((away @ np.linalg.inv(spread)) * away).sum(-1)))
    object = (map > threshold) | (prior > threshold)
    return np.where(object, 1, np.where(map < background, 0, UNKNOWN)).astype(np.uint8)


FOREGROUNDS: dict[str, Callable[..., np.ndarray]] = {
    'otsu': otsu,
    'fixed': fixed,
    'percentile': percentile,
    'mean': mean,
    'gaussian': gaussian,
}
"""Rules by name; none of them has seen a true box or mask."""


def foreground_of(spec: str | Mapping[str, Any]) -> tuple[str, dict]:
    """Name and arguments of a rule as a config gives it: ``'otsu'`` or ``dict(type='fixed', threshold=0.3)``.

    Raises:
        ForegroundError: there is no such rule, or it does not take an argument or a value.

    Example:
        >>> foreground_of({'type': 'fixed', 'threshold': 0.3})
        ('fixed', {'threshold': 0.3})
    """
    arguments = {'type': spec} if isinstance(spec, str) else dict(spec)
    name = arguments.pop('type', None)
    if name not in FOREGROUNDS:
        raise ForegroundError(f'there is no rule {name!r} for the foreground; {meant(str(name), FOREGROUNDS)}')
    taken = list(inspect.signature(FOREGROUNDS[name]).parameters)[1:]
    for key in arguments:
        if key not in taken:
            raise ForegroundError(f'the rule {name!r} takes no {key!r}; {meant(key, taken)}')
    FOREGROUNDS[name](np.linspace(0, 1, 16).reshape(4, 4), **arguments)
    return name, arguments


def foreground(map: np.ndarray, rule: str | Mapping[str, Any]) -> np.ndarray:
    """What a rule of :data:`FOREGROUNDS` says of a map.

    Args:
        map: (h, w) in [0, 1].
        rule: its name, or a dict of ``type`` and arguments.

    Returns:
        ndarray: (h, w) uint8, 0 background, 1 object, 255 unknown.

    Example:
        >>> foreground(np.array([[0.1, 0.5]]), {'type': 'fixed', 'threshold': 0.3})
        array([[0, 1]], dtype=uint8)
    """
    name, arguments = foreground_of(rule)
    return FOREGROUNDS[name](check_map(map), **arguments)
