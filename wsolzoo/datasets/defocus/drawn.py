"""Defocused pictures drawn as they are asked for: nothing to generate beforehand."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from wsolzoo.datasets.defocus.base import DefocusDataset
from wsolzoo.datasets.defocus.photographs import Photographs
from wsolzoo.datasets.defocus.readers import GeneratedDefocus
from wsolzoo.datasets.defocus.sources import ScenePairs
from wsolzoo.registry import DATASETS
from wsolzoo.structures import FULLSUP, TEST
from wsolzoo.synthetic.optics.camera import Camera
from wsolzoo.synthetic.optics.generate import Recipe, generate, make_one, read_kept, sample_name
from wsolzoo.synthetic.optics.lens import MAP_UNITS

RECIPE: dict[str, Any] = {'c_max': 15, 'layers': None, 'camera': Camera()}
"""What is drawn unless the config says otherwise: discs of up to 15 px (a sigma of 3.5 px), a camera after the lens."""


class DrawnDefocus(DefocusDataset):
    """Pictures of a source seen through random lenses; a picture is a function of its name and of the settings.

    Attributes:
        map_unit: coding of the maps.

    Args:
        source: with ``names()`` and ``load(name, rng)``, see :mod:`wsolzoo.datasets.defocus.sources`.
        role: see :class:`~wsolzoo.datasets.base.ZooDataset`.
        recipe: arguments of :class:`~wsolzoo.synthetic.optics.generate.Recipe` on top of :data:`RECIPE`.
        truth: ``map``, ``mask`` or ``none``, see :class:`~wsolzoo.datasets.defocus.readers.GeneratedDefocus`.
        cache: keep drawn pictures in memory (each worker keeps its own).
        keep: also keep them in this folder, in the layout of ``tools/dataset_tools/make_defocus.py``; it is filled
            once, when the data set is first used, and refused where it was made with other settings.
        **kwargs: see :class:`~wsolzoo.datasets.base.ZooDataset`; image and truth are there before the pipeline.
    """

    def __init__(
        self,
        source: Any,
        role: str = FULLSUP,
        recipe: Mapping | None = None,
        truth: str = 'map',
        cache: bool = True,
        keep: str | None = None,
        **kwargs,
    ) -> None:
        if truth not in GeneratedDefocus.DOMAIN:
            raise ValueError(f'truth must be one of {", ".join(GeneratedDefocus.DOMAIN)}; got {truth!r}')
        self.recipe = Recipe(**{**RECIPE, **(recipe or {})})
        self.source, self.truth, self.map_unit = source, truth, self.recipe.unit
        self.keep = None if keep is None else Path(keep)
        self._drawn: dict[str, dict[str, np.ndarray]] | None = {} if cache else None
        super().__init__(GeneratedDefocus.DOMAIN[truth], role, **kwargs)

    def entries(self) -> list[dict]:
        """One entry per picture and lens."""
        entry = {'map_unit': self.map_unit}
        pairs = [(name, variant) for name in self.source.names() for variant in range(self.recipe.variants)]
        return [entry | {'img_id': f'{name}_{variant}', 'pair': name, 'variant': variant} for name, variant in pairs]

    def full_init(self) -> None:
        """Make the list, and fill the folder where there is one."""
        if self.keep is not None and not self._fully_initialized:
            for _ in generate(self.source, self.keep, self.recipe):
                pass
        super().full_init()

    def get_data_info(self, idx: int) -> dict:
        """The entry with ``img``, and ``gt_map`` or ``gt_seg_map`` where asked for and where the role has truth."""
        info = super().get_data_info(idx)
        arrays = self._draw(info['img_id'], info['pair'], info['variant'])
        info['img'] = arrays['image'].copy()
        info['img_shape'] = info['ori_shape'] = info['img'].shape[:2]
        if not self.has_truth:
            return info
        if self.truth == 'map':
            info['gt_map'] = arrays['stored'].astype(np.float32) / (10 * MAP_UNITS[self.map_unit])
        elif self.truth == 'mask':
            info['gt_seg_map'] = (arrays['blurred'] > 0).astype(np.uint8)
        return info

    def _draw(self, img_id: str, pair: str, variant: int) -> dict[str, np.ndarray]:
        if self._drawn is not None and img_id in self._drawn:
            return self._drawn[img_id]
        if self.keep is None:
            arrays = make_one(self.source, pair, variant, self.recipe)._asdict()
        else:
            arrays = read_kept(self.keep, sample_name(pair, variant))
        arrays = {name: arrays[name] for name in ('image', 'stored', 'blurred')}
        if self._drawn is not None:
            self._drawn[img_id] = arrays
        return arrays


@DATASETS.register_module()
class ScenesDefocus(DrawnDefocus):
    """The built-in scenes through a thin lens: nothing to download.

    Args:
        split: of the scenes: ``train``, ``val`` or ``test``.
        count: number of scenes.
        role: by default ``test`` for the split of that name, else ``train-fullsup``.
        scenes: arguments of :func:`wsolzoo.synthetic.scenes.draw_scene`, such as ``size``.
        **kwargs: see :class:`DrawnDefocus`.
    """

    def __init__(
        self, split: str, count: int, role: str | None = None, scenes: Mapping | None = None, **kwargs
    ) -> None:
        source = ScenePairs(split, count, params={'size': 128, **(scenes or {})})
        super().__init__(source, role or (TEST if split == 'test' else FULLSUP), **kwargs)


@DATASETS.register_module()
class PhotoDepth(DrawnDefocus):
    """Photographs of any folder with a synthetic depth, through a thin lens: real texture with exact maps.

    Args:
        data_root: the folder.
        photographs: arguments of :class:`~wsolzoo.datasets.defocus.photographs.Photographs`, such as ``size``.
        **kwargs: see :class:`DrawnDefocus`; ``recipe.variants`` says how often a photograph is drawn.
    """

    LAYOUT = 'photographs anywhere below data_root'

    def __init__(self, data_root: str, photographs: Mapping | None = None, **kwargs) -> None:
        super().__init__(Photographs(data_root, **(photographs or {})), data_root=data_root, **kwargs)
