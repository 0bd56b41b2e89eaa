"""What a trained localizer says of training images, read from the folder that ``tools/make_pseudo_labels.py`` writes.

The folder holds ``manifest.json``, which says where the labels come from, and ``labels.csv``, a row an image in the
columns of :class:`~wsolzoo.datasets.box_csv.BoxCSV`; masks and maps are PNG files that the rows name.
"""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from wsolzoo.datasets.annotation import as_box, check_boxes, read_csv
from wsolzoo.datasets.decoding import BrokenFile
from wsolzoo.digest import sha256_of
from wsolzoo.errors import UserError
from wsolzoo.registry import TRANSFORMS

FORMAT = 1
MANIFEST, TABLE = 'manifest.json', 'labels.csv'
COLUMNS = ('file', 'class', 'x1', 'y1', 'x2', 'y2', 'mask', 'map')
KINDS = {'boxes': 'pseudo_bboxes', 'masks': 'pseudo_seg_map', 'seeds': 'pseudo_map'}
"""What may be written of an image, and where the transform puts it."""
MASK_LEVELS = {0: 0, 1: 255, 255: 128}
"""Grey levels of a mask file by value: background, object, unknown; those that ``BoxCSV`` reads."""
MAP_TOP = 65535
"""The grey level of a map's 1."""
HOW = 'python tools/make_pseudo_labels.py CONFIG CHECKPOINT --split train --as {kind} --out {folder}'


class PseudoLabelError(UserError, ValueError):
    """Labels are missing, not finished, or not those of this model or these data."""


@dataclass(frozen=True)
class Manifest:
    """Where the labels of a folder come from.

    Attributes:
        kind: one of :data:`KINDS`.
        config: name of the model's config.
        fingerprint: stands for the model and for how it saw the images.
        checkpoint: the file of its weights.
        checkpoint_sha256: of that file.
        rule: the foreground rule, without true boxes; ``None`` for seeds, which are the maps themselves.
        normalizer: how maps came to [0, 1].
        reader: class of the data set.
        drawn_from: see :class:`~wsolzoo.datasets.base.ZooDataset`.
        images: how many there are.
        command: that made them.
        complete: whether all have a label.
        format: of the folder.
    """

    kind: str
    config: str
    fingerprint: str
    checkpoint: str
    checkpoint_sha256: str
    rule: dict | None
    normalizer: str | dict
    reader: str
    drawn_from: str | None
    images: int
    command: str = ''
    complete: bool = False
    format: int = FORMAT

    def text(self) -> str:
        """JSON."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + '\n'

    def differences(self, other: 'Manifest') -> list[str]:
        """What tells two folders' labels apart, a line each; where the checkpoint lies does not matter."""
        silent = {'command', 'complete', 'checkpoint'}
        return [
            f'{field.name}: {getattr(self, field.name)!r} and {getattr(other, field.name)!r}'
            for field in fields(self)
            if field.name not in silent and getattr(self, field.name) != getattr(other, field.name)
        ]


class PseudoLabel(NamedTuple):
    """One row: the class that was asked about (``None`` where images have none), and a box or the name of a file."""

    label: int | None
    box: list[float] | None
    file: str


def read_manifest(folder: str | Path) -> Manifest:
    """What ``manifest.json`` says.

    Raises:
        PseudoLabelError: there is none, or none that this version reads.
    """
    path = Path(folder, MANIFEST)
    if not path.is_file():
        raise PseudoLabelError(
            f'there are no pseudo-labels in {folder} ({MANIFEST} is missing). Make them with a trained localizer: '
            f'{HOW.format(kind="boxes", folder=folder)}'
        )
    try:
        return Manifest(**_of_this_format(json.loads(path.read_text(encoding='utf-8'))))
    except (ValueError, TypeError) as error:
        raise PseudoLabelError(f'{path} is no manifest of pseudo-labels ({error}). Make the labels again') from error


def _of_this_format(content: Any) -> dict:
    if not isinstance(content, dict) or content.get('format') != FORMAT:
        raise ValueError(f'expected format {FORMAT}')
    return content


def read_table(path: Path) -> dict[str, PseudoLabel]:
    """The rows of ``labels.csv`` by image id."""
    found: dict[str, PseudoLabel] = {}
    for where, row in read_csv(path, COLUMNS, ','.join(COLUMNS)):
        corners = [row[key] for key in ('x1', 'y1', 'x2', 'y2')]
        box = as_box(corners, where) if any(corners) else None
        found[row['file']] = PseudoLabel(int(row['class']) if row['class'] else None, box, row['mask'] or row['map'])
    return found


@TRANSFORMS.register_module()
class LoadPseudoLabels(BaseTransform):
    """What another model said of the image: ``pseudo_bboxes``, ``pseudo_seg_map`` or ``pseudo_map``.

    Put it right after ``LoadImage``: the labels are in the frame of the stored image, and move with it from there on.
    ``pseudo_bboxes`` is (1, 4), ``pseudo_seg_map`` (H, W) uint8 with 0, 1 and 255 for unknown, ``pseudo_map`` (H, W)
    float32 in [0, 1]. They are no truth, so a ``train-weaksup`` split may have them.

    The folder is looked at when the data set is read. Labels of which some are missing, whose checkpoint has changed
    since, or that were made of other images are refused.

    Args:
        folder: what ``tools/make_pseudo_labels.py`` wrote.
        kind: ``'boxes'``, ``'masks'`` or ``'seeds'``.
        checkpoint: weights that the labels must come from; by default whatever file the manifest names, where it is
            still there.

    Raises:
        PseudoLabelError: the labels are not what is asked for.
    """

    def __init__(self, folder: str, kind: str, checkpoint: str | None = None) -> None:
        if kind not in KINDS:
            raise ValueError(f'kind must be one of {", ".join(KINDS)}; got {kind!r}')
        self.folder, self.kind, self.checkpoint = Path(folder), kind, checkpoint
        self.table: dict[str, PseudoLabel] | None = None

    def bind(self, dataset: Any) -> None:
        """Read the table, and compare it with the data set.

        Raises:
            PseudoLabelError: see above.
        """
        manifest = self.read()
        if manifest.drawn_from != dataset.drawn_from:
            raise self._foreign(manifest, f'{manifest.drawn_from}, but these are {dataset.drawn_from}')
        infos = [dataset.get_annotation(index) for index in range(len(dataset))]
        missing = [info['img_id'] for info in infos if info['img_id'] not in self.table]
        if missing:
            raise self._foreign(manifest, f'{len(missing)} of {len(infos)} images have no label, such as {missing[0]}')
        for info in infos:
            asked = self.table[info['img_id']].label
            if asked not in (None, info.get('gt_label')):
                raise self._foreign(manifest, f'{info["img_id"]} had class {asked}, here {info.get("gt_label")}')

    def read(self) -> Manifest:
        """The manifest, the labels in memory."""
        manifest = read_manifest(self.folder)
        if manifest.kind != self.kind:
            raise PseudoLabelError(
                f'{self.folder} holds {manifest.kind}, and {self.kind} are asked for: set kind, or make them with '
                + HOW.format(kind=self.kind, folder='ANOTHER_FOLDER')
            )
        if not manifest.complete:
            raise PseudoLabelError(
                f'the pseudo-labels in {self.folder} are not finished. The command that made them goes on where it '
                f'stopped: {manifest.command}'
            )
        weights = Path(self.checkpoint or manifest.checkpoint)
        if self.checkpoint and not weights.is_file():
            raise PseudoLabelError(f'the pseudo-labels in {self.folder} must come from {weights}, which does not exist')
        if weights.is_file() and sha256_of(weights) != manifest.checkpoint_sha256:
            raise PseudoLabelError(
                f'the pseudo-labels in {self.folder} are stale: they come from other weights than {weights} holds now. '
                f'Make them again, into an empty folder or with --overwrite: {manifest.command}'
            )
        self.table = read_table(self.folder / TABLE)
        return manifest

    def _foreign(self, manifest: Manifest, reason: str) -> PseudoLabelError:
        return PseudoLabelError(
            f'the pseudo-labels in {self.folder} are of other images ({manifest.images} of {manifest.reader}): '
            f'{reason}. Make those of this split: {HOW.format(kind=self.kind, folder="ANOTHER_FOLDER")}'
        )

    def transform(self, results: dict) -> dict:
        """Add the label of the image.

        Raises:
            BrokenFile: the file of a mask or a map cannot be read.
        """
        if self.table is None:
            self.read()
        found, size = self.table[results['img_id']], results['img'].shape[:2]
        if self.kind == 'boxes':
            value = np.array([found.box], np.float64)
            check_boxes(value, size, results['img_id'])
        elif self.kind == 'masks':
            value = _as_mask(read_png(self.folder / found.file))
            if value.shape != size:
                raise PseudoLabelError(
                    f'{self.folder / found.file} is {value.shape}, the image {size} ({results["img_id"]}). Put '
                    'LoadPseudoLabels right after LoadImage, before anything that resizes'
                )
        else:
            levels = read_png(self.folder / found.file).astype(np.float32)
            value = cv2.resize(levels / MAP_TOP, size[::-1], interpolation=cv2.INTER_LINEAR)
        results[KINDS[self.kind]] = value
        return results

    def __repr__(self) -> str:
        return f'LoadPseudoLabels(folder={str(self.folder)!r}, kind={self.kind!r})'


def read_png(path: Path) -> np.ndarray:
    """Grey levels (h, w) of a PNG file, 8 or 16 bits."""
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise BrokenFile(f'pseudo-label cannot be read: {path} ({error.strerror})') from error
    found = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
    if found is None or found.ndim != 2:
        raise BrokenFile(f'pseudo-label is no grey PNG: {path}')
    return found


def _as_mask(grey: np.ndarray) -> np.ndarray:
    mask = np.zeros(grey.shape, np.uint8)
    for value, level in MASK_LEVELS.items():
        mask[grey == level] = value
    return mask
