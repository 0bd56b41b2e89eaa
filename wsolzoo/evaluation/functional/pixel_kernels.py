"""Compiled loops over pixels: what comes before the trees of :mod:`.flood_kernels`; importing this imports numba.

All images here are flat, with a frame of one pixel around them: pixel (y, x) of an (H, W) image is element
``(y + 1) * (W + 2) + x + 1``. Indices are uint32 on purpose: signed ones cost a wrap-around test at every access.
"""

import numpy as np
from numba import njit, uint8, uint32

NOGIL = {'nogil': True, 'cache': True, 'boundscheck': False}


@njit(**NOGIL)
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


@njit(**NOGIL, inline='always')
def place(image, order, cursors, stream, at):
    """Put one pixel where its stream's counter for its level points to."""
    level = image[at]
    cursor = cursors[stream, level]
    order[cursor] = at
    cursors[stream, level] = cursor + uint32(1)


@njit(**NOGIL)
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


@njit(**NOGIL)
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


@njit(**NOGIL, fastmath={'nnan', 'nsz'})
def extremes(frame):
    """Least and greatest value of an array without NaN; told so, the compiler compares several at once."""
    low, high = frame[0, 0], frame[0, 0]
    for y in range(frame.shape[0]):
        row = frame[y]
        for x in range(row.size):
            low, high = min(low, row[x]), max(high, row[x])
    return low, high


@njit(**NOGIL)
def put_grey(frame, stretch, image):
    """``trunc(255 * map)`` of a map (H, W), stretched over its range or as it is; the highest level, -1 if none.

    Every step is rounded as NumPy rounds it. A map without a range is 0; one that leaves [0, 1] has no levels.
    """
    low, high = extremes(frame)
    span = high - low
    if not stretch:
        if not (low >= 0 and high <= 1):
            return -1
        low, span = 0.0, 1.0
    flat = not (span > 0 and span < np.inf)
    step = frame.shape[1] + 2
    top = 0
    for y in range(frame.shape[0]):
        row, out = frame[y], image[(y + 1) * step + 1 : (y + 2) * step - 1]
        if flat:
            out[:] = 0
            continue
        for x in range(row.size):
            out[x] = uint8(((row[x] - low) / span) * 255)
        for x in range(row.size):
            top = max(top, int(out[x]))
    return top


@njit(**NOGIL)
def put_ranks(frame, thresholds, image):
    """How many of the ascending ``thresholds`` lie below each value, in [0, 1], of a map (H, W).

    The number is guessed from an even grid and corrected, because grids are even only up to rounding.
    """
    count = thresholds.size
    step = frame.shape[1] + 2
    for y in range(frame.shape[0]):
        row, out = frame[y], image[(y + 1) * step + 1 : (y + 2) * step - 1]
        for x in range(row.size):
            value = row[x]
            k = min(max(int(value * count), 0), count)
            while k < count and thresholds[k] < value:
                k += 1
            while k > 0 and thresholds[k - 1] >= value:
                k -= 1
            out[x] = k


@njit(**NOGIL)
def pixel_histograms(frame, stretch, mask, edges, out, box, centred):
    """Count background (row 0) and object (row 1) by score into ``out``, and outside and inside of ``box``.

    The score is the value in [0, 1] of a map (H, W), after ``stretch`` over its range or as it is. Its bin is guessed
    as ``score * count`` and corrected against the edges, which are not exact multiples.

    Returns:
        int: a mask value that is neither 0, 1 nor 255; -2 where a score leaves [0, 1]; else -1.
    """
    low, high = extremes(frame)
    span = high - low
    if not stretch:
        if not (low >= 0 and high <= 1):
            return -2
        low, span = 0.0, 1.0
    flat = not (span > 0 and span < np.inf)
    count = edges.size - 3
    x0, y0, x1, y1 = box
    scores = np.zeros(frame.shape[1])
    for y in range(frame.shape[0]):
        row, truth = frame[y], mask[y]
        if not flat:
            for x in range(row.size):
                scores[x] = (row[x] - low) / span
        for x in range(row.size):
            value = truth[x]
            if value == 255:
                continue
            if value > 1:
                return int(value)
            score = scores[x]
            k = min(int(score * count), count)
            while edges[k + 1] <= score:
                k += 1
            while edges[k] > score:
                k -= 1
            out[value, k] += 1
            centred[value, 1 if x0 <= x < x1 and y0 <= y < y1 else 0] += 1
    return -1
