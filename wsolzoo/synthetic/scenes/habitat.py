"""Eight habitats: sky, horizon and ground, drawn without knowing the species."""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from wsolzoo.synthetic.scenes.shapes import Color, Shape, ellipse, lay_over, mix, oklch, paint, ribbon, three
from wsolzoo.synthetic.scenes.texture import ground_noise, noise_patch

NEAR, FAR = 2.0, 30.0
"""Metres at the bottom of the picture and at the horizon."""


class Habitat(NamedTuple):
    """Colours (OKLCH: lightness, chroma, hue in degrees) and the light of a place."""

    name: str
    sky_top: tuple[float, float, float]
    sky_low: tuple[float, float, float]
    ground_far: tuple[float, float, float]
    ground_near: tuple[float, float, float]
    rough: float
    light: tuple[float, float, float]
    leaf: tuple[float, float, float]
    ridge: float = 0.5


HABITATS = (
    Habitat('meadow', (0.70, 0.09, 245), (0.90, 0.03, 235), (0.68, 0.09, 125), (0.52, 0.10, 130), 0.10,
            (1.0, 1.0, 1.0), (0.50, 0.10, 135)),
    Habitat('desert', (0.75, 0.07, 240), (0.92, 0.04, 80), (0.82, 0.07, 75), (0.72, 0.09, 65), 0.06,
            (0.92, 1.0, 1.05), (0.58, 0.07, 120), 0.9),
    Habitat('snow', (0.78, 0.04, 250), (0.93, 0.015, 240), (0.94, 0.01, 240), (0.88, 0.02, 250), 0.05,
            (1.05, 1.0, 0.97), (0.45, 0.05, 160), 1.0),
    Habitat('forest', (0.62, 0.05, 160), (0.82, 0.05, 130), (0.48, 0.06, 110), (0.36, 0.05, 80), 0.14,
            (0.86, 0.95, 0.88), (0.42, 0.09, 140)),
    Habitat('dusk', (0.38, 0.10, 290), (0.78, 0.13, 50), (0.46, 0.06, 30), (0.32, 0.05, 350), 0.10,
            (0.86, 0.86, 0.98), (0.34, 0.05, 330), 0.7),
    Habitat('seabed', (0.42, 0.09, 245), (0.66, 0.09, 215), (0.68, 0.06, 200), (0.70, 0.05, 110), 0.07,
            (1.0, 0.95, 0.85), (0.60, 0.12, 20), 0.4),
    Habitat('indoor', (0.80, 0.04, 70), (0.74, 0.05, 65), (0.58, 0.06, 60), (0.50, 0.07, 55), 0.05,
            (0.90, 0.97, 1.0), (0.50, 0.09, 140), 0.0),
    Habitat('night', (0.20, 0.05, 275), (0.38, 0.06, 260), (0.34, 0.04, 240), (0.27, 0.04, 230), 0.10,
            (0.86, 0.76, 0.70), (0.30, 0.05, 190), 0.6),
)  # fmt: skip


class Backdrop(NamedTuple):
    """A painted place: (S, S, 3) float32 BGR of the large frame, the row of the horizon there, and the habitat."""

    image: np.ndarray
    horizon: float
    habitat: Habitat
    haze: Color


def ground_depth(rows: np.ndarray, horizon: float, side: int) -> np.ndarray:
    """Metres at each row (pixel centres): 1/z runs linearly from 1/30 at the horizon to 1/2 at the bottom edge."""
    down = np.clip((np.asarray(rows, np.float64) - horizon) / (side - horizon), 0, 1)
    return 1 / (1 / FAR + (1 / NEAR - 1 / FAR) * down)


def air(backdrop: Backdrop, depth: float) -> tuple[Color, Color]:
    """Gain and veil of a thing at ``depth`` metres: the light of the place, and haze that grows with distance."""
    haze = 0.35 * min(1.0, depth / FAR)
    gain = tuple(1.1 * value * (1 - haze) for value in backdrop.habitat.light)
    return gain, tuple(value * haze for value in backdrop.haze)


def _bgr(rng: np.random.Generator, color: tuple[float, float, float]) -> Color:
    """The colour a little moved."""
    lightness, chroma, hue = color
    return oklch(
        lightness + rng.uniform(-0.04, 0.04), chroma * rng.uniform(0.75, 1.25), np.deg2rad(hue + rng.uniform(-14, 14))
    )


def draw_backdrop(rng: np.random.Generator, side: int) -> Backdrop:
    """A random place in the large frame of ``side`` pixels."""
    habitat = HABITATS[rng.integers(len(HABITATS))]
    horizon = float(np.floor(side * rng.uniform(0.32, 0.54)))
    top, low, far, near = (
        np.array(_bgr(rng, color), np.float32)
        for color in (habitat.sky_top, habitat.sky_low, habitat.ground_far, habitat.ground_near)
    )
    edge = int(horizon)
    image: np.ndarray = np.empty((side, side, 3), np.float32)
    fade = (np.linspace(0, 1, edge, dtype=np.float32) ** 1.4)[:, None]
    image[:edge] = (top * (1 - fade) + low * fade)[:, None]
    _SKIES[habitat.name](rng, image, edge, habitat)
    if habitat.ridge:
        _ridges(rng, image, edge, low, far, habitat.ridge)
    rows = np.arange(edge, side) + 0.5
    depth = ground_depth(rows, horizon, side)
    down = ((rows - edge) / (side - edge)).astype(np.float32)[:, None] ** 0.7
    relief = ground_noise(rng, depth, side) if habitat.name != 'indoor' else _planks(rng, depth, side)
    broad = noise_patch(rng, (side - edge, side), (10, 14), 1.4)
    image[edge:] = (far * (1 - down) + near * down)[:, None]
    image[edge:] *= three(1 + habitat.rough * (1.3 * relief + 0.5 * broad))
    _GROUNDS.get(habitat.name, _nothing)(rng, image, edge, near)
    return Backdrop(image, horizon, habitat, tuple(float(v) for v in low))


def _nothing(rng: np.random.Generator, image: np.ndarray, edge: int, extra: object) -> None:
    """Leaves the picture as it is."""


def _overlay(image: np.ndarray, groups: list[list[Shape]], rows: slice, opacity: float = 1.0) -> None:
    """Paint shapes without outlines onto the rows of the picture, in place."""
    side, top, stop = image.shape[1], rows.start or 0, rows.stop
    if stop <= top:
        return
    layer = paint(groups, (0, top, side, stop), 0)
    lay_over(image[top:stop], layer if opacity == 1 else cv2.convertScaleAbs(layer, alpha=opacity))


def _towards(image: np.ndarray, color: Color | np.ndarray, amount: np.ndarray) -> None:
    """Move the picture towards a colour by ``amount`` (h, w), in place."""
    amount = three(amount)
    image *= 1 - amount
    amount *= np.array(color, np.float32)
    image += amount


def _glow(x: float, y: float, side: int, edge: int, reach: float) -> np.ndarray:
    """(edge, side) float32 that falls from 1 at (x, y) with distance."""
    across, down = np.arange(side, dtype=np.float32) - np.float32(x), np.arange(edge, dtype=np.float32) - np.float32(y)
    return np.exp(-np.sqrt(across[None] ** 2 + down[:, None] ** 2) / np.float32(reach * side))


def _clouds(rng: np.random.Generator, image: np.ndarray, edge: int, habitat: Habitat) -> None:
    side = image.shape[1]
    cover = noise_patch(rng, (edge, side), (14, 22), 1.5)
    amount = np.clip(0.55 * (cover - np.float32(rng.uniform(-0.3, 0.7))), 0, 0.85)
    color = np.array(_bgr(rng, (min(0.97, habitat.sky_low[0] + 0.08), 0.015, habitat.sky_low[2])), np.float32)
    _towards(image[:edge], color, amount)


def _sunset(rng: np.random.Generator, image: np.ndarray, edge: int, habitat: Habitat) -> None:
    side = image.shape[1]
    x, y, radius = rng.uniform(0.1, 0.9) * side, edge - rng.uniform(0.02, 0.2) * side, rng.uniform(0.05, 0.09) * side
    _towards(image[:edge], (150.0, 205.0, 255.0), 0.6 * _glow(x, y, side, edge, 0.22))
    bars = np.clip(noise_patch(rng, (edge, side), (24, 6), 1.2) - 0.6, 0, 0.6)
    _towards(image[:edge], (120.0, 90.0, 150.0), bars)
    _overlay(image, [[Shape(ellipse(x, y, radius), (190.0, 235.0, 255.0))]], slice(0, edge))


def _stars(rng: np.random.Generator, image: np.ndarray, edge: int, habitat: Habitat) -> None:
    side = image.shape[1]
    xs, ys = rng.uniform(0, side, 26), rng.uniform(0, edge * 0.9, 26)
    stars = [Shape(ellipse(x, y, r), (235.0, 235.0, 225.0)) for x, y, r in zip(xs, ys, rng.uniform(0.5, 1.3, 26))]
    x, y, radius = rng.uniform(0.1, 0.9) * side, rng.uniform(0.15, 0.5) * edge, rng.uniform(0.04, 0.07) * side
    image[:edge] += three(60 * _glow(x, y, side, edge, 0.12))
    _overlay(image, [stars, [Shape(ellipse(x, y, radius), (215.0, 235.0, 240.0))]], slice(0, edge))


def _rays(rng: np.random.Generator, image: np.ndarray, edge: int, habitat: Habitat) -> None:
    side = image.shape[1]
    slant = (np.arange(side)[None] + rng.uniform(-0.6, 0.6) * np.arange(edge)[:, None]) * (2 * np.pi / side)
    wave = np.sin(5 * slant + rng.uniform(0, 6)) + np.sin(9 * slant + rng.uniform(0, 6)) + np.sin(2 * slant)
    fade = np.linspace(1, 0.2, edge)[:, None]
    image[:edge] += three((np.clip(wave, 0, None) * fade * 16).astype(np.float32))
    bubbles = [
        [Shape(ellipse(rng.uniform(0, side), rng.uniform(0, edge), rng.uniform(1.5, 4)), (235.0, 225.0, 190.0))]
        for _ in range(7)
    ]
    _overlay(image, bubbles, slice(0, edge), 0.55)


def _trunks(rng: np.random.Generator, image: np.ndarray, edge: int, habitat: Habitat) -> None:
    side = image.shape[1]
    haze = tuple(float(v) for v in image[edge - 1, 0])
    for closeness, count in ((0.35, 9), (0.75, 5)):
        color = mix(haze, _bgr(rng, (0.32, 0.04, 70)), closeness)
        crown = mix(haze, _bgr(rng, habitat.leaf), closeness)
        stems, tops = [], []
        for x in rng.uniform(0, side, count):
            w = rng.uniform(0.008, 0.02) * side * (0.5 + closeness)
            stems.append(Shape(np.array([[x - w, edge], [x - w * 0.7, -2], [x + w * 0.7, -2], [x + w, edge]]), color))
            tops.append(Shape(ellipse(x, rng.uniform(-0.1, 0.3) * edge, rng.uniform(0.07, 0.13) * side), crown))
        _overlay(image, [stems, tops], slice(0, edge), 0.9)


def _wall(rng: np.random.Generator, image: np.ndarray, edge: int, habitat: Habitat) -> None:
    side = image.shape[1]
    period = rng.uniform(0.06, 0.12) * side
    stripes = (np.sin(np.arange(side) * (2 * np.pi / period)) > 0).astype(np.float32) * rng.uniform(0.03, 0.08)
    image[:edge] *= (1 - stripes)[None, :, None]
    x, w, h = rng.uniform(0.0, 0.7) * side, rng.uniform(0.2, 0.32) * side, rng.uniform(0.5, 0.7) * edge
    y = rng.uniform(0.04, 0.2) * edge

    def panel(inset: float, color: Color) -> Shape:
        corners = [
            [x + inset, y + inset],
            [x + w - inset, y + inset],
            [x + w - inset, y + h - inset],
            [x + inset, y + h - inset],
        ]
        return Shape(np.array(corners), color)

    view, frame = _bgr(rng, (0.82, 0.05, rng.choice([235, 130, 60]))), _bgr(rng, (0.45, 0.05, 60))
    hill = Shape(
        np.array([[x + 4, y + h - 4], [x + w * 0.4, y + h * 0.45], [x + w - 4, y + h - 4]]), mix(view, frame, 0.4)
    )
    board = Shape(
        np.array([[0, edge - 7], [side, edge - 7], [side, edge], [0, edge]], np.float64), mix(view, frame, 0.75)
    )
    _overlay(image, [[panel(0, frame)], [panel(4, view)], [hill], [board]], slice(0, edge))


def _ridges(
    rng: np.random.Generator, image: np.ndarray, edge: int, low: np.ndarray, far: np.ndarray, height: float
) -> None:
    """Two hazy ridges standing on the horizon."""
    side = image.shape[1]
    xs = np.linspace(0, side, 25)
    for rise, haze in ((0.16, 0.62), (0.07, 0.3)):
        line = noise_patch(rng, (1, 25), (1, int(rng.integers(8, 20))), 1.2)[0]
        crest = edge - side * height * rise * np.clip(0.55 + 0.35 * line, 0.06, 1.3)
        points = np.concatenate([np.stack([xs, crest], 1), [[side, edge + 1], [0, edge + 1]]])
        color = tuple(float(v) for v in (far * 0.72 * (1 - haze) + low * haze))
        _overlay(image, [[Shape(points, color)]], slice(max(0, int(crest.min()) - 2), edge))


def _planks(rng: np.random.Generator, depth: np.ndarray, side: int) -> np.ndarray:
    """(h, side) float32 relief of a floor of boards or tiles in perspective."""
    x = (np.arange(side) - side * rng.uniform(0.3, 0.7)) / side
    across = (x[None] * depth[:, None] * 2.2).astype(np.float32)
    along = depth[:, None].astype(np.float32) * rng.choice([0.4, 1.1])
    board = np.floor(across) * 12.9898 + np.floor(along) * 78.233
    tone = np.modf(np.sin(board) * 43758.5)[0].astype(np.float32)
    gap = (np.minimum(across % 1, along % 1) < 0.06).astype(np.float32)
    return (1.2 * tone - 3.0 * gap) * np.minimum(1, 5 / depth[:, None]).astype(np.float32)


def _blades(rng: np.random.Generator, image: np.ndarray, edge: int, near: np.ndarray) -> None:
    """Tufts of grass, longer towards the viewer."""
    side = image.shape[0]
    groups: list[list[Shape]] = [[], []]
    for i, (x, t) in enumerate(zip(rng.uniform(0, side, 22), np.sort(rng.uniform(0.15, 1, 22)), strict=True)):
        y, size = edge + t * (side - edge), 2 + 9 * t
        tone = tuple(float(v) * (0.72 if i % 2 else 1.18) for v in near)
        for lean in (-0.45, 0.05, 0.5):
            groups[i % 2].append(Shape(np.array([[x - 1.2, y], [x + 1.2, y], [x + lean * size, y - size]]), tone))
    _overlay(image, groups, slice(edge, side), 0.8)


def _ripples(rng: np.random.Generator, image: np.ndarray, edge: int, near: np.ndarray) -> None:
    """Bands of sand or snow blown by wind, in perspective."""
    side = image.shape[0]
    rows = np.arange(edge, side)
    depth = ground_depth(rows + 0.5, edge, side)[:, None]
    bend = noise_patch(rng, (side - edge, side), (8, 10), 1.2)
    wave = np.sin(depth * rng.uniform(2.5, 4.5) + 1.2 * bend + rng.uniform(0, 6)) * np.minimum(1, 7 / depth)
    image[edge:] *= three((1 + 0.05 * wave).astype(np.float32))


def _caustics(rng: np.random.Generator, image: np.ndarray, edge: int, near: np.ndarray) -> None:
    side = image.shape[0]
    net = 1 - np.abs(noise_patch(rng, (side - edge, side), (30, 40), 1.1))
    image[edge:] *= three(1 + 0.22 * np.clip(net, 0, 1) ** 3)
    weeds = []
    for x in rng.uniform(0, side, 5):
        y, h, s = edge + rng.uniform(0.02, 0.3) * (side - edge), rng.uniform(0.06, 0.14) * side, rng.uniform(-9, 9)
        weeds.append(
            Shape(
                ribbon(((x, y), (x + s, y - h * 0.4), (x - s, y - h * 0.7), (x, y - h)), (2.5, 0.5)),
                (90.0, 120.0, 60.0),
            )
        )
    _overlay(image, [weeds], slice(0, side), 0.8)


_SKIES: dict[str, Callable[[np.random.Generator, np.ndarray, int, Habitat], None]] = {
    'meadow': _clouds, 'desert': _clouds, 'snow': _clouds, 'forest': _trunks,
    'dusk': _sunset, 'seabed': _rays, 'indoor': _wall, 'night': _stars,
}  # fmt: skip
_GROUNDS: dict[str, Callable[[np.random.Generator, np.ndarray, int, np.ndarray], None]] = {
    'meadow': _blades, 'desert': _ripples, 'snow': _ripples, 'seabed': _caustics, 'forest': _blades,
}  # fmt: skip
