"""Photographs without depth, given a synthetic one."""

from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from wsolzoo.synthetic.optics.depth import draw_scene_of

ENDINGS = ('.jpg', '.jpeg', '.png', '.bmp', '.webp')


@dataclass(frozen=True)
class Photographs:
    """Square parts of the photographs below a folder, each with a depth drawn for it.

    A photograph has blur of its own, which no label knows. So it is resized by a random factor, and of several random
    parts the one with the sharpest detail for its contrast is taken. Factors above 1 give what larger photographs show:
    little detail to a pixel, and that a bit soft. A photograph smaller than the part is continued by its mirror image.

    Args:
        root: the folder, searched to any depth.
        size: side of the parts, pixels.
        include: patterns of paths below the folder; ``exclude``: patterns to leave out.
        shrink: ends of the factor, from 1 for as it is; above 1 it enlarges.
        parts: how many parts to choose from.
        max_layers: see :func:`~wsolzoo.synthetic.optics.depth.draw_scene_of`.
        limit: take so many photographs, evenly spread over the sorted list; all by default.
    """

    root: str
    size: int = 128
    include: tuple[str, ...] = ('*',)
    exclude: tuple[str, ...] = ()
    shrink: tuple[float, float] = (0.5, 1.0)
    parts: int = 3
    max_layers: int = 4
    limit: int | None = None

    def names(self) -> list[str]:
        """Paths below the folder, sorted."""
        return self._names

    @cached_property
    def _names(self) -> list[str]:
        """Read once.

        Raises:
            FileNotFoundError: there is no photograph.
        """
        root = Path(self.root)
        files = (file.relative_to(root) for file in root.rglob('*') if file.suffix.lower() in ENDINGS)
        found = sorted(str(f) for f in files if self._wanted(f))
        if not found:
            raise FileNotFoundError(
                f'no photograph ({", ".join(ENDINGS)}) below {self.root} '
                f'(include {self.include}, exclude {self.exclude})'
            )
        if self.limit is None or self.limit >= len(found):
            return found
        return [found[place] for place in np.linspace(0, len(found) - 1, self.limit).round().astype(int)]

    def _wanted(self, file: Path) -> bool:
        name = str(file)
        return any(fnmatch(name, p) for p in self.include) and not any(fnmatch(name, p) for p in self.exclude)

    def load(self, name: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Image (S, S, 3) uint8 BGR and depth (S, S) float64 mm; both random.

        Raises:
            OSError: a photograph cannot be read.
        """
        names = self.names()
        others = [self.part(names[int(rng.integers(len(names)))], rng) for _ in range(2)]
        return draw_scene_of(self.part(name, rng), others, rng, self.max_layers)

    def part(self, name: str, rng: np.random.Generator) -> np.ndarray:
        """A sharp part (S, S, 3) uint8 of one photograph."""
        image = cv2.imread(str(Path(self.root) / name))
        if image is None:
            raise OSError(f'cannot read the photograph {Path(self.root) / name}')
        least = min(1.0, self.size / min(image.shape[:2]))
        factor = max(rng.uniform(*self.shrink), least)
        if factor < 1:
            image = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        elif factor > 1:
            image = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
        lack = [max(0, self.size - side) for side in image.shape[:2]]
        image = cv2.copyMakeBorder(image, 0, lack[0], 0, lack[1], cv2.BORDER_REFLECT_101)
        cuts = []
        for _ in range(self.parts):
            y, x = (int(rng.integers(side - self.size + 1)) for side in image.shape[:2])
            cuts.append(image[y : y + self.size, x : x + self.size])
        return max(cuts, key=detail)


def detail(image: np.ndarray) -> float:
    """How much of the local contrast is fine: mean absolute Laplacian over mean absolute gradient, plus one level each.

    Example:
        >>> picture = np.zeros((16, 16, 3), np.uint8)
        >>> picture[::2] = 200
        >>> detail(picture) > detail(cv2.GaussianBlur(picture, (0, 0), 1.0))
        True
    """
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32)
    slopes = np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean()
    return float((np.abs(cv2.Laplacian(grey, cv2.CV_32F)).mean() + 1) / (slopes + 1))
