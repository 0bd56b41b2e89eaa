"""Compiled trees of components of :mod:`wsolzoo.evaluation.functional.flood`; importing this module imports numba.

Images are laid out as in :mod:`.pixel_kernels`, whose loops are reached through this module too.
"""

from collections import namedtuple
from typing import NamedTuple

import numpy as np
from numba import int32, njit, uint32

from wsolzoo.evaluation.functional.pixel_kernels import (
    NOGIL,
    fill_holes,
    higher_neighbours,
    sort_pixels,
)
from wsolzoo.evaluation.functional.pixel_kernels import pixel_histograms as pixel_histograms
from wsolzoo.evaluation.functional.pixel_kernels import put_grey as put_grey
from wsolzoo.evaluation.functional.pixel_kernels import put_ranks as put_ranks

LARGEST_CONTOUR, ALL_CONTOURS, LARGEST_COMPONENT = range(3)


Scratch = namedtuple(
    'Scratch',
    'image filled inverse masks rows order starts cursors queue queued '  # of pixels, flat, with a frame
    'labels parent area first box roots touched scored score '  # of components
    'boxes ious runs run_boxes run_ious run_empty',  # by level, and by run of thresholds
)
"""The arrays that :func:`sweep` works in, see :class:`~wsolzoo.evaluation.functional.flood.Workspace`."""


class Tables(NamedTuple):
    """What a pixel does to its component, by the mask of the neighbours that are there already.

    ``gains`` is what it adds to the polygon area (twice), ``ones`` to the number of pixels; ``hops`` lead to one
    neighbour of each of the ``groups`` that the neighbours form, 8-connected or 4-connected.
    """

    gains: np.ndarray
    ones: np.ndarray
    groups8: np.ndarray
    hops8: np.ndarray
    groups4: np.ndarray
    hops4: np.ndarray


@njit(**NOGIL, inline='always')
def find(parent, label):
    """Root of a component. Most labels are one step from it, so that step is taken without asking."""
    root = parent[label]
    while parent[root] != root:
        root = parent[root]
        parent[label] = root
    return root


@njit(**NOGIL, inline='always')
def extend(box, root, x0, y0, x1, y1):
    """Grow the box of ``root``, kept as x0, y0, -x1, -y1 with inclusive ends: four equal steps make one vector step."""
    a, b, c, d = min(box[root, 0], x0), min(box[root, 1], y0), min(box[root, 2], x1), min(box[root, 3], y1)
    box[root, 0], box[root, 1], box[root, 2], box[root, 3] = a, b, c, d


@njit(**NOGIL)
def start(parent, area, first, box, label, p):
    """A new component without extent; the pixel that made it is added next."""
    parent[label] = label
    area[label] = 0
    first[label] = p
    for k in range(4):
        box[label, k] = int32(1 << 30)


@njit(**NOGIL)
def join(parent, area, first, box, a, b):
    """Make root ``b`` part of root ``a``."""
    parent[b] = a
    area[a] += area[b]
    first[a] = min(first[a], first[b])
    extend(box, a, box[b, 0], box[b, 1], box[b, 2], box[b, 3])


@njit(**NOGIL)
def grow(s, ranked, gains, groups, hops, step, level, count, alive):
    """Add the pixels of one level to the 8-connected components above it; the numbers of components made and alive.

    Components are either ``ranked`` by their size or matched, for which it is noted that they were touched.
    ``gains[mask]`` is what a pixel with the already present neighbours ``mask`` adds to the size of its component,
    ``hops[mask]`` leads to one neighbour of each of their ``groups[mask]`` groups.
    """
    order, masks, rows, labels, parent = s.order, s.masks, s.rows, s.labels, s.parent
    area, first, box, touched = s.area, s.first, s.box, s.touched
    for at in range(s.starts[level], s.starts[level + 1]):
        p = order[at]
        mask = masks[p]
        if mask == 0:
            root = count
            count += uint32(1)
            start(parent, area, first, box, root, p)
            s.scored[root, 0] = 0
            s.roots[alive] = root
            alive += 1
        else:
            root = find(parent, labels[uint32(p + hops[mask, 0])])
            if groups[mask] > 1:
                for k in range(1, groups[mask]):
                    other = find(parent, labels[uint32(p + hops[mask, k])])
                    if other != root:
                        join(parent, area, first, box, root, other)
            if ranked and mask & 15 == 0 and p < first[root]:
                first[root] = p
        y = int32(rows[p])
        x = int32(p) - y * step
        extend(box, root, x, y, -x, -y)
        if ranked:
            area[root] += gains[mask]
        else:
            touched[root] = 1
        labels[p] = root
    return count, alive


@njit(**NOGIL)
def largest_boxes(s, tables, step, by_contour):
    """Box of the largest 8-connected component of ``{image > t}``, for every t, into ``s.boxes[t]``.

    The size of a component is the area of its outer contour, or its number of pixels; of equal sizes that one wins
    whose first pixel in raster order comes last (contours) or first.
    """
    parent, area, first, box, roots = s.parent, s.area, s.first, s.box, s.roots
    gains = tables.gains if by_contour else tables.ones
    alive, count, best = 0, uint32(0), uint32(0)
    for level in range(s.starts.size - 2, 0, -1):
        count, alive = grow(s, True, gains, tables.groups8, tables.hops8, int32(step), level, count, alive)
        if s.starts[level] != s.starts[level + 1]:
            kept = 0
            for k in range(alive):
                root = roots[k]
                if parent[root] != root:
                    continue
                roots[kept] = root
                kept += 1
                tie = first[root] > first[best] if by_contour else first[root] < first[best]
                if kept == 1 or area[root] > area[best] or (area[root] == area[best] and tie):
                    best = root
            alive = kept
        if alive > 0:
            s.boxes[level - 1, 0], s.boxes[level - 1, 1] = box[best, 0] - 1, box[best, 1] - 1
            s.boxes[level - 1, 2], s.boxes[level - 1, 3] = -box[best, 2], -box[best, 3]


@njit(**NOGIL)
def best_iou(x0, y0, x1, y1, truths, offset):
    """Largest IoU of one box with boxes ``truths`` (M, 4)."""
    best = 0.0
    own = (x1 - x0 + offset) * (y1 - y0 + offset)
    for k in range(truths.shape[0]):
        wide = min(x1, truths[k, 2]) - max(x0, truths[k, 0]) + offset
        high = min(y1, truths[k, 3]) - max(y0, truths[k, 1]) + offset
        if wide <= 0 or high <= 0:
            continue
        both = wide * high
        whole = own + (truths[k, 2] - truths[k, 0] + offset) * (truths[k, 3] - truths[k, 1] + offset) - both
        if whole > 0:
            best = max(best, both / whole)
    return best


@njit(**NOGIL)
def score_roots(s, alive, margin, limits, truths, offset, at):
    """Best IoU over the components alive at one level, merged into ``s.ious[at]``; the number alive.

    Boxes are grown by ``margin``. A component is scored again only if it was touched since and its box has changed.
    """
    parent, box, roots, touched, scored, score = s.parent, s.box, s.roots, s.touched, s.scored, s.score
    ious, out = s.ious, s.boxes
    kept = 0
    for k in range(alive):
        root = roots[k]
        if parent[root] != root:
            continue
        roots[kept] = root
        kept += 1
        x0, y0 = box[root, 0] - 1 - margin, box[root, 1] - 1 - margin
        x1, y1 = min(-box[root, 2] + margin, limits[0]), min(-box[root, 3] + margin, limits[1])
        if touched[root]:
            touched[root] = 0
            same = True
            for side in range(4):
                same &= scored[root, side] == box[root, side]
                scored[root, side] = box[root, side]
            if not same:
                score[root] = best_iou(float(x0), float(y0), float(x1), float(y1), truths, offset)
        value = score[root]
        if value > ious[at] or (
            value == ious[at]
            and (x1 - x0 + 1) * (y1 - y0 + 1) > (out[at, 2] - out[at, 0] + 1) * (out[at, 3] - out[at, 1] + 1)
        ):
            ious[at] = value
            out[at, 0], out[at, 1], out[at, 2], out[at, 3] = x0, y0, x1, y1
    return kept


@njit(**NOGIL)
def match_components(s, tables, step, limits, truths, offset):
    """Best IoU of any 8-connected component of ``{image > t}`` into ``s.ious[t]``, and its box into ``s.boxes[t]``."""
    alive, count = 0, uint32(0)
    for level in range(s.starts.size - 2, 0, -1):
        count, alive = grow(s, False, tables.ones, tables.groups8, tables.hops8, int32(step), level, count, alive)
        if s.starts[level] != s.starts[level + 1]:
            alive = score_roots(s, alive, 0, limits, truths, offset, level - 1)
        elif alive > 0:
            s.ious[level - 1] = s.ious[level]
            for k in range(4):
                s.boxes[level - 1, k] = s.boxes[level, k]


@njit(**NOGIL)
def on_border(p, rows, step, height, width):
    """Whether a pixel touches the frame, or belongs to it."""
    y = int32(rows[p])
    x = int32(p) - y * step
    return x <= 1 or y <= 1 or x >= width or y >= height


@njit(**NOGIL)
def match_holes(s, tables, shape, limits, truths, offset):
    """The same for the contours of holes: 4-connected components of ``{image <= t}`` that do not touch the frame.

    The pixels of the frame on the left and right are sorted too, at level 0; they are background from the start.
    """
    order, starts, masks, rows, labels = s.order, s.starts, s.masks, s.rows, s.labels
    parent, area, first, box, roots = s.parent, s.area, s.first, s.box, s.roots
    touched, scored, groups, hops = s.touched, s.scored, tables.groups4, tables.hops4
    height, width = shape
    step = int32(width + 2)
    frame = uint32(0)
    labels[:] = frame
    start(parent, area, first, box, frame, uint32(0))
    count = uint32(1)
    alive = 0
    for level in range(starts.size - 2):
        for at in range(starts[level], starts[level + 1]):
            p = order[at]
            mask = masks[p]
            root = frame
            if level == 0 and on_border(p, rows, step, height, width):
                pass  # at level 0 the frame does not come before all of its neighbours, so it is asked for
            elif groups[mask] == 0:
                root = count
                count += uint32(1)
                start(parent, area, first, box, root, p)
                scored[root, 0] = 0
                roots[alive] = root
                alive += 1
            else:
                root = find(parent, labels[uint32(p + hops[mask, 0])])
            if groups[mask] > 1 or level == 0:
                for k in range(groups[mask]):
                    other = find(parent, labels[uint32(p + hops[mask, k])])
                    if other == root:
                        continue
                    if other == frame:
                        root, other = other, root
                    join(parent, area, first, box, root, other)
            if root != frame:
                y = int32(rows[p])
                x = int32(p) - y * step
                extend(box, root, x, y, -x, -y)
                touched[root] = 1
            labels[p] = root
        if starts[level + 1] == starts[starts.size - 1]:
            break
        if alive > 0:
            alive = score_roots(s, alive, 1, limits, truths, offset, level)


@njit(**NOGIL)
def box_levels(s, tables, shape, component, limits, truths, offset):
    """The box of every level into ``s.boxes``, clipped to ``limits``, and its IoU into ``s.ious``."""
    height, width = shape
    step = width + 2
    levels = s.ious.size
    s.boxes[:] = 0
    s.ious[:] = -1.0
    source = s.image
    if component == LARGEST_CONTOUR:
        fill_holes(s.image, s.filled, s.queue, s.queued, height, width)
        source = s.filled
    sort_pixels(source, s.order, s.starts, s.cursors, step, s.order.size)
    higher_neighbours(source, s.masks, step)
    if component == ALL_CONTOURS:
        match_components(s, tables, step, limits, truths, offset)
        for p in range(s.image.size):
            s.inverse[p] = levels - 1 - s.image[p]
        higher_neighbours(s.inverse, s.masks, step)
        match_holes(s, tables, shape, limits, truths, offset)
        return
    largest_boxes(s, tables, step, component == LARGEST_CONTOUR)
    for k in range(levels):
        if s.boxes[k, 2] == 0:
            continue
        s.boxes[k, 2], s.boxes[k, 3] = min(s.boxes[k, 2], limits[0]), min(s.boxes[k, 3], limits[1])
        same = k > 0 and s.ious[k - 1] >= 0
        for side in range(4):
            same = same and s.boxes[k, side] == s.boxes[k - 1, side]
        s.ious[k] = (
            s.ious[k - 1]
            if same
            else best_iou(
                float(s.boxes[k, 0]), float(s.boxes[k, 1]), float(s.boxes[k, 2]), float(s.boxes[k, 3]), truths, offset
            )
        )


@njit(**NOGIL)
def sweep(s, tables, shape, component, limits, truths, offset, thresholds, reference, vacant):
    """The box of every threshold of the levels in ``s.image``, as runs of equal boxes; their number.

    Threshold k means level ``int(thresholds[k] * reference)``, or level k where ``reference`` is negative. ``vacant``
    is the box of an empty foreground.
    """
    box_levels(s, tables, shape, component, limits, truths, offset)
    x0, y0, x1, y1 = vacant
    nothing = best_iou(float(x0), float(y0), float(x1), float(y1), truths, offset)
    found, last = 0, -1
    for k in range(thresholds.size):
        level = k if reference < 0 else min(int(thresholds[k] * reference), s.ious.size - 1)
        empty = s.ious[level] < 0
        same = level == last
        if not same and found > 0 and empty == s.run_empty[found - 1]:
            same = True
            for side in range(4):
                same = same and (empty or s.boxes[level, side] == s.run_boxes[found - 1, side])
        last = level
        if same:
            continue
        s.runs[found], s.run_empty[found] = k, empty
        if empty:
            s.run_ious[found] = nothing
            s.run_boxes[found, 0], s.run_boxes[found, 1], s.run_boxes[found, 2], s.run_boxes[found, 3] = x0, y0, x1, y1
        else:
            s.run_ious[found] = s.ious[level]
            for side in range(4):
                s.run_boxes[found, side] = s.boxes[level, side]
        found += 1
    return found
