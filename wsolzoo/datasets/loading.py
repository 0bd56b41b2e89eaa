"""Between the disk and the pipeline: load images and masks, pack samples."""

from pathlib import Path

import cv2
import numpy as np
import torch
from mmcv.transforms import BaseTransform, LoadImageFromFile
from mmengine import fileio

from wsolzoo.datasets.annotation import check_boxes
from wsolzoo.datasets.decoding import BrokenFile, decode
from wsolzoo.registry import TRANSFORMS
from wsolzoo.structures import DataSample

DOC = 'docs/datasets.md'


def need(path: str | Path, what: str, layout: str) -> Path:
    """``path``, if it exists; otherwise an error that says what was looked for and how the folder should look.

    Args:
        path: file or folder.
        what: what it is, as in "the list of images".
        layout: the layout expected, one line or several.

    Raises:
        FileNotFoundError: if it does not exist.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(
            f'{what} is missing: {path} (looked for in {Path.cwd()}). Expected layout: {layout}. '
            f'Set data_root to the folder of the data set; {DOC} says where to get it and how to lay it out'
        )
    return path


@TRANSFORMS.register_module()
class LoadImage(LoadImageFromFile):
    """The image, (H, W, 3) uint8 BGR, with ``ori_shape`` and ``img_shape`` (height, width).

    A drawn image (``img`` is there already) passes through. A picture is turned as its EXIF entry says, so that boxes
    are where one sees them, unless the reader says ``ignore_orientation``: the published numbers on CUB, ILSVRC and
    their like were made with PIL, which leaves pictures as they are stored.

    Args:
        color_type: see :func:`mmcv.imfrombytes`.
        thorough: find every JPEG that is not whole, see :func:`~wsolzoo.datasets.decoding.is_truncated`.
        **kwargs: see :class:`mmcv.transforms.LoadImageFromFile`.
    """

    def __init__(self, color_type: str = 'color', thorough: bool = False, **kwargs) -> None:
        self.thorough = thorough
        super().__init__(color_type=color_type, **kwargs)

    def transform(self, results: dict) -> dict:
        """Decode, unless the image is there.

        Raises:
            BrokenFile: if the file is missing, empty, or not an image.
            AnnotationError: if a box cannot belong to a picture of this size.
        """
        if 'img' not in results:
            results['img'] = self.decode(results['img_path'], not results.get('ignore_orientation'))
        results['img_shape'] = results['ori_shape'] = tuple(results['img'].shape[:2])
        if 'gt_bboxes' in results:
            check_boxes(results['gt_bboxes'], results['ori_shape'], results.get('img_path') or results.get('img_id'))
        return results

    def decode(self, path: str, turn: bool = True) -> np.ndarray:
        """The pixels of one file."""
        try:
            data = fileio.get(path, backend_args=self.backend_args)
        except (OSError, ValueError) as error:
            reason = getattr(error, 'strerror', None) or error
            raise BrokenFile(f'image cannot be read: {path} ({reason})') from error
        as_stored = turn or self.color_type not in ('color', 'grayscale')
        flag = self.color_type if as_stored else f'{self.color_type}_ignore_orientation'
        return decode(data, path, 'image', flag, self.imdecode_backend, self.thorough)


@TRANSFORMS.register_module()
class LoadMask(BaseTransform):
    """``gt_seg_map`` (H, W) uint8 0 background, 1 object, 255 ignored, from mask files.

    Reads ``seg_map_path`` (one file, or a list whose union is the object) and, where given, ``ignore_map_path``, whose
    bright pixels are ignored unless they are object. A mask that is there already, or an image without one, passes
    through. The size is the file's; :class:`~wsolzoo.datasets.transforms.AntialiasResize` brings it to the image's.

    Args:
        object_value: grey level of the object; ``None`` takes every pixel brighter than half.
        ignore_value: grey level of the unknown band; ``None`` for no such level.
    """

    reads_truth = True

    def __init__(self, object_value: int | None = None, ignore_value: int | None = 128) -> None:
        self.object_value, self.ignore_value = object_value, ignore_value

    def transform(self, results: dict) -> dict:
        """Decode and merge.

        Raises:
            BrokenFile: if a mask is missing or cannot be decoded.
        """
        if 'gt_seg_map' in results or not results.get('seg_map_path'):
            return results
        paths = results['seg_map_path']
        greys = [self.decode(path) for path in ([paths] if isinstance(paths, str) else paths)]
        greys = [_same_size(grey, greys[0].shape) for grey in greys]
        mask = np.zeros(greys[0].shape, np.uint8)
        if self.ignore_value is not None:
            mask[np.any([grey == self.ignore_value for grey in greys], axis=0)] = 255
        if results.get('ignore_map_path'):
            mask[_same_size(self.decode(results['ignore_map_path']), mask.shape) > 127] = 255
        mask[np.any([self.is_object(grey) for grey in greys], axis=0)] = 1
        results['gt_seg_map'] = mask
        return results

    def is_object(self, grey: np.ndarray) -> np.ndarray:
        """Where one mask file shows the object, (H, W) bool."""
        if self.object_value is not None:
            return grey == self.object_value
        bright = grey > 127
        return bright if self.ignore_value is None else bright & (grey != self.ignore_value)

    def decode(self, path: str) -> np.ndarray:
        """One mask file, (H, W) uint8."""
        if not Path(path).is_file():
            raise BrokenFile(f'mask is missing: {path}')
        return decode(Path(path).read_bytes(), path, 'mask', 'grayscale')


def _same_size(grey: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A mask at the size of the first one of its image."""
    if grey.shape == shape:
        return grey
    return cv2.resize(grey, shape[::-1], interpolation=cv2.INTER_NEAREST)


@TRANSFORMS.register_module()
class BoxFromMask(BaseTransform):
    """``gt_bboxes`` (1, 4): the box around the object pixels of ``gt_seg_map``, scaled to the image where they differ.

    Put it right after ``LoadMask``. A box that is there already stays.
    """

    reads_truth = True

    def transform(self, results: dict) -> dict:
        """Draw the box.

        Raises:
            ValueError: if the mask shows no object.
        """
        if 'gt_bboxes' in results:
            return results
        mask = results['gt_seg_map'] == 1
        if not mask.any():
            raise ValueError(
                f'the mask of {results.get("img_id")} shows no object ({results.get("seg_map_path")}). '
                'Give LoadMask the grey level of the object (object_value), or take the image out of the list'
            )
        rows, cols = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        box = np.array([[cols[0], rows[0], cols[-1] + 1, rows[-1] + 1]], np.float64)
        (height, width), shape = results['img'].shape[:2], mask.shape
        results['gt_bboxes'] = box * (width / shape[1], height / shape[0], width / shape[1], height / shape[0])
        return results


@TRANSFORMS.register_module()
class PackLocalization(BaseTransform):
    """The end of a pipeline: ``dict(inputs, data_samples)``.

    ``inputs`` is the image as a contiguous (3, h, w) uint8 tensor; it stays uint8 until the data preprocessor, which
    normalises on the device. ``data_samples`` is a :class:`~wsolzoo.structures.DataSample`. Views of
    :class:`~wsolzoo.datasets.transforms.TenCrop` become its ``score_views`` (10, 3, h, w).

    Args:
        meta_keys: what of the pipeline's dict to keep as meta information, where present.
        keep_image: also put the image into the sample, as ``gt_image``, for metrics that compare pictures.
    """

    META_KEYS = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'role', 'flip')
    TRUTH_KEYS = {
        'gt_label': 'gt_label',
        'gt_bboxes': 'gt_boxes',
        'gt_box_labels': 'gt_box_labels',
        'gt_seg_map': 'gt_mask',
        'gt_multilabel': 'gt_multilabel',
        'pseudo_bboxes': 'pseudo_boxes',
        'pseudo_seg_map': 'pseudo_mask',
    }
    MAPS = ('gt_map', 'pseudo_map')

    def __init__(self, meta_keys: tuple[str, ...] = META_KEYS, keep_image: bool = False) -> None:
        self.meta_keys, self.keep_image = tuple(meta_keys), keep_image

    def transform(self, results: dict) -> dict:
        """Pack what is there.

        Raises:
            ValueError: boxes and their labels are not as many: a transform before has dropped one and not the other.
        """
        count, labels = len(results.get('gt_bboxes', ())), results.get('gt_box_labels')
        if labels is not None and len(labels) != count:
            raise ValueError(
                f'{results.get("img_id")} comes out of the pipeline with {count} boxes and {len(labels)} labels of '
                'boxes. A transform that drops boxes must drop their gt_box_labels'
            )
        sample = DataSample(metainfo={key: results[key] for key in self.meta_keys if key in results})
        for key, field in self.TRUTH_KEYS.items():
            if key in results:
                sample.set_field(results[key], field)
        for key in self.MAPS:
            if key in results:
                sample.set_field(torch.from_numpy(np.ascontiguousarray(results[key], np.float32))[None], key)
        if 'score_views' in results:
            sample.score_views = torch.from_numpy(results['score_views']).permute(0, 3, 1, 2).contiguous()
        img = torch.from_numpy(np.ascontiguousarray(results['img'].transpose(2, 0, 1)))
        if self.keep_image:
            sample.gt_image = img
        return {'inputs': img, 'data_samples': sample}
