"""What every localization reader shares: roles, class names, and the promise about boxes."""

from collections.abc import Callable, Sequence

from mmengine.dataset import BaseDataset

from wsolzoo.structures import ROLES, WEAKSUP

LOCALIZATION_KEYS = ('gt_bboxes', 'gt_seg_map', 'seg_map_path')


class LocalizationDataset(BaseDataset):
    """Base of the localization readers: a subclass writes ``load_data_list`` and nothing else.

    Each entry of ``load_data_list`` is a dict with ``img_id`` (str, unique), ``gt_label`` (int), either ``img_path``
    (str) or ``img`` ((H, W, 3) uint8 BGR), and, where the annotation has them, ``gt_bboxes`` ((M, 4) float64, pixels,
    x0 y0 x1 y1, end exclusive) and ``gt_seg_map`` ((H, W) uint8: 0, 1, 255 ignored) or ``seg_map_path``.

    Args:
        role: what the split may be used for, one of :data:`wsolzoo.structures.ROLES`. On ``train-weaksup`` boxes and
            masks are dropped before the pipeline sees them.
        data_root: folder of the data set.
        pipeline: transforms.
        **kwargs: see :class:`mmengine.dataset.BaseDataset`.
    """

    def __init__(self, role: str, data_root: str = '', pipeline: Sequence[dict | Callable] = (), **kwargs) -> None:
        if role not in ROLES:
            raise ValueError(f'role must be one of {", ".join(ROLES)}; got {role!r}')
        self.role = role
        super().__init__(data_root=data_root, pipeline=list(pipeline), **kwargs)

    def get_data_info(self, idx: int) -> dict:
        """The annotation of image ``idx``, without boxes and masks where the role is ``train-weaksup``."""
        info = super().get_data_info(idx)
        info['role'] = self.role
        if self.role == WEAKSUP:
            for key in LOCALIZATION_KEYS:
                info.pop(key, None)
        return info
