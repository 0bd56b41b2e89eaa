"""Pure functions on maps: normalise, resize, quantise, threshold, and boxes of what is left.

A *map* is a 2-D array of any real values; a *normalised* map is float64 in [0, 1]. Sizes are ``(height, width)``.
Boxes are ``x0 y0 x1 y1`` in pixels, end exclusive: a box of one pixel at the origin is ``0 0 1 1``. Protocols that
change a box afterwards (clip it, say) do so themselves, see :mod:`wsolzoo.evaluation.localization.protocols`.

Example:
    >>> from wsolzoo import maps
    >>> raw = maps.check_map([[0, 0, 0], [0, 4, 2], [0, 0, 0]])
    >>> maps.is_degenerate(raw)
    False
    >>> levels = maps.quantise(maps.minmax(raw))
    >>> maps.grey_level(levels, 0.4)
    102
    >>> mask = maps.threshold(levels, 0.4)
    >>> len(maps.contours(mask))
    1
    >>> maps.largest_component_box(mask)
    array([1, 1, 3, 2])
"""

from collections.abc import Callable
from difflib import get_close_matches

import cv2
import numpy as np

INTERPOLATIONS = {'linear': cv2.INTER_LINEAR, 'cubic': cv2.INTER_CUBIC}
LIMIT = 1e300
"""Values of maps lie between -LIMIT and LIMIT; float64 ends at 1.8e308, which leaves nothing to compute with."""


def check_map(map: np.ndarray) -> np.ndarray:
    """The map as float64.

    Raises:
        ValueError: it is not 2-D, is empty, or is not made of real numbers.
    """
    array = np.asarray(map)
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f'a map is a non-empty 2-D array; got shape {array.shape}')
    if array.dtype.kind not in 'buif':
        raise ValueError(f'a map is made of real numbers; got dtype {array.dtype}')
    return array.astype(np.float64)


def is_degenerate(map: np.ndarray) -> bool:
    """Whether a map points nowhere: it is constant, holds NaN or infinity, or overflows when it is resized."""
    return not -LIMIT < float(map.min()) < float(map.max()) < LIMIT


def _guarded(normalise: Callable[..., np.ndarray], map: np.ndarray) -> np.ndarray:
    array = check_map(map)
    return np.zeros_like(array) if is_degenerate(array) else normalise(array)


def _ratio(array: np.ndarray, divisor: float) -> np.ndarray:
    """``array / divisor`` clipped to [0, 1]; the limit from above (1 wherever positive) for a divisor <= 0."""
    if divisor <= 0:
        return (array > 0).astype(np.float64)
    return np.clip(array / divisor, 0, 1)


def minmax(map: np.ndarray, eps: float = 0.0) -> np.ndarray:
    """``(A - min A) / (max A - min A + eps)`` (Choe et al., CVPR 2020; ``eps=1e-5`` is BAS-Extension, IJCV 2023).

    Args:
        map: (h, w) raw map.
        eps: added to the divisor.

    Returns:
        ndarray: (h, w) float64 in [0, 1]; all zeros for a constant map or one with NaN or infinity, as everywhere here.

    Raises:
        ValueError: not a 2-D array of real numbers.

    Example:
        >>> minmax(np.array([[1.0, 2.0, 5.0]]))
        array([[0.  , 0.25, 1.  ]])
    """
    return _guarded(lambda a: (a - a.min()) / (a.max() - a.min() + eps), map)


def max_norm(map: np.ndarray) -> np.ndarray:
    """``ReLU(A) / max A``; all zeros where nothing is positive (Kim et al., ICCV 2021, "max").

    Returns:
        ndarray: (h, w) float64 in [0, 1], of a raw map (h, w).

    Example:
        >>> max_norm(np.array([[-1.0, 2.0, 5.0]]))
        array([[0. , 0.4, 1. ]])
    """
    return _guarded(lambda a: _ratio(a, a.max()) if a.max() > 0 else np.zeros_like(a), map)


def pas(map: np.ndarray, percentile: float = 0.9) -> np.ndarray:
    """``min(1, B / s_B[floor(percentile * n)])``, ``B = A - min A``, ``s_B`` sorted upwards (Kim et al., ICCV 2021).

    This is PaS as a *normaliser with a swept threshold*; the fixed threshold of Bae et al. (ECCV 2020) is the protocol
    ``pas2020``. Where the divisor is 0 (most of the map equals its minimum) everything above the minimum becomes 1.

    Args:
        map: (h, w) raw map.
        percentile: fraction in [0, 1), an index into the sorted values, not interpolated.

    Returns:
        ndarray: (h, w) float64 in [0, 1].

    Example:
        >>> pas(np.array([[0.0, 1.0, 2.0, 8.0]]), percentile=0.5)
        array([[0. , 0.5, 1. , 1. ]])
    """
    _check_fraction(percentile)
    return _guarded(lambda a: _ratio(a - a.min(), _nth(a - a.min(), percentile)), map)


def ivr(map: np.ndarray, percentile: float = 0.45) -> np.ndarray:
    """``B / max B``, ``B = ReLU(A - s[floor(percentile * n)])``, ``s`` sorted upwards (IVR: Kim et al., ICCV 2021).

    Args:
        map: (h, w) raw map.
        percentile: fraction in [0, 1), an index into the sorted values, not interpolated.

    Returns:
        ndarray: (h, w) float64 in [0, 1]; all zeros where nothing lies above the percentile.

    Example:
        >>> ivr(np.array([[0.0, 1.0, 2.0, 5.0]]), percentile=0.25)
        array([[0.  , 0.  , 0.25, 1.  ]])
    """
    _check_fraction(percentile)

    def normalise(a: np.ndarray) -> np.ndarray:
        above = np.maximum(a - _nth(a, percentile), 0)
        return above / above.max() if above.max() > 0 else np.zeros_like(a)

    return _guarded(normalise, map)


def percentile(map: np.ndarray, q: float = 90.0) -> np.ndarray:
    """``min(1, ReLU(A) / percentile_q(A))``: no minimum is subtracted (JBE 28(4):391-399, 2023, eq. 9-10, reading A).

    The paper's divisor is "the value of the … percent"; this reading takes the percentile of the map itself
    (numpy's linear interpolation) and is the default, see :func:`percentile_max` for the other one. A percentile that
    is not positive makes everything above 0 become 1.

    Args:
        map: (h, w) raw map, in the paper the output of a sigmoid.
        q: percentile in (0, 100].

    Returns:
        ndarray: (h, w) float64 in [0, 1].

    Example:
        >>> percentile(np.array([[0.0, 0.2, 0.4, 0.9]]), q=50).round(2)
        array([[0.  , 0.67, 1.  , 1.  ]])
    """
    if not 0 < q <= 100:
        raise ValueError(f'q is a percentile in (0, 100]; got {q!r}')
    return _guarded(lambda a: _ratio(a, float(np.percentile(a, q))), map)


def percentile_max(map: np.ndarray, p: float = 0.9) -> np.ndarray:
    """``min(1, ReLU(A) / (p * max A))`` (JBE 28(4):391-399, 2023, eq. 9-10, reading B).

    With one fixed ``p`` this is :func:`max_norm` with the threshold rescaled, so that a threshold sweep cannot tell
    them apart below ``t = p``.

    Args:
        map: (h, w) raw map.
        p: fraction of the maximum that becomes 1, in (0, 1].

    Returns:
        ndarray: (h, w) float64 in [0, 1]; all zeros where nothing is positive.

    Example:
        >>> percentile_max(np.array([[0.0, 1.0, 2.0]]), p=0.5)
        array([[0., 1., 1.]])
    """
    if not 0 < p <= 1:
        raise ValueError(f'p is a fraction in (0, 1]; got {p!r}')
    return _guarded(lambda a: _ratio(a, p * a.max()) if a.max() > 0 else np.zeros_like(a), map)


def clip(map: np.ndarray) -> np.ndarray:
    """The map itself, clipped to [0, 1]: for outputs that are probabilities already. Constant maps are kept.

    Returns:
        ndarray: (h, w) float64 in [0, 1], of a raw map (h, w); all zeros with NaN or infinity.

    Example:
        >>> clip(np.array([[-0.5, 0.5, 1.5]]))
        array([[0. , 0.5, 1. ]])
    """
    array = check_map(map)
    return np.clip(array, 0, 1) if np.isfinite(array).all() else np.zeros_like(array)


NORMALIZERS: dict[str, Callable[..., np.ndarray]] = {
    'minmax': minmax,
    'max': max_norm,
    'pas': pas,
    'ivr': ivr,
    'percentile': percentile,
    'percentile_max': percentile_max,
    'clip': clip,
}
"""Map normalisers by the name that configs and protocols use."""


def normalize(map: np.ndarray, name: str, **arguments: float) -> np.ndarray:
    """The map through the normaliser ``name`` of :data:`NORMALIZERS`.

    Raises:
        ValueError: no normaliser has that name; close names are listed.

    Example:
        >>> normalize(np.array([[0.0, 1.0, 2.0]]), 'percentile_max', p=0.5)
        array([[0., 1., 1.]])
    """
    if name not in NORMALIZERS:
        close = get_close_matches(name, NORMALIZERS) or sorted(NORMALIZERS)
        raise ValueError(f'there is no map normaliser {name!r}; did you mean {" or ".join(close)}?')
    return NORMALIZERS[name](map, **arguments)


def _nth(array: np.ndarray, fraction: float) -> float:
    index = int(fraction * array.size)
    return float(np.partition(array, index, axis=None)[index])


def _check_fraction(value: float) -> None:
    if not 0 <= value < 1:
        raise ValueError(f'percentile is a fraction in [0, 1) here; got {value!r}')


def resize(
    map: np.ndarray, size: tuple[int, int], interpolation: str = 'cubic', out: np.ndarray | None = None
) -> np.ndarray:
    """The map at another size, computed by OpenCV in float64 (float32 moves grey levels).

    Args:
        map: (h, w) map.
        size: height and width of the result in pixels.
        interpolation: ``'cubic'`` (Choe et al.; may overshoot the range of the map) or ``'linear'`` (BAS, TS-CAM).
        out: (height, width) float64 to write to; a new array by default.

    Returns:
        ndarray: (height, width) float64.

    Example:
        >>> resize(np.array([[0.0, 1.0]]), (1, 4), 'linear')
        array([[0.  , 0.25, 0.75, 1.  ]])
    """
    if interpolation not in INTERPOLATIONS:
        raise ValueError(f'interpolation is one of {", ".join(INTERPOLATIONS)}; got {interpolation!r}')
    height, width = size
    return cv2.resize(check_map(map), (int(width), int(height)), out, interpolation=INTERPOLATIONS[interpolation])


def place(map: np.ndarray, window: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A map over the image it belongs to, 0 outside of what the network saw.

    Args:
        map: (h, w) in [0, 1].
        window: (4,) where the network's input lies in the image, pixels.
        size: height and width of the image.

    Returns:
        (H, W) float64 in [0, 1].

    Example:
        >>> place(np.ones((1, 1)), np.array([1, 0, 3, 1]), (1, 4))
        array([[0., 1., 1., 0.]])
    """
    x0, y0, x1, y1 = np.round(window).astype(int)
    grown = resize(map, (max(y1 - y0, 1), max(x1 - x0, 1)), 'linear')
    canvas = np.zeros(size)
    inside = canvas[max(y0, 0) : y1, max(x0, 0) : x1]
    inside[:] = grown[max(-y0, 0) :, max(-x0, 0) :][: inside.shape[0], : inside.shape[1]]
    return canvas


def quantise(map: np.ndarray) -> np.ndarray:
    """``trunc(255 * map)`` as uint8, computed in float64 (Choe et al., CVPR 2020).

    Returns:
        ndarray: (h, w) uint8 grey levels, of a normalised map (h, w).

    Raises:
        ValueError: a value is outside [0, 1] or not finite.

    Example:
        >>> quantise(np.array([[0.0, 0.5, 1.0]]))
        array([[  0, 127, 255]], dtype=uint8)
    """
    array = check_map(map)
    if not (array.min() >= 0 and array.max() <= 1):
        raise ValueError(f'a normalised map lies in [0, 1]; got {array.min()} to {array.max()}. Normalise it first.')
    return (array * 255).astype(np.uint8)


def grey_level(levels: np.ndarray, threshold: float) -> int:
    """``floor(threshold * max(levels))``: the grey level that a relative threshold means for this map."""
    return int(threshold * float(levels.max()))


def threshold(map: np.ndarray, threshold: float) -> np.ndarray:
    """Foreground of a map: strictly above ``threshold``.

    Args:
        map: (h, w). For uint8 grey levels the threshold is relative to their maximum (:func:`grey_level`), for any
            other map it is absolute.
        threshold: usually in [0, 1).

    Returns:
        ndarray: (h, w) bool.

    Example:
        >>> threshold(np.array([[0.1, 0.2, 0.9]]), 0.2)
        array([[False, False,  True]])
        >>> threshold(np.array([[10, 100]], np.uint8), 0.2)
        array([[False,  True]])
    """
    return map > (grey_level(map, threshold) if map.dtype == np.uint8 else threshold)


def contours(mask: np.ndarray) -> list[np.ndarray]:
    """All contours of a mask, those of holes included, in OpenCV's order (``RETR_TREE``)."""
    return list(cv2.findContours(_as_uint8(mask), cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)[-2])


def contour_boxes(mask: np.ndarray) -> np.ndarray:
    """Boxes of all contours of a mask.

    The contour of a hole runs through the pixels *around* the hole, so its box is one pixel larger on each side.

    Returns:
        ndarray: (M, 4) int64, of a mask (h, w), foreground where non-zero; M = 0 for an empty one.

    Example:
        >>> contour_boxes(np.array([[1, 1, 0, 1], [1, 1, 0, 1]])).tolist()
        [[3, 0, 4, 2], [0, 0, 2, 2]]
    """
    boxes = [cv2.boundingRect(contour) for contour in contours(mask)]
    return np.array([(x, y, x + w, y + h) for x, y, w, h in boxes], np.int64).reshape(-1, 4)


def largest_contour_box(mask: np.ndarray) -> np.ndarray | None:
    """Box of the contour with the largest area; the first in OpenCV's order where areas are equal.

    The area is that of the polygon through pixel *centres*: a line one pixel wide has none (Choe et al., CVPR 2020).

    Returns:
        ndarray | None: (4,) int64, of a mask (h, w), foreground where non-zero; None for an empty one.

    Example:
        >>> largest_contour_box(np.array([[1, 1, 0, 1], [1, 1, 0, 1]]))
        array([0, 0, 2, 2])
    """
    found = contours(mask)
    if not found:
        return None
    x, y, w, h = cv2.boundingRect(max(found, key=cv2.contourArea))
    return np.array((x, y, x + w, y + h), np.int64)


def largest_component_box(mask: np.ndarray) -> np.ndarray | None:
    """Box of the 8-connected component with most pixels; the first in raster order where equal (BAS, CVPR 2022).

    Returns:
        ndarray | None: (4,) int64, of a mask (h, w), foreground where non-zero; None for an empty one.

    Example:
        >>> largest_component_box(np.array([[1, 0, 1, 1], [0, 0, 1, 1]]))
        array([2, 0, 4, 2])
    """
    mask = _as_uint8(mask)
    count, labels = cv2.connectedComponents(mask, connectivity=8)
    if count < 2:
        return None
    if count > 2:
        areas = np.bincount(labels.ravel())
        areas[0] = 0
        tied = np.flatnonzero(areas == areas.max())
        label = tied[0] if len(tied) == 1 else labels[np.isin(labels, tied)][0]
        mask = (labels == label).view(np.uint8)
    x, y, w, h = cv2.boundingRect(mask)
    return np.array((x, y, x + w, y + h), np.int64)


def _as_uint8(mask: np.ndarray) -> np.ndarray:
    if mask.ndim != 2 or mask.size == 0:
        raise ValueError(f'a mask is a non-empty 2-D array; got shape {mask.shape}')
    return np.ascontiguousarray(mask if mask.dtype == bool else mask != 0).view(np.uint8)
