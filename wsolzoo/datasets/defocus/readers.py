"""The three kinds of data of defocus training: images with maps, with binary blur masks, and with nothing."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmengine.dataset import BaseDataset

from wsolzoo.registry import DATASETS, TRANSFORMS
from wsolzoo.synthetic.optics.generate import read_manifest
from wsolzoo.synthetic.optics.lens import MAP_UNITS

DOMAINS = ('synthetic', 'masked', 'real')
"""What a source is to the method: exact maps; real with a binary blur mask; real without labels."""


class _DefocusSource(BaseDataset):
    """A source of one domain; ``domain`` goes into every sample."""

    def __init__(
        self, data_root: str, domain: str, pipeline: Sequence[dict | Callable] = (), limit: int | None = None, **kwargs
    ) -> None:
        if domain not in DOMAINS:
            raise ValueError(f'domain must be one of {", ".join(DOMAINS)}; got {domain!r}')
        self.domain, self.limit = domain, limit
        super().__init__(data_root=data_root, pipeline=list(pipeline), **kwargs)

    def load_data_list(self) -> list[dict]:
        """Entries of the subclass, with the domain, at most ``limit``."""
        entries = self.entries(Path(self.data_root))
        if not entries:
            raise FileNotFoundError(f'{type(self).__name__} found no image in {self.data_root}')
        return [entry | {'domain': self.domain} for entry in entries[: self.limit]]


@DATASETS.register_module()
class GeneratedDefocus(_DefocusSource):
    """A folder written by ``tools/dataset_tools/make_defocus.py``.

    Attributes:
        map_unit: coding of the maps, one of :data:`~wsolzoo.synthetic.optics.lens.MAP_UNITS`; read from the folder.

    Args:
        data_root: the folder.
        truth: ``map`` (the synthetic domain), ``mask`` (only which pixels are blurred, disc over 1 px) or ``none``: the
            same images can play any of the three parts.
        domain: default: the one that goes with ``truth``.
        pipeline: transforms.
        limit: take the first so many samples, in order of name.
        **kwargs: see :class:`mmengine.dataset.BaseDataset`.
    """

    DOMAIN = {'map': 'synthetic', 'mask': 'masked', 'none': 'real'}

    def __init__(self, data_root: str, truth: str = 'map', domain: str | None = None, **kwargs) -> None:
        if truth not in self.DOMAIN:
            raise ValueError(f'truth must be one of {", ".join(self.DOMAIN)}; got {truth!r}')
        self.truth = truth
        path = Path(data_root) / 'meta.json'
        if not path.is_file():
            raise FileNotFoundError(
                f'{path} is missing (looked for in {Path.cwd()}): make the set with tools/dataset_tools/make_defocus.py'
            )
        meta = json.loads(path.read_text(encoding='utf-8'))
        self.map_unit, self.map_scale = meta['map_unit'], meta['map_scale']
        if self.map_unit not in MAP_UNITS:
            raise ValueError(f'{path}: map_unit must be one of {", ".join(MAP_UNITS)}; got {self.map_unit!r}')
        super().__init__(data_root, domain or self.DOMAIN[truth], **kwargs)

    def entries(self, root: Path) -> list[dict]:
        """One entry per line of the manifest, sorted by name."""
        entries = []
        for name in sorted(read_manifest(root)):
            entry = {'img_id': name, 'img_path': str(root / 'images' / f'{name}.png'), 'map_unit': self.map_unit}
            if self.truth == 'map':
                entry |= {'defocus_path': str(root / 'maps' / f'{name}.png'), 'map_scale': self.map_scale}
            elif self.truth == 'mask':
                entry['blurred_path'] = str(root / 'blurred' / f'{name}.png')
            entries.append(entry)
        return entries


@DATASETS.register_module()
class BlurMaskFolder(_DefocusSource):
    """Photographs with binary masks of the blurred pixels, such as the defocus part of CUHK.

    Args:
        data_root: the folder.
        blurred: which grey means blurred, ``white`` or ``black``. There is no default: releases differ, and a wrong
            choice trains the network to do the opposite.
        img_dir: folder of the images; img_suffix: their ending.
        mask_dir: folder of the masks, ``.png`` of the same stem.
        pattern: stems to take (the 704 defocus images of CUHK are ``out_of_focus*``; the others are motion blur).
        **kwargs: pipeline, limit, and see :class:`mmengine.dataset.BaseDataset`.
    """

    def __init__(
        self,
        data_root: str,
        blurred: str,
        img_dir: str = 'image',
        mask_dir: str = 'gt',
        img_suffix: str = '.jpg',
        pattern: str = '*',
        **kwargs,
    ) -> None:
        if blurred not in ('white', 'black'):
            raise ValueError(f"blurred must say which grey means blurred: 'white' or 'black'; got {blurred!r}")
        self.layout = (img_dir, mask_dir, img_suffix, pattern)
        self.blurred = blurred
        super().__init__(data_root, 'masked', **kwargs)

    def entries(self, root: Path) -> list[dict]:
        """One entry per image, which must have a mask."""
        img_dir, mask_dir, suffix, pattern = self.layout
        entries = []
        for image in sorted((root / img_dir).glob(pattern + suffix)):
            mask = root / mask_dir / f'{image.stem}.png'
            if not mask.is_file():
                raise FileNotFoundError(f'{image} has no mask {mask}')
            entry = {'img_id': image.stem, 'img_path': str(image), 'blurred_path': str(mask)}
            entries.append(entry | {'blurred_is': self.blurred})
        return entries


@DATASETS.register_module()
class PhotoFolder(_DefocusSource):
    """Photographs without labels: the unlabelled real domain.

    Args:
        data_root: the folder.
        pattern: of the files, below the folder.
        **kwargs: pipeline, limit, and see :class:`mmengine.dataset.BaseDataset`.
    """

    def __init__(self, data_root: str, pattern: str = '**/*.jpg', **kwargs) -> None:
        self.pattern = pattern
        super().__init__(data_root, 'real', **kwargs)

    def entries(self, root: Path) -> list[dict]:
        """One entry per file, sorted."""
        files = sorted(root.glob(self.pattern))
        return [{'img_id': str(file.relative_to(root)), 'img_path': str(file)} for file in files]


def _read_grey(path: str) -> np.ndarray:
    stored = cv2.imread(path, cv2.IMREAD_UNCHANGED)
    if stored is None:
        raise OSError(f'map or mask cannot be read: {path}')
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

    Where a sample says which ``draw`` it is (as samples of :class:`MultiSource` do) the randomness is a function of
    that number, so that a resumed run sees the same crops whatever the number of workers. Else torch decides.

    Blur is measured in pixels, so that resizing changes it: an image smaller than the crop is enlarged and one larger
    than ``max_side`` shrunk as the authors do, but only where it has no map.

    Args:
        size: side of the square crop, pixels.
        max_side: larger images are shrunk until their smaller side is this; ``None`` never shrinks.

    Raises:
        ValueError: an image with a map is smaller than the crop.
    """

    def __init__(self, size: int = 240, max_side: int | None = 800) -> None:
        self.size, self.max_side = size, max_side

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
