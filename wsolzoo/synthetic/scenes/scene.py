"""One scene from (seed, split, index): an animal in a place, and everything that is true about it."""

from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import cv2
import numpy as np

from wsolzoo.synthetic.optics.lens import Lens
from wsolzoo.synthetic.scenes.animal import build_animal, paint_animal, pose_animal
from wsolzoo.synthetic.scenes.clutter import draw_clutter
from wsolzoo.synthetic.scenes.focus import FOCAL_MM, circle_of_confusion, composite, lens_for
from wsolzoo.synthetic.scenes.habitat import FAR, Backdrop, air, draw_backdrop, ground_depth
from wsolzoo.synthetic.scenes.shapes import SCALE, Layer, three
from wsolzoo.synthetic.scenes.species import COATS, SPECIES, TAILS

SPLITS = {'train': 0, 'val': 1, 'test': 2}
SIZES = (64, 96, 128)
FORMAT_VERSION = 5
"""Raised whenever the same parameters would draw another picture: caches of older versions are drawn anew."""

_WORLD, _ANIMAL, _CAMERA, _ORDER = range(4)
_MAX_CUT, _MAX_HEAD_CUT = 0.12, 0.2


@dataclass(frozen=True)
class SceneSpec:
    """What kind of scenes to draw.

    Args:
        size: side of the picture in pixels: 64, 96 or 128.
        body_evidence: probability that coat, tail and coat hue follow the species; the rest is uniform. At 0 only the
            head tells the species.
        spread: how much of the range of place, size, turn and pose is used, in [0, 1], about its middle.
        flip: whether half of the animals face left.
        max_coc: greatest circle of confusion in pixels; 0 draws everything sharp.
        focus: what the lens is focused on: the 'animal', or a distance drawn at 'random'.
        grain: add the noise of the sensor; without it another camera may come after the lens.
        animal: draw the animal; without it the same place is left empty (to test that places tell nothing).

    Raises:
        ValueError: where a value is out of its range.
    """

    size: int = 96
    body_evidence: float = 1.0
    spread: float = 1.0
    flip: bool = True
    max_coc: float = 0.0
    focus: str = 'animal'
    grain: bool = True
    animal: bool = True

    def __post_init__(self) -> None:
        if self.size not in SIZES:
            raise ValueError(f'size must be one of {", ".join(map(str, SIZES))}; got {self.size!r}')
        for name in ('body_evidence', 'spread'):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f'{name} must be in [0, 1]; got {getattr(self, name)!r}')
        if self.max_coc < 0:
            raise ValueError(f'max_coc must be at least 0 pixels; got {self.max_coc!r}')
        if self.focus not in ('animal', 'random'):
            raise ValueError(f"focus must be 'animal' or 'random'; got {self.focus!r}")


@dataclass(frozen=True)
class Scene:
    """A picture and its truth. H = W = ``size``; coordinates in pixels, ends exclusive.

    Attributes:
        image: (H, W, 3) uint8 BGR, blurred by the lens where there is one.
        sharp: the same all in focus (the same array where there is no lens).
        label: index of the species in :data:`SPECIES`.
        box: (4,) float64 x0 y0 x1 y1, tight around ``mask``; all zero without an animal.
        mask: (H, W) bool, the visible animal.
        head: (H, W) bool, the visible head, part of ``mask``; for analysis only.
        depth: (H, W) float32 metres; the sky is at 30.
        focus: distance in focus in metres.
        coc: (H, W) float32 diameter of the circle of confusion in pixels; zero without a lens.
        params: what was drawn: habitat, coat, tail, depths, lens.
    """

    image: np.ndarray
    sharp: np.ndarray
    label: int
    box: np.ndarray
    mask: np.ndarray
    head: np.ndarray
    depth: np.ndarray
    focus: float
    coc: np.ndarray
    params: dict[str, Any] = field(default_factory=dict)


class _Stage(NamedTuple):
    """Everything in its place: layers back to front, and who is seen at each pixel of the picture."""

    layers: list[Layer]
    mask: np.ndarray
    head: np.ndarray
    depth: np.ndarray
    params: dict[str, Any]


def _stream(seed: int, split: str, index: int, purpose: int) -> np.random.Generator:
    if split not in SPLITS:
        raise ValueError(f'split must be one of {", ".join(SPLITS)}; got {split!r}')
    if seed < 0 or index < 0:
        raise ValueError(f'seed and index must be at least 0; got {seed!r} and {index!r}')
    return np.random.default_rng([seed, SPLITS[split], index, purpose])


def scene_label(seed: int, split: str, index: int) -> int:
    """The species of a scene: every ten scenes in a row hold each species once, in random order."""
    block, place = divmod(index, len(SPECIES))
    return int(_order(seed, split, block)[place])


@lru_cache(maxsize=1024)
def _order(seed: int, split: str, block: int) -> np.ndarray:
    return _stream(seed, split, block, _ORDER).permutation(len(SPECIES))


def draw_scene(seed: int, split: str, index: int, **params: Any) -> Scene:
    """Draw one scene; the same arguments give the same scene, whatever was drawn before.

    Args:
        seed: seed of the data set.
        split: 'train', 'val' or 'test'.
        index: any index from 0.
        **params: see :class:`SceneSpec`.

    Returns:
        The scene.

    Raises:
        ValueError: where an argument is out of its range.
    """
    spec = SceneSpec(**params)
    label = scene_label(seed, split, index)
    world, rng, camera = (_stream(seed, split, index, purpose) for purpose in (_WORLD, _ANIMAL, _CAMERA))
    backdrop = draw_backdrop(world, spec.size * SCALE)
    things = draw_clutter(world, backdrop, spec.size * SCALE)
    stage = _arrange(rng, spec, label, backdrop, things)
    lens = _lens(camera, spec, stage.params['animal_depth'])
    image, sharp = _photograph(camera, spec, backdrop, stage.layers, lens)
    return Scene(
        image=image,
        sharp=sharp,
        label=label,
        box=tight_box(stage.mask),
        mask=stage.mask,
        head=stage.head,
        depth=stage.depth.astype(np.float32),
        focus=stage.params['animal_depth'] if lens is None else lens.focus / 1000,
        coc=(np.zeros_like(stage.depth) if lens is None else circle_of_confusion(stage.depth, lens)).astype(np.float32),
        params={**stage.params, 'lens': lens, 'spec': asdict(spec)},
    )


def _arrange(
    rng: np.random.Generator, spec: SceneSpec, label: int, backdrop: Backdrop, things: list[tuple[float, Layer]]
) -> _Stage:
    """Put the animal among the things of the place, and shadows on the ground of ``backdrop``, in place."""
    side = spec.size * SCALE
    build = build_animal(rng, label, spec.body_evidence, spec.spread)
    pose = pose_animal(rng, build, side, backdrop.horizon, spec.spread, spec.flip)
    foot = pose.box[3]
    depth = float(ground_depth(np.array(foot), backdrop.horizon, side))
    animal, head = paint_animal(rng, build, pose, side, depth, air(backdrop, depth))
    far = [layer for row, layer in things if row <= foot]
    near = _keep_visible(animal, head, [layer for row, layer in things if row > foot])
    layers = [*far, animal, *near] if spec.animal else [*far, *near]
    _shadows(backdrop.image, [*far, *near], pose.box if spec.animal else None)
    params = {
        'habitat': backdrop.habitat.name,
        'horizon': backdrop.horizon / SCALE,
        'species': SPECIES[label],
        'coat': COATS[build.evidence.coat],
        'tail': TAILS[build.evidence.tail],
        'hue': build.evidence.hue,
        'animal_depth': depth,
        'scale': pose.scale / SCALE,
    }
    return _Stage(layers, *_truth(backdrop, layers, head, side), params)


def _photograph(
    rng: np.random.Generator, spec: SceneSpec, backdrop: Backdrop, layers: list[Layer], lens: Lens | None
) -> tuple[np.ndarray, np.ndarray]:
    """The picture through the lens, and the same all in focus."""
    side = spec.size * SCALE
    rows = ground_depth(np.arange(side) + 0.5, backdrop.horizon, side)
    develop = _developer(rng, spec.size, spec.grain)
    sharp = develop(composite(backdrop.image, rows, layers))
    return (sharp if lens is None else develop(composite(backdrop.image, rows, layers, lens))), sharp


def tight_box(mask: np.ndarray) -> np.ndarray:
    """(4,) float64 x0 y0 x1 y1 around the True pixels, ends exclusive; zeros where there is none."""
    rows, cols = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not rows.size:
        return np.zeros(4)
    return np.array([cols[0], rows[0], cols[-1] + 1, rows[-1] + 1], np.float64)


def _coverage(alpha: np.ndarray) -> np.ndarray:
    """Share of each pixel of the picture that is covered, from coverage in the large frame; uint8."""
    return cv2.resize(alpha, None, fx=1 / SCALE, fy=1 / SCALE, interpolation=cv2.INTER_AREA)


def _small(layer: Layer) -> tuple[slice, slice]:
    rows, cols = layer.window
    return slice(rows.start // SCALE, rows.stop // SCALE), slice(cols.start // SCALE, cols.stop // SCALE)


def _truth(
    backdrop: Backdrop, layers: list[Layer], head: np.ndarray, side: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mask, head and depth (float64 metres): in front at a pixel is the last layer that covers half of it."""
    size = side // SCALE
    rows = ground_depth((np.arange(size) + 0.5) * SCALE, backdrop.horizon, side)
    depth = np.repeat(rows[:, None], size, 1)
    mask: np.ndarray = np.zeros((size, size), bool)
    face = mask.copy()
    for layer in layers:
        window, covered = _small(layer), _coverage(layer.image[..., 3]) >= 128
        depth[window][covered] = min(layer.depth, FAR)
        is_animal = layer.name == 'animal'
        mask[window][covered] = is_animal
        if is_animal:
            face[window] = covered & (_coverage(head) >= 128)
    return mask, face & mask, depth


def _keep_visible(animal: Layer, head: np.ndarray, near: list[Layer]) -> list[Layer]:
    """Drops nearer things that would hide more than a little of the animal or of its head."""
    body, face = animal.image[..., 3] > 127, head > 127
    limits = _MAX_CUT * np.count_nonzero(body), _MAX_HEAD_CUT * np.count_nonzero(face)
    hidden = np.zeros(body.shape, bool)
    kept = []
    for layer in near:
        trial, (low, high) = hidden.copy(), _common(animal, layer)
        if (high > low).all():
            part = layer.image[low[0] - layer.y : high[0] - layer.y, low[1] - layer.x : high[1] - layer.x, 3]
            trial[low[0] - animal.y : high[0] - animal.y, low[1] - animal.x : high[1] - animal.x] |= part > 127
        if np.count_nonzero(trial & body) <= limits[0] and np.count_nonzero(trial & face) <= limits[1]:
            hidden = trial
            kept.append(layer)
    return kept


def _common(first: Layer, second: Layer) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest (row, column) of the rectangle that both layers cover."""
    corners = [np.array([layer.y, layer.x]) for layer in (first, second)]
    ends = [corner + layer.image.shape[:2] for corner, layer in zip(corners, (first, second), strict=True)]
    return np.maximum(*corners), np.minimum(*ends)


def _shadows(image: np.ndarray, layers: list[Layer], animal: tuple[float, float, float, float] | None) -> None:
    """Darken the ground under the things, in place."""
    spots: list[tuple[float, float, float]] = []
    for layer in layers:
        tall, wide = layer.image.shape[:2]
        spots.append((layer.x + 0.15 * wide, layer.x + 0.85 * wide, layer.y + tall - 3.0))
    if animal is not None:
        spots.append((animal[0], animal[2], animal[3]))
    side = len(image)
    for x0, x1, y in spots:
        half = max(2.0, (x1 - x0) / 2)
        tall = 0.17 * half
        top, stop = max(0, int(y - 2 * tall)), min(side, int(y + 2 * tall) + 1)
        left, right = max(0, int((x0 + x1) / 2 - 1.6 * half)), min(side, int((x0 + x1) / 2 + 1.6 * half) + 1)
        if stop <= top or right <= left:
            continue
        dy = (np.arange(top, stop, dtype=np.float32)[:, None] - np.float32(y)) / np.float32(tall)
        dx = (np.arange(left, right, dtype=np.float32)[None] - np.float32((x0 + x1) / 2)) / np.float32(half)
        image[top:stop, left:right] *= three(1 - np.float32(0.45) * np.exp(-dy * dy) * np.exp(-((dx * dx) ** 2)))


def _lens(rng: np.random.Generator, spec: SceneSpec, depth: float) -> Lens | None:
    focal, strength, where = rng.choice(FOCAL_MM), rng.uniform(0.5, 1.0), rng.uniform()
    if not spec.max_coc:
        return None
    nearness = 1 / FAR + where * (1 / 2.5 - 1 / FAR)
    focus = depth if spec.focus == 'animal' else 1 / nearness
    return lens_for(float(focal), float(focus), strength * spec.max_coc, spec.size)


def _developer(rng: np.random.Generator, size: int, grainy: bool):
    """The camera: area sampling, white balance, exposure, vignette and noise, the same for every picture it takes."""
    gains = (rng.uniform(0.93, 1.07, 3) * rng.uniform(0.85, 1.12)).astype(np.float32)
    offset = (np.arange(size, dtype=np.float32) + 0.5) / size - 0.5
    vignette = 1 - rng.uniform(0, 0.5) * (offset[:, None] ** 2 + offset[None] ** 2)
    grain = rng.standard_normal((size, size, 3), np.float32) * np.float32(rng.uniform(1.0, 4.5) * grainy)
    response = three(vignette.astype(np.float32)) * gains

    def develop(large: np.ndarray) -> np.ndarray:
        picture = cv2.resize(large, (size, size), interpolation=cv2.INTER_AREA) * response + grain
        return np.clip(np.rint(picture), 0, 255).astype(np.uint8)

    return develop
