"""Annotation files: rows of text that know where they stand, so that every complaint names file and line."""

import csv
import re
from collections.abc import Iterable, Sequence
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import numpy as np

from wsolzoo.errors import UserError, meant

SLACK = 1.0
"""Pixels by which published boxes stick out of their picture here and there."""


class AnnotationError(UserError, ValueError):
    """An annotation says something that cannot be; the message names the file and, in a text, the line."""


class Row(NamedTuple):
    """Words of one line, and the file and line they stand on."""

    where: str
    values: list[str]


def read_text(path: str | Path) -> str:
    """The text of a file in UTF-8, with or without the mark that some editors put first."""
    try:
        return Path(path).read_text(encoding='utf-8-sig')
    except UnicodeDecodeError as error:
        raise AnnotationError(f'{path} is no text in UTF-8 ({error.reason} at byte {error.start})') from error


def read_rows(path: str | Path, form: str, sep: str | None = None, comment: str | None = None) -> list[Row]:
    """The lines of a text file, split.

    Args:
        path: the file.
        form: what a line looks like, as in ``'path,label'``. It says how many values there are: exactly as many as it
            names, or that many or more where it ends with ``…``.
        sep: what stands between values; ``None`` for any white space.
        comment: the beginning of lines to leave out.

    Raises:
        AnnotationError: a line has another number of values, or an empty first one.
    """
    least, open_end = len(form.removesuffix('…').split(sep)), form.endswith('…')
    rows = []
    for number, line in enumerate(read_text(path).split('\n'), 1):
        if not line.strip() or (comment and line.startswith(comment)):
            continue
        row = Row(f'{path}, line {number}', [word.strip() for word in line.split(sep)])
        if len(row.values) < least or (len(row.values) > least and not open_end) or not row.values[0]:
            raise AnnotationError(f'{row.where}: expected {form!r} in each line; got {line.strip()!r}')
        rows.append(row)
    return rows


def by_key(rows: Iterable[Row]) -> dict[str, Row]:
    """Rows by their first value, which must differ; the value is taken off."""
    found: dict[str, Row] = {}
    for where, (key, *values) in rows:
        if key in found:
            raise AnnotationError(f'{where}: {key} stands here for the second time, first on {found[key].where}')
        found[key] = Row(where, values)
    return found


def look_up(found: dict[str, Row], key: str, path: str | Path, asked_by: str) -> Row:
    """The row of ``key`` in a table that must have one."""
    if key not in found:
        raise AnnotationError(f'{path} has no line for {key}, which {asked_by} names')
    return found[key]


def read_csv(path: str | Path, needed: Iterable[str], expected: str) -> list[tuple[str, dict[str, str]]]:
    """Place and columns of every row of a CSV file with a header.

    Args:
        path: the file.
        needed: columns it must have.
        expected: the layout, for the message.

    Raises:
        AnnotationError: no CSV, a column is missing or there twice, or a row has more or fewer values than the header.
    """
    reader = csv.reader(StringIO(read_text(path), newline=''), strict=True)
    rows: list[tuple[str, dict[str, str]]] = []
    try:
        header = [name.strip() for name in next(reader, [])]
        missing = sorted(set(needed) - set(header))
        if missing or len(set(header)) < len(header):
            what = f'has no column {", ".join(missing)}' if missing else 'has a column twice'
            raise AnnotationError(f'{path} {what}. Expected: {expected}')
        for values in reader:
            where = f'{path}, line {reader.line_num}'
            if values and len(values) != len(header):
                raise AnnotationError(f'{where}: {len(values)} values, but the header names {len(header)} columns')
            if any(value.strip() for value in values):
                rows.append((where, {key: value.strip() for key, value in zip(header, values)}))
    except csv.Error as error:
        raise AnnotationError(f'{path}, line {reader.line_num}: no CSV ({error})') from error
    return rows


def as_label(text: str, where: str, first: int = 0, count: int | None = None) -> int:
    """A class number, counted from 0.

    Args:
        text: a whole number.
        where: file and line.
        first: the number that the file gives to the first class.
        count: number of classes, where known.

    Raises:
        AnnotationError: it is none, or outside.
    """
    whole = text.isascii() and text.removeprefix('-').isdecimal() and len(text) < 12
    label = int(text) - first if whole else None
    if label is None or label < 0 or (count is not None and label >= count):
        last = '' if count is None else f' to {first + count - 1}'
        raise AnnotationError(f'{where}: a class is a whole number from {first}{last}; got {text!r}')
    return label


def as_box(values: Sequence[str], where: str, sized: bool = False, inclusive: bool = False) -> list[float]:
    """A box (x0, y0, x1, y1, end exclusive) from the words of an annotation file.

    Args:
        values: four numbers.
        where: file and line.
        sized: the last two are width and height.
        inclusive: the last two name the last pixel.

    Raises:
        AnnotationError: they are not four finite numbers, or the box is empty, upside down or left of every picture.
    """
    try:
        box = [float(value) for value in values]
    except (TypeError, ValueError, OverflowError):
        box = []
    if len(box) != 4 or not np.isfinite(box).all():
        form = 'x, y, width, height' if sized else 'x0, y0, x1, y1'
        raise AnnotationError(f'{where}: a box is four numbers {form}; got {", ".join(map(str, values))!r}')
    if sized:
        box[2:] = box[0] + box[2], box[1] + box[3]
    if inclusive:
        box[2:] = box[2] + 1, box[3] + 1
    wrong = wrong_box(box)
    if wrong:
        raise AnnotationError(f'{where}: the box {box} {wrong}')
    return box


def wrong_box(box: Sequence[float] | np.ndarray, size: tuple[int, int] | None = None, slack: float = SLACK) -> str:
    """What is wrong with a box, the end of a sentence; empty where nothing is.

    Args:
        box: x0 y0 x1 y1, end exclusive.
        size: height and width of the picture, where known.
        slack: pixels by which it may stick out.
    """
    x0, y0, x1, y1 = box
    if not np.isfinite(box).all():
        return 'is not finite'
    if x1 <= x0 or y1 <= y0:
        return 'is empty or upside down (x0 y0 x1 y1, end exclusive)'
    if x1 <= 0 or y1 <= 0:
        return 'lies left of or above every picture'
    if size is not None and (min(x0, y0) < -slack or x1 > size[1] + slack or y1 > size[0] + slack):
        return f'leaves the image of {size[1]}x{size[0]}'
    return ''


def check_boxes(boxes: np.ndarray, size: tuple[int, int], where: str) -> None:
    """Refuse boxes that cannot belong to a picture of this size: less than half of one lies inside.

    A box that sticks out less is what published data sets have here and there; ``verify`` names those as well.

    Args:
        boxes: (M, 4), pixels of the stored picture.
        size: its height and width.
        where: the picture's name.

    Raises:
        AnnotationError: naming the first one.
    """
    for box in np.asarray(boxes, np.float64).reshape(-1, 4):
        wrong = wrong_box(box, size)
        if wrong.startswith('leaves'):
            inside = np.clip(box, 0, (size[1], size[0]) * 2)
            share = np.prod(inside[2:] - inside[:2]) / np.prod(box[2:] - box[:2])
            wrong = f'{wrong}: {share:.0%} of it lies inside' if not share >= 0.5 else ''
        if wrong:
            raise AnnotationError(
                f'the box {box.tolist()} of {where} {wrong}. Boxes are in pixels of the stored picture, turned as its '
                'EXIF entry says; tools/dataset_tools/verify.py CONFIG lists all that are wrong'
            )


def as_labels(names: dict[str, str], classes: Sequence[str] | None) -> tuple[dict[str, int], Sequence[str] | None]:
    """The number of each class of a file that gives classes as numbers from 0 or as names.

    Args:
        names: where each class stands first.
        classes: the names in their order, where known; else names are numbered in sorted order.

    Returns:
        The numbers, and the names of the classes (``None`` for numbers without names).

    Raises:
        AnnotationError: numbers that are no class numbers, numbers and names side by side, or a name that is no class.
    """
    numbers, count = [name for name in names if is_number(name)], len(classes) if classes else None
    if names and len(numbers) == len(names):
        return {name: as_label(name, where, count=count) for name, where in names.items()}, classes
    if numbers:
        raise AnnotationError(f'{names[numbers[0]]}: classes are numbers or names; got {numbers[0]!r} among names')
    classes = tuple(classes or sorted(names))
    for name, where in names.items():
        if name not in classes:
            raise AnnotationError(f'{where}: {name!r} is no class; {meant(name, classes)}')
    return {name: classes.index(name) for name in names}, classes


def is_number(word: str) -> bool:
    """Whether a word of a file is written as a number."""
    return re.fullmatch(r'[-+]?[0-9.]+([eE][-+]?[0-9]+)?', word) is not None
