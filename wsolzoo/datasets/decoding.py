"""From the bytes of a file to pixels of 8 bits, and what is wrong where there are none."""

from io import BytesIO

import cv2
import numpy as np
from mmcv.image.io import imfrombytes, imread_flags

from wsolzoo.errors import UserError

MAX_PIXELS, MAX_SIDE = 2**30, 2**20
"""What OpenCV decodes at most."""
DEPTHS = (8, 10, 12, 14, 16)
JPEG, PNG, TIFF = b'\xff\xd8', b'\x89PNG', (b'II*\0', b'MM\0*')
JPEG_END, PNG_END = b'\xff\xd9', b'IEND\xaeB`\x82'
PROGRESSIVE, START_OF_PASS = b'\xff\xc2', b'\xff\xda'
FILL = b'\x35\x9a' * 32
"""Bytes without a marker, which a decoder that still waits for data takes for some."""


class BrokenFile(UserError, OSError):
    """A file of the data set that is there but cannot be read, or is not there; the message names it."""


def decode(
    data: bytes, path: str, what: str = 'image', flag: str = 'color', backend: str = 'cv2', thorough: bool = False
) -> np.ndarray:
    """The pixels of a file.

    Pictures of 16 bits come down to 8 by the range that they use: a camera's 12 bits in a PNG of 16 are no black
    picture. The range is the smallest of 8, 10, 12, 14 and 16 bits that holds the brightest pixel.

    Args:
        data: the file.
        path: where it is, for messages.
        what: what it is, for messages.
        flag: see :func:`mmcv.imfrombytes`.
        backend: see :func:`mmcv.imfrombytes`.
        thorough: look for a JPEG that ends early at any price, see :func:`is_truncated`.

    Returns:
        ndarray: (H, W, 3) BGR or (H, W), uint8.

    Raises:
        BrokenFile: the file is no picture, is not whole, is too large, or holds fractions.
    """
    if data[:4] == PNG:
        width, height = int.from_bytes(data[16:20], 'big'), int.from_bytes(data[20:24], 'big')
        if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
            raise BrokenFile(
                f'{what} is too large: {path} ({width}x{height} pixels; {MAX_PIXELS:,} in all and {MAX_SIDE:,} a side '
                'can be decoded). Cut it into parts, or make it smaller'
            )
    try:
        img = _pixels(data, flag, backend) if data else None
    except (cv2.error, OSError, SyntaxError) as error:
        raise BrokenFile(f'{what} cannot be decoded: {path} ({len(data)} bytes; {error})') from error
    if img is None or is_truncated(data, img, thorough):
        raise BrokenFile(f'{what} cannot be decoded: {path} ({len(data)} bytes; truncated, or not an image)')
    if img.dtype not in (np.uint8, np.uint16):
        raise BrokenFile(f'{what} holds {img.dtype} values, whose range nobody knows: {path}. Store 8 or 16 bits')
    return to_8_bits(img)


def _pixels(data: bytes, flag: str, backend: str) -> np.ndarray | None:
    """As stored: 16 bits stay 16."""
    deep = data[:4] in TIFF or (data[:4] == PNG and data[24:25] == b'\x10')
    if not deep or backend != 'cv2':
        return imfrombytes(data, flag=flag, backend=backend)
    return cv2.imdecode(np.frombuffer(data, np.uint8), imread_flags[flag] | cv2.IMREAD_ANYDEPTH)


def to_8_bits(img: np.ndarray) -> np.ndarray:
    """A picture of 16 bits by the range that it uses, see :func:`decode`; one of 8 bits as it is."""
    if img.dtype == np.uint8:
        return img
    bits = next(bits for bits in DEPTHS if int(img.max()) < 1 << bits)
    return (img >> (bits - 8)).astype(np.uint8)


def is_truncated(data: bytes, img: np.ndarray, thorough: bool = False) -> bool:
    """Whether a JPEG or PNG file lacks a part; OpenCV fills the rest with grey and says nothing.

    A file without the end mark is decided by PIL, which is strict. A JPEG that has the mark and not all data before it
    is grey in the corner where it ends, or is stored in several passes (progressive): only such a file, or any with
    ``thorough``, is decoded once more, see :func:`ends_early`.
    """
    if data[:2] == JPEG and JPEG_END in data[-64:]:
        corners = img[:: max(len(img) - 1, 1), :: max(img.shape[1] - 1, 1)]  # turned pictures end in any of them
        grey = (corners == 128).reshape(-1, img[0, 0].size).all(1).any()
        return (thorough or grey or is_progressive(data)) and ends_early(data)
    if data[:2] != JPEG and (data[:4] != PNG or data[-64:].rstrip(b'\0').endswith(PNG_END)):
        return False
    return _pil_bytes(data) is None


def is_progressive(data: bytes) -> bool:
    """Whether a JPEG is stored in several passes, by the segments before its first one."""
    place = 2
    while data[place : place + 1] == b'\xff' and data[place : place + 2] != START_OF_PASS:
        if data[place : place + 2] == PROGRESSIVE:
            return True
        place += 2 + int.from_bytes(data[place + 2 : place + 4], 'big')
    return False


def ends_early(data: bytes) -> bool:
    """Whether a JPEG stops before its last block: bytes put before its end mark then change the picture."""
    end = data.rfind(JPEG_END)
    pixels = _pil_bytes(data)
    return pixels is None or pixels != _pil_bytes(data[:end] + FILL + data[end:])


def _pil_bytes(data: bytes) -> bytes | None:
    """What PIL, which is strict, makes of a file; nothing where it is not whole."""
    from PIL import Image

    try:
        return Image.open(BytesIO(data)).tobytes()
    except Image.DecompressionBombError:
        return b''  # too large for PIL to look at: nothing is known
    except (OSError, SyntaxError, ValueError):
        return None
