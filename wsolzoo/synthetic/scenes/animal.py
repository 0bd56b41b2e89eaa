"""The animal: an articulated body whose coat and tail may hint at the species, and a head that tells it."""

from typing import NamedTuple

import cv2
import numpy as np

from wsolzoo.synthetic.scenes.shapes import (
    Color,
    Layer,
    Shape,
    capsule,
    ellipse,
    frame_window,
    hull,
    lay_over,
    mix,
    oklch,
    paint,
    ribbon,
    rotation,
    shade,
    three,
)
from wsolzoo.synthetic.scenes.species import COATS, TAILS, Evidence, draw_evidence, face_color, head_groups
from wsolzoo.synthetic.scenes.texture import noise_patch

HEAD_RADIUS = 0.17
"""Radius of the skull in body units (the torso is about one unit long)."""

_HOOF = (46.0, 40.0, 44.0)


class Build(NamedTuple):
    """An animal before it is placed: groups of shapes in body units, facing right, y down, and its colours."""

    body: list[list[Shape]]
    head: list[list[Shape]]
    coat: Color
    marking: Color
    evidence: Evidence


class Pose(NamedTuple):
    """Where the animal stands: affine map from body units to the large frame, box there, pixels per body unit."""

    matrix: np.ndarray
    box: tuple[float, float, float, float]
    scale: float


def vary(rng: np.random.Generator, low: float, high: float, spread: float) -> float:
    """A uniform value of the middle ``spread`` of the range; always takes one number from ``rng``."""
    return (low + high) / 2 + spread * (high - low) * (rng.random() - 0.5)


def build_animal(rng: np.random.Generator, label: int, body_evidence: float, spread: float) -> Build:
    """Random proportions, limbs and colours of an animal of species ``label``."""
    evidence = draw_evidence(rng, label, body_evidence)
    coat = oklch(rng.uniform(0.48, 0.68), rng.uniform(0.035, 0.07), evidence.hue)
    pale = rng.random() < 0.35
    marking = mix(coat, (235.0, 240.0, 240.0), 0.4) if pale else shade(coat, rng.uniform(0.5, 0.65))
    length, hip_r = vary(rng, 0.85, 1.15, spread), vary(rng, 0.21, 0.28, spread)
    chest_r = vary(rng, 0.23, 0.31, spread)
    hip, chest = np.array([-length / 2, 0.0]), np.array([length / 2, vary(rng, -0.12, 0.06, spread)])
    belly = ellipse(0.0, 0.06, length * 0.42, vary(rng, 0.24, 0.32, spread))
    torso = hull(ellipse(hip[0], hip[1], hip_r), ellipse(chest[0], chest[1], chest_r), belly)
    lean, reach = vary(rng, 0.35, 1.2, spread), vary(rng, 0.34, 0.52, spread)
    throat = chest + (0.6 * chest_r) * np.array([0.5, -0.8])
    skull = throat + reach * np.array([np.cos(lean), -np.sin(lean)])
    neck = capsule(throat, 0.19, skull, 0.13)
    far, near = _legs(rng, hip + (0.02, 0.5 * hip_r), chest + (-0.06, 0.5 * chest_r), coat, spread)
    tail = _tail(rng, evidence.tail, hip + (-0.85 * hip_r, -0.35 * hip_r), coat, marking, spread)
    nod = vary(rng, -0.3, 0.4, spread)
    head = head_groups(label, face_color(label, rng.uniform(0.66, 0.74)), HEAD_RADIUS, nod, skull)
    return Build([*far, *tail, [Shape(torso, coat), Shape(neck, coat)], *near], head, coat, marking, evidence)


def _legs(
    rng: np.random.Generator, hip: np.ndarray, chest: np.ndarray, coat: Color, spread: float
) -> tuple[list[list[Shape]], list[list[Shape]]]:
    """The far and the near pair of legs: thigh, shank and hoof, swinging in a gait."""
    thigh, shank = vary(rng, 0.24, 0.34, spread), vary(rng, 0.2, 0.32, spread)
    phase, swing = 2 * np.pi * rng.random() * spread, vary(rng, 0.1, 0.45, spread)
    pairs: list[list[list[Shape]]] = []
    for side, tone in ((0.0, 0.66), (np.pi, 0.96)):
        groups = []
        for root, offset, bend in ((hip, 0.0, 0.3), (chest, 1.9, -0.12)):
            angle = swing * np.sin(phase + side + offset)
            knee = root + thigh * np.array([np.sin(angle + bend), np.cos(angle + bend)])
            foot = knee + shank * np.array([np.sin(angle - bend), np.cos(angle - bend)])
            color = shade(coat, tone)
            hoof = np.array([[-0.07, -0.02], [0.08, -0.02], [0.12, 0.08], [-0.08, 0.08]]) + foot
            limb = [Shape(capsule(root, 0.14, knee, 0.085), color), Shape(capsule(knee, 0.08, foot, 0.06), color)]
            groups += [limb, [Shape(hoof, _HOOF)]]
        pairs.append(groups)
    return pairs[0], pairs[1]


def _tail(
    rng: np.random.Generator, kind: int, root: np.ndarray, coat: Color, marking: Color, spread: float
) -> list[list[Shape]]:
    """The tail of the kind: whip, brush, tuft, fan or club."""
    lift, size = vary(rng, -0.5, 0.7, spread), vary(rng, 0.9, 1.2, spread)
    turn = rotation(lift).T

    def at(points: np.ndarray) -> np.ndarray:
        return size * np.asarray(points) @ turn + root

    tone, name = shade(coat, 0.9), TAILS[kind]
    if name == 'whip':
        return [[Shape(at(ribbon(((0.05, 0), (-0.4, -0.2), (-0.3, 0.5), (-0.75, 0.35)), (0.07, 0.05, 0.03))), tone)]]
    if name == 'brush':
        bushy = ribbon(((0.05, 0), (-0.3, -0.05), (-0.5, 0.1), (-0.8, -0.1)), (0.06, 0.17, 0.19, 0.13, 0.02))
        return [[Shape(at(bushy), tone)], [Shape(at(ellipse(-0.66, -0.02, 0.16, 0.1, 0.3)), marking)]]
    if name == 'tuft':
        stem = Shape(at(ribbon(((0.05, 0), (-0.35, 0), (-0.45, 0.4)), (0.06, 0.04))), tone)
        return [[stem], [Shape(at(ellipse(-0.45, 0.46, 0.1, 0.17, 0.2)), marking)]]
    if name == 'fan':
        blades = [
            Shape(at(capsule((0, 0), 0.05, (-0.5 * np.cos(a), -0.5 * np.sin(a)), 0.12)), marking if i % 2 else tone)
            for i, a in enumerate(np.linspace(-0.7, 0.9, 5))
        ]
        return [[blade] for blade in blades]
    stem = Shape(at(ribbon(((0.05, 0), (-0.3, 0.1), (-0.5, -0.15)), (0.09, 0.06))), tone)
    return [[stem], [Shape(at(ellipse(-0.56, -0.2, 0.17)), marking)]]


def pose_animal(rng: np.random.Generator, build: Build, side: int, horizon: float, spread: float, flip: bool) -> Pose:
    """Turn, mirror, scale and place the animal: long side 0.45-0.85 of the frame, feet below the horizon."""
    turn = rotation(vary(rng, -0.245, 0.245, spread))
    mirrored = rng.random() < 0.5
    if flip and mirrored:
        turn = np.diag([-1.0, 1.0]) @ turn
    points = np.concatenate([shape.points for group in (*build.body, *build.head) for shape in group]) @ turn.T
    low, high = points.min(0), points.max(0)
    scale = side * vary(rng, 0.45, 0.85, spread) / (high - low).max()
    width, height = scale * (high - low)
    margin = 0.01 * side
    x0 = vary(rng, margin, side - margin - width, spread)
    foot = vary(rng, max(height + margin, horizon + 0.12 * side), side - 2 * margin, spread)
    corner = np.array([x0, foot - height])
    matrix = np.concatenate([scale * turn, (corner - scale * low)[:, None]], 1)
    return Pose(matrix, (x0, foot - height, x0 + width, foot), float(scale))


def paint_animal(
    rng: np.random.Generator, build: Build, pose: Pose, side: int, depth: float, tint: tuple[Color, Color]
) -> tuple[Layer, np.ndarray]:
    """Paint body and head with coat and soft volume.

    Args:
        rng: for the coat.
        build: the animal.
        pose: where it stands.
        side: pixels of the large frame.
        depth: metres.
        tint: gain and veil of the air, see :func:`wsolzoo.synthetic.scenes.habitat.air`.

    Returns:
        The layer, and the (h, w) uint8 coverage of the head in the same window.
    """
    matrix, shift = pose.matrix[:, :2].T, pose.matrix[:, 2]

    def moved(groups: list[list[Shape]]) -> list[list[Shape]]:
        return [[shape._replace(points=shape.points @ matrix + shift) for shape in group] for group in groups]

    window = frame_window(np.array(pose.box[:2]), np.array(pose.box[2:]), side)
    assert window is not None, 'the animal stands inside the frame'
    line = max(1.5, 0.022 * pose.scale)
    trunk, face = paint(moved(build.body), window, line), paint(moved(build.head), window, line)
    light = three(_volume(trunk[..., 3], 0.2 * pose.scale, 0.9)) * _coat(rng, build, pose, window)
    image = cv2.multiply(trunk[..., :3], light, dtype=cv2.CV_32F)
    light = three(_volume(face[..., 3], 0.16 * pose.scale, 0.45))
    lay_over(image, cv2.merge([cv2.multiply(face[..., :3], light, dtype=cv2.CV_8U), face[..., 3]]))
    alpha = cv2.max(trunk[..., 3], face[..., 3])
    veil = three(alpha)
    image = image * np.array(tint[0], np.float32) + veil * (np.array(tint[1], np.float32) / 255)
    image = cv2.merge([cv2.min(cv2.add(image, 0, dtype=cv2.CV_8U), veil), alpha])
    return Layer(image, window[0], window[1], depth, 'animal'), face[..., 3]


def _volume(alpha: np.ndarray, radius: float, strength: float) -> np.ndarray:
    """(h, w) float32 light on a soft volume raised from the silhouette, lit from the upper left."""
    distance = cv2.distanceTransform((alpha > 127).view(np.uint8), cv2.DIST_L2, 3)
    inner = 1 - np.minimum(distance / radius, 1)
    height = cv2.GaussianBlur(np.sqrt(np.maximum(1 - inner * inner, 0)), (0, 0), max(1.0, 0.12 * radius))
    slope = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3) * 0.8 + cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3) * 0.35
    light = 0.82 + 0.22 * height + strength * 0.35 * np.clip(slope * (radius / 8), -0.9, 0.9)
    return light


def _coat(rng: np.random.Generator, build: Build, pose: Pose, window: tuple[int, int, int, int]) -> np.ndarray:
    """(h, w, 3) float32 factors that turn the coat's colour into the marking where the pattern is."""
    x0, y0, x1, y1 = window
    inverse = np.linalg.inv(pose.matrix[:, :2]).astype(np.float32)
    xs = np.arange(x0, x1, dtype=np.float32)[None] + 0.5 - np.float32(pose.matrix[0, 2])
    ys = np.arange(y0, y1, dtype=np.float32)[:, None] + 0.5 - np.float32(pose.matrix[1, 2])
    u, v = inverse[0, 0] * xs + inverse[0, 1] * ys, inverse[1, 0] * xs + inverse[1, 1] * ys
    cells = max(6, int(14 * (y1 - y0) / pose.scale)), max(6, int(14 * (x1 - x0) / pose.scale))
    wobble = noise_patch(rng, (y1 - y0, x1 - x0), cells, 0.8)
    size, phase = rng.uniform(0.85, 1.2), rng.uniform(0, 6.28)
    name = COATS[build.evidence.coat]
    if name == 'stripes':
        field = 3 * np.sin((22 * size) * u + phase + 0.9 * wobble) - 0.3
    elif name == 'spots':
        a, b = 14 * size * (u + 0.6 * v) + phase + 0.35 * wobble, 14 * size * (v - 0.6 * u) + phase
        field = 6 * (np.cos(a) * np.cos(b) - 0.35)
    elif name == 'patches':
        field = 4 * (wobble - 0.25)
    elif name == 'saddle':
        field = 14 * (0.02 - v - 0.05 * wobble)
    else:
        a, b = 11 * size * (u + v) + phase + 0.4 * wobble, 11 * size * (u - v)
        field = 5 * (0.3 - np.minimum(np.abs(np.sin(a)), np.abs(np.sin(b))))
    amount = np.clip(field + 0.5, 0, 1) * np.clip(1 - (v - 0.35) * 5, 0, 1)
    ratio = np.array(build.marking, np.float32) / np.maximum(np.array(build.coat, np.float32), 1)
    counter = 1.06 - 0.22 * np.clip(v + 0.1, 0, 0.5)
    return (1 + three(amount) * (np.minimum(ratio, 2.2) - 1)) * three(counter)
