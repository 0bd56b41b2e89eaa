"""The box of every threshold of a map at once, in time linear in its pixels.

A threshold sweep asks for the components of ``{levels > t}`` for all ``t``. They form a tree: going down from the
highest level components only grow and merge. One pass over the pixels sorted by level, with a union-find structure,
therefore gives what thousands of calls of ``findContours`` give, exactly:

* the contour of largest polygon area is the outer contour of a component; its area is that of the component with
  holes filled, ``#(2x2 quads with 4 pixels) + #(quads with 3) / 2``, and filling commutes with thresholding when it is
  done on grey levels first;
* of equal areas OpenCV lists the component first whose first pixel in raster order comes last;
* hole contours are the 4-connected components of ``{levels <= t}`` that do not touch the frame, grown by one pixel.

The way from a map to its runs of boxes is two compiled calls (:meth:`Workspace.put_grey` or
:meth:`Workspace.put_ranks`, then :meth:`Workspace.sweep`) that release the GIL, so threads scale. They are compiled
on first use and cached on disk.
"""

import threading
from functools import lru_cache
from types import ModuleType
from typing import NamedTuple

import numpy as np

COMPONENTS = ('largest contour', 'all contours', 'largest component')
"""Which components become boxes: the contour of largest area of the polygon through pixel centres (ties as in OpenCV),
every contour, those of holes included, of which the best counts, or the 8-connected component with most pixels (ties:
the first in raster order)."""

_RING = ((0, 1, 2), (3, None, 4), (5, 6, 7))
"""Bit of each neighbour in a mask, by row and column."""


@lru_cache(maxsize=1)
def kernels() -> ModuleType:
    """The compiled loops. Numba takes a third of a second to import, so it is imported when a map is first judged."""
    from wsolzoo.evaluation.functional import flood_kernels

    return flood_kernels


class Runs(NamedTuple):
    """The box of every threshold, run-length coded.

    Attributes:
        starts: (R,) uint16, first threshold index of each run, ascending from 0.
        boxes: (R, 4) int32, x0 y0 x1 y1, end exclusive; of all contours the one that fits best, of equals the largest.
        ious: (R,) float64, best IoU with any true box.
        empty: (R,) bool, nothing was above the threshold.
    """

    starts: np.ndarray
    boxes: np.ndarray
    ious: np.ndarray
    empty: np.ndarray


def _quad_gain(mask: int) -> int:
    """Twice the polygon area that the pixel adds: 1 for every quad around it with two or three other pixels."""
    quads = ((0, 1, 3), (1, 2, 4), (3, 5, 6), (4, 6, 7))
    return sum(sum(mask >> bit & 1 for bit in quad) >= 2 for quad in quads)


def _neighbour_groups(eight: bool) -> tuple[np.ndarray, np.ndarray]:
    """Number of groups the present neighbours form without the pixel itself, and one neighbour of each.

    For 4-connectivity only the groups that touch the pixel by a side count.
    """
    groups, spokes = np.zeros(256, np.int64), np.zeros((256, 4), np.int64)
    places = {bit: (y, x) for y, row in enumerate(_RING) for x, bit in enumerate(row) if bit is not None}
    for mask in range(256):
        present = [bit for bit in range(8) if mask >> bit & 1]
        seen: set[int] = set()
        for bit in present:
            if bit in seen or (not eight and bit in (0, 2, 5, 7)):
                continue
            stack = [bit]
            while stack:
                here = stack.pop()
                seen.add(here)
                stack += [b for b in present if b not in seen and _touch(places[here], places[b], eight)]
            spokes[mask, groups[mask]] = bit
            groups[mask] += 1
    return groups, spokes


def _touch(a: tuple[int, int], b: tuple[int, int], eight: bool) -> bool:
    dy, dx = abs(a[0] - b[0]), abs(a[1] - b[1])
    return max(dy, dx) == 1 if eight else dy + dx == 1


@lru_cache(maxsize=1)
def _tables() -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """What does not depend on the size of a map: polygon gains, ones, and the groups of 8 and of 4 neighbours."""
    gains = np.array([_quad_gain(mask) for mask in range(256)], np.int32)
    return gains, np.ones(256, np.int32), _neighbour_groups(eight=True), _neighbour_groups(eight=False)


class Workspace:
    """Scratch memory for maps of one size, about 50 bytes a pixel; not to be shared between threads.

    Args:
        size: height and width of the maps.
        count: number of levels: 256 grey levels, or one more than there are thresholds.
        thresholds: the largest number of thresholds.
    """

    def __init__(self, size: tuple[int, int], count: int, thresholds: int) -> None:
        height, width = self.size = size
        step, padded, leaves = width + 2, (height + 2) * (width + 2), height * width // 2 + 2
        dtype = np.uint8 if count <= 256 else np.uint16
        self.frame = np.empty(size)
        """Where a map is resized to."""
        self.scratch = kernels().Scratch(
            image=np.zeros(padded, dtype),
            filled=np.zeros(padded, dtype),
            inverse=np.zeros(padded, dtype),
            masks=np.zeros(padded, np.uint8),
            rows=np.repeat(np.arange(height + 2, dtype=np.uint16), step),
            order=np.zeros(height * step, np.uint32),
            starts=np.zeros(count + 1, np.uint32),
            cursors=np.zeros((4, count), np.uint32),
            queue=np.zeros(height * width + 1, np.uint32),
            queued=np.zeros(padded, np.uint8),
            labels=np.zeros(padded, np.uint32),
            parent=np.zeros(leaves, np.uint32),
            area=np.zeros(leaves, np.int32),
            first=np.zeros(leaves, np.uint32),
            box=np.zeros((leaves, 4), np.int32),
            roots=np.zeros(leaves, np.uint32),
            touched=np.zeros(leaves, np.uint8),
            scored=np.zeros((leaves, 4), np.int32),
            score=np.zeros(leaves),
            boxes=np.zeros((count, 4), np.int32),
            ious=np.zeros(count),
            runs=np.zeros(thresholds, np.uint16),
            run_boxes=np.zeros((thresholds, 4), np.int32),
            run_ious=np.zeros(thresholds),
            run_empty=np.zeros(thresholds, np.bool_),
        )
        gains, ones, (groups8, spokes8), (groups4, spokes4) = _tables()
        steps = (-step - 1, -step, -step + 1, -1, 1, step - 1, step, step + 1)
        offsets = np.array(steps, np.int64).astype(np.uint32)
        self.tables = kernels().Tables(gains, ones, groups8, offsets[spokes8], groups4, offsets[spokes4])

    @property
    def levels(self) -> np.ndarray:
        """The levels of the map at hand, (H, W) uint8 or uint16; may be written to."""
        height, width = self.size
        return self.scratch.image.reshape(height + 2, width + 2)[1:-1, 1:-1]

    def put_grey(self, map: np.ndarray, stretch: bool) -> int:
        """Make grey levels of a map (H, W) float64 without NaN: ``maps.quantise``, after ``maps.minmax`` if stretched.

        Returns:
            int: the highest level.

        Raises:
            ValueError: a map that is not to be stretched leaves [0, 1].
        """
        top = kernels().put_grey(map, stretch, self.scratch.image)
        if top < 0:
            raise ValueError(f'a normalised map lies in [0, 1]; got {map.min()} to {map.max()}. Normalise it first.')
        return top

    def put_ranks(self, map: np.ndarray, thresholds: np.ndarray) -> None:
        """Make levels of a map (H, W) float64 in [0, 1]: how many thresholds lie below a value."""
        kernels().put_ranks(map, thresholds, self.scratch.image)

    def sweep(
        self,
        truths: np.ndarray,
        thresholds: np.ndarray,
        reference: float | None,
        component: str = COMPONENTS[0],
        offset: int = 1,
        clip: bool = True,
        vacant: tuple[int, int, int, int] = (0, 0, 0, 0),
    ) -> Runs:
        """The box of every threshold of the map at hand.

        Args:
            truths: (M, 4) float64, x0 y0 x1 y1.
            thresholds: (T,) float64, ascending.
            reference: threshold t means "above level ``int(t * reference)``"; None: the k-th means "above level k".
            component: one of :data:`COMPONENTS`.
            offset: added to every side when areas are computed.
            clip: clip the (exclusive) end of a box to the index of the last pixel.
            vacant: the box of an empty foreground.
        """
        height, width = self.size
        limits = (width - 1, height - 1) if clip else (width, height)
        scratch, reference = self.scratch, -1.0 if reference is None else float(reference)
        found = kernels().sweep(
            scratch, self.tables, self.size, COMPONENTS.index(component), limits, truths, float(offset),
            thresholds, reference, vacant,
        )  # fmt: skip
        every = (scratch.runs, scratch.run_boxes, scratch.run_ious, scratch.run_empty)
        return Runs(*(array[:found].copy() for array in every))


class _Pool(threading.local):
    """The workspaces of a thread, so that arrays are allocated once."""

    def __init__(self) -> None:
        self.spaces: dict[tuple, Workspace] = {}


_pool = _Pool()


def workspace(size: tuple[int, int], count: int, thresholds: int) -> Workspace:
    """This thread's :class:`Workspace` of that kind; a thread keeps four."""
    key = (size, count, thresholds)
    if key not in _pool.spaces:
        if len(_pool.spaces) >= 4:
            _pool.spaces.pop(next(iter(_pool.spaces)))
        _pool.spaces[key] = Workspace(size, count, thresholds)
    return _pool.spaces[key]
