"""Compiled loops of :mod:`wsolzoo.evaluation.functional.flood`; importing this module imports numba.

All images here are flat, with a frame of one pixel around them: pixel (y, x) of an (H, W) image is element
``(y + 1) * (W + 2) + x + 1``. Indices are uint32 on purpose: signed ones cost a wrap-around test at every access.
"""

import numpy as np
from numba import njit, uint32

_NOGIL = {'nogil': True, 'cache': True, 'boundscheck': False}


@njit(**_NOGIL)
def fill_holes(image, filled, queue, queued, height, width):
    """Grey-scale hole filling: ``filled[p]`` is the lowest level that a 4-connected path from ``p`` outwards must pass.

    Raster scan, anti-raster scan, then a queue for what the two scans could not finish (Vincent, 1993).
    """
    step = uint32(width + 2)
    one = uint32(1)
    capacity = uint32(queue.size)
    tail = uint32(0)
    count = 0
    for y in range(1, height + 1):
        left = image[0] * 0
        start = uint32(y) * step + one
        for p in range(start, start + uint32(width)):
            left = max(image[p], min(left, filled[uint32(p) - step]))
            filled[p] = left
    for y in range(height, 0, -1):
        start = uint32(y) * step
        right = image[0] * 0
        for x in range(width, 0, -1):
            p = start + uint32(x)
            down = filled[p + step]
            value = max(image[p], min(filled[p], min(right, down)))
            filled[p] = value
            if (right > value and right > image[p + one]) or (down > value and down > image[p + step]):
                queue[tail] = p
                queued[p] = 1
                tail += one
                count += 1
            right = value
    head = uint32(0)
    if tail == capacity:
        tail = uint32(0)
    while count > 0:
        p = queue[head]
        head += one
        if head == capacity:
            head = uint32(0)
        count -= 1
        queued[p] = 0
        value = filled[p]
        for side in range(4):
            q = p - step if side == 0 else p - one if side == 1 else p + one if side == 2 else p + step
            if filled[q] > value and filled[q] > image[q]:
                filled[q] = max(value, image[q])
                if queued[q] == 0:
                    queued[q] = 1
                    queue[tail] = q
                    tail += one
                    if tail == capacity:
                        tail = uint32(0)
                    count += 1


@njit(**_NOGIL)
def sort_pixels(image, order, starts, height, width):
    """Counting sort: pixels of level v are ``order[starts[v]:starts[v + 1]]``, in raster order."""
    step = uint32(width + 2)
    starts[:] = 0
    for y in range(1, height + 1):
        first = uint32(y) * step + uint32(1)
        for p in range(first, first + uint32(width)):
            starts[uint32(image[p]) + uint32(1)] += uint32(1)
    for level in range(1, starts.size):
        starts[level] += starts[level - 1]
    for y in range(1, height + 1):
        first = uint32(y) * step + uint32(1)
        for p in range(first, first + uint32(width)):
            level = uint32(image[p])
            order[starts[level]] = uint32(p)
            starts[level] += uint32(1)
    for level in range(starts.size - 1, 0, -1):
        starts[level] = starts[level - 1]
    starts[0] = 0


@njit(**_NOGIL)
def higher_neighbours(image, masks, step):
    """Which of the eight neighbours come before a pixel when pixels are sorted downwards, ties in raster order.

    Bits 0 to 7: NW, N, NE, W, E, SW, S, SE.
    """
    for p in range(step + 1, image.size - step - 1):
        v = image[p]
        masks[p] = (
            (image[p - step - 1] >= v)
            | ((image[p - step] >= v) << 1)
            | ((image[p - step + 1] >= v) << 2)
            | ((image[p - 1] >= v) << 3)
            | ((image[p + 1] > v) << 4)
            | ((image[p + step - 1] > v) << 5)
            | ((image[p + step] > v) << 6)
            | ((image[p + step + 1] > v) << 7)
        )


@njit(**_NOGIL)
def lower_neighbours(image, masks, step):
    """The same when pixels are sorted upwards."""
    for p in range(step + 1, image.size - step - 1):
        v = image[p]
        masks[p] = (
            (image[p - step - 1] <= v)
            | ((image[p - step] <= v) << 1)
            | ((image[p - step + 1] <= v) << 2)
            | ((image[p - 1] <= v) << 3)
            | ((image[p + 1] < v) << 4)
            | ((image[p + step - 1] < v) << 5)
            | ((image[p + step] < v) << 6)
            | ((image[p + step + 1] < v) << 7)
        )


@njit(**_NOGIL)
def find(parent, label):
    """Root of a component, halving the path to it."""
    while parent[label] != label:
        parent[label] = parent[parent[label]]
        label = parent[label]
    return label


@njit(**_NOGIL)
def join(parent, area, first, box, a, b):
    """Make root ``b`` part of root ``a``."""
    parent[b] = a
    area[a] += area[b]
    first[a] = min(first[a], first[b])
    box[a, 0] = min(box[a, 0], box[b, 0])
    box[a, 1] = min(box[a, 1], box[b, 1])
    box[a, 2] = max(box[a, 2], box[b, 2])
    box[a, 3] = max(box[a, 3], box[b, 3])


@njit(**_NOGIL)
def start(parent, area, first, box, label, p, x, y):
    """A new component of one pixel."""
    parent[label] = label
    area[label] = 0
    first[label] = p
    box[label, 0] = x
    box[label, 1] = y
    box[label, 2] = x + 1
    box[label, 3] = y + 1


@njit(**_NOGIL)
def extend(box, root, x, y):
    """Grow the box of ``root`` to hold pixel (y, x); whether it changed."""
    changed = False
    if x < box[root, 0]:
        box[root, 0] = x
        changed = True
    elif x >= box[root, 2]:
        box[root, 2] = x + 1
        changed = True
    if y < box[root, 1]:
        box[root, 1] = y
        changed = True
    elif y >= box[root, 3]:
        box[root, 3] = y + 1
        changed = True
    return changed


@njit(**_NOGIL)
def largest_boxes(order, starts, masks, rows, offsets, gains, groups, spokes, latest, state, out):
    """Box of the largest 8-connected component of ``{image > t}``, for every t, into ``out[t]``.

    Pixels are added from the highest level down. ``gains[mask]`` is what a pixel with the already present neighbours
    ``mask`` adds to the size of its component; of equal sizes the component wins whose first pixel in raster order
    comes last (``latest``) or first.
    """
    labels, parent, area, first, box, roots, _, _ = state
    step = uint32(offsets[6])
    alive = 0
    count = uint32(0)
    out[:] = 0
    best = uint32(0)
    for level in range(starts.size - 2, 0, -1):
        for at in range(starts[level], starts[level + 1]):
            p = order[at]
            mask = masks[p]
            y = uint32(rows[p])
            x = p - y * step
            if mask == 0:
                root = count
                count += uint32(1)
                start(parent, area, first, box, root, p, x, y)
                roots[alive] = root
                alive += 1
            else:
                root = find(parent, labels[uint32(p + offsets[spokes[mask, 0]])])
                for k in range(1, groups[mask]):
                    other = find(parent, labels[uint32(p + offsets[spokes[mask, k]])])
                    if other != root:
                        join(parent, area, first, box, root, other)
                if p < first[root]:
                    first[root] = p
                extend(box, root, x, y)
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
            for k in range(4):
                out[level - 1, k] = box[best, k] - 1


@njit(**_NOGIL)
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


@njit(**_NOGIL)
def score_roots(roots, alive, parent, box, dirty, score, grow, limits, truths, offset, ious, out, at):
    """Best IoU over the components alive at one level, merged into ``ious[at]`` and ``out[at]``; the number alive."""
    kept = 0
    for k in range(alive):
        root = roots[k]
        if parent[root] != root:
            continue
        roots[kept] = root
        kept += 1
        x0, y0 = box[root, 0] - 1 - grow, box[root, 1] - 1 - grow
        x1, y1 = min(box[root, 2] - 1 + grow, limits[0]), min(box[root, 3] - 1 + grow, limits[1])
        if dirty[root]:
            dirty[root] = 0
            score[root] = best_iou(float(x0), float(y0), float(x1), float(y1), truths, offset)
        value = score[root]
        if value > ious[at] or (
            value == ious[at]
            and (x1 - x0 + 1) * (y1 - y0 + 1) > (out[at, 2] - out[at, 0] + 1) * (out[at, 3] - out[at, 1] + 1)
        ):
            ious[at] = value
            out[at, 0], out[at, 1], out[at, 2], out[at, 3] = x0, y0, x1, y1
    return kept


@njit(**_NOGIL)
def match_components(order, starts, masks, rows, offsets, groups, spokes, state, limits, truths, offset, ious, out):
    """Best IoU of any 8-connected component of ``{image > t}`` for every t; writes ``ious[t]`` and the box ``out[t]``."""
    labels, parent, area, first, box, roots, dirty, score = state
    step = uint32(offsets[6])
    alive = 0
    count = uint32(0)
    for level in range(starts.size - 2, 0, -1):
        for at in range(starts[level], starts[level + 1]):
            p = order[at]
            mask = masks[p]
            y = uint32(rows[p])
            x = p - y * step
            if mask == 0:
                root = count
                count += uint32(1)
                start(parent, area, first, box, root, p, x, y)
                dirty[root] = 1
                roots[alive] = root
                alive += 1
            else:
                root = find(parent, labels[uint32(p + offsets[spokes[mask, 0]])])
                for k in range(1, groups[mask]):
                    other = find(parent, labels[uint32(p + offsets[spokes[mask, k]])])
                    if other != root:
                        join(parent, area, first, box, root, other)
                        dirty[root] = 1
                if extend(box, root, x, y):
                    dirty[root] = 1
            labels[p] = root
        if starts[level] != starts[level + 1]:
            alive = score_roots(
                roots, alive, parent, box, dirty, score, 0, limits, truths, offset, ious, out, level - 1
            )
        elif alive > 0:
            ious[level - 1] = ious[level]
            for k in range(4):
                out[level - 1, k] = out[level, k]


@njit(**_NOGIL)
def match_holes(order, starts, masks, rows, offsets, groups, spokes, state, shape, limits, truths, offset, ious, out):
    """The same for the contours of holes: 4-connected components of ``{image <= t}`` that do not touch the frame."""
    labels, parent, area, first, box, roots, dirty, score = state
    height, width = shape
    step = uint32(offsets[6])
    frame = uint32(0)
    labels[:] = frame
    start(parent, area, first, box, frame, uint32(0), 0, 0)
    count = uint32(1)
    alive = 0
    for level in range(starts.size - 2):
        for at in range(starts[level], starts[level + 1]):
            p = order[at]
            mask = masks[p]
            y = uint32(rows[p])
            x = p - y * step
            if x == 1 or y == 1 or x == width or y == height:
                root = frame
            elif groups[mask] == 0:
                root = count
                count += uint32(1)
                start(parent, area, first, box, root, p, x, y)
                dirty[root] = 1
                roots[alive] = root
                alive += 1
            else:
                root = find(parent, labels[uint32(p + offsets[spokes[mask, 0]])])
            for k in range(groups[mask]):
                other = find(parent, labels[uint32(p + offsets[spokes[mask, k]])])
                if other == root:
                    continue
                if other == frame:
                    root, other = other, root
                join(parent, area, first, box, root, other)
                dirty[root] = 1
            if root != frame and extend(box, root, x, y):
                dirty[root] = 1
            labels[p] = root
        if starts[level + 1] == starts[starts.size - 1]:
            break
        if alive > 0:
            alive = score_roots(roots, alive, parent, box, dirty, score, 1, limits, truths, offset, ious, out, level)


@njit(**_NOGIL)
def pixel_histograms(scores, mask, edges, count, out):
    """Histogram of the scores of background (row 0) and object (row 1); a mask value that is neither, or -1.

    The bin is guessed as ``score * count`` and corrected against the edges, which are not exact multiples.
    """
    for p in range(scores.size):
        value = mask[p]
        if value == 255:
            continue
        if value > 1:
            return int(value)
        score = scores[p]
        k = min(int(score * count), count)
        while edges[k + 1] <= score:
            k += 1
        while edges[k] > score:
            k -= 1
        out[value, k] += 1
    return -1
