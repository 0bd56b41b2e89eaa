"""Anti-aliased polygons: shapes as points, and a painter that turns them into a layer with premultiplied alpha.

Everything is painted in a frame :data:`SCALE` times as large as the picture, in its pixels, y down; colours are BGR in
0-255.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import cv2
import numpy as np

SCALE = 2
_SHIFT = 4
_TURN = np.linspace(0, 2 * np.pi, 20, endpoint=False)
_DISC = np.stack([np.cos(_TURN), np.sin(_TURN)], 1)
_ARC = np.linspace(-np.pi / 2, np.pi / 2, 8)
_CAP = np.stack([np.cos(_ARC), np.sin(_ARC)], 1)

Color = tuple[float, ...]
Point = Sequence[float] | np.ndarray


class Shape(NamedTuple):
    """A filled polygon: (N, 2) points, BGR colour, and whether it gets a dark outline."""

    points: np.ndarray
    color: Color
    outlined: bool = True


class Layer(NamedTuple):
    """A painted thing: (h, w, 4) uint8 premultiplied BGRA, its corner (x, y) in the large frame, and its depth."""

    image: np.ndarray
    x: int
    y: int
    depth: float
    name: str

    @property
    def window(self) -> tuple[slice, slice]:
        """The rows and columns of the large frame that it covers."""
        return slice(self.y, self.y + self.image.shape[0]), slice(self.x, self.x + self.image.shape[1])


def oklch(lightness: float, chroma: float, hue: float) -> Color:
    """A colour by perceived lightness (0-1), chroma (0 to about 0.3) and hue (radians), as BGR in 0-255.

    Even steps of hue look even, unlike in HSV. Source: Ottosson, "A perceptual color space for image processing", 2020.
    """
    a, b = chroma * np.cos(hue), chroma * np.sin(hue)
    l_ = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    m_ = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    s_ = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * l_ - 3.3077115913 * m_ + 0.2309699292 * s_
    green = -1.2684380046 * l_ + 2.6097574011 * m_ - 0.3413193965 * s_
    blue = -0.0041960863 * l_ - 0.7034186147 * m_ + 1.7076147010 * s_
    return tuple(255 * _gamma(min(max(value, 0.0), 1.0)) for value in (blue, green, red))


def _gamma(value: float) -> float:
    return 12.92 * value if value < 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055


def shade(color: Color, factor: float) -> Color:
    """The colour times a factor, clipped."""
    return tuple(min(255.0, value * factor) for value in color)


def mix(first: Color, second: Color, weight: float) -> Color:
    """``first`` moved towards ``second`` by ``weight`` in 0-1."""
    return tuple(a + (b - a) * weight for a, b in zip(first, second, strict=True))


def ellipse(x: float, y: float, rx: float, ry: float | None = None, angle: float = 0.0) -> np.ndarray:
    """Points of an ellipse (a disc where ``ry`` is left out) turned by ``angle`` radians."""
    points = _DISC * (rx, rx if ry is None else ry)
    return (points @ rotation(angle).T if angle else points) + (x, y)


def rotation(angle: float) -> np.ndarray:
    """The (2, 2) matrix that turns column vectors by ``angle`` radians."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin], [sin, cos]])


def capsule(start: Point, r0: float, end: Point, r1: float) -> np.ndarray:
    """Points of a tapered limb: half a disc at either end."""
    turn = rotation(np.arctan2(end[1] - start[1], end[0] - start[0])).T
    return np.concatenate([r1 * _CAP @ turn + end, -r0 * _CAP @ turn + start])


def hull(*parts: np.ndarray) -> np.ndarray:
    """The convex hull of the points."""
    points = np.concatenate(parts).astype(np.float32)
    return cv2.convexHull(points)[:, 0].astype(np.float64)


def ribbon(centres: Sequence[Sequence[float]] | np.ndarray, radii: Sequence[float], samples: int = 10) -> np.ndarray:
    """Points of a band along a smooth line through ``centres`` (a Bezier curve), as wide as ``radii`` say."""
    t, columns = _steps(samples), _steps(len(radii))
    points = np.asarray(centres, np.float64)[:, None]
    while len(points) > 1:
        points = points[:-1] + t[:, None] * (points[1:] - points[:-1])
    line = points[0]
    step = np.empty_like(line)
    step[1:-1], step[0], step[-1] = line[2:] - line[:-2], line[1] - line[0], line[-1] - line[-2]
    normal = step[:, ::-1] * (np.interp(t, columns, radii) / np.maximum(np.hypot(*step.T), 1e-6))[:, None] * (-1, 1)
    return np.concatenate([line + normal, (line - normal)[::-1]])


@cache
def _steps(count: int) -> np.ndarray:
    return np.linspace(0, 1, count)


def place(shapes: Sequence[Shape], scale: float, angle: float, at: Point) -> list[Shape]:
    """The shapes scaled, turned by ``angle`` and moved to ``at``."""
    matrix = scale * rotation(angle).T
    return [shape._replace(points=shape.points @ matrix + at) for shape in shapes]


def tinted(groups: Sequence[Sequence[Shape]], gain: Color, veil: Color) -> list[list[Shape]]:
    """The groups with every colour times ``gain`` plus ``veil``."""
    return [
        [
            shape._replace(color=tuple(c * g + v for c, g, v in zip(shape.color, gain, veil, strict=True)))
            for shape in group
        ]
        for group in groups
    ]


def bounds(groups: Sequence[Sequence[Shape]]) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest corner (2,) of all points."""
    points = np.concatenate([shape.points for group in groups for shape in group])
    return points.min(0), points.max(0)


def three(plane: np.ndarray) -> np.ndarray:
    """(h, w) repeated to (h, w, 3): products of pictures with it are many times faster than broadcasting."""
    return cv2.cvtColor(plane, cv2.COLOR_GRAY2BGR)


def lay_over(canvas: np.ndarray, image: np.ndarray) -> None:
    """Put premultiplied (h, w, 4) BGRA uint8 over the (h, w, 3) float32 view ``canvas``, in place."""
    rest = cv2.cvtColor(255 - image[..., 3], cv2.COLOR_GRAY2BGR)
    cv2.add(cv2.multiply(canvas, rest, scale=1 / 255, dtype=cv2.CV_32F), image[..., :3], dst=canvas, dtype=cv2.CV_32F)


def paint(
    groups: Sequence[Sequence[Shape]], window: tuple[int, int, int, int], line: float = 2.0, dark: float = 0.35
) -> np.ndarray:
    """Paint groups of shapes, the first at the back, into the window x0 y0 x1 y1.

    The outlines of a group come before its fills, so that parts of one group melt into each other.

    Args:
        groups: shapes in pixels of the large frame.
        window: x0, y0, x1, y1 in integer pixels, end exclusive.
        line: width of the outlines in pixels; 0 for none.
        dark: the outline's colour as a fraction of the fill's.

    Returns:
        (h, w, 4) uint8 premultiplied BGRA.
    """
    x0, y0, x1, y1 = window
    canvas: np.ndarray = np.zeros((y1 - y0, x1 - x0, 4), np.uint8)
    width = max(1, round(line)) if line else 0
    points = np.concatenate([shape.points for group in groups for shape in group]) - (x0, y0)
    fixed = np.rint(points * (1 << _SHIFT)).astype(np.int32)
    start = 0
    for group in groups:
        parts = []
        for shape in group:
            parts.append(fixed[start : start + len(shape.points)])
            start += len(shape.points)
        if width:
            for part, shape in zip(parts, group, strict=True):
                if shape.outlined:
                    blue, green, red = shape.color
                    color = (blue * dark, green * dark, red * dark, 255)
                    cv2.polylines(canvas, [part], True, color, width, cv2.LINE_AA, _SHIFT)
        for part, shape in zip(parts, group, strict=True):
            cv2.fillPoly(canvas, [part], (*shape.color, 255), cv2.LINE_AA, _SHIFT)
    return canvas


Window = tuple[int, int, int, int]


def frame_window(low: np.ndarray, high: np.ndarray, side: int, margin: int = 3) -> Window | None:
    """The even window x0 y0 x1 y1 of the large frame around two corners, or None where it lies outside."""
    x0, y0 = (max(0, int(value - margin) // SCALE * SCALE) for value in low)
    x1, y1 = (min(side, -(-int(value + margin + 1) // SCALE) * SCALE) for value in high)
    return (x0, y0, x1, y1) if x1 - x0 >= SCALE and y1 - y0 >= SCALE else None


def paint_layer(
    groups: Sequence[Sequence[Shape]], side: int, depth: float, name: str, line: float = 2.0
) -> Layer | None:
    """Paint the groups in a layer clipped to the large frame of ``side`` pixels; None where nothing would be seen.

    The layer is lit from above: brighter at its top, darker at its foot.
    """
    low, high = bounds(groups)
    window = frame_window(low, high, side)
    if window is None:
        return None
    image = paint(groups, window, line)
    rows = (np.arange(window[1], window[3]) - low[1]) / max(high[1] - low[1], 1)
    light = np.empty((*image.shape[:2], 4), np.float32)
    light[:] = (1.0 - 0.36 * np.clip(rows, 0, 1))[:, None, None]
    light[..., 3] = 1
    return Layer(cv2.multiply(image, light, dtype=cv2.CV_8U), window[0], window[1], depth, name)
