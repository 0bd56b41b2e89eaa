"""Compiled loops of :mod:`wsolzoo.evaluation.functional.flood`; importing this module imports numba.

All images here are flat, with a frame of one pixel around them: pixel (y, x) of an (H, W) image is element
``(y + 1) * (W + 2) + x + 1``. Indices are uint32 on purpose: signed ones cost a wrap-around test at every access.
"""

from numba import int32, njit, uint8, uint32

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


@njit(**_NOGIL, inline='always')
def place(image, order, cursors, stream, at):
    """Put one pixel where its stream's counter for its level points to."""
    level = image[at]
    cursor = cursors[stream, level]
    order[cursor] = at
    cursors[stream, level] = cursor + uint32(1)


@njit(**_NOGIL)
def sort_pixels(image, order, starts, cursors, first, count):
    """Counting sort: pixels of level v become ``order[starts[v]:starts[v + 1]]``, in raster order.

    The pixels ``first … first + count`` are read as four streams with a counter each: neighbours in one stream often
    have the same level, and would wait for each other's counter.
    """
    quarter = uint32((count + 3) // 4) if count >= 16 else uint32(count)
    levels = starts.size - 1
    cursors[:] = 0
    a = uint32(first)
    b, c, d = a + quarter, a + uint32(2) * quarter, a + uint32(3) * quarter
    last = uint32(count) - uint32(3) * quarter if count >= 16 else uint32(0)
    for p in range(quarter):
        cursors[0, image[uint32(a + p)]] += uint32(1)
        if count >= 16:
            cursors[1, image[uint32(b + p)]] += uint32(1)
            cursors[2, image[uint32(c + p)]] += uint32(1)
        if p < last:
            cursors[3, image[uint32(d + p)]] += uint32(1)
    total = uint32(0)
    for level in range(levels):
        starts[level] = total
        for stream in range(4):
            found = cursors[stream, level]
            cursors[stream, level] = total
            total += found
    starts[levels] = total
    for p in range(quarter):
        place(image, order, cursors, 0, uint32(a + p))
        if count >= 16:
            place(image, order, cursors, 1, uint32(b + p))
            place(image, order, cursors, 2, uint32(c + p))
        if p < last:
            place(image, order, cursors, 3, uint32(d + p))


@njit(**_NOGIL)
def higher_neighbours(image, masks, step):
    """Which of the eight neighbours come before a pixel when pixels are sorted downwards, ties in raster order.

    Bits 0 to 7: NW, N, NE, W, E, SW, S, SE. Written over slices of bytes, so that it becomes vector code.
    """
    n = image.size - 2 * step - 2
    nw, north, ne = image[:n], image[1 : n + 1], image[2 : n + 2]
    west, here, east = image[step : n + step], image[step + 1 : n + step + 1], image[step + 2 : n + step + 2]
    sw, south, se = image[2 * step : n + 2 * step], image[2 * step + 1 : n + 2 * step + 1], image[2 * step + 2 :]
    out = masks[step + 1 : n + step + 1]
    for p in range(n):
        v = here[p]
        out[p] = (
            (uint8(1) if nw[p] >= v else uint8(0))
            | (uint8(2) if north[p] >= v else uint8(0))
            | (uint8(4) if ne[p] >= v else uint8(0))
            | (uint8(8) if west[p] >= v else uint8(0))
            | (uint8(16) if east[p] > v else uint8(0))
            | (uint8(32) if sw[p] > v else uint8(0))
            | (uint8(64) if south[p] > v else uint8(0))
            | (uint8(128) if se[p] > v else uint8(0))
        )


@njit(**_NOGIL)
def lower_neighbours(image, masks, step):
    """The same when pixels are sorted upwards."""
    n = image.size - 2 * step - 2
    nw, north, ne = image[:n], image[1 : n + 1], image[2 : n + 2]
    west, here, east = image[step : n + step], image[step + 1 : n + step + 1], image[step + 2 : n + step + 2]
    sw, south, se = image[2 * step : n + 2 * step], image[2 * step + 1 : n + 2 * step + 1], image[2 * step + 2 :]
    out = masks[step + 1 : n + step + 1]
    for p in range(n):
        v = here[p]
        out[p] = (
            (uint8(1) if nw[p] <= v else uint8(0))
            | (uint8(2) if north[p] <= v else uint8(0))
            | (uint8(4) if ne[p] <= v else uint8(0))
            | (uint8(8) if west[p] <= v else uint8(0))
            | (uint8(16) if east[p] < v else uint8(0))
            | (uint8(32) if sw[p] < v else uint8(0))
            | (uint8(64) if south[p] < v else uint8(0))
            | (uint8(128) if se[p] < v else uint8(0))
        )


@njit(**_NOGIL, inline='always')
def find(parent, label):
    """Root of a component. Most labels are one step from it, so that step is taken without asking."""
    root = parent[label]
    while parent[root] != root:
        root = parent[root]
        parent[label] = root
    return root


@njit(**_NOGIL, inline='always')
def extend(box, root, x0, y0, x1, y1):
    """Grow the box of ``root``, kept as x0, y0, -x1, -y1 with inclusive ends: four equal steps make one vector step."""
    a, b, c, d = min(box[root, 0], x0), min(box[root, 1], y0), min(box[root, 2], x1), min(box[root, 3], y1)
    box[root, 0], box[root, 1], box[root, 2], box[root, 3] = a, b, c, d


@njit(**_NOGIL)
def start(parent, area, first, box, label, p):
    """A new component without extent; the pixel that made it is added next."""
    parent[label] = label
    area[label] = 0
    first[label] = p
    for k in range(4):
        box[label, k] = int32(1 << 30)


@njit(**_NOGIL)
def join(parent, area, first, box, a, b):
    """Make root ``b`` part of root ``a``."""
    parent[b] = a
    area[a] += area[b]
    first[a] = min(first[a], first[b])
    extend(box, a, box[b, 0], box[b, 1], box[b, 2], box[b, 3])


@njit(**_NOGIL)
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


@njit(**_NOGIL)
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


@njit(**_NOGIL)
def on_border(p, rows, step, height, width):
    """Whether a pixel touches the frame, or belongs to it."""
    y = int32(rows[p])
    x = int32(p) - y * step
    return x <= 1 or y <= 1 or x >= width or y >= height


@njit(**_NOGIL)
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


@njit(**_NOGIL)
def to_grey(map, grey):
    """Min-max and truncation to 256 levels in one pass, each step rounded as NumPy rounds it; False if constant."""
    low = map[0, 0]
    high = low
    for y in range(map.shape[0]):
        for x in range(map.shape[1]):
            low = min(low, map[y, x])
            high = max(high, map[y, x])
    span = high - low
    if not span > 0:
        grey[:] = 0
        return False
    for y in range(map.shape[0]):
        for x in range(map.shape[1]):
            grey[y, x] = uint8(((map[y, x] - low) / span) * 255)
    return True


@njit(**_NOGIL)
def score_boxes(boxes, truths, offset, out):
    """Best IoU of every box with any true box."""
    for k in range(boxes.shape[0]):
        out[k] = best_iou(
            float(boxes[k, 0]), float(boxes[k, 1]), float(boxes[k, 2]), float(boxes[k, 3]), truths, offset
        )
