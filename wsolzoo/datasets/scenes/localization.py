"""The built-in scenes for localization."""

from typing import Any

import numpy as np

from wsolzoo.datasets.base import LocalizationDataset
from wsolzoo.datasets.scenes.store import SceneStore
from wsolzoo.registry import DATASETS
from wsolzoo.structures import FULLSUP, TEST, WEAKSUP
from wsolzoo.synthetic.scenes.scene import SPLITS, SceneSpec, scene_label
from wsolzoo.synthetic.scenes.species import SPECIES

DEFAULT_COUNTS = {'train': 2000, 'val': 500, 'test': 500}


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
        self.spec = SceneSpec(**(scene or {}))
        self.drawn_from = f'{split} scenes of seed {seed}, {self.spec}'
        self.store = SceneStore(seed, split, self.spec, self.FIELDS, cache, workers)
        super().__init__(role or self.ROLES[split], **kwargs)

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
