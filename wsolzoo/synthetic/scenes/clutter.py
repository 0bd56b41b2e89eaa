"""Things that stand about: rocks, bushes, trees, posts, and decoys in the hues of the faces."""

from collections.abc import Callable

import numpy as np

from wsolzoo.synthetic.scenes.habitat import Backdrop, air, ground_depth
from wsolzoo.synthetic.scenes.shapes import Color, Layer, Shape, ellipse, mix, oklch, paint_layer, ribbon, shade, tinted
from wsolzoo.synthetic.scenes.species import SPECIES, face_color

_STEM = (70.0, 120.0, 70.0)


def draw_clutter(rng: np.random.Generator, backdrop: Backdrop, side: int) -> list[tuple[float, Layer]]:
    """Random things of the place as (row of the foot, layer), the farthest first."""
    horizon = backdrop.horizon
    things = []
    kinds = [_KINDS[i] for i in rng.integers(len(_KINDS), size=rng.integers(2, 6))]
    kinds += [_DECOYS[i] for i in rng.integers(len(_DECOYS), size=rng.integers(1, 5))]
    for kind in kinds:
        down = rng.uniform(0.03, 1.0) ** 1.3
        foot = horizon + down * (side - horizon)
        size = side * (0.05 + 0.12 * down) * rng.uniform(0.8, 1.25)
        groups = kind(rng, rng.uniform(-0.05, 1.05) * side, foot, size, backdrop)
        depth = float(ground_depth(np.array(foot), horizon, side))
        groups = tinted(groups, *air(backdrop, depth))
        layer = paint_layer(groups, side, depth, kind.__name__.strip('_'), max(1.0, size / 24))
        if layer is not None:
            things.append((foot, layer))
    return sorted(things, key=lambda thing: thing[0])


def _leaf(rng: np.random.Generator, backdrop: Backdrop) -> Color:
    lightness, chroma, hue = backdrop.habitat.leaf
    return oklch(
        lightness + rng.uniform(-0.06, 0.1), chroma * rng.uniform(0.7, 1.2), np.deg2rad(hue + rng.uniform(-25, 25))
    )


def _rock(rng: np.random.Generator, x: float, y: float, size: float, backdrop: Backdrop) -> list[list[Shape]]:
    angles = np.linspace(np.pi, 2 * np.pi, 7)
    radius = rng.uniform(0.65, 1.1, 7)
    outline = np.stack([x + 0.95 * size * np.cos(angles) * radius, y + 0.75 * size * np.sin(angles) * radius], 1)
    outline[[0, -1], 1] = y
    tone = oklch(rng.uniform(0.45, 0.65), rng.uniform(0.0, 0.03), rng.uniform(0, 6.28))
    facet = np.array([outline[1], outline[3], [x - 0.1 * size, y - 0.25 * size]])
    return [[Shape(outline, tone)], [Shape(facet, shade(tone, 1.18), False)]]


def _bush(rng: np.random.Generator, x: float, y: float, size: float, backdrop: Backdrop) -> list[list[Shape]]:
    leaf = _leaf(rng, backdrop)
    dark, light = [], []
    for dx, dy in zip((-0.75, 0.7, -0.35, 0.35, 0.0), (0.4, 0.4, 0.8, 0.75, 1.15), strict=True):
        cx, cy, r = x + size * dx, y - size * dy, size * rng.uniform(0.4, 0.55)
        dark.append(Shape(ellipse(cx, cy, r), shade(leaf, 0.85)))
        light.append(Shape(ellipse(cx - 0.15 * r, cy - 0.25 * r, 0.6 * r), shade(leaf, 1.1), False))
    base = Shape(
        np.array(
            [
                [x - 0.7 * size, y],
                [x + 0.7 * size, y],
                [x + 0.5 * size, y - 0.5 * size],
                [x - 0.5 * size, y - 0.5 * size],
            ]
        ),
        shade(leaf, 0.75),
    )
    return [[base, *dark], light]


def _tree(rng: np.random.Generator, x: float, y: float, size: float, backdrop: Backdrop) -> list[list[Shape]]:
    bark, leaf = oklch(0.4, 0.05, 1.0), _leaf(rng, backdrop)
    top = y - size * rng.uniform(2.2, 3.0)
    trunk = Shape(
        ribbon(((x, y), (x + rng.uniform(-0.4, 0.4) * size, (y + top) / 2), (x, top)), (0.26 * size, 0.15 * size)), bark
    )
    if rng.random() < 0.4:
        tiers = []
        for i in range(3):
            half, low = size * (1.15 - 0.25 * i), y - size * (0.7 + 0.8 * i)
            tiers.append(
                [
                    Shape(
                        np.array([[x - half, low], [x, low - 1.4 * size], [x + half, low]]),
                        shade(leaf, 0.85 + 0.12 * i),
                    )
                ]
            )
        return [[trunk], *tiers]
    dark, light = [], []
    for dx, dy in ((-0.7, 0.1), (0.7, 0.15), (0.0, 0.75), (0.05, -0.1)):
        cx, cy, r = x + size * dx, top - size * dy, size * rng.uniform(0.6, 0.8)
        dark.append(Shape(ellipse(cx, cy, r), shade(leaf, 0.9)))
        light.append(Shape(ellipse(cx - 0.2 * r, cy - 0.3 * r, 0.55 * r), shade(leaf, 1.15), False))
    return [[trunk], dark, light]


def _post(rng: np.random.Generator, x: float, y: float, size: float, backdrop: Backdrop) -> list[list[Shape]]:
    wood = oklch(rng.uniform(0.45, 0.65), 0.05, rng.uniform(0.6, 1.4))
    half, top = 0.16 * size, y - size * rng.uniform(1.6, 2.6)
    pole = np.array([[x - half, y], [x - half, top], [x, top - half], [x + half, top], [x + half, y]])
    groups = [[Shape(pole, wood)]]
    if rng.random() < 0.5:
        low, high = top + 0.25 * size, top + 0.85 * size
        board = np.array(
            [
                [x - size, low],
                [x + 0.8 * size, low],
                [x + size, (low + high) / 2],
                [x + 0.8 * size, high],
                [x - size, high],
            ]
        )
        groups.append([Shape(board, shade(wood, 1.2))])
    return groups


def _decoy_color(rng: np.random.Generator) -> Color:
    """The face colour of a random species, so that a patch of it is no evidence by itself."""
    return face_color(int(rng.integers(len(SPECIES))), rng.uniform(0.62, 0.76))


def _ball(rng: np.random.Generator, x: float, y: float, size: float, backdrop: Backdrop) -> list[list[Shape]]:
    color, radius = _decoy_color(rng), 0.55 * size
    band = ellipse(x, y - radius, 0.35 * radius, 0.98 * radius, rng.uniform(-1, 1))
    glint = ellipse(x - 0.35 * radius, y - 1.4 * radius, 0.2 * radius)
    stripe = mix(color, (240.0, 240.0, 240.0), rng.choice([0.0, 0.7]))
    return [
        [Shape(ellipse(x, y - radius, radius), color)],
        [Shape(band, stripe, False)],
        [Shape(glint, mix(color, (255.0, 255.0, 255.0), 0.7), False)],
    ]


def _flower(rng: np.random.Generator, x: float, y: float, size: float, backdrop: Backdrop) -> list[list[Shape]]:
    color, top = _decoy_color(rng), y - size * rng.uniform(1.0, 1.5)
    stem = Shape(ribbon(((x, y), (x + 0.2 * size, (y + top) / 2), (x, top)), (0.08 * size, 0.06 * size), 5), _STEM)
    leaf = Shape(ellipse(x + 0.25 * size, y - 0.35 * size, 0.28 * size, 0.12 * size, -0.6), _STEM)
    turns = np.linspace(0, 2 * np.pi, 6, endpoint=False) + rng.uniform(0, 1)
    petals = [
        Shape(ellipse(x + 0.34 * size * np.cos(a), top + 0.34 * size * np.sin(a), 0.24 * size), color) for a in turns
    ]
    return [[stem, leaf], petals, [Shape(ellipse(x, top, 0.2 * size), (80.0, 200.0, 245.0))]]


def _box(rng: np.random.Generator, x: float, y: float, size: float, backdrop: Backdrop) -> list[list[Shape]]:
    color, w, h = _decoy_color(rng), 0.5 * size, size * rng.uniform(0.7, 1.0)
    skew, rise = 0.4 * size * rng.choice([-1, 1]), 0.25 * size
    front = np.array([[x - w, y], [x - w, y - h], [x + w, y - h], [x + w, y]])
    lid = np.array([[x - w, y - h], [x - w + skew, y - h - rise], [x + w + skew, y - h - rise], [x + w, y - h]])
    edge = x + w if skew > 0 else x - w
    flank = np.array([[edge, y], [edge, y - h], [edge + skew, y - h - rise], [edge + skew, y - rise]])
    return [[Shape(flank, shade(color, 0.65))], [Shape(front, color)], [Shape(lid, shade(color, 1.2))]]


Drawer = Callable[[np.random.Generator, float, float, float, Backdrop], list[list[Shape]]]
_KINDS: tuple[Drawer, ...] = (_rock, _bush, _tree, _post)
_DECOYS: tuple[Drawer, ...] = (_ball, _flower, _box)
