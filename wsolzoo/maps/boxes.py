"""From a normalised map to grey levels, foreground and boxes."""

import cv2
import numpy as np

from wsolzoo.maps.validity import check_map


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
