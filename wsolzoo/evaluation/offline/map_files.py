"""Maps on disk, read one at a time and checked before memory is taken for them."""

import ast
import contextlib
import os
import struct
import threading
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import IO

import numpy as np

from wsolzoo import maps
from wsolzoo.evaluation.offline.annotations import InputError

MAX_PIXELS = 2**26
"""A map of more pixels is refused unread; 8192 x 8192 fit."""
MAX_HEADER = 2**16


class MapFiles:
    """Maps by image id: a folder of ``<image_id>.npy``, or one ``.npz`` with the ids as keys.

    In a folder ``<image_id without its extension>.npy`` is found too. Reading is safe from several threads.

    Args:
        path: folder or ``.npz`` file.

    Raises:
        InputError: the path is neither.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._archive: zipfile.ZipFile | None = None
        self._lock = threading.Lock()
        if self.path.is_dir():
            return
        if not self.path.is_file():
            raise InputError(f'{self.path} does not exist; give a folder of <image_id>.npy files or one .npz file')
        try:
            self._archive = zipfile.ZipFile(self.path)
        except Exception as error:  # whatever a decoder makes of hostile bytes: the file is at fault
            raise InputError(
                f'{self.path} is no archive of maps; write it with numpy.savez(path, **{{image_id: map}})'
            ) from error
        self._members = set(self._archive.namelist())

    def where(self, image_id: str) -> str:
        """The file of a map, for messages."""
        return self._names(image_id)[0] if self._archive is None else f'{self.path}[{image_id}]'

    def _names(self, image_id: str) -> list[str]:
        """Where a map may be, the most likely place first."""
        if self._archive is not None:
            return [f'{image_id}.npy', image_id]
        places = [f'{self.path}/{name}.npy' for name in (image_id, os.path.splitext(image_id)[0])]
        return [place for place in places if os.path.exists(place)] or places[:1]

    def read(self, image_id: str) -> np.ndarray | None:
        """The raw map of an image, (h, w), or None if there is none.

        Raises:
            InputError: it is unreadable, not 2-D, too large, not real-valued, or not finite; the file is named.
        """
        try:
            with self._open(image_id) as file:
                return _read_array(file)
        except FileNotFoundError:
            return None
        except InputError as error:
            raise InputError(f'{self.where(image_id)} {error}') from None
        except Exception as error:  # whatever a decoder makes of hostile bytes: the file is at fault
            said = ' '.join(str(error).split())[:200] or type(error).__name__
            raise InputError(
                f'{self.where(image_id)} cannot be read: {said}; write it again with numpy.save'
            ) from error

    @contextlib.contextmanager
    def _open(self, image_id: str) -> Iterator[IO[bytes]]:
        if self._archive is None:
            with open(self._names(image_id)[0], 'rb') as stream:
                yield stream
            return
        name = next((name for name in self._names(image_id) if name in self._members), None)
        if name is None:
            raise FileNotFoundError(image_id)
        with self._lock, self._archive.open(name) as stream:
            yield stream


def _read_array(file: IO[bytes]) -> np.ndarray:
    """The map in an ``.npy`` file; its header is judged first, and no more is read than it asks for."""
    magic = file.read(8)
    if magic[:6] != b'\x93NUMPY' or magic[6:] not in (b'\1\0', b'\2\0', b'\3\0'):
        raise ValueError('it is no .npy file')
    wide = magic[6] > 1
    (length,) = struct.unpack('<I' if wide else '<H', file.read(4 if wide else 2))
    if length > MAX_HEADER:
        raise ValueError(f'its header claims {length} bytes')
    dtype, shape, fortran = _header(file.read(length))
    if len(shape) != 2 or 0 in shape:
        raise InputError(f'has shape {shape}; a map is (height, width): save one channel, no batch')
    if dtype.kind not in 'buif':
        raise InputError(f'has type {dtype}; a map holds real numbers, float32 at best')
    if shape[0] * shape[1] > MAX_PIXELS:
        raise InputError(f'has shape {shape}; a map has at most {MAX_PIXELS} pixels')
    size = shape[0] * shape[1] * dtype.itemsize
    data = file.read(size)
    if len(data) < size:
        raise ValueError(f'it ends after {len(data)} of {size} bytes of data')
    array = np.frombuffer(data, dtype).reshape(shape, order='F' if fortran else 'C')
    if not (float(array.min()) > -maps.LIMIT and float(array.max()) < maps.LIMIT):
        good = np.abs(array.astype(np.float64)) < maps.LIMIT
        raise InputError(
            f'holds {int(array.size - good.sum())} values that are NaN, infinite or beyond {maps.LIMIT:g}; '
            'find out why the model makes them'
        )
    return array


@lru_cache(maxsize=64)
def _header(text: bytes) -> tuple[np.dtype, tuple[int, ...], bool]:
    """Type, shape and order that the header of an ``.npy`` file states; nearly always that of the map before."""
    try:
        fields = ast.literal_eval(text.decode('latin1').strip())
        dtype, shape, fortran = np.dtype(fields['descr']), tuple(fields['shape']), fields['fortran_order']
        if not all(isinstance(side, int) and side >= 0 for side in shape):
            raise ValueError(shape)
    except (SyntaxError, ValueError, TypeError, KeyError, MemoryError, RecursionError) as error:
        raise ValueError('its header is damaged') from error
    return dtype, shape, bool(fortran)
