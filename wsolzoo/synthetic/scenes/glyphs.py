"""Ten written digits on 32 x 32 pixels, drawn with the painter of the scenes: something for the first small network."""

import numpy as np

from wsolzoo.synthetic.scenes.scene import SPLITS, scene_label
from wsolzoo.synthetic.scenes.shapes import SCALE, Shape, capsule, paint, ribbon, rotation

GLYPHS = tuple('0123456789')
SIDE = 32

_PURPOSE = 12

_Stroke = tuple[tuple[float, float], ...]
_STROKES: tuple[tuple[_Stroke, ...], ...] = (
    (((0, -1), (-0.95, -1), (-0.95, 1), (0, 1)), ((0, 1), (0.95, 1), (0.95, -1), (0, -1))),
    (((-0.35, -0.6), (0.1, -1)), ((0.1, -1), (0.1, 1))),
    (((-0.6, -0.6), (-0.3, -1.3), (1.3, -1.1), (0.5, 0.0), (-0.6, 1)), ((-0.6, 1), (0.65, 1))),
    (((-0.55, -0.85), (0.8, -1.4), (0.8, -0.1), (-0.1, -0.05)), ((-0.1, -0.05), (1.1, 0.0), (0.8, 1.5), (-0.6, 0.8))),
    (((0.3, -1), (-0.65, 0.4)), ((-0.65, 0.4), (0.7, 0.4)), ((0.3, -1), (0.3, 1))),
    (((0.55, -1), (-0.45, -1)), ((-0.45, -1), (-0.5, -0.1)), ((-0.5, -0.1), (0.9, -0.7), (1.0, 1.4), (-0.6, 0.9))),
    (((0.4, -1), (-0.7, -0.5), (-0.6, 0.5)), ((-0.6, 0.5), (-0.6, -0.5), (0.8, -0.2), (0.6, 0.5)),
     ((0.6, 0.5), (0.5, 1.2), (-0.6, 1.2), (-0.6, 0.5))),
    (((-0.6, -1), (0.6, -1)), ((0.6, -1), (0.0, 0.0), (-0.15, 1))),
    (((0, -0.05), (-0.9, -0.3), (-0.5, -1), (0, -1)), ((0, -1), (0.5, -1), (0.9, -0.3), (0, -0.05)),
     ((0, -0.05), (-1.1, 0.2), (-0.6, 1), (0, 1)), ((0, 1), (0.6, 1), (1.1, 0.2), (0, -0.05))),
    (((0.55, -0.45), (0.5, -1.2), (-0.7, -1.2), (-0.6, -0.45)), ((-0.6, -0.45), (-0.6, 0.2), (0.6, 0.2), (0.55, -0.45)),
     ((0.55, -0.45), (0.55, 0.4), (0.2, 1))),
)  # fmt: skip


def draw_glyph(seed: int, split: str, index: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Draw one digit; the same arguments give the same picture.

    Args:
        seed: seed of the data set.
        split: 'train', 'val' or 'test'.
        index: any index from 0; every ten in a row hold each digit once.

    Returns:
        (32, 32, 1) uint8 picture, light on dark; (32, 32) bool mask of the strokes; label.
    """
    label = scene_label(seed, split, index)  # ten classes as well, in the same balanced order
    rng = np.random.default_rng([seed, SPLITS[split], index, _PURPOSE])
    size, width = SCALE * rng.uniform(7.5, 11.5), rng.uniform(0.09, 0.17)
    shear = np.array([[rng.uniform(0.75, 1.05), rng.uniform(-0.2, 0.2)], [0, 1]])
    matrix = size * rotation(rng.uniform(-0.25, 0.25)) @ shear
    centre = SCALE * (SIDE / 2 + rng.uniform(-2.5, 2.5, 2))
    shapes = []
    for stroke in _STROKES[label]:
        line = np.array(stroke) + rng.normal(0, 0.04, (len(stroke), 2))
        line[[0, -1]] = np.array(stroke)[[0, -1]]
        points = capsule(line[0], width, line[1], width) if len(line) == 2 else ribbon(line, (width, width))
        ends = [capsule(end, width, end, width) for end in line[[0, -1]]]
        shapes += [Shape(part @ matrix.T + centre, (255.0, 255.0, 255.0)) for part in (points, *ends)]
    ink = paint([shapes], (0, 0, SCALE * SIDE, SCALE * SIDE), 0)[..., 3].reshape(SIDE, SCALE, SIDE, SCALE).mean((1, 3))
    low, high = rng.uniform(0, 70), rng.uniform(150, 255)
    picture = low + ink / 255 * (high - low) + rng.normal(0, rng.uniform(2, 14), (SIDE, SIDE))
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)[..., None], ink >= 127.5, label
