"""Transforms that move image, boxes and masks together."""

import cv2
import numpy as np
import torch
from mmcv.transforms import BaseTransform

from wsolzoo.datasets.resizing import Size, antialias_resize, as_size, nearest_resize
from wsolzoo.registry import TRANSFORMS

BOXES = ('gt_bboxes', 'pseudo_bboxes')
LABELS = ('gt_seg_map', 'pseudo_seg_map')
MAPS = ('gt_map', 'pseudo_map')
"""What moves with the image: boxes, masks of labels, and maps; truth and what another model says alike."""


def crop_boxes(boxes: np.ndarray, x: int, y: int, size: tuple[int, int]) -> np.ndarray:
    """Boxes in the frame of a window, clipped to it; none is dropped.

    A box outside the window collapses to zero width or height on its border: ``x1 <= x0`` or ``y1 <= y0`` marks an
    object that the crop lost. Evaluators count such an image and give the box an IoU of 0.

    Args:
        boxes: (M, 4) float64, pixels, x0 y0 x1 y1, end exclusive.
        x: left edge of the window in pixels.
        y: top edge of the window in pixels.
        size: height and width of the window.

    Returns:
        ndarray: (M, 4) float64, in ``[0, width] x [0, height]``.
    """
    height, width = size
    return np.clip(boxes - (x, y, x, y), 0, (width, height, width, height))


@TRANSFORMS.register_module()
class AntialiasResize(BaseTransform):
    """Resize to a fixed size, aspect ratio ignored: image antialiased, boxes scaled, mask nearest.

    Equal to torchvision's ``Resize((h, w))`` on PIL images within one grey level, at a fraction of the time.

    Args:
        size: height and width of the result, or one number for both.
    """

    def __init__(self, size: Size) -> None:
        self.size = as_size(size)

    def transform(self, results: dict) -> dict:
        """Move everything that is there."""
        height, width = results['img'].shape[:2]
        results['img'] = antialias_resize(results['img'], self.size)
        new_size, old_size = np.array([self.size[::-1] * 2, (width, height) * 2], np.float64)
        for key in results.keys() & {*BOXES}:
            # multiply first, as Choe et al. do: the result may be truncated, and x * (224 / w) can fall just below it
            results[key] = results[key] * new_size / old_size
        for key in results.keys() & {*LABELS}:
            results[key] = nearest_resize(results[key], self.size)
        for key in results.keys() & {*MAPS}:
            results[key] = antialias_resize(results[key], self.size)
        results['img_shape'] = self.size
        return results

    def __repr__(self) -> str:
        return f'AntialiasResize(size={self.size})'


class _Crop(BaseTransform):
    """A window of fixed size cut out of image, boxes and masks; subclasses say where."""

    def __init__(self, size: Size) -> None:
        self.size = as_size(size)

    def corner(self, free_y: int, free_x: int) -> tuple[int, int]:
        """Top and left edge of the window, each between 0 and the free pixels (inclusive)."""
        raise NotImplementedError

    def transform(self, results: dict) -> dict:
        """Move everything that is there."""
        (height, width), shape = self.size, results['img'].shape[:2]
        if shape[0] < height or shape[1] < width:
            raise ValueError(
                f'{self!r} cannot cut {height}x{width} pixels out of an image of {shape[0]}x{shape[1]} '
                f'({results.get("img_id")}); put AntialiasResize before it'
            )
        y, x = self.corner(shape[0] - height, shape[1] - width)
        for key in results.keys() & {'img', *LABELS, *MAPS}:
            if results[key].shape[:2] != shape:
                raise ValueError(
                    f'{key} is {results[key].shape[:2]} but the image {shape} ({results.get("img_id")}); '
                    'put AntialiasResize before the crop'
                )
            results[key] = results[key][y : y + height, x : x + width]
        for key in results.keys() & {*BOXES}:
            results[key] = crop_boxes(results[key], x, y, self.size)
        results['img_shape'] = self.size
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(size={self.size})'


@TRANSFORMS.register_module()
class CenterCrop(_Crop):
    """The central window. Boxes follow :func:`crop_boxes`: clipped, never dropped.

    Args:
        size: height and width of the window, or one number for both.
    """

    def corner(self, free_y: int, free_x: int) -> tuple[int, int]:
        """Half of the free pixels on each side; an odd one goes as torchvision rounds it."""
        return round(free_y / 2), round(free_x / 2)


@TRANSFORMS.register_module()
class RandomCrop(_Crop):
    """A window at a uniformly drawn place (torch's generator). Boxes follow :func:`crop_boxes`.

    Args:
        size: height and width of the window, or one number for both.
    """

    def corner(self, free_y: int, free_x: int) -> tuple[int, int]:
        """Uniform over all places."""
        return int(torch.randint(free_y + 1, ())), int(torch.randint(free_x + 1, ()))


@TRANSFORMS.register_module()
class RandomFlip(BaseTransform):
    """Mirror left and right with probability ``prob`` (torch's generator; MMCV's draws from numpy's).

    Args:
        prob: probability of mirroring.
    """

    def __init__(self, prob: float = 0.5) -> None:
        if not 0 <= prob <= 1:
            raise ValueError(f'prob must be in [0, 1]; got {prob!r}')
        self.prob = prob

    def transform(self, results: dict) -> dict:
        """Mirror everything that is there, or nothing; ``flip`` says which."""
        results['flip'] = bool(torch.rand(()) < self.prob)
        if not results['flip']:
            return results
        width = results['img'].shape[1]
        for key in results.keys() & {'img', *LABELS, *MAPS}:
            results[key] = cv2.flip(results[key], 1)
        for key in results.keys() & {*BOXES}:
            x0, y0, x1, y1 = results[key].T
            results[key] = np.stack([width - x1, y0, width - x0, y1], axis=1)
        return results

    def __repr__(self) -> str:
        return f'RandomFlip(prob={self.prob})'


@TRANSFORMS.register_module()
class TenCrop(BaseTransform):
    """Ten views for the class score: the four corners, the centre, and their mirror images, in torchvision's order.

    They go to ``score_views``; the image stays as it is, because the map is read from one view. Softmax comes before
    the mean over the views.

    Args:
        size: height and width of a view, or one number for both.
    """

    def __init__(self, size: Size) -> None:
        self.size = as_size(size)

    def transform(self, results: dict) -> dict:
        """Add ``score_views``, (10, h, w, 3) uint8."""
        (height, width), img = self.size, results['img']
        bottom, right = img.shape[0] - height, img.shape[1] - width
        if bottom < 0 or right < 0:
            raise ValueError(f'{self!r} needs an image at least that large; got {img.shape[:2]}')
        corners = [(0, 0), (0, right), (bottom, 0), (bottom, right), (round(bottom / 2), round(right / 2))]
        views = [img[y : y + height, x : x + width] for y, x in corners]
        results['score_views'] = np.stack(views + [_mirrored_corner(img, corner, self.size) for corner in corners])
        return results

    def __repr__(self) -> str:
        return f'TenCrop(size={self.size})'


def _mirrored_corner(img: np.ndarray, corner: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
    """The window at ``corner`` of the mirrored image."""
    (y, x), mirrored = corner, img[:, ::-1]
    return mirrored[y : y + size[0], x : x + size[1]]
