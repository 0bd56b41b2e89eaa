"""The door to this package for hooks and configs."""

import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from wsolzoo.registry import VISUALIZERS
from wsolzoo.visualization.drawing import draw
from wsolzoo.visualization.overlay import check_image, dense_strip, localization_strip
from wsolzoo.visualization.report import wanted_images, write_report
from wsolzoo.visualization.summary import Headline, headlines, numbers


@VISUALIZERS.register_module()
class LocVisualizer:
    """Draws results: maps and boxes over photographs, and the estimates of dense tasks beside their truth.

    Hooks reach it through the registry and so need not know this package; a plugin replaces it by registering another
    class with these methods and naming it in ``ReportHook(visualizer=dict(type=…))``.
    """

    def headlines(self, result: dict) -> list[Headline]:
        """See :func:`wsolzoo.visualization.summary.headlines`."""
        return headlines(result)

    def numbers(self, result: dict) -> list[tuple]:
        """Every scalar, see :func:`wsolzoo.visualization.summary.numbers`."""
        return numbers(result.get('metrics') or {})

    def wanted_images(self, result: dict, seed: int = 0) -> list[str]:
        """See :func:`wsolzoo.visualization.report.wanted_images`."""
        return wanted_images(result, seed)

    def write_report(self, result: dict, path: str | Path, **kwargs: Any) -> Path:
        """See :func:`wsolzoo.visualization.report.write_report`."""
        return write_report(result, path, **kwargs)

    def save_strip(self, folder: str | Path, img_id: str, picture: Mapping, record: Mapping) -> Path:
        """Write photograph, map and boxes of one image as a PNG; of a dense task photograph, estimate and truth.

        Args:
            folder: where to write; made if absent.
            img_id: its file name is made safe, see :func:`safe_name`.
            picture: ``image`` (H, W, 3) uint8 RGB and ``map`` (h, w), ``pred_map`` as
                :func:`wsolzoo.visualization.overlay.dense_strip` takes it, or a ``drawing``.
            record: an entry of ``result['images']``; ``box``, ``gt_boxes`` and ``iou`` are read where present.

        Returns:
            The file written.
        """
        caption = img_id if record.get('iou') is None else f'IoU {record["iou"]:.2f}   {img_id}'
        if picture.get('pred_map') is not None:
            strip = dense_strip(picture, caption)
        elif picture.get('drawing') is not None:
            strip = draw(picture['image'], picture['drawing'])
        else:
            boxes = {'predicted': record.get('box'), 'true': record.get('gt_boxes')}
            strip = localization_strip(picture['image'], picture['map'], **boxes, caption=caption)
        return save_picture(Path(folder) / f'{safe_name(img_id)}.png', strip)


def save_picture(path: str | Path, image: np.ndarray) -> Path:
    """Write an (H, W, 3) uint8 RGB image in the format of its suffix, .png, .jpg or .webp; folders are made.

    Raises:
        ValueError: another suffix, or a picture that cannot be encoded.
    """
    path = Path(path)
    if path.suffix.lower() not in ('.png', '.jpg', '.jpeg', '.webp'):
        raise ValueError(f'a picture is written as .png, .jpg or .webp; got {path.name!r}')
    done, data = cv2.imencode(path.suffix, np.ascontiguousarray(check_image(image)[..., ::-1]))
    if not done:
        raise ValueError(f'cannot encode a picture of shape {image.shape} as {path.suffix}')
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.tobytes())
    return path


def safe_name(img_id: str) -> str:
    """A file name for an image id: separators and odd characters become ``_``.

    Ids that would collide or were changed beyond separators get eight digits of their hash.

    Example:
        >>> safe_name('val/ILSVRC2012_val_00000001.JPEG')
        'val_ILSVRC2012_val_00000001.JPEG-2a393119'
    """
    name = re.sub(r'[^\w.-]+', '_', img_id, flags=re.ASCII).lstrip('.')[:100]
    return name if name == img_id else f'{name}-{sha256(img_id.encode()).hexdigest()[:8]}'
