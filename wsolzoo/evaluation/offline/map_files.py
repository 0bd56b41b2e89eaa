"""Maps and masks on disk, read one at a time and checked."""

import threading
import zipfile
from pathlib import Path

import cv2
import numpy as np

from wsolzoo.evaluation.localization.protocols import View
from wsolzoo.evaluation.offline.annotations import InputError


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
        self._archive: np.lib.npyio.NpzFile | None = None
        self._lock = threading.Lock()
        if self.path.is_dir():
            return
        if not self.path.is_file():
            raise InputError(f'{self.path} does not exist; give a folder of <image_id>.npy files or one .npz file')
        try:
            archive = np.load(self.path, allow_pickle=False)
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise InputError(
                f'{self.path} is no archive of maps; write it with numpy.savez(path, **{{image_id: map}})'
            ) from error
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise InputError(f'{self.path} is a single array; give a folder of .npy files or an .npz with ids as keys')
        self._archive = archive

    def where(self, image_id: str) -> str:
        """The file of a map, for messages."""
        return str(self._file(image_id)) if self._archive is None else f'{self.path}[{image_id}]'

    def _file(self, image_id: str) -> Path:
        full = self.path / f'{image_id}.npy'
        short = self.path / f'{Path(image_id).with_suffix("")}.npy'
        return short if not full.exists() and short.exists() else full

    def read(self, image_id: str) -> np.ndarray | None:
        """The raw map of an image, (h, w), or None if there is none.

        Raises:
            InputError: it is unreadable, not 2-D, not real-valued, or not finite; the file is named.
        """
        try:
            array = self._load(image_id)
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise InputError(
                f'{self.where(image_id)} cannot be read: {error}; write it again with numpy.save'
            ) from error
        if array is None:
            return None
        where = self.where(image_id)
        if array.ndim != 2 or array.size == 0:
            raise InputError(f'{where} has shape {array.shape}; a map is (height, width): save one channel, no batch')
        if array.dtype.kind not in 'buif':
            raise InputError(f'{where} has type {array.dtype}; a map holds real numbers, float32 at best')
        if not np.isfinite(array).all():
            bad = int(array.size - np.isfinite(array).sum())
            raise InputError(f'{where} holds {bad} values that are NaN or infinite; find out why the model makes them')
        return array

    def _load(self, image_id: str) -> np.ndarray | None:
        if self._archive is not None:
            with self._lock:
                return self._archive.get(image_id)
        file = self._file(image_id)
        return np.load(file, allow_pickle=False) if file.exists() else None


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
    masks = [_read_gray(Path(root) / mask, view) for mask, _ in pairs]
    ignored = [_read_gray(Path(root) / ignore, view) for _, ignore in pairs if ignore]
    out = np.zeros(view.size, np.uint8)
    for region in ignored:
        out[region] = 255
    for mask in masks:
        out[mask] = 1
    return out


def _read_gray(file: Path, view: View) -> np.ndarray:
    image = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE) if file.is_file() else None
    if image is None:
        raise InputError(f'{file} cannot be read as an image; check --mask-root')
    height, width = view.resize
    image = cv2.resize(image, (width, height), interpolation=cv2.INTER_NEAREST)
    if view.crop is not None:
        top, left = round((height - view.crop[0]) / 2), round((width - view.crop[1]) / 2)
        image = image[top : top + view.crop[0], left : left + view.crop[1]]
    return image > 0
