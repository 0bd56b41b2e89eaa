"""The saliency metric: one histogram and a few scalars per image."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from wsolzoo.evaluation.functional import saliency
from wsolzoo.evaluation.metrics.keyed import ImageKeyedMetric, percent, squeeze_map
from wsolzoo.registry import METRICS

KEYS = ('maxF', 'meanF', 'adpF', 'wF', 'S', 'maxE', 'meanE', 'adpE', 'MAE')
EXTRA_KEYS = ('maxF_image', 'maxF_pr', 'maxE_image', 'maskF')


@METRICS.register_module()
class SaliencyMetric(ImageKeyedMetric):
    """F, weighted F, S, E and MAE of one saliency map per image, as PySODMetrics computes them.

    Reads ``pred_map`` ((h, w) or (1, h, w), float in [0, 1]) and ``gt_map`` (float in [0, 1], object > 0.5) or, if that
    is absent, ``gt_mask`` (0 background, 1 object; ignored pixels are refused, no saliency measure defines them).
    Results are percent, ``MAE`` is in units of the map, 0 to 1; see :mod:`wsolzoo.evaluation.functional.saliency` for
    the definitions.

    Args:
        keys: what to report: names of :data:`KEYS` and :data:`EXTRA_KEYS`. Without ``wF`` it is about five times
            faster.
        beta2: beta squared of F.
        normalize: stretch each map to [0, 1] (the toolbox does).
        eight_bit: round the map to 256 levels first, as if it had been saved as a PNG and read back.
        resize: ``'bilinear'`` to bring the map to the size of the truth, ``None`` to refuse other sizes.
        kwargs: for :class:`~wsolzoo.evaluation.metrics.keyed.ImageKeyedMetric`: prefix, bootstrap.

    Raises:
        ValueError: an unknown key or way of resizing; while processing, a missing field, sizes that differ with
            ``resize=None``, values outside [0, 1], NaN, or ignored pixels.
    """

    default_prefix = 'saliency'
    required_fields = ('pred_map', 'gt_map|gt_mask')

    def __init__(
        self,
        keys: Sequence[str] = KEYS,
        beta2: float = 0.3,
        normalize: bool = True,
        eight_bit: bool = False,
        resize: str | None = 'bilinear',
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        unknown = sorted(set(keys) - {*KEYS, *EXTRA_KEYS})
        if unknown:
            raise ValueError(f'unknown saliency keys {unknown}; expected some of {KEYS + EXTRA_KEYS}')
        if resize not in ('bilinear', None):
            raise ValueError(f"resize must be 'bilinear' or None, got {resize!r}")
        self.keys, self.beta2, self.normalize = tuple(keys), beta2, normalize
        self.eight_bit, self.resize = eight_bit, resize

    def record(self, sample: dict) -> saliency.SaliencyRecord:
        """Measure one image."""
        mask = _mask(sample)
        pred = squeeze_map(sample['pred_map'], 'pred_map')
        if pred.shape != mask.shape and self.resize:
            import cv2

            pred = cv2.resize(pred.astype(np.float32), mask.shape[::-1], interpolation=cv2.INTER_LINEAR)
        if self.eight_bit:
            pred = np.round(saliency.as_unit_map(pred, normalize=False) * 255).astype(np.uint8)
        return saliency.evaluate_image(pred, mask, self.beta2, self.normalize, weighted='wF' in self.keys)

    def reduce(self, records: list[saliency.SaliencyRecord]) -> dict[str, float]:
        """Average over images."""
        results = saliency.summarize(records, self.beta2)
        return percent({key: results[key] for key in self.keys}, others=('MAE',))


def _mask(sample: dict) -> np.ndarray:
    if 'gt_map' in sample:
        return saliency.as_mask(squeeze_map(sample['gt_map'], 'gt_map').astype(np.float64))
    mask = squeeze_map(sample['gt_mask'], 'gt_mask')
    values = np.unique(mask)
    if not np.isin(values, (0, 1)).all():
        raise ValueError(
            f'`gt_mask` must hold only 0 and 1, got {values[:6].tolist()}; saliency measures have no ignored '
            'pixels (255), and grey masks belong in `gt_map` as floats'
        )
    return mask.astype(bool)
