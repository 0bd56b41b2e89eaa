"""What a user may name as images."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff', '.ppm')

Image = str | Path | np.ndarray
Images = Image | Sequence[Image] | Mapping[str, Image]


def expand(images: Images) -> Iterator[tuple[str, Image]]:
    """Id and image for each of what a user named; the files of a folder are sorted, their ids relative to it.

    Args:
        images: a path, a folder, an (H, W, 3) uint8 RGB array, a sequence of these, or images by id.

    Raises:
        FileNotFoundError: a path does not exist, or a folder holds no image.
        TypeError: something is neither a path nor an (H, W, 3) uint8 array.
    """
    if isinstance(images, Mapping):
        yield from images.items()
        return
    for index, image in enumerate([images] if isinstance(images, (str, Path, np.ndarray)) else images):
        if isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3:
            yield f'{index:06d}', image
        elif isinstance(image, (str, Path)) and Path(image).is_dir():
            files = sorted(p for p in Path(image).rglob('*') if p.suffix.lower() in SUFFIXES and p.is_file())
            if not files:
                raise FileNotFoundError(f'{image} holds no image ({", ".join(SUFFIXES)})')
            yield from ((file.relative_to(image).as_posix(), file) for file in files)
        elif isinstance(image, (str, Path)):
            if not Path(image).is_file():
                raise FileNotFoundError(f'image {image} does not exist')
            yield Path(image).name, image
        else:
            what = (
                f'{image.dtype} array of shape {image.shape}' if isinstance(image, np.ndarray) else type(image).__name__
            )
            raise TypeError(f'an image is a path, a folder or an (H, W, 3) uint8 RGB array; got {what}')
