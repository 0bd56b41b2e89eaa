"""Compiled loops over pixels: what comes before the trees of :mod:`.flood_kernels`; importing this imports numba.

All images here are flat, with a frame of one pixel around them: pixel (y, x) of an (H, W) image is element
``(y + 1) * (W + 2) + x + 1``. Indices are uint32 on purpose: signed ones cost a wrap-around test at every access.
"""

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


@njit(**NOGIL)
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


@njit(**NOGIL)
def to_grey(map, low, span, grey):
    """``trunc(255 * (map - low) / span)`` in one pass, each step rounded as NumPy rounds it."""
    for y in range(map.shape[0]):
        row, out = map[y], grey[y]
        for x in range(row.size):
            out[x] = uint8(((row[x] - low) / span) * 255)


@njit(**NOGIL)
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
