"""The box of every threshold of a map at once, in time linear in its pixels.

A threshold sweep asks for the components of ``{levels > t}`` for all ``t``. They form a tree: going down from the
highest level components only grow and merge. One pass over the pixels sorted by level, with a union-find structure,
therefore gives what thousands of calls of ``findContours`` give, exactly:

* the contour of largest polygon area is the outer contour of a component; its area is that of the component with
  holes filled, ``#(2x2 quads with 4 pixels) + #(quads with 3) / 2``, and filling commutes with thresholding when it is
  done on grey levels first;
* of equal areas OpenCV lists the component first whose first pixel in raster order comes last;
* hole contours are the 4-connected components of ``{levels <= t}`` that do not touch the frame, grown by one pixel.

The loops are compiled by numba on first use (cached on disk) and release the GIL, so threads scale. Without numba the
same answers come from OpenCV, one call for each level that occurs.
"""

import threading
from functools import lru_cache
from types import ModuleType

import cv2
import numpy as np

from wsolzoo import maps
from wsolzoo.evaluation.functional.boxes import ious as box_ious

CONTOUR, PIXELS = 'largest contour', 'largest component'

_RING = ((0, 1, 2), (3, None, 4), (5, 6, 7))
"""Bit of each neighbour in a mask, by row and column."""


@lru_cache(maxsize=1)
def kernels() -> ModuleType | None:
    """The compiled loops, or None where numba is not installed."""
    try:
        from wsolzoo.evaluation.functional import flood_kernels
    except ImportError:
        return None
    return flood_kernels


class Tables:
    """What a pixel does to a component, by the mask of those of its eight neighbours that are there already."""

    def __init__(self) -> None:
        self.gains = np.array([_quad_gain(mask) for mask in range(256)], np.int32)
        self.ones = np.ones(256, np.int32)
        self.groups8, self.spokes8 = _neighbour_groups(eight=True)
        self.groups4, self.spokes4 = _neighbour_groups(eight=False)


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
def tables() -> Tables:
    """The tables, made once."""
    return Tables()


class Workspace:
    """Scratch memory for maps of one size and type, about 40 bytes a pixel; not to be shared between threads.

    Args:
        shape: height and width of the maps.
        dtype: type of the levels, uint8 or uint16.
        count: number of levels, 256 for uint8.
    """

    def __init__(self, shape: tuple[int, int], dtype: np.dtype, count: int) -> None:
        height, width = shape
        pixels, padded = height * width, (height + 2) * (width + 2)
        self.shape, self.step, self.top = shape, width + 2, np.iinfo(dtype).max
        self.image = np.zeros(padded, dtype)
        self.filled = np.zeros(padded, dtype)
        self.masks = np.zeros(padded, np.uint8)
        self.rows = np.repeat(np.arange(height + 2, dtype=np.uint16), self.step)
        self.order = np.zeros(height * self.step, np.uint32)
        self.starts = np.zeros(count + 1, np.uint32)
        self.cursors = np.zeros((4, count), np.uint32)
        self.queue = np.zeros(pixels + 1, np.uint32)
        self.queued = np.zeros(padded, np.uint8)
        leaves = pixels // 2 + 2
        self.state = (
            np.zeros(padded, np.uint32),
            np.zeros(leaves, np.uint32),
            np.zeros(leaves, np.int32),
            np.zeros(leaves, np.uint32),
            np.zeros((leaves, 4), np.int32),
            np.zeros(leaves, np.uint32),
            np.zeros(leaves, np.uint8),
            np.zeros((leaves, 4), np.int32),
            np.zeros(leaves, np.float64),
        )
        steps = (-self.step - 1, -self.step, -self.step + 1, -1, 1, self.step - 1, self.step, self.step + 1)
        offsets = np.array(steps, np.int64).astype(np.uint32)
        self.hops8, self.hops4 = offsets[tables().spokes8], offsets[tables().spokes4]

    def inner(self, flat: np.ndarray) -> np.ndarray:
        """The (H, W) view of a flat padded array without its frame."""
        height, width = self.shape
        return flat.reshape(height + 2, width + 2)[1:-1, 1:-1]

    def sort(self, flat: np.ndarray) -> None:
        """Sort the pixels of ``flat`` by level, those left and right of the image (level 0) included."""
        kernels().sort_pixels(flat, self.order, self.starts, self.cursors, self.step, len(self.order))


class _Pool(threading.local):
    """One workspace per thread and kind of map, so that arrays are allocated once."""

    def __init__(self) -> None:
        self.spaces: dict[tuple, Workspace] = {}

    def get(self, levels: np.ndarray, count: int) -> Workspace:
        key = (levels.shape, levels.dtype.str, count)
        if key not in self.spaces:
            if len(self.spaces) >= 4:
                self.spaces.pop(next(iter(self.spaces)))
            self.spaces[key] = Workspace(levels.shape, levels.dtype, count)
        return self.spaces[key]


_pool = _Pool()


def _check(levels: np.ndarray, count: int) -> None:
    if levels.ndim != 2 or levels.size == 0 or levels.dtype not in (np.uint8, np.uint16):
        raise ValueError(f'levels are a non-empty 2-D uint8 or uint16 array; got {levels.shape} {levels.dtype}')
    if levels.dtype == np.uint16 and levels.max() >= count:
        raise ValueError(f'level {levels.max()} does not fit into count={count}')


def largest_boxes(levels: np.ndarray, component: str = CONTOUR, count: int = 256) -> np.ndarray:
    """Box of the largest component of ``{levels > t}`` for every ``t`` from 0 to ``count - 1``.

    Args:
        levels: (h, w) uint8 grey levels, or uint16 below ``count``.
        component: ``'largest contour'`` (area of the polygon through pixel centres; ties as in OpenCV) or
            ``'largest component'`` (8-connected, number of pixels; ties: the first in raster order).
        count: number of levels.

    Returns:
        ndarray: (count, 4) int32, x0 y0 x1 y1, end exclusive, not clipped; ``0 0 0 0`` where nothing is above ``t``.
    """
    _check(levels, count)
    if component not in (CONTOUR, PIXELS):
        raise ValueError(f'component is {CONTOUR!r} or {PIXELS!r}; got {component!r}')
    loops, out = kernels(), np.zeros((count, 4), np.int32)
    if loops is None:
        return _largest_boxes_cv2(levels, component, out)
    space, table = _pool.get(levels, count), tables()
    space.inner(space.image)[:] = levels
    source = space.image
    if component == CONTOUR:
        space.inner(space.filled)[:] = space.top
        loops.fill_holes(space.image, space.filled, space.queue, space.queued, *space.shape)
        source = space.filled
    space.sort(source)
    loops.higher_neighbours(source, space.masks, space.step)
    gains = table.gains if component == CONTOUR else table.ones
    loops.largest_boxes(
        space.order, space.starts, space.masks, space.rows, space.step,
        gains, table.groups8, space.hops8, component == CONTOUR, space.state, out,
    )  # fmt: skip
    return out


def best_boxes(
    levels: np.ndarray, truths: np.ndarray, offset: int = 1, clip: bool = True, count: int = 256
) -> tuple[np.ndarray, np.ndarray]:
    """The contour of ``{levels > t}``, holes included, that fits any true box best, for every ``t``.

    Args:
        levels: (h, w) uint8 grey levels, or uint16 below ``count``.
        truths: (M, 4) float64, x0 y0 x1 y1.
        offset: added to every side when areas are computed.
        clip: clip the (exclusive) end of a box to the index of the last pixel.
        count: number of levels.

    Returns:
        tuple[ndarray, ndarray]: IoU (count,) float64, -1 where nothing is above ``t``; and the boxes (count, 4) int32,
        of equal IoU the largest.
    """
    _check(levels, count)
    loops = kernels()
    ious, out = np.full(count, -1.0), np.zeros((count, 4), np.int32)
    truths = np.ascontiguousarray(truths, np.float64).reshape(-1, 4)
    height, width = levels.shape
    limits = (width - 1, height - 1) if clip else (width, height)
    if loops is None:
        return _best_boxes_cv2(levels, truths, offset, limits, ious, out)
    space, table = _pool.get(levels, count), tables()
    space.inner(space.image)[:] = levels
    space.sort(space.image)
    loops.higher_neighbours(space.image, space.masks, space.step)
    shared = (space.order, space.starts, space.masks, space.rows, space.step)
    loops.match_components(*shared, table.groups8, space.hops8, space.state, limits, truths, float(offset), ious, out)
    loops.lower_neighbours(space.image, space.masks, space.step)
    loops.match_holes(
        *shared, table.groups4, space.hops4, space.state, space.shape, limits, truths, float(offset), ious, out
    )
    return ious, out


def grey_levels(map: np.ndarray) -> np.ndarray:
    """``quantise(minmax(map))`` of :mod:`wsolzoo.maps` in one pass, bit for bit.

    Args:
        map: (h, w) float64, finite.

    Returns:
        ndarray: (h, w) uint8; zeros for a constant map.
    """
    loops = kernels()
    if loops is None:
        return maps.quantise(maps.minmax(map))
    low, grey = map.min(), np.zeros(map.shape, np.uint8)
    span = map.max() - low
    if span > 0:
        loops.to_grey(map, low, span, grey)
    return grey


def best_ious(boxes: np.ndarray, truths: np.ndarray, offset: int) -> np.ndarray:
    """Best IoU of every box (N, 4) with any of ``truths`` (M, 4), (N,) float64; 0 where M = 0."""
    loops = kernels()
    if loops is None:
        return box_ious(boxes, truths, offset).max(1, initial=0.0)
    out = np.empty(len(boxes))
    loops.score_boxes(boxes, truths, float(offset), out)
    return out


def _steps(levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Thresholds at which ``{levels > t}`` changes, and the first threshold after each run."""
    present = np.unique(levels)
    begins = np.concatenate([[0], present[present > 0]])[:-1] if present[-1] > 0 else present[:0]
    return begins.astype(int), present[present > 0].astype(int)


def _largest_boxes_cv2(levels: np.ndarray, component: str, out: np.ndarray) -> np.ndarray:
    """Holes cannot win, so that outer contours are enough; OpenCV lists them in the same order as in a tree."""
    for begin, end in zip(*_steps(levels), strict=True):
        mask = (levels > begin).view(np.uint8)
        if component == PIXELS:
            out[begin:end] = maps.largest_component_box(mask)
            continue
        contours = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[-2]
        x, y, w, h = cv2.boundingRect(max(contours, key=cv2.contourArea) if len(contours) > 1 else contours[0])
        out[begin:end] = x, y, x + w, y + h
    return out


def _best_boxes_cv2(
    levels: np.ndarray, truths: np.ndarray, offset: int, limits: tuple[int, int], scores: np.ndarray, out: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    begins, ends = _steps(levels)
    found, first = [], []
    for begin in begins:
        first.append(len(found))
        mask = (levels > begin).view(np.uint8)
        found += map(cv2.boundingRect, cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)[-2])
    if not found:
        return scores, out
    boxes = np.array(found)
    boxes[:, 2:] = np.minimum(boxes[:, :2] + boxes[:, 2:], limits)
    best = box_ious(boxes, truths, offset).max(1, initial=0.0)
    sizes = np.prod(boxes[:, 2:] - boxes[:, :2] + 1, axis=1)
    for begin, end, start, stop in zip(begins, ends, first, [*first[1:], len(found)], strict=True):
        at = start + np.lexsort((sizes[start:stop], best[start:stop]))[-1]
        scores[begin:end], out[begin:end] = best[at], boxes[at]
    return scores, out
