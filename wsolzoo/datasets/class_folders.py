"""Pictures in folders of classes, and which of them a file of boxes means."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from wsolzoo.datasets.annotation import AnnotationError
from wsolzoo.datasets.box_files import NamedBox

ENDINGS = ('.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff', '.ppm')


def subfolders(folder: Path) -> list[str]:
    """Names of the folders in a folder, hidden ones left out."""
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and path.name[0] not in '._')


def pictures(folder: Path) -> Iterator[Path]:
    """Files with the ending of a picture, at any depth, in sorted order."""
    return (p for p in sorted(folder.rglob('*')) if p.suffix.lower() in ENDINGS and not p.name.startswith('.'))


def ids_by_tail(root: Path, classes: tuple[str, ...]) -> dict[str, set[str]]:
    """Ids of the pictures of every split by each end of their path, with and without the ending of the file."""
    found = defaultdict(set)
    for folder in (root, *(root / name for name in subfolders(root))):
        for path in (path for name in classes for path in pictures(folder / name)):
            parts = path.relative_to(root).parts
            for start in range(len(parts)):
                tail = '/'.join(parts[start:])
                for name in (tail, tail.removesuffix(path.suffix)):
                    found[name].add('/'.join(parts))
    return found


def the_picture(box: NamedBox, ids: dict[str, set[str]], root: Path) -> str:
    """Id of the one picture that a box names."""
    hits = sorted(ids.get(box.file.replace('\\', '/').removeprefix('./'), ()))
    if len(hits) != 1:
        which = f'is one of {hits[0]} and {hits[1]}; give more of its path' if hits else f'is no picture below {root}'
        raise AnnotationError(f'{box.where}: {box.file} {which}')
    return hits[0]
