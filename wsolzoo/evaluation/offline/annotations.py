"""Boxes, masks, sizes and labels for stand-alone evaluation, from the two file formats people have.

Every error names the file, the line and what to do; nothing is dropped in silence.
"""

import contextlib
import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from wsolzoo.errors import UserError

CSV_COLUMNS = ('image_id', 'x0', 'y0', 'x1', 'y1', 'width', 'height')


LARGEST = 1e7
"""No picture has a side, a coordinate or a class number beyond."""


class InputError(UserError, ValueError):
    """A file that cannot be used, with its name and what to do about it."""


@dataclass
class Annotations:
    """What is known about the images of a split.

    Attributes:
        ids: image ids in file order.
        boxes: (M, 4) float64 x0 y0 x1 y1 in pixels of the stored image, by id.
        masks: pairs (mask file, ignore file or '') by id.
        sizes: (height, width) of the stored image by id.
        labels: class by id; empty where there are none.
        source: where they come from, for messages.
    """

    source: Path
    ids: list[str] = field(default_factory=list)
    boxes: dict[str, np.ndarray] = field(default_factory=dict)
    masks: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)

    def require(self, what: str, protocol: str) -> None:
        """Check that every image has boxes and a size, or masks.

        Raises:
            InputError: one has none; the first is named.
        """
        given = self.boxes if what == 'boxes' else self.masks
        if not given:
            other = 'masks' if what == 'boxes' else 'boxes'
            raise InputError(f'{protocol} needs {what}, but {self.source} holds {other}')
        for table, name in ((given, what), *([(self.sizes, 'size')] if what == 'boxes' else [])):
            lacking = [image_id for image_id in self.ids if image_id not in table]
            if lacking:
                raise InputError(
                    f'{len(lacking)} of {len(self.ids)} images in {self.source} have no {name}, the first is '
                    f'{lacking[0]!r}; complete the annotation or remove the image from it'
                )


def read_annotations(path: str | Path) -> Annotations:
    """Read a metadata folder in the layout of wsolevaluation, or a CSV file.

    Raises:
        InputError: the path does not exist, or a line cannot be read; file and line are named.
    """
    path = Path(path)
    if path.is_dir():
        found = _read_folder(path)
    elif path.is_file():
        with _text(path):
            found = _read_csv(path)
    else:
        raise InputError(f'{path} does not exist; give a metadata folder or a CSV file with {",".join(CSV_COLUMNS)}')
    if not found.ids:
        raise InputError(f'{path} names no image')
    for image_id in found.ids:
        if '\0' in image_id or image_id.startswith('/') or {'', '.', '..'} & set(image_id.split('/')):
            raise InputError(
                f'{path}: {image_id!r} is no image id; an id is the path of a file below the folder of maps'
            )
    return found


@contextlib.contextmanager
def _text(path: Path) -> Iterator[None]:
    """Say which file is not the text it should be."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise InputError(f'{path} is not UTF-8 text (byte {error.start}); save it as UTF-8') from error
    except (OSError, csv.Error) as error:
        raise InputError(f'{path} cannot be read as text: {error}') from error


def _read_folder(folder: Path) -> Annotations:
    """``image_ids.txt``, ``localization.txt``, and where present ``image_sizes.txt`` and ``class_labels.txt``."""
    found = Annotations(folder)
    seen: dict[str, int] = {}
    for number, (image_id,) in _lines(folder / 'image_ids.txt', 1):
        if image_id in seen:
            raise InputError(
                f'{folder / "image_ids.txt"}, line {number}: {image_id!r} stands already on line {seen[image_id]}; '
                'remove one of them'
            )
        seen[image_id] = number
    found.ids = list(seen)
    sizes, labels = folder / 'image_sizes.txt', folder / 'class_labels.txt'
    if sizes.exists():
        for number, (image_id, width, height) in _lines(sizes, 3):
            _once(found.sizes, image_id, sizes, number)
            found.sizes[image_id] = _size(width, height, sizes, number)
    if labels.exists():
        for number, (image_id, label) in _lines(labels, 2):
            _once(found.labels, image_id, labels, number)
            found.labels[image_id] = _label(label, labels, number)
        if lacking := [image_id for image_id in found.ids if image_id not in found.labels]:
            raise InputError(f'{labels} has no class for {lacking[0]!r} ({len(lacking)} such images)')
    _read_localization(folder / 'localization.txt', found, seen)
    return found


def _read_localization(path: Path, found: Annotations, known: dict[str, int]) -> None:
    boxes: dict[str, list[tuple[float, ...]]] = {}
    first = next(_lines(path, None), None)
    if first is None:
        raise InputError(f'{path} is empty; it holds lines "path,x0,y0,x1,y1" or "path,mask.png,ignore.png"')
    fields = 3 if first[1][0].count(',') == 2 else 5
    for number, (image_id, *values) in _lines(path, fields):
        if image_id not in known:
            raise InputError(f'{path}, line {number}: {image_id!r} is not in image_ids.txt')
        if fields == 3:
            found.masks.setdefault(image_id, []).append((values[0], values[1]))
        else:
            boxes.setdefault(image_id, []).append(_box(values, path, number))
    found.boxes = {image_id: np.array(rows) for image_id, rows in boxes.items()}


def _read_csv(path: Path) -> Annotations:
    """One row a box; further columns are ignored, except ``label``."""
    found = Annotations(path)
    boxes: dict[str, list[tuple[float, ...]]] = {}
    with path.open(newline='', encoding='utf-8-sig') as file:
        reader = csv.DictReader(file)
        columns = [name.strip() for name in reader.fieldnames or ()]
        reader.fieldnames = columns
        if lacking := [name for name in CSV_COLUMNS if name not in columns]:
            raise InputError(
                f'{path}: column {", ".join(lacking)} missing; the first line must be {",".join(CSV_COLUMNS)}'
            )
        for row in reader:
            number = reader.line_num
            if None in row or None in row.values():
                raise InputError(f'{path}, line {number}: expected {len(columns)} values as in the first line')
            image_id = row['image_id'].strip()
            if not image_id:
                raise InputError(f'{path}, line {number}: image_id is empty')
            size = _size(row['width'], row['height'], path, number)
            if found.sizes.setdefault(image_id, size) != size:
                raise InputError(f'{path}, line {number}: {image_id!r} had another width and height before')
            boxes.setdefault(image_id, []).append(_box([row[k] for k in ('x0', 'y0', 'x1', 'y1')], path, number))
            if 'label' in columns:
                label = _label(row['label'], path, number)
                if found.labels.setdefault(image_id, label) != label:
                    raise InputError(f'{path}, line {number}: {image_id!r} had another label before')
    found.ids = list(boxes)
    found.boxes = {image_id: np.array(rows) for image_id, rows in boxes.items()}
    return found


def _lines(path: Path, fields: int | None) -> Iterator[tuple[int, list[str]]]:
    """Line number and fields of every line that is not blank; an image id may itself contain commas."""
    if not path.is_file():
        raise InputError(f'{path} does not exist')
    with _text(path), path.open(encoding='utf-8') as file:
        for number, line in enumerate(file, 1):
            line = line.strip()
            if not line:
                continue
            values = [line] if fields in (None, 1) else [value.strip() for value in line.rsplit(',', fields - 1)]
            if fields is not None and len(values) != fields:
                raise InputError(f'{path}, line {number}: expected {fields} comma-separated values, got {line!r}')
            yield number, values


def _once(table: dict, image_id: str, path: Path, number: int) -> None:
    if image_id in table:
        raise InputError(f'{path}, line {number}: {image_id!r} has a line already; remove one of them')


def _number(text: str, path: Path, number: int) -> float:
    try:
        value = float(text)
    except (TypeError, ValueError):
        raise InputError(f'{path}, line {number}: {text!r} is not a number') from None
    if not abs(value) <= LARGEST:
        raise InputError(f'{path}, line {number}: {text!r} is not a finite number between -{LARGEST:g} and {LARGEST:g}')
    return value


def _label(text: str, path: Path, number: int) -> int:
    value = _number(text, path, number)
    if value < 0 or value != int(value):
        raise InputError(f'{path}, line {number}: a class is an integer from 0, got {text!r}')
    return int(value)


def _size(width: str, height: str, path: Path, number: int) -> tuple[int, int]:
    """(height, width)."""
    w, h = (_number(text, path, number) for text in (width, height))
    if w < 1 or h < 1 or w != int(w) or h != int(h):
        raise InputError(f'{path}, line {number}: width and height are positive integers, got {width},{height}')
    return int(h), int(w)


def _box(values: list[str], path: Path, number: int) -> tuple[float, ...]:
    box = tuple(_number(text, path, number) for text in values)
    if box[2] < box[0] or box[3] < box[1]:
        raise InputError(f'{path}, line {number}: a box is x0,y0,x1,y1 with x0 <= x1 and y0 <= y1, got {list(box)}')
    return box
