"""A folder of pseudo-labels while it is written: a killed run loses nothing, and labels of two sources never mix."""

import csv
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from wsolzoo.datasets.pseudo_labels import (
    COLUMNS,
    MANIFEST,
    MAP_TOP,
    MASK_LEVELS,
    TABLE,
    Manifest,
    PseudoLabelError,
    read_manifest,
)
from wsolzoo.engine.weights.atomic import AtomicLocalBackend

PART = f'{TABLE}.part'
FOLDERS = {'masks': 'mask', 'seeds': 'map'}
FILES_A_FOLDER = 1000


class LabelFolder:
    """Adds rows to a table that gets its name once it is whole; a file counts once its row stands.

    Args:
        folder: made where it does not exist.
        manifest: of the labels that will be written; what is there of the same manifest is continued.
        overwrite: remove what is there of another.

    Attributes:
        done: ids of the images that have a label.

    Raises:
        PseudoLabelError: there are labels of another manifest.
    """

    def __init__(self, folder: Path, manifest: Manifest, overwrite: bool = False) -> None:
        self.folder, self.manifest = folder, manifest
        if (folder / MANIFEST).exists():
            self._meet(overwrite)
        if not (folder / MANIFEST).exists():
            self._write_manifest(manifest)
            self._append([COLUMNS])
        self.done = {row[0] for row in self._rows()}

    def _meet(self, overwrite: bool) -> None:
        try:
            different = read_manifest(self.folder).differences(self.manifest)
        except PseudoLabelError as error:
            different = [str(error)]
        if different and not overwrite:
            raise PseudoLabelError(
                '\n  '.join(
                    [
                        f'{self.folder} holds other pseudo-labels (there, and asked for now):',
                        *different,
                        'Name another folder, or drop those with --overwrite.',
                    ]
                )
            )
        if different:
            for name in (*FOLDERS, TABLE, PART, MANIFEST):  # the manifest last: what is left without it is not read
                path = self.folder / name
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    def _rows(self) -> list[list[str]]:
        """The rows so far, without the header; half a row that a killed process left is cut off."""
        path = self.folder / (TABLE if (self.folder / TABLE).exists() else PART)
        text = path.read_bytes() if path.exists() else b''
        whole = text[: text.rfind(b'\n') + 1]
        if len(whole) < len(text):
            path.write_bytes(whole)
        if not whole:
            self._append([COLUMNS])
        return list(csv.reader(whole.decode('utf-8').splitlines()))[1:]

    def add(self, index: int, img_id: str, label: int | None, value: np.ndarray) -> None:
        """Write the label of one image.

        Args:
            index: of the image in the data set.
            img_id: its id.
            label: its class.
            value: (4,) a box, (H, W) uint8 a mask, or (h, w) in [0, 1] a map, as the manifest's kind says.
        """
        row = {'file': img_id, 'class': '' if label is None else label}
        if self.manifest.kind == 'boxes':
            row |= dict(zip(('x1', 'y1', 'x2', 'y2'), (f'{x:g}' for x in value)))
        else:
            name = Path(self.manifest.kind, f'{index // FILES_A_FOLDER:04d}', f'{index:07d}.png')
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            encoded = cv2.imencode('.png', levels_of(value, self.manifest.kind))[1]
            (self.folder / name).write_bytes(encoded.tobytes())
            row[FOLDERS[self.manifest.kind]] = name.as_posix()
        self._append([[row.get(column, '') for column in COLUMNS]])
        self.done.add(img_id)

    def finish(self) -> None:
        """Give the table its name, and say that it is whole; nothing where that is so."""
        if read_manifest(self.folder).complete:
            return
        if (self.folder / PART).exists():
            (self.folder / PART).replace(self.folder / TABLE)
        self._write_manifest(replace(self.manifest, complete=True))

    def _write_manifest(self, manifest: Manifest) -> None:
        AtomicLocalBackend().put_text(manifest.text(), self.folder / MANIFEST)

    def _append(self, rows: Iterable[Iterable]) -> None:
        with open(self.folder / PART, 'a', encoding='utf-8', newline='') as file:
            csv.writer(file, lineterminator='\n').writerows(rows)


def levels_of(value: np.ndarray, kind: str) -> np.ndarray:
    """The grey levels of a mask (8 bits) or of a map (16 bits)."""
    if kind == 'seeds':
        return np.round(np.clip(value, 0, 1) * MAP_TOP).astype(np.uint16)
    grey = np.zeros(value.shape, np.uint8)
    for number, level in MASK_LEVELS.items():
        grey[value == number] = level
    return grey
