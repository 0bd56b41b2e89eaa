"""Maps at another size, and over the image they belong to."""

import cv2
import numpy as np

from wsolzoo.maps.validity import check_map

INTERPOLATIONS = {'linear': cv2.INTER_LINEAR, 'cubic': cv2.INTER_CUBIC}


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
