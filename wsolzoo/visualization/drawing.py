"""The picture of one prediction, whatever the task: what a :class:`~wsolzoo.structures.Drawing` holds is shown."""

from typing import TYPE_CHECKING

import cv2
import numpy as np

from wsolzoo.visualization.overlay import (
    as_boxes,
    check_image,
    color_bar,
    colorize,
    draw_boxes,
    draw_names,
    draw_text,
    fit,
    localization_strip,
    side_by_side,
)

if TYPE_CHECKING:  # a report is written without torch, which the module of the sample imports
    from wsolzoo.structures import Drawing

COLORS = np.array([(0, 0, 0), (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (213, 94, 0)], np.uint8)
"""RGB of the classes of a mask, in turn (Okabe and Ito); 0 is background and stays clear."""


def draw(image: np.ndarray, drawing: 'Drawing', true: np.ndarray | None = None) -> np.ndarray:
    """Photograph and prediction side by side.

    Evidence without a scale lies over the photograph, with the boxes; a map with a scale stands beside it over a bar
    with its ends; a mask tints what it covers; a picture that was made stands beside the one it was made of, or alone.

    Args:
        image: (H, W, 3) uint8 RGB.
        drawing: what there is to see.
        true: (M, 4) true boxes, xyxy in pixels of ``image``.

    Returns:
        (H', W', 3) uint8 RGB.
    """
    if drawing.map is not None and drawing.full_scale is None:
        return localization_strip(image, drawing.map, drawing.boxes, true, drawing.caption, drawing.box_names)
    if drawing.image is not None and drawing.of_nothing:
        return check_image(drawing.image)
    photo, factor = fit(check_image(image))
    boxes = None if drawing.boxes is None else as_boxes(drawing.boxes) * factor
    shown = draw_boxes(photo, boxes, None if true is None else as_boxes(true) * factor)
    panels = [draw_names(shown, boxes, drawing.box_names)]
    if drawing.image is not None:
        panels.append(check_image(drawing.image))
    if drawing.mask is not None:
        panels.append(tint(photo, drawing.mask))
    if drawing.map is not None:
        panels.append(colorize(cv2.resize(np.asarray(drawing.map, np.float32), photo.shape[1::-1])))
    strip = side_by_side(panels)
    if drawing.map is not None:
        strip = np.concatenate([strip, color_bar(0, drawing.full_scale, drawing.unit, width=strip.shape[1])])
    return draw_text(strip, drawing.caption, (8, 6)) if drawing.caption else strip


def tint(image: np.ndarray, mask: np.ndarray, strength: float = 0.55) -> np.ndarray:
    """A mask's classes as colours over an image.

    Args:
        image: (H, W, 3) uint8 RGB.
        mask: (h, w) class index, 0 background, any size.
        strength: opacity in [0, 1].

    Returns:
        (H, W, 3) uint8 RGB.
    """
    labels = cv2.resize(np.asarray(mask).astype(np.int32), image.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    colors = COLORS[np.where(labels > 0, 1 + (labels - 1) % (len(COLORS) - 1), 0)]
    alpha = np.where(labels > 0, strength, 0)[..., None]
    return np.clip(image * (1 - alpha) + colors * alpha + 0.5, 0, 255).astype(np.uint8)
