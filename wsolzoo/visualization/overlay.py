"""Pictures of maps and boxes: arrays in, uint8 RGB out.

Every function is pure: it copies, never writes into its arguments, and needs neither torch nor a display.

Predicted and true boxes differ in hue (blue and yellow stay apart under every common colour blindness), in stroke (true
boxes are dashed) and carry a dark casing, so that they can be told apart on any image and in grey.
"""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from wsolzoo.maps import minmax

TRUE_COLOR = (86, 180, 233)
"""RGB of true boxes (sky blue of Okabe and Ito's palette)."""
PREDICTED_COLOR = (240, 228, 66)
"""RGB of predicted boxes (yellow of the same palette)."""
CASING = (16, 16, 20)
COLORMAPS = {
    'inferno': cv2.COLORMAP_INFERNO,
    'magma': cv2.COLORMAP_MAGMA,
    'plasma': cv2.COLORMAP_PLASMA,
    'viridis': cv2.COLORMAP_VIRIDIS,
    'cividis': cv2.COLORMAP_CIVIDIS,
    'turbo': cv2.COLORMAP_TURBO,
}
"""Colour maps whose lightness rises evenly (turbo: whose hue does)."""


def colormap(name: str = 'inferno') -> np.ndarray:
    """Lookup table of a colour map.

    Returns:
        (256, 3) uint8 RGB, low to high.

    Raises:
        ValueError: unknown name.
    """
    if name not in COLORMAPS:
        raise ValueError(f'unknown colour map {name!r}; choose one of {", ".join(COLORMAPS)}')
    levels = np.arange(256, dtype=np.uint8)[:, None]
    return cv2.applyColorMap(levels, COLORMAPS[name])[:, 0, ::-1].copy()


def colorize(map: np.ndarray, name: str = 'inferno') -> np.ndarray:
    """Colours of a map in [0, 1] (values outside are clipped).

    Args:
        map: (h, w) in [0, 1].
        name: one of :data:`COLORMAPS`.

    Returns:
        (h, w, 3) uint8 RGB.
    """
    levels = np.clip(np.nan_to_num(map) * 255 + 0.5, 0, 255).astype(np.uint8)
    return colormap(name)[levels]


def overlay_map(image: np.ndarray, map: np.ndarray, name: str = 'inferno', strength: float = 0.75) -> np.ndarray:
    """A heat map over an image: the hotter, the more opaque, so that cold regions keep showing the photograph.

    Args:
        image: (H, W, 3) uint8 RGB.
        map: (h, w) any size and range; stretched to [0, 1] (a constant map, or one with NaN, is all 0) and resized.
        name: one of :data:`COLORMAPS`.
        strength: opacity of the hottest point, in [0, 1].

    Returns:
        (H, W, 3) uint8 RGB.
    """
    image = check_image(image)
    layer = heat_layer(map, image.shape[:2], name, strength)
    alpha = layer[..., 3:]
    mixed = image.astype(np.float32) * (1 - alpha) + layer[..., :3] * alpha
    return np.clip(mixed + 0.5, 0, 255).astype(np.uint8)


def heat_layer(map: np.ndarray, size: tuple[int, int], name: str = 'inferno', strength: float = 0.75) -> np.ndarray:
    """What :func:`overlay_map` lays over an image, as a picture of its own: smooth, so that a small one will do.

    Args:
        map: as of :func:`overlay_map`.
        size: height and width of the layer.
        name: as of :func:`overlay_map`.
        strength: as of :func:`overlay_map`.

    Returns:
        (H, W, 4) float32: RGB in [0, 255] and opacity in [0, 1], not multiplied with each other.
    """
    if not 0 <= strength <= 1:
        raise ValueError(f'strength must be in [0, 1]; got {strength}')
    heat = cv2.resize(minmax(map), (size[1], size[0]), interpolation=cv2.INTER_LINEAR)[..., None]
    opacity = strength * heat**0.7
    shade = 1 - 0.25 * strength * (1 - heat)  # cold regions keep showing the photograph, a little darker
    alpha = 1 - shade * (1 - opacity)
    color = colorize(heat[..., 0], name).astype(np.float32) * opacity / np.maximum(alpha, 1e-6)
    return np.concatenate([color, alpha], axis=2).astype(np.float32)


def draw_boxes(
    image: np.ndarray,
    predicted: np.ndarray | None = None,
    true: np.ndarray | None = None,
    thickness: int | None = None,
) -> np.ndarray:
    """Predicted (solid yellow) and true (dashed blue) boxes over an image.

    Args:
        image: (H, W, 3) uint8 RGB.
        predicted: (4,) or (M, 4) xyxy in pixels of ``image``, end exclusive; boxes that are not finite are skipped.
        true: the same.
        thickness: of the stroke in pixels; by default it follows the size of the image.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    canvas = check_image(image).copy()
    height, width = canvas.shape[:2]
    stroke = max(1, round(min(height, width) / 120)) if thickness is None else thickness
    for boxes, color, dashed in ((true, TRUE_COLOR, True), (predicted, PREDICTED_COLOR, False)):
        for box in as_boxes(boxes):
            x0, y0, x1, y1 = np.clip(np.round(box), 0, [width, height, width, height]).astype(int)
            corners = [(x0, y0), (x1 - 1, y0), (x1 - 1, y1 - 1), (x0, y1 - 1)]
            for start, end in zip(corners, corners[1:] + corners[:1], strict=True):
                cv2.line(canvas, start, end, CASING, stroke + 2)
            for start, end in zip(corners, corners[1:] + corners[:1], strict=True):
                for a, b in _dashes(start, end, 5 * stroke) if dashed else [(start, end)]:
                    cv2.line(canvas, a, b, color, stroke)
    return canvas


def draw_names(image: np.ndarray, boxes: np.ndarray | None, names: Sequence[str]) -> np.ndarray:
    """A name in the upper left corner of each box, (M, 4) xyxy; without names the image itself.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    if not names:
        return image
    picture = Image.fromarray(check_image(image))
    canvas, font = ImageDraw.Draw(picture), ImageFont.load_default(13)
    for (x0, y0, _, _), name in zip(as_boxes(boxes).tolist(), names, strict=True):
        canvas.text((x0 + 4, y0 + 3), name, (240, 240, 240), font, stroke_width=2, stroke_fill=(0, 0, 0))
    return np.asarray(picture)


def _dashes(start: tuple[int, int], end: tuple[int, int], length: int) -> list[tuple]:
    """Pieces of a line, each ``length`` long with gaps of 3/5 of that."""
    a, b = np.array(start, float), np.array(end, float)
    distance = max(float(np.linalg.norm(b - a)), 1e-9)
    direction = (b - a) / distance
    pieces = []
    for offset in np.arange(0, distance, 1.6 * length):
        stop = min(offset + length, distance)
        pieces.append(tuple(tuple(int(v) for v in np.round(a + t * direction)) for t in (offset, stop)))
    return pieces


def legend(width: int, has_true: bool = True, has_predicted: bool = True) -> np.ndarray:
    """A strip that says which box is which.

    Returns:
        (24, width, 3) uint8 RGB.
    """
    strip = np.full((24, width, 3), 24, np.uint8)
    x = 8
    for shown, text, boxes in ((has_predicted, 'predicted', 'predicted'), (has_true, 'true', 'true')):
        if shown and x + 24 < width:
            strip = draw_boxes(strip, **{boxes: np.array([x, 6, x + 18, 18])}, thickness=2)
            strip = draw_text(strip, text, (x + 24, 4))
            x += 36 + 8 * len(text)
    return strip


def draw_text(image: np.ndarray, text: str, at: tuple[int, int], size: int = 13) -> np.ndarray:
    """White text whose upper left corner is ``at`` (x, y); it is cut at the right edge.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    picture = Image.fromarray(check_image(image))
    ImageDraw.Draw(picture).text(at, text.replace('\n', ' '), fill=(240, 240, 240), font=ImageFont.load_default(size))
    return np.asarray(picture)


def fit(image: np.ndarray, low: int = 240, high: int = 960) -> tuple[np.ndarray, float]:
    """An image brought to a size good to look at: shorter side at least ``low``, longer side at most ``high`` pixels.

    Returns:
        The image, (h, w, 3) uint8 RGB, and the factor it was scaled by.
    """
    height, width = check_image(image).shape[:2]
    factor = min(max(1.0, low / min(height, width)), high / max(height, width))
    if factor == 1:
        return image.copy(), 1.0
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC), factor


def side_by_side(pictures: list[np.ndarray], gap: int = 4) -> np.ndarray:
    """Pictures in a row, scaled to the height of the first.

    Args:
        pictures: (H_i, W_i, 3) uint8 RGB each.
        gap: dark pixels between two of them.

    Returns:
        (H_0, W, 3) uint8 RGB.
    """
    if not pictures:
        raise ValueError('side_by_side needs at least one picture')
    height = check_image(pictures[0]).shape[0]
    row = []
    for picture in map(check_image, pictures):
        width = max(1, round(picture.shape[1] * height / picture.shape[0]))
        same = picture.shape[:2] == (height, width)
        row += [picture if same else cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)]
        row += [np.full((height, gap, 3), 24, np.uint8)]
    return np.concatenate(row[:-1], axis=1)


def localization_strip(
    image: np.ndarray,
    map: np.ndarray,
    predicted: np.ndarray | None = None,
    true: np.ndarray | None = None,
    caption: str = '',
    names: Sequence[str] = (),
) -> np.ndarray:
    """The picture of one result: photograph with boxes, map over it, map with boxes, and a legend below.

    Args:
        image: (H, W, 3) uint8 RGB; brought to a size good to look at, see :func:`fit`.
        map: (h, w) any range.
        predicted: (4,) or (M, 4) xyxy in pixels of ``image``.
        true: the same.
        caption: text beside the legend.
        names: what stands at each predicted box; empty for nothing.

    Returns:
        (H' + 24, W', 3) uint8 RGB.
    """
    photo, factor = fit(image)
    predicted, true = as_boxes(predicted) * factor, as_boxes(true) * factor
    heat = overlay_map(photo, map)
    boxed = [draw_names(draw_boxes(panel, predicted, true), predicted, names) for panel in (photo, heat)]
    strip = side_by_side([boxed[0], heat, boxed[1]])
    bar = legend(strip.shape[1], has_true=len(true) > 0, has_predicted=len(predicted) > 0)
    return np.concatenate([strip, draw_text(bar, caption, (190, 4))])


def dense_strip(picture: Mapping, caption: str = '') -> np.ndarray:
    """The picture of one dense result: photograph, estimate, truth where there is one, and their colour bars below.

    Args:
        picture: ``image`` (H, W, 3) uint8 RGB, ``pred_map`` and optionally ``gt_map``, see :func:`scaled_maps`.
        caption: text under the photograph.

    Returns:
        (H' + 40, W', 3) uint8 RGB.
    """
    photo, _ = fit(crop_to(picture['image'], picture['pred_map']))
    size = photo.shape[1], photo.shape[0]
    foot = np.full((40, size[0], 3), 24, np.uint8)
    columns, feet = [photo], [draw_text(foot, caption, (4, 12))]
    for name, map, top, unit in scaled_maps(picture):
        columns.append(cv2.resize(colorize(map), size, interpolation=cv2.INTER_NEAREST))
        feet.append(color_bar(0, top, unit, width=size[0]))
        feet[-1] = draw_text(feet[-1], name, (size[0] // 2 - 28, 20))
    return np.concatenate([side_by_side(columns), side_by_side(feet)])


def scaled_maps(picture: Mapping) -> list[tuple[str, np.ndarray, float, str]]:
    """Estimate and truth of a dense task, ready to be coloured.

    Maps of one unit share a scale, from 0 to the highest value of both, so that their colours can be compared.

    Args:
        picture: ``pred_map`` and optionally ``gt_map`` (h, w) in [0, 1]; the names of their units ``pred_unit`` and
            ``map_unit`` where they have one.

    Returns:
        Name, (h, w) float32 in [0, 1], the value that 1 stands for, and the unit of each.
    """
    found = [
        (name, crop_to(np.asarray(picture[key], np.float32), picture['pred_map']), picture.get(unit) or '')
        for name, key, unit in (('estimate', 'pred_map', 'pred_unit'), ('truth', 'gt_map', 'map_unit'))
        if picture.get(key) is not None
    ]
    tops: dict[str, float] = {}
    for _, map, unit in found:
        tops[unit] = max(tops.get(unit, 1e-6), float(np.nan_to_num(map).max()))
    return [(name, map / tops[unit], tops[unit], unit) for name, map, unit in found]


def crop_to(array: np.ndarray, estimate: np.ndarray) -> np.ndarray:
    """The upper left part that the estimate is of: networks may drop rows and columns at the other ends."""
    return array[: estimate.shape[0], : estimate.shape[1]]


def color_bar(low: float, high: float, unit_name: str = '', name: str = 'inferno', width: int = 320) -> np.ndarray:
    """A horizontal colour bar with its two end values, for maps that have a unit (defocus, depth).

    Returns:
        (40, width, 3) uint8 RGB.
    """
    ramp = colorize(np.tile(np.linspace(0, 1, width), (16, 1)), name)
    bar = np.concatenate([ramp, np.full((24, width, 3), 24, np.uint8)])
    bar = draw_text(bar, f'{low:.3g} {unit_name}'.strip(), (4, 20))
    text = f'{high:.3g} {unit_name}'.strip()
    return draw_text(bar, text, (max(0, width - 4 - round(ImageFont.load_default(13).getlength(text))), 20))


def check_image(image: np.ndarray) -> np.ndarray:
    """The image itself.

    Raises:
        ValueError: it is not (H, W, 3) uint8.
    """
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f'an image is (H, W, 3) uint8 RGB; got {image.dtype} of shape {image.shape}')
    return image


def as_boxes(boxes: np.ndarray | list | None) -> np.ndarray:
    """Boxes as (M, 4) float64, those that are not finite dropped; ``None`` and an empty list are (0, 4)."""
    if boxes is None or len(boxes) == 0:
        return np.zeros((0, 4))
    boxes = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    return boxes[np.isfinite(boxes).all(axis=1)]
