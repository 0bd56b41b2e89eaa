"""Compiled trees of components of :mod:`wsolzoo.evaluation.functional.flood`; importing this module imports numba.

Images are laid out as in :mod:`.pixel_kernels`, whose loops are reached through this module too.
"""

from numba import int32, njit, uint32

from wsolzoo.evaluation.functional.pixel_kernels import (
    NOGIL,
    fill_holes,
    higher_neighbours,
    lower_neighbours,
    pixel_histograms,
    sort_pixels,
    to_grey,
)

__all__ = [
    'fill_holes',
    'higher_neighbours',
    'largest_boxes',
    'lower_neighbours',
    'match_components',
    'match_holes',
    'pixel_histograms',
    'score_boxes',
    'sort_pixels',
    'to_grey',
]


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
def largest_boxes(order, starts, masks, rows, step, gains, groups, hops, latest, state, out):
    """Box of the largest 8-connected component of ``{image > t}``, for every t, into ``out[t]``.

    Pixels are added from the highest level down. ``gains[mask]`` is what a pixel with the already present neighbours
    ``mask`` adds to the size of its component, ``hops[mask]`` leads to one neighbour of each of their ``groups[mask]``
    groups. Of equal sizes the component wins whose first pixel in raster order comes last (``latest``) or first.
    """
    labels, parent, area, first, box, roots, _, _, _ = state
    step = int32(step)
    alive = 0
    count = uint32(0)
    best = uint32(0)
    for level in range(starts.size - 2, 0, -1):
        for at in range(starts[level], starts[level + 1]):
            p = order[at]
            mask = masks[p]
            if mask == 0:
                root = count
                count += uint32(1)
                start(parent, area, first, box, root, p)
                roots[alive] = root
                alive += 1
            else:
                root = find(parent, labels[uint32(p + hops[mask, 0])])
                if groups[mask] > 1:
                    for k in range(1, groups[mask]):
                        other = find(parent, labels[uint32(p + hops[mask, k])])
                        if other != root:
                            join(parent, area, first, box, root, other)
                if mask & 15 == 0 and p < first[root]:
                    first[root] = p
            y = int32(rows[p])
            x = int32(p) - y * step
            extend(box, root, x, y, -x, -y)
            area[root] += gains[mask]
            labels[p] = root
        if starts[level] != starts[level + 1]:
            kept = 0
            for k in range(alive):
                root = roots[k]
                if parent[root] != root:
                    continue
                roots[kept] = root
                kept += 1
                tie = first[root] > first[best] if latest else first[root] < first[best]
                if kept == 1 or area[root] > area[best] or (area[root] == area[best] and tie):
                    best = root
            alive = kept
        if alive > 0:
            out[level - 1, 0], out[level - 1, 1] = box[best, 0] - 1, box[best, 1] - 1
            out[level - 1, 2], out[level - 1, 3] = -box[best, 2], -box[best, 3]


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
def score_roots(roots, alive, parent, box, touched, scored, score, grow, limits, truths, offset, ious, out, at):
    """Best IoU over the components alive at one level, merged into ``ious[at]`` and ``out[at]``; the number alive.

    A component is scored again only if it was touched since and its box has changed.
    """
    kept = 0
    for k in range(alive):
        root = roots[k]
        if parent[root] != root:
            continue
        roots[kept] = root
        kept += 1
        x0, y0 = box[root, 0] - 1 - grow, box[root, 1] - 1 - grow
        x1, y1 = min(-box[root, 2] + grow, limits[0]), min(-box[root, 3] + grow, limits[1])
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
def match_components(order, starts, masks, rows, step, groups, hops, state, limits, truths, offset, ious, out):
    """Best IoU of any 8-connected component of ``{image > t}`` into ``ious[t]``, and its box into ``out[t]``."""
    labels, parent, area, first, box, roots, touched, scored, score = state
    step = int32(step)
    alive = 0
    count = uint32(0)
    for level in range(starts.size - 2, 0, -1):
        for at in range(starts[level], starts[level + 1]):
            p = order[at]
            mask = masks[p]
            if mask == 0:
                root = count
                count += uint32(1)
                start(parent, area, first, box, root, p)
                scored[root, 0] = 0
                roots[alive] = root
                alive += 1
            else:
                root = find(parent, labels[uint32(p + hops[mask, 0])])
                if groups[mask] > 1:
                    for k in range(1, groups[mask]):
                        other = find(parent, labels[uint32(p + hops[mask, k])])
                        if other != root:
                            join(parent, area, first, box, root, other)
            y = int32(rows[p])
            x = int32(p) - y * step
            extend(box, root, x, y, -x, -y)
            touched[root] = 1
            labels[p] = root
        if starts[level] != starts[level + 1]:
            alive = score_roots(
                roots, alive, parent, box, touched, scored, score, 0, limits, truths, offset, ious, out, level - 1
            )
        elif alive > 0:
            ious[level - 1] = ious[level]
            for k in range(4):
                out[level - 1, k] = out[level, k]


@njit(**NOGIL)
def on_border(p, rows, step, height, width):
    """Whether a pixel touches the frame, or belongs to it."""
    y = int32(rows[p])
    x = int32(p) - y * step
    return x <= 1 or y <= 1 or x >= width or y >= height


@njit(**NOGIL)
def match_holes(order, starts, masks, rows, step, groups, hops, state, shape, limits, truths, offset, ious, out):
    """The same for the contours of holes: 4-connected components of ``{image <= t}`` that do not touch the frame.

    The pixels of the frame on the left and right are sorted too, at level 0; they are background from the start.
    """
    labels, parent, area, first, box, roots, touched, scored, score = state
    height, width = shape
    step = int32(step)
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
            alive = score_roots(
                roots, alive, parent, box, touched, scored, score, 1, limits, truths, offset, ious, out, level
            )


@njit(**NOGIL)
def score_boxes(boxes, truths, offset, out):
    """Best IoU of every box with any true box."""
    for k in range(boxes.shape[0]):
        out[k] = best_iou(
            float(boxes[k, 0]), float(boxes[k, 1]), float(boxes[k, 2]), float(boxes[k, 3]), truths, offset
        )
