"""The same scenes for a task that learns from pixels: saliency."""

import numpy as np

from wsolzoo.datasets.scenes.localization import WSOLScenes
from wsolzoo.registry import DATASETS
from wsolzoo.structures import FULLSUP, TEST


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
