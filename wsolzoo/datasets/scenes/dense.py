"""The same scenes for tasks that learn from pixels: saliency and defocus."""

from typing import Any

import numpy as np

from wsolzoo.datasets.scenes.localization import WSOLScenes
from wsolzoo.registry import DATASETS
from wsolzoo.structures import FULLSUP, TEST
from wsolzoo.synthetic.optics.lens import disc_to_sigma
from wsolzoo.synthetic.scenes.focus import SIGMA_RULE
from wsolzoo.synthetic.scenes.scene import SceneSpec

UNITS = ('coc_px', 'sigma_px')


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
            entry['gt_defocus'] = defocus = self._in_unit(arrays['coc']).astype(np.float32)
            entry['gt_map'] = defocus / np.float32(self.full_scale or 1.0)
            entry['unit'] = self.unit
        return entry

    def _in_unit(self, coc: np.ndarray) -> np.ndarray:
        return coc if self.unit == 'coc_px' else disc_to_sigma(coc, SIGMA_RULE)
