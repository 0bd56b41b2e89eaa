"""Transforms of defocus data: maps and blur masks from files, and the published augmentation."""

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from wsolzoo.datasets.decoding import BrokenFile
from wsolzoo.registry import TRANSFORMS
from wsolzoo.synthetic.optics.camera import Camera


def _read_grey(path: str) -> np.ndarray:
    try:
        stored = cv2.imread(path, cv2.IMREAD_UNCHANGED)
    except cv2.error:  # too many pixels
        stored = None
    if stored is None:
        raise BrokenFile(f'map or mask cannot be read: {path}')
    return stored if stored.ndim == 2 else stored[..., 0]


@TRANSFORMS.register_module()
class LoadDefocusTruth(BaseTransform):
    """``gt_map`` (H, W) float32 in [0, 1], in the data set's unit, and ``gt_seg_map`` (H, W) uint8, 1 = blurred."""

    reads_truth = True

    def transform(self, results: dict) -> dict:
        """Decode what the sample has.

        Raises:
            ValueError: a map is over 1, so it is not in the unit the data set names.
        """
        if 'defocus_path' in results:
            gt_map = _read_grey(results['defocus_path']).astype(np.float32) / results['map_scale']
            if gt_map.max() > 1.001:
                raise ValueError(
                    f'{results["defocus_path"]} reaches {gt_map.max():.3f}; in unit {results.get("map_unit")!r} the '
                    'largest value is 1. Was it written with another unit?'
                )
            results['gt_map'] = gt_map
        if 'blurred_path' in results:
            white = _read_grey(results['blurred_path']) > 127
            results['gt_seg_map'] = (white if results.get('blurred_is', 'white') == 'white' else ~white).astype(
                np.uint8
            )
        return results


@TRANSFORMS.register_module()
class DefocusAugment(BaseTransform):
    """The published augmentation: fit, random crop, vertical flip (p = 0.5), rotation by a multiple of 90 degrees.

    Where a sample says which ``draw`` it is (as those of
    :class:`~wsolzoo.datasets.defocus.multi_source.MultiSource` do) the randomness is a function of that number, so that
    a resumed run sees the same crops whatever the number of workers. Else torch decides.

    Blur is measured in pixels, so that resizing changes it: an image smaller than the crop is enlarged and one larger
    than ``max_side`` shrunk as the authors do, but only where it has no map.

    Args:
        size: side of the square crop, pixels.
        max_side: larger images are shrunk until their smaller side is this; ``None`` never shrinks.
        soften: with even chance, blur the image by a Gaussian of up to so many pixels that the map does not count:
            what resampling and noise reduction do to photographs everywhere alike, grain included. [D]; 0 for never.
        camera: settings of a :class:`~wsolzoo.synthetic.optics.camera.Camera` that takes every crop anew; for pictures
            that were drawn without one.

    Raises:
        ValueError: an image with a map is smaller than the crop.
    """

    def __init__(
        self, size: int = 240, max_side: int | None = 800, soften: float = 0.0, camera: dict | None = None
    ) -> None:
        self.size, self.max_side, self.soften = size, max_side, soften
        self.camera = None if camera is None else Camera(**camera)

    def transform(self, results: dict) -> dict:
        """Image and truth together."""
        import torch

        seed = results['draw'] if 'draw' in results else int(torch.randint(2**31, ()))
        rng = np.random.default_rng(seed)
        keys = [key for key in ('img', 'gt_map', 'gt_seg_map') if key in results]
        self._fit(results, keys)
        h, w = results['img'].shape[:2]
        y, x = int(rng.integers(h - self.size + 1)), int(rng.integers(w - self.size + 1))
        flip, turns = bool(rng.random() < 0.5), int(rng.integers(4))
        for key in keys:
            part = results[key][y : y + self.size, x : x + self.size]
            results[key] = np.ascontiguousarray(np.rot90(part[::-1] if flip else part, turns))
        if self.soften and rng.random() < 0.5:
            sigma = max(0.1, rng.uniform(0, self.soften))
            results['img'] = cv2.GaussianBlur(results['img'], (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
        if self.camera is not None:
            results['img'] = self.camera(results['img'].astype(np.float32), rng)
        results['img_shape'] = (self.size, self.size)
        return results

    def _fit(self, results: dict, keys: list[str]) -> None:
        h, w = results['img'].shape[:2]
        low, target = min(h, w), None
        if low < self.size:
            target = self.size
        elif self.max_side is not None and low > self.max_side:
            target = self.max_side
        if target is None:
            return
        if 'gt_map' in results:
            if low < self.size:
                raise ValueError(f'{results["img_id"]} is {h}x{w}, smaller than the crop of {self.size} px')
            return
        shape = (max(target, round(w * target / low)), max(target, round(h * target / low)))
        for key in keys:
            how = cv2.INTER_NEAREST if key == 'gt_seg_map' else cv2.INTER_LINEAR
            results[key] = cv2.resize(results[key], shape, interpolation=how)
