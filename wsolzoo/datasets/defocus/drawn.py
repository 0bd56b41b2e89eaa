"""Defocused scenes drawn as they are asked for: nothing to download, nothing to generate beforehand."""

from collections.abc import Mapping

import numpy as np

from wsolzoo.datasets.defocus.base import DefocusDataset
from wsolzoo.datasets.defocus.readers import GeneratedDefocus
from wsolzoo.datasets.defocus.sources import ScenePairs
from wsolzoo.registry import DATASETS
from wsolzoo.structures import FULLSUP, TEST
from wsolzoo.synthetic.optics.generate import Recipe, make_one
from wsolzoo.synthetic.optics.lens import MAP_UNITS


@DATASETS.register_module()
class DrawnDefocus(DefocusDataset):
    """The built-in scenes seen through random lenses; an image is a function of its number and of the settings.

    Attributes:
        map_unit: coding of the maps.

    Args:
        split: of the scenes: ``train``, ``val`` or ``test``.
        role: see :class:`~wsolzoo.datasets.base.ZooDataset`; by default ``test`` for the split of that name, else
            ``train-fullsup``.
        count: number of images.
        recipe: arguments of :class:`~wsolzoo.synthetic.optics.generate.Recipe`.
        scenes: arguments of :func:`wsolzoo.synthetic.scenes.draw_scene`, such as ``size``.
        truth: ``map``, ``mask`` or ``none``, see :class:`~wsolzoo.datasets.defocus.readers.GeneratedDefocus`.
        cache: keep drawn images in memory (each worker keeps its own).
        **kwargs: see :class:`~wsolzoo.datasets.base.ZooDataset`; image and truth are there before the pipeline.
    """

    def __init__(
        self,
        split: str,
        count: int,
        role: str | None = None,
        recipe: Mapping | None = None,
        scenes: Mapping | None = None,
        truth: str = 'map',
        cache: bool = True,
        **kwargs,
    ) -> None:
        if truth not in GeneratedDefocus.DOMAIN:
            raise ValueError(f'truth must be one of {", ".join(GeneratedDefocus.DOMAIN)}; got {truth!r}')
        self.recipe = Recipe(**{'c_max': 15, 'layers': None, **(recipe or {})})
        self.source = ScenePairs(split, count, params={'size': 128} | dict(scenes or {}))
        self.truth, self.map_unit = truth, self.recipe.unit
        self._drawn: dict[str, tuple] | None = {} if cache else None
        super().__init__(GeneratedDefocus.DOMAIN[truth], role or (TEST if split == 'test' else FULLSUP), **kwargs)

    def entries(self) -> list[dict]:
        """One entry per scene and lens."""
        entry = {'map_unit': self.map_unit}
        pairs = [(name, variant) for name in self.source.names() for variant in range(self.recipe.variants)]
        return [entry | {'img_id': f'{name}_{variant}', 'pair': name, 'variant': variant} for name, variant in pairs]

    def get_data_info(self, idx: int) -> dict:
        """The entry with ``img``, and ``gt_map`` or ``gt_seg_map`` where asked for and where the role has truth."""
        info = super().get_data_info(idx)
        image, gt_map, blurred = self._draw(info['img_id'], info['pair'], info['variant'])
        info['img'] = image.copy()
        info['img_shape'] = info['ori_shape'] = image.shape[:2]
        if not self.has_truth:
            return info
        if self.truth == 'map':
            info['gt_map'] = gt_map
        elif self.truth == 'mask':
            info['gt_seg_map'] = blurred
        return info

    def _draw(self, img_id: str, pair: str, variant: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if self._drawn is not None and img_id in self._drawn:
            return self._drawn[img_id]
        image, stored, blurred, _ = make_one(self.source, pair, variant, self.recipe)
        gt_map = stored.astype(np.float32) / (10 * MAP_UNITS[self.map_unit])
        made = image, gt_map, (blurred > 0).astype(np.uint8)
        if self._drawn is not None:
            self._drawn[img_id] = made
        return made
