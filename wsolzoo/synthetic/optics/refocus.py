"""Put the focus of a photograph elsewhere: add blur according to an estimated defocus map. [D]"""

import cv2
import numpy as np

LEVELS = 12


def added_blur(sigma: np.ndarray, focus: float, strength: float = 2.0) -> np.ndarray:
    """Blur to add so that what is as blurred as ``focus`` becomes the sharpest.

    The wanted blur grows with the distance from it, ``strength * |sigma - focus|``. Gaussians add by their variances,
    and nothing is sharpened: where a pixel has more blur than is wanted, none is added.

    Args:
        sigma: (H, W) blur that is there, pixels.
        focus: blur at the point that is to be in focus, pixels.
        strength: 1 moves the focus, more also narrows the depth of field.

    Example:
        >>> added_blur(np.array([[0.0, 1.0, 3.0]]), focus=0.0, strength=2.0).round(2)  # background blurs further
        array([[0.  , 1.73, 5.2 ]])
        >>> added_blur(np.array([[0.0, 1.0, 3.0]]), focus=3.0, strength=1.0).round(2)  # the sharp subject blurs instead
        array([[3.  , 1.73, 0.  ]])
    """
    wanted = strength * np.abs(sigma - focus)
    return np.sqrt(np.maximum(wanted**2 - np.square(sigma), 0))


def refocus(image: np.ndarray, sigma: np.ndarray, point: tuple[int, int], strength: float = 2.0) -> np.ndarray:
    """The photograph with its focus at a point.

    Args:
        image: (H, W, 3) uint8.
        sigma: (H, W) estimated blur, pixels.
        point: x and y of what is to be sharp; blur there is the median of the 15 pixels around it.
        strength: see :func:`added_blur`.

    Returns:
        (H, W, 3) uint8. Between evenly spaced widths the two nearest results are mixed.

    Raises:
        ValueError: the point lies outside, or map and image differ in size.
    """
    height, width = image.shape[:2]
    (x, y) = point
    if sigma.shape != (height, width):
        raise ValueError(f'image {(height, width)} and map {sigma.shape} must have one size')
    if not (0 <= x < width and 0 <= y < height):
        raise ValueError(f'the point to focus on must lie in the {width}x{height} image; got {x},{y}')
    around = sigma[max(0, y - 7) : y + 8, max(0, x - 7) : x + 8]
    add = cv2.GaussianBlur(added_blur(sigma, float(np.median(around)), strength).astype(np.float32), (0, 0), 2.0)
    steps = np.linspace(0, max(float(add.max()), 1e-3), LEVELS)
    out = np.zeros(image.shape, np.float32)
    for level in steps:
        share = np.clip(1 - np.abs(add - level) / steps[1], 0, 1)[..., None]
        blurred = cv2.GaussianBlur(image, (0, 0), level, borderType=cv2.BORDER_REPLICATE) if level > 0.2 else image
        out += share * blurred
    return np.clip(np.rint(out), 0, 255).astype(np.uint8)
