"""Boxes of pictures from the files that annotation tools write: CSV, COCO's JSON, VOC's XML and plain lines."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

from wsolzoo.datasets.annotation import AnnotationError, as_box, read_csv, read_rows, read_text

CORNERS = ('x1', 'y1', 'x2', 'y2')
FORMS = (
    'a CSV file with the columns file,x1,y1,x2,y2[,class], a COCO .json, a .txt of lines file,x1,y1,x2,y2, or a folder '
    'of VOC .xml'
)


class NamedBox(NamedTuple):
    """A box, the picture and class that the file names, and where it does."""

    file: str
    box: list[float]
    label: str | None
    where: str


def read_boxes(path: Path) -> list[NamedBox]:
    """All boxes of a file, or of a folder of files.

    Raises:
        AnnotationError: the file is of no kind known here, or something in it cannot be.
    """
    kinds: dict[str, Callable[[Path], Iterator[NamedBox]]] = {'.csv': from_csv, '.json': from_coco, '.txt': from_lines}
    if path.is_dir():
        return [box for file in sorted(path.rglob('*.xml')) for box in from_voc(file, path)]
    if path.suffix.lower() not in kinds:
        raise AnnotationError(f'{path}: boxes come from {FORMS}')
    return list(kinds[path.suffix.lower()](path))


def from_csv(path: Path) -> Iterator[NamedBox]:
    """A row a box; ``class`` may be absent or empty."""
    for where, row in read_csv(path, ('file', *CORNERS), FORMS):
        yield NamedBox(row['file'], as_box([row[key] for key in CORNERS], where), row.get('class') or None, where)


def from_lines(path: Path) -> Iterator[NamedBox]:
    """A line a box, without a header, as ``localization.txt`` of Choe et al. (CVPR 2020)."""
    for where, (file, *corners) in read_rows(path, 'file,x1,y1,x2,y2', ','):
        yield NamedBox(file, as_box(corners, where), None, where)


def from_coco(path: Path) -> Iterator[NamedBox]:
    """The ``annotations`` of a COCO file, whose boxes are x, y, width, height; crowds are no boxes and left out."""
    try:
        content = json.loads(read_text(path))
    except (json.JSONDecodeError, RecursionError) as error:
        raise AnnotationError(f'{path} is no JSON ({error})') from error
    files = _numbered(content, 'images', 'file_name', path)
    names = _numbered(content, 'categories', 'name', path)
    for place, item in enumerate(_items(content, 'annotations', path)):
        where = f'{path}, annotations[{place}]'
        if item.get('iscrowd'):
            continue
        for key, known in (('image_id', files), ('category_id', names)):
            if not isinstance(item.get(key), int | str) or item[key] not in known:
                raise AnnotationError(f'{where}: {key} {item.get(key)!r} is not in the file')
        box = item.get('bbox')
        corners = as_box(box if isinstance(box, list) else [], where, sized=True)
        yield NamedBox(files[item['image_id']], corners, names[item['category_id']], where)


def _items(content: Any, key: str, path: Path) -> list[dict]:
    items = content.get(key) if isinstance(content, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise AnnotationError(f'{path}: a COCO file holds a list of objects under {key!r}')
    return items


def _numbered(content: Any, key: str, name: str, path: Path) -> dict[int | str, str]:
    """Names by id."""
    found: dict[int | str, str] = {}
    for place, item in enumerate(_items(content, key, path)):
        number, text = item.get('id'), item.get(name)
        if not isinstance(number, int | str) or not isinstance(text, str) or not text or number in found:
            raise AnnotationError(f'{path}, {key}[{place}]: expected an id of its own and a {name}; got {item!r}')
        found[number] = text
    return found


def from_voc(path: Path, folder: Path) -> Iterator[NamedBox]:
    """The objects of one VOC file; the picture has the path of the file below ``folder``, but for the ending.

    Corners are taken as they stand, as those of ILSVRC: tools differ by a pixel in what they count from.
    """
    try:
        objects = ElementTree.parse(path).getroot().findall('object')
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise AnnotationError(f'{path} is no annotation in VOC form ({error})') from error
    for number, item in enumerate(objects, 1):
        where = f'{path}, object {number}'
        corners = [item.findtext(f'bndbox/{key}') for key in ('xmin', 'ymin', 'xmax', 'ymax')]
        name = path.relative_to(folder).with_suffix('').as_posix()
        yield NamedBox(name, as_box(corners, where), (item.findtext('name') or '').strip() or None, where)
