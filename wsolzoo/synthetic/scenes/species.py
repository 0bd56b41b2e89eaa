"""What tells the species apart: ten heads, where the skull has radius 1 at the origin and faces right (y down)."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from wsolzoo.synthetic.scenes.shapes import Color, Shape, ellipse, mix, oklch, place, ribbon, shade

SPECIES = (
    'antler', 'ramhorn', 'longear', 'roundear', 'crest', 'trunk', 'unihorn', 'bill', 'mane', 'antenna',
)  # fmt: skip
COATS = ('stripes', 'spots', 'patches', 'saddle', 'net')
TAILS = ('whip', 'brush', 'tuft', 'fan', 'club')

_IVORY, _HORN, _DARK = (196.0, 226.0, 240.0), (120.0, 168.0, 196.0), (34.0, 28.0, 30.0)


class Evidence(NamedTuple):
    """What the body says about the species: indices of coat and tail, and the hue of the coat in radians."""

    coat: int
    tail: int
    hue: float


def species_hue(label: int) -> float:
    """Hue of the face, one per species, in radians."""
    return 2 * np.pi * (label + 0.35) / len(SPECIES)


def draw_evidence(rng: np.random.Generator, label: int, strength: float) -> Evidence:
    """Coat, tail and hue: each follows the species with probability ``strength`` and is uniform otherwise.

    Following means coat = species mod 5, tail = (species div 2) mod 5, hue by von Mises of concentration 8.
    """
    follow = rng.random(3) < strength
    coat = label % len(COATS) if follow[0] else int(rng.integers(len(COATS)))
    tail = label // 2 % len(TAILS) if follow[1] else int(rng.integers(len(TAILS)))
    hue = species_hue(label) + rng.vonmises(0, 8.0) if follow[2] else rng.uniform(0, 2 * np.pi)
    return Evidence(coat, tail, float(hue))


def face_color(label: int, lightness: float = 0.68) -> Color:
    """The face: saturated, in the hue of the species."""
    return oklch(lightness, 0.19, species_hue(label))


Parts = tuple[list[Shape], list[Shape]]


def _antler(face: Color) -> Parts:
    back = []
    for dx, tone in ((0.45, 0.8), (-0.1, 1.0)):
        color = shade(_HORN, tone)
        for line, radii in (
            (((0, -0.7), (-0.9, -1.6), (0.1, -2.9)), (0.2, 0.16, 0.07)),
            (((-0.35, -1.5), (0.3, -1.6), (0.75, -2.2)), (0.14, 0.06)),
            (((-0.4, -1.7), (-1.1, -1.9), (-1.1, -2.6)), (0.14, 0.06)),
        ):
            back.append(Shape(ribbon(line, radii) + (dx, 0), color))
    return [*back, Shape(ellipse(-0.85, -0.55, 0.42, 0.2, 0.5), shade(face, 0.85))], []


def _ramhorn(face: Color) -> Parts:
    front = []
    for i, t in enumerate(np.linspace(0, 1, 11)):
        angle, radius = -1.9 - 5.6 * t, 0.95 - 0.62 * t
        x, y = -0.5 + radius * np.cos(angle), -0.15 + radius * np.sin(angle)
        front.append(Shape(ellipse(x, y, 0.42 - 0.24 * t), _IVORY if i % 2 else _HORN))
    return [], front


def _longear(face: Color) -> Parts:
    inner = mix(face, (200.0, 190.0, 250.0), 0.55)
    back = []
    for x, y, angle, tone in ((-0.85, -1.65, -0.55, 0.85), (-0.2, -1.95, -0.12, 1.0)):
        back.append(Shape(ellipse(x, y, 0.36, 1.25, angle), shade(face, tone)))
        back.append(Shape(ellipse(x, y, 0.17, 0.95, angle), shade(inner, tone), False))
    return back, []


def _roundear(face: Color) -> Parts:
    inner = mix(face, (190.0, 190.0, 245.0), 0.5)
    back = []
    for x, y, tone in ((0.5, -1.1, 0.82), (-0.8, -0.95, 1.0)):
        back.append(Shape(ellipse(x, y, 0.82), shade(face, tone)))
        back.append(Shape(ellipse(x, y, 0.5), shade(inner, tone), False))
    return back, []


def _crest(face: Color) -> Parts:
    back = []
    for i, angle in enumerate(np.linspace(-2.9, -1.0, 6)):
        tip, base = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
        points = np.stack([0.6 * tip + 0.38 * base, (2.1 + 0.25 * (i % 2)) * tip, 0.6 * tip - 0.38 * base])
        back.append(Shape(points, (60.0, 70.0, 230.0) if i % 2 else (70.0, 190.0, 250.0)))
    return back, []


def _trunk(face: Color) -> Parts:
    line, radii = ((0.6, 0.1), (1.9, 0.1), (1.2, 2.6), (2.3, 2.2)), (0.5, 0.42, 0.3, 0.2)
    tusk = ribbon(((0.75, 0.55), (1.0, 1.3), (1.6, 1.25)), (0.16, 0.12, 0.03))
    front = [Shape(ribbon(line, radii, 14), shade(face, 0.95)), Shape(tusk, _IVORY)]
    return [], [*front, Shape(ellipse(-0.65, 0.1, 0.68, 0.95, 0.15), shade(face, 0.8))]


def _unihorn(face: Color) -> Parts:
    horn = np.array([[0.1, -0.85], [0.75, -0.6], [1.35, -3.1]])
    back = [Shape(horn, _IVORY)]
    for t in (0.2, 0.42, 0.62):
        left, right = horn[0] + t * (horn[2] - horn[0]), horn[1] + (t + 0.08) * (horn[2] - horn[1])
        back.append(Shape(np.stack([left, right, right + (0.02, -0.14), left + (0.02, -0.14)]), _HORN, False))
    mane = [Shape(ellipse(-0.75 - 0.22 * i, -0.6 + 0.5 * i, 0.42), (235.0, 225.0, 235.0)) for i in range(3)]
    return mane + back, [Shape(ellipse(-0.5, -0.9, 0.22, 0.42, -0.5), shade(face, 0.85))]


def _bill(face: Color) -> Parts:
    upper = np.array([[0.45, -0.55], [1.2, -0.5], [2.1, -0.1], [2.75, 0.25], [0.6, 0.2]])
    lower = np.array([[0.6, 0.15], [2.5, 0.25], [1.7, 0.6], [0.5, 0.65]])
    tuft = ribbon(((-0.3, -0.8), (-0.6, -1.4), (-1.2, -1.3)), (0.2, 0.05))
    return [Shape(tuft, shade(face, 0.8))], [
        Shape(lower, (40.0, 120.0, 225.0)),
        Shape(upper, (50.0, 185.0, 250.0)),
    ]


def _mane(face: Color) -> Parts:
    angles = np.linspace(0, 2 * np.pi, 11, endpoint=False)
    outer = [Shape(ellipse(-0.15 + 1.25 * np.cos(a), 1.25 * np.sin(a), 0.55), shade(face, 0.42)) for a in angles]
    return [*outer, Shape(ellipse(-0.15, 0, 1.3), shade(face, 0.55), False)], []


def _antenna(face: Color) -> Parts:
    back = []
    for line in (((0.1, -0.8), (-0.2, -2.0), (-1.0, -2.4)), ((0.3, -0.8), (0.5, -2.2), (1.2, -2.5))):
        back.append(Shape(ribbon(line, (0.12, 0.1)), shade(face, 0.4)))
        back.append(Shape(ellipse(*line[-1], 0.36), mix(face, (255.0, 255.0, 255.0), 0.35)))
    return back, [Shape(ellipse(0.25, -0.15, 0.62, 0.72), shade(face, 0.35))]


_HEADS: tuple[Callable[[Color], Parts], ...] = (
    _antler, _ramhorn, _longear, _roundear, _crest, _trunk, _unihorn, _bill, _mane, _antenna,
)  # fmt: skip
_NO_MUZZLE = {SPECIES.index('trunk'), SPECIES.index('bill')}


def head_groups(label: int, face: Color, radius: float, angle: float, at: np.ndarray) -> list[list[Shape]]:
    """The groups of a head, back to front: what stands behind the skull, the face, what lies over it, the eye."""
    behind, over = _HEADS[label](face)
    skull = [Shape(ellipse(0, 0, 1.0, 0.95), face)]
    nose = []
    if label not in _NO_MUZZLE:
        skull.append(Shape(ellipse(0.75, 0.32, 0.68, 0.46, 0.15), mix(face, (235.0, 240.0, 245.0), 0.25)))
        nose = [Shape(ellipse(1.25, 0.2, 0.2, 0.16), _DARK, False)]
    eye = [Shape(ellipse(0.28, -0.28, 0.3), (245.0, 245.0, 245.0)), Shape(ellipse(0.36, -0.27, 0.17), _DARK, False)]
    groups = [[shape] for shape in behind] + [skull, nose] + [[shape] for shape in over] + [eye]
    return [place(group, radius, angle, at) for group in groups if group]
