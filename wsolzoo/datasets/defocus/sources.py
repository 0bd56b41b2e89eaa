"""Where all-in-focus images with depth come from: folders of pairs, and the built-in scenes."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

import cv2
import numpy as np

MM = {'mm': 1.0, 'cm': 10.0, 'm': 1000.0, 'sintel unit': 1000.0}
"""Depth units a list may name, in mm."""


@dataclass(frozen=True)
class DepthFolder:
    """Pairs of an image and its depth in a folder.

    Where the folder has an ``ANNOTATIONS.csv`` with the columns ``file, depth_or_disparity, unit, scale_to_unit``, that
    list says what belongs together; otherwise ``X.jpg`` or ``X.png`` goes with ``X<suffix>``. A depth of 0 is a hole:
    it takes the depth of the nearest pixel that has one; pairs with too many holes are left out.

    Args:
        root: the folder.
        suffix: ending of the depth files, where there is no list.
        unit: of the stored depth, where there is no list: one of :data:`MM`, or ``px`` for disparity.
        scale: stored value to ``unit``.
        border: pixels cut off on every side (some scanners leave a white frame).
        min_valid: smallest share of pixels with a depth.
        nearest: depth in mm given to the largest disparity, which has no unit of its own.
        include: patterns of pair names; ``exclude``: patterns to leave out.
    """

    root: str
    suffix: str = '_depth.png'
    unit: str = 'm'
    scale: float = 0.001
    border: int = 0
    min_valid: float = 0.95
    nearest: float = 1000.0
    include: tuple[str, ...] = ('*',)
    exclude: tuple[str, ...] = ()

    def pairs(self) -> dict[str, tuple[str, str, str, float]]:
        """Pair name to (image file, depth file, unit, scale), sorted by name.

        Raises:
            FileNotFoundError: the folder holds no pair.
        """
        found = self._listed() if (Path(self.root) / 'ANNOTATIONS.csv').is_file() else self._walked()
        found = {name: found[name] for name in sorted(found) if self._wanted(name)}
        if not found:
            raise FileNotFoundError(
                f'no image and depth pair in {self.root} (include {self.include}, exclude {self.exclude}); '
                f'expected NAME.jpg with NAME{self.suffix}, or an ANNOTATIONS.csv'
            )
        return found

    def _wanted(self, name: str) -> bool:
        return any(fnmatch(name, p) for p in self.include) and not any(fnmatch(name, p) for p in self.exclude)

    def _listed(self) -> dict:
        with open(Path(self.root) / 'ANNOTATIONS.csv', newline='', encoding='utf-8') as file:
            rows = [row for row in csv.DictReader(file) if row.get('depth_or_disparity')]
        rows = [row for row in rows if float(row.get('valid_frac') or 1) >= self.min_valid]
        return {
            str(Path(row['file']).with_suffix('')): (
                row['file'],
                row['depth_or_disparity'],
                row['unit'],
                float(row['scale_to_unit']),
            )
            for row in rows
        }

    def _walked(self) -> dict:
        root = Path(self.root)
        found = {}
        for depth in sorted(root.rglob(f'*{self.suffix}')):
            stem = str(depth.relative_to(root))[: -len(self.suffix)]
            image = next((stem + end for end in ('.jpg', '.png', '.jpeg') if (root / (stem + end)).is_file()), None)
            if image:
                found[stem] = (image, stem + self.suffix, self.unit, self.scale)
        return found

    def names(self) -> list[str]:
        """Names of all pairs."""
        return list(self.pairs())

    def load(self, name: str, rng: np.random.Generator | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Image (H, W, 3) uint8 BGR and depth (H, W) float64 mm, without holes; nothing in it is random.

        Raises:
            OSError: a file cannot be read.
            ValueError: the sizes differ or there are too many holes.
        """
        image_file, depth_file, unit, scale = self.pairs()[name]
        image = cv2.imread(str(Path(self.root) / image_file))
        stored = cv2.imread(str(Path(self.root) / depth_file), cv2.IMREAD_UNCHANGED)
        if image is None or stored is None:
            raise OSError(f'cannot read {image_file if image is None else depth_file} in {self.root}')
        stored = stored if stored.ndim == 2 else stored[..., 0]
        if stored.shape != image.shape[:2]:
            raise ValueError(f'{name}: image is {image.shape[:2]}, depth is {stored.shape}')
        if self.border:
            inner = slice(self.border, -self.border)
            image, stored = image[inner, inner], stored[inner, inner]
        valid = stored > 0
        if valid.mean() < self.min_valid:
            raise ValueError(f'{name}: only {valid.mean():.0%} of the pixels have a depth; min_valid={self.min_valid}')
        stored = fill_nearest(stored.astype(np.float64), valid)
        depth = self.nearest * stored.max() / stored if unit == 'px' else stored * scale * MM[unit]
        return np.ascontiguousarray(image), depth


@dataclass(frozen=True)
class ScenePairs:
    """The built-in scenes and their exact depth; nothing to download.

    Args:
        split: of the scenes.
        count: scenes ``0 … count - 1``.
        seed: of the scenes.
        params: arguments of :func:`wsolzoo.synthetic.scenes.draw_scene`, such as the size.
        mm_per_unit: scene depth to mm.
    """

    split: str
    count: int
    seed: int = 0
    params: Mapping = field(default_factory=dict)
    mm_per_unit: float = 1000.0

    def names(self) -> list[str]:
        """Names of all scenes."""
        return [f'{self.split}-{self.seed}-{index:05d}' for index in range(self.count)]

    def load(self, name: str, rng: np.random.Generator | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Image (H, W, 3) uint8 BGR without grain and depth (H, W) float64 mm; nothing in it is random."""
        from wsolzoo.synthetic.scenes import draw_scene

        scene = draw_scene(self.seed, self.split, int(name.rsplit('-', 1)[1]), **{'grain': False, **self.params})
        return np.ascontiguousarray(scene.image), np.asarray(scene.depth, np.float64) * self.mm_per_unit


def fill_nearest(values: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """``values`` (H, W) with every pixel that is not ``valid`` replaced by the nearest valid one."""
    if valid.all():
        return values
    from scipy.ndimage import distance_transform_edt

    where = distance_transform_edt(~valid, return_distances=False, return_indices=True)
    return values[tuple(where)]
