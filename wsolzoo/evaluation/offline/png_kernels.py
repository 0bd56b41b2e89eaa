"""Compiled decoding of grey PNG rows; importing this module imports numba."""

import numpy as np
from numba import njit, uint8

from wsolzoo.evaluation.functional.pixel_kernels import NOGIL


@njit(**NOGIL)
def paeth(a, b, c):
    """Whichever of left, above and above left is nearest to ``a + b - c`` (PNG specification, 9.4)."""
    p = a + b - c
    pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
    return a if pa <= pb and pa <= pc else b if pb <= pc else c


@njit(**NOGIL)
def unfilter(kind, line, above, out):
    """Undo the filter of one row of at most one byte a pixel."""
    left, corner = 0, 0
    if kind == 0:
        out[:] = line
    elif kind == 1:
        last = uint8(0)
        for x in range(line.size):
            last = uint8(last + line[x])
            out[x] = last
    elif kind == 2:
        for x in range(line.size):
            out[x] = uint8(line[x] + above[x])
    else:
        for x in range(line.size):
            up = int(above[x])
            guess = (left + up) >> 1 if kind == 3 else paeth(left, up, corner)
            left = (int(line[x]) + guess) & 255
            corner = up
            out[x] = left


@njit(**NOGIL)
def paint(data, width, depth, rows, columns, value, out):
    """Put ``value`` into ``out[y, x]`` where the pixel ``(rows[y], columns[x])`` of a picture is not 0.

    Args:
        data: inflated rows, each a byte for its filter and ``width`` pixels of ``depth`` bits.
        width: of the picture in pixels.
        depth: bits of a pixel.
        rows: which rows are looked at, ascending.
        columns: which columns are looked at.
        value: to put.
        out: (rows, columns) uint8.

    Returns:
        bool: whether all filters are known.
    """
    stride = 1 + (width * depth + 7) // 8
    lines = np.zeros((2, stride - 1), np.uint8)
    needed = np.zeros(rows[-1] + 1, np.uint8)
    for y in rows:
        needed[y] = 1
    for y in range(needed.size - 1, 0, -1):  # a row is needed too where the next one is told relative to it
        if needed[y] and data[y * stride] > 1:
            needed[y - 1] = 1
    places, bits = np.zeros(columns.size, np.uint32), np.zeros(columns.size, np.uint8)
    for x in range(columns.size):
        bit = columns[x] * depth
        places[x], bits[x] = bit >> 3, ((1 << depth) - 1) << (8 - depth - (bit & 7))
    at = 0
    for y in range(needed.size):
        line = lines[y & 1]
        kind = data[y * stride]
        if kind > 4:
            return False
        if not needed[y]:
            continue
        unfilter(kind, data[y * stride + 1 : (y + 1) * stride], lines[1 - (y & 1)], line)
        while at < rows.size and rows[at] == y:
            row = out[at]
            for x in range(row.size):
                row[x] = value if line[places[x]] & bits[x] else row[x]
            at += 1
    return True
