"""Depth of field, rendered in layers back to front by the thin lens of :mod:`wsolzoo.synthetic.optics.lens`."""

from collections.abc import Sequence

import cv2
import numpy as np

from wsolzoo.synthetic.optics.lens import Lens, alpha_bound, disc, disc_to_sigma, f_number_of
from wsolzoo.synthetic.scenes.habitat import FAR, NEAR
from wsolzoo.synthetic.scenes.shapes import SCALE, Layer, lay_over

FOCAL_MM = (50.0, 70.0, 85.0)
SIGMA_RULE = 'paper'
"""A disc of c pixels is rendered as a Gaussian of sigma c / 4."""
_LEVELS = 10


def lens_for(focal: float, focus: float, max_coc: float, width: int) -> Lens:
    """The lens of ``focal`` mm, sharp at ``focus`` metres, whose largest disc within 2-30 m is ``max_coc`` pixels."""
    alpha = alpha_bound(1000 * NEAR, 1000 * FAR, 1000 * focus, max_coc)
    return Lens(focal, 1000 * focus, alpha, f_number_of(focal, 1000 * focus, alpha, width))


def circle_of_confusion(depth: np.ndarray | float, lens: Lens) -> np.ndarray:
    """Diameter in pixels of the image of a point at ``depth`` metres, float64; 0 in focus."""
    return disc(1000 * np.asarray(depth, np.float64), lens.focus, lens.alpha)


def composite(
    backdrop: np.ndarray, row_depth: np.ndarray, layers: Sequence[Layer], lens: Lens | None = None
) -> np.ndarray:
    """Put the layers on the backdrop back to front, each blurred by the lens for its depth.

    Args:
        backdrop: (S, S, 3) float32 BGR, the continuous surface of sky and ground.
        row_depth: (S,) metres of each row of the backdrop.
        layers: the farthest first; premultiplied BGRA.
        lens: nothing is blurred without one.

    Returns:
        (S, S, 3) float32 BGR.
    """
    side = len(backdrop)
    canvas = backdrop.copy() if lens is None else _blur_rows(backdrop, circle_of_confusion(row_depth, lens))
    for layer in layers:
        if lens is not None:
            layer = _blur_layer(layer, float(circle_of_confusion(layer.depth, lens)), side)
        lay_over(canvas[layer.window], layer.image)
    return canvas


def _sigma(coc: float) -> float:
    """Deviation in pixels of the large frame for a circle of ``coc`` pixels of the picture."""
    return SCALE * float(disc_to_sigma(np.asarray(coc), SIGMA_RULE))


def _blur_rows(image: np.ndarray, coc: np.ndarray) -> np.ndarray:
    """Blur each row by its own circle: between evenly spaced strengths the two nearest results are mixed."""
    levels = np.linspace(coc.min(), coc.max(), _LEVELS)
    step = max(levels[1] - levels[0], 1e-9)
    out = np.zeros_like(image)
    for level in levels:
        share = np.clip(1 - np.abs(coc - level) / step, 0, 1).astype(np.float32)[:, None, None]
        if share.any():
            sigma = _sigma(level)
            out += share * (
                cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE) if sigma > 0.2 else image
            )
    return out


def _blur_layer(layer: Layer, coc: float, side: int) -> Layer:
    """The layer and its edge blurred; where the frame cuts it, it goes on as it is at the cut."""
    sigma = _sigma(coc)
    if sigma < 0.2:
        return layer
    pad = int(np.ceil(3 * sigma))
    height, width = layer.image.shape[:2]
    beyond = (layer.y, side - layer.y - height, layer.x, side - layer.x - width)
    inside = [min(pad, room) for room in beyond]
    top, bottom, left, right = inside
    grown = cv2.copyMakeBorder(layer.image, top, bottom, left, right, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0))
    image = cv2.GaussianBlur(grown, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return Layer(image, layer.x - left, layer.y - top, layer.depth, layer.name)
