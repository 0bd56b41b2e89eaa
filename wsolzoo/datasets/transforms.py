"""Geometry that moves image, boxes and masks together, and the three named geometries of the literature."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from mmcv.transforms import BaseTransform, Compose

from wsolzoo.registry import TRANSFORMS

Size = int | Sequence[int]


def as_size(size: Size) -> tuple[int, int]:
    """``(height, width)`` of a size given as one number or two."""
    height, width = (size, size) if isinstance(size, int) else size
    if height < 1 or width < 1:
        raise ValueError(f'a size is one positive number or (height, width); got {size!r}')
    return int(height), int(width)


def antialias_resize(img: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Bilinear resize with antialiasing, on uint8 within one grey level of ``PIL.Image.resize(..., BILINEAR)``.

    Torch's uint8 kernel rounds after each axis with weights of 16 bits; that stays within one level where an image
    shrinks, not where it grows. What grows along both axes needs no antialiasing and goes to OpenCV; what grows along
    one goes through float32.

    Args:
        img: (H, W) or (H, W, C), uint8 or float32.
        size: height and width of the result.

    Returns:
        ndarray: (h, w) or (h, w, C) of the same type; ``img`` itself where the size is right already.
    """
    if img.shape[:2] == tuple(size):
        return img
    if size[0] >= img.shape[0] and size[1] >= img.shape[1]:
        return cv2.resize(np.ascontiguousarray(img), tuple(size)[::-1], interpolation=cv2.INTER_LINEAR)
    tensor = torch.from_numpy(np.require(img, requirements=['C', 'W']))
    # This order gives batch strides that torch takes for channels-last: a third faster than permuting first.
    tensor = tensor[None, None] if img.ndim == 2 else tensor[None].permute(0, 3, 1, 2)
    exact = img.dtype == np.uint8 and (size[0] > img.shape[0] or size[1] > img.shape[1])
    tensor = tensor.float() if exact else tensor
    out = F.interpolate(tensor, size=tuple(size), mode='bilinear', antialias=True, align_corners=False)[0]
    out = out.round_().to(torch.uint8) if exact else out
    return out[0].numpy() if img.ndim == 2 else out.permute(1, 2, 0).numpy()


def nearest_resize(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Nearest-neighbour resize of a label mask (OpenCV's rule, pixel ``floor(i * H / h)``), (H, W) -> (h, w)."""
    if mask.shape == tuple(size):
        return mask
    rows = np.minimum((np.arange(size[0]) * (mask.shape[0] / size[0])).astype(np.int64), mask.shape[0] - 1)
    cols = np.minimum((np.arange(size[1]) * (mask.shape[1] / size[1])).astype(np.int64), mask.shape[1] - 1)
    return mask[rows[:, None], cols]


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
        if 'gt_bboxes' in results:
            # multiply first, as Choe et al. do: the result may be truncated, and x * (224 / w) can fall just below it
            new_size, old_size = np.array([self.size[::-1] * 2, (width, height) * 2], np.float64)
            results['gt_bboxes'] = results['gt_bboxes'] * new_size / old_size
        if 'gt_seg_map' in results:
            results['gt_seg_map'] = nearest_resize(results['gt_seg_map'], self.size)
        if 'gt_map' in results:
            results['gt_map'] = antialias_resize(results['gt_map'], self.size)
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
        for key in ('img', 'gt_seg_map', 'gt_map'):
            if key in results:
                if results[key].shape[:2] != shape:
                    raise ValueError(
                        f'{key} is {results[key].shape[:2]} but the image {shape} ({results.get("img_id")}); '
                        'put AntialiasResize before the crop'
                    )
                results[key] = results[key][y : y + height, x : x + width]
        if 'gt_bboxes' in results:
            results['gt_bboxes'] = crop_boxes(results['gt_bboxes'], x, y, self.size)
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
        for key in ('img', 'gt_seg_map', 'gt_map'):
            if key in results:
                results[key] = cv2.flip(results[key], 1)
        if 'gt_bboxes' in results:
            x0, y0, x1, y1 = results['gt_bboxes'].T
            results['gt_bboxes'] = np.stack([width - x1, y0, width - x0, y1], axis=1)
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


@TRANSFORMS.register_module()
class Geometry(BaseTransform):
    """The geometry of a family of papers under its name, so that a config says it in one line.

    =====  ==============================================  =========================================================
    name   training                                        test
    =====  ==============================================  =========================================================
    WE     resize 256 x 256, random crop 224, mirror 1/2   resize 224 x 224, no crop (Choe et al., CVPR 2020)
    BAS    the same                                        resize 256 x 256, centre crop 224 (Wu et al., CVPR 2022)
    XY     the same                                        resize 224 x 224 (Zhang et al.: ACoL, SPG, I2C)
    =====  ==============================================  =========================================================

    All ignore the aspect ratio. Boxes and masks follow the image, so that truth and map share one frame.

    Args:
        name: ``'WE'``, ``'BAS'`` or ``'XY'``.
        size: what the network sees, height and width.
        train: augment.
        resize: size before the crop; default ``size * 256 / 224`` rounded (ACoL and SPG once used 356 for 321).
        ten_crop: at test, also ten views of the resized image for the class score (the BAS and XY papers).
    """

    NAMES = ('WE', 'BAS', 'XY')

    def __init__(
        self, name: str, size: Size = 224, train: bool = False, resize: Size | None = None, ten_crop: bool = False
    ) -> None:
        if name not in self.NAMES:
            raise ValueError(f'geometry {name!r} is unknown; there are {", ".join(self.NAMES)}')
        if train and ten_crop:
            raise ValueError('ten_crop is for the test; training sees one random crop')
        self.name, self.size, self.train = name, as_size(size), train
        self.resize = tuple(round(s * 256 / 224) for s in self.size) if resize is None else as_size(resize)
        if train:
            steps = [AntialiasResize(self.resize), RandomCrop(self.size), RandomFlip(0.5)]
        elif name == 'BAS':
            views = [TenCrop(self.size)] if ten_crop else []
            steps = [AntialiasResize(self.resize), *views, CenterCrop(self.size)]
        else:
            views = [ResizedViews(self.resize, self.size)] if ten_crop else []
            steps = [*views, AntialiasResize(self.size)]
        self.steps = Compose(steps)

    def transform(self, results: dict) -> dict | None:
        """Run the steps."""
        return self.steps(results)

    def __repr__(self) -> str:
        return f'Geometry(name={self.name!r}, size={self.size}, train={self.train}, resize={self.resize})'


class ResizedViews(BaseTransform):
    """:class:`TenCrop` of a resized copy, the image itself untouched."""

    def __init__(self, resize: Size, size: Size) -> None:
        self.resize, self.ten_crop = as_size(resize), TenCrop(size)

    def transform(self, results: dict) -> dict:
        """Add ``score_views``, (10, h, w, 3) uint8."""
        copy = self.ten_crop.transform({'img': antialias_resize(results['img'], self.resize)})
        results['score_views'] = copy['score_views']
        return results
