"""Synthetic depth for pictures that have none: planes, smooth fields, and shaped layers in front of them. [D]

Everything is drawn as nearness in [0, 1], in which a plane of space is a linear ramp of the picture.
"""

import cv2
import numpy as np

NEAREST, FARTHEST = (500.0, 2500.0), (3000.0, 30000.0)
"""Ranges in mm from which the two ends of a scene are drawn."""


def to_depth(nearness: np.ndarray, near: float, far: float) -> np.ndarray:
    """Nearness in [0, 1] to depth in mm: its inverse is linear from ``1 / far`` to ``1 / near``.

    Example:
        >>> to_depth(np.array([0.0, 0.5, 1.0]), 1000.0, 3000.0)
        array([3000., 1500., 1000.])
    """
    return 1 / (1 / far + np.clip(nearness, 0, 1) * (1 / near - 1 / far))


def draw_plane(size: int, rng: np.random.Generator) -> np.ndarray:
    """A tilted plane (size, size) of nearness; one in six faces the camera."""
    place = (np.arange(size) + 0.5) / size - 0.5
    angle, slope, middle = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 1.0), rng.uniform(0, 0.7)
    slope *= rng.random() > 1 / 6
    return np.clip(middle + slope * (np.cos(angle) * place[None] + np.sin(angle) * place[:, None]), 0, 1)


def draw_field(size: int, rng: np.random.Generator) -> np.ndarray:
    """A smooth field (size, size) of nearness: noise on a coarse grid, interpolated."""
    coarse = rng.random((int(rng.integers(2, 6)),) * 2)
    field = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    low, high = np.sort(rng.uniform(0, 1, 2))
    return low + (high - low) * (field - field.min()) / max(float(np.ptp(field)), 1e-9)


def draw_shape(size: int, rng: np.random.Generator) -> np.ndarray:
    """Share of every pixel (size, size) float32 in [0, 1] that an ellipse, a polygon, a bar or a blob covers."""
    kind, canvas = int(rng.integers(4)), np.zeros((size, size), np.uint8)
    middle, reach = rng.uniform(0, size, 2), rng.uniform(0.1, 0.45) * size
    if kind == 0:
        axes = np.maximum(1, reach * rng.uniform(0.4, 1, 2)).astype(int)
        turn = rng.uniform(0, 180)
        cv2.ellipse(canvas, middle.astype(int).tolist(), axes.tolist(), turn, 0, 360, 255, -1, cv2.LINE_AA)
    elif kind == 1:
        angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 9))))
        rim = middle + reach * rng.uniform(0.4, 1, (len(angles), 1)) * np.stack([np.cos(angles), np.sin(angles)], 1)
        cv2.fillPoly(canvas, [rim.astype(np.int32)], 255, cv2.LINE_AA)
    elif kind == 2:
        ends = rng.uniform(-0.2 * size, 1.2 * size, (2, 2)).astype(int).tolist()
        cv2.line(canvas, ends[0], ends[1], 255, int(rng.integers(3, max(4, size // 6))), cv2.LINE_AA)
    else:
        field = cv2.resize(rng.random((int(rng.integers(4, 9)),) * 2), (size, size), interpolation=cv2.INTER_CUBIC)
        canvas = np.where(field > np.quantile(field, rng.uniform(0.5, 0.9)), 255, 0).astype(np.uint8)
        canvas = cv2.GaussianBlur(canvas, (3, 3), 0)
    return canvas.astype(np.float32) / 255


def draw_scene_of(
    picture: np.ndarray, others: list[np.ndarray], rng: np.random.Generator, max_layers: int = 4
) -> tuple[np.ndarray, np.ndarray]:
    """Depth for a picture, with shaped layers in front of it.

    Args:
        picture: (S, S, 3) uint8.
        others: pictures of the same size; a layer wears one of them, or with even chance the picture itself.
        rng: source of randomness.
        max_layers: from none to so many layers.

    Returns:
        The picture with its layers (S, S, 3) uint8, and depth (S, S) float64 mm.
    """
    size = len(picture)
    nearness = (draw_plane if rng.random() < 0.5 else draw_field)(size, rng)
    image = picture.astype(np.float32)
    for level in np.sort(rng.uniform(0.1, 1, int(rng.integers(max_layers + 1)))):
        cover = draw_shape(size, rng)
        own = level + 0.1 * (draw_plane(size, rng) - 0.5) * (rng.random() < 0.5)
        inside = (cover >= 0.5) & (own > nearness)  # a layer does not cut into what is nearer
        nearness = np.where(inside, own, nearness)
        if others and rng.random() < 0.5:
            share = np.where(inside | (cover < 0.5), cover, 0)[..., None]
            image += share * (others[int(rng.integers(len(others)))] - image)
    near, far = rng.uniform(*NEAREST), rng.uniform(*FARTHEST)
    return np.rint(image).astype(np.uint8), to_depth(nearness, near, far)
