"""Masks on disk in the view of a protocol; grey PNG files are decoded no further than they are looked at."""

import struct
import zlib
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from wsolzoo.evaluation.localization.protocols import View
from wsolzoo.evaluation.offline.annotations import InputError

OBJECT, IGNORED = 1, 255
MAX_PIXELS = 2**27
"""A PNG of more pixels is refused before it takes memory."""
_SIGNATURE = b'\x89PNG\r\n\x1a\n'
_PLAIN = bytes(4)
"""Colour type grey, and the usual compression, filters and order of rows."""
_HARMLESS = {b'IHDR', b'IEND', b'gAMA', b'cHRM', b'sRGB', b'pHYs', b'tIME', b'tEXt', b'zTXt', b'iTXt', b'bKGD', b'sBIT'}
"""Chunks that do not change which pixels are 0."""


def read_mask(pairs: list[tuple[str, str]], root: str | Path, view: View) -> np.ndarray:
    """Union of the instance masks of an image in the view of a protocol.

    Args:
        pairs: file of a mask, and of the region to ignore or ''; relative to ``root``.
        root: folder.
        view: frame to bring them to (nearest neighbour).

    Returns:
        ndarray: (H, W) uint8, 0 background, 1 object, 255 ignored (and not object).

    Raises:
        InputError: a file cannot be read.
    """
    out = np.zeros(view.size, np.uint8)
    regions = [(ignore, IGNORED) for _, ignore in pairs if ignore]
    for name, value in dict.fromkeys([*regions, *((mask, OBJECT) for mask, _ in pairs)]):
        _paint(f'{root}/{name}', view, value, out)
    return out


def _paint(file: str, view: View, value: int, out: np.ndarray) -> None:
    """Put ``value`` wherever the picture of a file is not 0."""
    try:
        with open(file, 'rb') as stream:
            data = stream.read()
        painted = data != b'' and (_paint_grey_png(data, view, value, out) or _paint_any(data, view, value, out))
    except (OSError, ValueError, cv2.error):
        painted = False
    if not painted:
        raise InputError(f'{file} cannot be read as an image; check --mask-root')


def _paint_any(data: bytes, view: View, value: int, out: np.ndarray) -> bool:
    grey = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    if grey is None:
        return False
    rows, columns = (_places(old, axis, view) for axis, old in enumerate(grey.shape))
    out[grey[rows[:, None], columns] > 0] = value
    return True


def _paint_grey_png(data: bytes, view: View, value: int, out: np.ndarray) -> bool:
    """Whether the data are a plain grey PNG, and are painted; OpenCV judges all others, and damaged ones."""
    from wsolzoo.evaluation.offline import png_kernels

    if data[:8] != _SIGNATURE or data[12:16] != b'IHDR':
        return False
    (width, height, depth), kind = struct.unpack('>IIB', data[16:25]), data[25:29]
    if width * height > MAX_PIXELS:
        raise ValueError(f'{width} x {height} pixels are too many')
    if kind != _PLAIN or depth not in (1, 2, 4, 8) or width * height == 0:
        return False
    rows = _inflate(data, height * (1 + (width * depth + 7) // 8))
    if rows is None:
        return False
    return png_kernels.paint(rows, width, depth, _places(height, 0, view), _places(width, 1, view), value, out)


def _inflate(data: bytes, size: int) -> np.ndarray | None:
    """The ``size`` bytes of pixels of a PNG file, None where it is damaged or holds chunks that may change them."""
    parts, at, kind = [], 8, b''
    while kind != b'IEND':
        length, kind = int.from_bytes(data[at : at + 4], 'big'), data[at + 4 : at + 8]
        end = at + 12 + length
        if end > len(data) or zlib.crc32(data[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], 'big'):
            return None
        if kind == b'IDAT':
            parts.append(data[at + 8 : end - 4])
        elif kind not in _HARMLESS:
            return None
        at = end
    inflater = zlib.decompressobj()
    try:
        pixels = inflater.decompress(b''.join(parts), size + 1)
    except zlib.error:
        return None
    return np.frombuffer(pixels, np.uint8) if len(pixels) == size and inflater.eof else None


def _places(old: int, axis: int, view: View) -> np.ndarray:
    """Which row (axis 0) or column (axis 1) of a picture each one of the view shows."""
    new = view.resize[axis]
    return _nearest(old, new) if view.crop is None else _nearest(old, new, view.crop[axis])


@lru_cache(maxsize=256)
def _nearest(old: int, new: int, crop: int | None = None) -> np.ndarray:
    """The nearest neighbour as OpenCV defines it, cut to the middle ``crop`` of ``new``."""
    found = cv2.resize(np.arange(old, dtype=np.int32)[None], (new, 1), interpolation=cv2.INTER_NEAREST)[0]
    start = 0 if crop is None else round((new - crop) / 2)
    return found[start : start + (crop or new)].copy()
