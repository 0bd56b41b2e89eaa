"""Readers of the built-in data set: scenes for localization, saliency and defocus, over one renderer."""

from typing import Any

import numpy as np

from wsolzoo.datasets.base import LocalizationDataset
from wsolzoo.datasets.scenes.store import SceneStore
from wsolzoo.registry import DATASETS
from wsolzoo.structures import FULLSUP, TEST, WEAKSUP
from wsolzoo.synthetic.optics.lens import disc_to_sigma
from wsolzoo.synthetic.scenes.focus import SIGMA_RULE
from wsolzoo.synthetic.scenes.scene import SPLITS, SceneSpec, scene_label
from wsolzoo.synthetic.scenes.species import SPECIES

DEFAULT_COUNTS = {'train': 2000, 'val': 500, 'test': 500}
UNITS = ('coc_px', 'sigma_px')


@DATASETS.register_module(name=['WSOLScenes', 'ScenesLocalization'])
class WSOLScenes(LocalizationDataset):
    """Ten species of drawn animals, told by their heads, in eight habitats that tell nothing. Needs no download.

    Entries have ``img`` (H, W, 3) uint8 BGR, ``gt_label``, ``img_id`` such as ``scenes/test/00012`` and, unless the
    role is ``train-weaksup``, ``gt_bboxes`` (1, 4) float64 tight around the visible animal and ``gt_seg_map`` (H, W)
    uint8 in 0, 1.

    Args:
        split: 'train', 'val' or 'test'.
        role: see :class:`LocalizationDataset`; by default ``train-weaksup``, ``train-fullsup`` and ``test``.
        count: number of scenes; by default 2000, 500, 500. Balanced where it is a multiple of ten.
        seed: seed of the data set; the splits of one seed never share a scene.
        scene: arguments of :class:`~wsolzoo.synthetic.scenes.scene.SceneSpec`, as in ``dict(spread=0.25, flip=False)``.
        cache: False draws each scene whenever it is read (a few milliseconds), 'memory' draws all at the start, True
            or 'disk' also keeps them in a file under ``$XDG_CACHE_HOME/wsolzoo``.
        workers: processes that fill the cache (0: this one).
        **kwargs: see :class:`LocalizationDataset`.
    """

    METAINFO = {'classes': SPECIES}
    ROLES = {'train': WEAKSUP, 'val': FULLSUP, 'test': TEST}
    FIELDS = ('image', 'box', 'mask')

    def __init__(
        self,
        split: str,
        role: str | None = None,
        count: int | None = None,
        seed: int = 0,
        scene: dict[str, Any] | None = None,
        cache: bool | str = False,
        workers: int = 0,
        **kwargs,
    ) -> None:
        if split not in SPLITS:
            raise ValueError(f'{type(self).__name__} has the splits {", ".join(SPLITS)}; got {split!r}')
        self.split, self.seed = split, seed
        self.count = DEFAULT_COUNTS[split] if count is None else count
        if self.count < 1:
            raise ValueError(f'count must be at least 1; got {self.count!r}')
        self.spec = self.make_spec(**(scene or {}))
        self.store = SceneStore(seed, split, self.spec, self.FIELDS, cache, workers)
        super().__init__(role or self.ROLES[split], **kwargs)

    def make_spec(self, **params: Any) -> SceneSpec:
        """The kind of scenes for the arguments given in ``scene``."""
        return SceneSpec(**params)

    def load_data_list(self) -> list[dict]:
        """One entry per scene, without pictures: they are drawn when they are read."""
        return [
            {'img_id': f'scenes/{self.split}/{i:05d}', 'index': i, 'gt_label': scene_label(self.seed, self.split, i)}
            for i in range(self.count)
        ]

    def full_init(self) -> None:
        """Make the list, and fill the cache where there is one."""
        if not self._fully_initialized:
            self.store.fill(self.count)
        super().full_init()

    def get_data_info(self, idx: int) -> dict:
        """The picture of scene ``idx`` and what the role may know about it."""
        info = super().get_data_info(idx)
        info.update(self.describe(self.store.get(info['index'])))
        return info

    def describe(self, arrays: dict[str, np.ndarray]) -> dict:
        """The entry's part that comes from the drawn arrays."""
        entry = {'img': arrays['image'], 'ori_shape': arrays['image'].shape[:2], 'img_shape': arrays['image'].shape[:2]}
        if self.has_truth:
            entry['gt_bboxes'] = arrays['box'][None]
            entry['gt_seg_map'] = arrays['mask'].astype(np.uint8)
        return entry


@DATASETS.register_module()
class ScenesSaliency(WSOLScenes):
    """The scenes as saliency pairs: ``img`` and ``gt_seg_map`` (H, W) uint8, 1 where the animal is seen.

    ``gt_map`` (H, W) float32 holds the same in 0 and 1, for dense losses. By default ``train`` has the role
    ``train-fullsup``: saliency learns from pixels.

    Args:
        split: see :class:`WSOLScenes`, as all further arguments.
        **kwargs: see :class:`WSOLScenes`.
    """

    ROLES = {'train': FULLSUP, 'val': FULLSUP, 'test': TEST}

    def describe(self, arrays: dict[str, np.ndarray]) -> dict:
        """Picture, mask and the mask as a map."""
        entry = super().describe(arrays)
        if self.has_truth:
            entry['gt_map'] = arrays['mask'].astype(np.float32)
        return entry


@DATASETS.register_module()
class ScenesDefocus(WSOLScenes):
    """The scenes through a thin lens: ``img`` defocused, ``img_sharp``, ``gt_defocus`` (H, W) float32 in ``unit``.

    ``gt_map`` is ``gt_defocus`` as a share of ``full_scale``, in [0, 1].

    Args:
        split: see :class:`WSOLScenes`.
        unit: 'sigma_px', the deviation of the Gaussian, or 'coc_px', the diameter of the circle of confusion (four
            sigma); in pixels of the picture.
        scene: as there; ``max_coc`` is 12 pixels and ``focus`` 'random' unless given.
        **kwargs: see :class:`WSOLScenes`.
    """

    ROLES = {'train': FULLSUP, 'val': FULLSUP, 'test': TEST}
    FIELDS = ('image', 'sharp', 'coc')

    def __init__(self, split: str, unit: str = 'sigma_px', scene: dict[str, Any] | None = None, **kwargs) -> None:
        if unit not in UNITS:
            raise ValueError(f'unit must be one of {", ".join(UNITS)}; got {unit!r}')
        self.unit = unit
        super().__init__(split, scene=scene, **kwargs)

    @property
    def full_scale(self) -> float:
        """The value of ``gt_defocus`` that no scene exceeds, in ``unit``."""
        return float(self._in_unit(np.asarray(self.spec.max_coc)))

    def make_spec(self, **params: Any) -> SceneSpec:
        """The kind of scenes, with a lens unless told otherwise."""
        return SceneSpec(**{'max_coc': 12.0, 'focus': 'random', **params})

    def describe(self, arrays: dict[str, np.ndarray]) -> dict:
        """Both pictures and the defocus map."""
        shape = arrays['image'].shape[:2]
        entry = {'img': arrays['image'], 'img_sharp': arrays['sharp'], 'ori_shape': shape, 'img_shape': shape}
        if self.has_truth:
            entry['gt_defocus'] = self._in_unit(arrays['coc']).astype(np.float32)
            entry['gt_map'] = entry['gt_defocus'] / np.float32(self.full_scale or 1.0)
            entry['unit'] = self.unit
        return entry

    def _in_unit(self, coc: np.ndarray) -> np.ndarray:
        return coc if self.unit == 'coc_px' else disc_to_sigma(coc, SIGMA_RULE)
