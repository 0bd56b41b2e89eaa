"""Defocus maps against true maps, and against binary blur masks."""

from typing import Any

import numpy as np

from wsolzoo.evaluation.functional.defocus import (
    blur_accuracy,
    blur_average_precision,
    map_error,
    polarity,
    rank_correlation,
    rtf_error,
)
from wsolzoo.evaluation.metrics.keyed import ImageKeyedMetric, percent, squeeze_map, to_numpy
from wsolzoo.registry import METRICS
from wsolzoo.synthetic.optics.lens import to_sigma


def _units(sample: dict) -> tuple[str, str]:
    """Unit of the prediction and of the truth."""
    if 'map_unit' not in sample:
        raise ValueError(
            'the data set does not say which unit its maps are in; give PackLocalization the meta key "map_unit"'
        )
    return sample.get('pred_unit', sample['map_unit']), sample['map_unit']


@METRICS.register_module()
class DefocusError(ImageKeyedMetric):
    """MSE, MAE and rank correlation of predicted defocus maps, mean over images.

    ``MSE`` and ``MAE`` are of map values in [0, 1] as the paper reports them, only where prediction and truth share one
    unit; ``MAE_px`` (pixels of standard deviation) and ``MSE_px2`` (its square) compare across units.
    ``rank`` is Spearman's correlation with the true map, which a wrong scale does not lower.
    """

    required_fields = ('pred_map', 'gt_map')
    default_prefix = 'defocus'

    def record(self, sample: dict) -> tuple:
        """Errors of one image, rank correlation, and mean blur, predicted and true."""
        ours, theirs = _units(sample)
        pred, truth = squeeze_map(sample['pred_map'], 'pred_map'), squeeze_map(sample['gt_map'], 'gt_map')
        sigma, true_sigma = to_sigma(pred, ours), to_sigma(truth, theirs)
        error = map_error(pred, truth) if ours == theirs else (np.nan, np.nan)
        means = float(sigma.mean()), float(true_sigma.mean())
        return (*error, *map_error(sigma, true_sigma), rank_correlation(sigma, true_sigma), *means)

    def reduce(self, records: list) -> dict[str, float]:
        """Means over images."""
        names = ('MSE', 'MAE', 'MSE_px2', 'MAE_px', 'rank', 'mean_px', 'mean_true_px')
        means = np.mean(np.asarray(records, np.float64), axis=0)
        return {name: float(value) for name, value in zip(names, means) if not np.isnan(value)}


@METRICS.register_module()
class RTFError(ImageKeyedMetric):
    """MSE and MAE on the RTF set (22 images), whose truth is a disc size from 0 to 6 in ``gt_disc`` (H, W)."""

    required_fields = ('pred_map', 'gt_disc', 'pred_unit')
    default_prefix = 'rtf'

    def record(self, sample: dict) -> tuple:
        """Errors of one image."""
        pred = squeeze_map(sample['pred_map'], 'pred_map')
        return tuple(rtf_error(pred, squeeze_map(sample['gt_disc'], 'gt_disc'), sample['pred_unit']))

    def reduce(self, records: list) -> dict[str, float]:
        """Means over images, in fractions of 3.275 px."""
        mse, mae = np.mean(np.asarray(records, np.float64), axis=0)
        return {'MSE': float(mse), 'MAE': float(mae)}


@METRICS.register_module()
class BlurMaskMetric(ImageKeyedMetric):
    """Accuracy under the adaptive threshold and average precision of blurred pixels, percent, mean over images.

    Args:
        a: place of the threshold between the least (0) and the greatest (1) value of a map.
        min_polarity: refuse the whole evaluation where the mean over images of
            :func:`~wsolzoo.evaluation.functional.defocus.polarity` is below it: then maps and masks are opposite.
            ``None`` never refuses.
        **kwargs: see :class:`mmengine.evaluator.BaseMetric`.
    """

    required_fields = ('pred_map', 'gt_mask')
    default_prefix = 'blur'

    def __init__(self, a: float = 0.3, min_polarity: float | None = -0.05, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.a, self.min_polarity = a, min_polarity

    def record(self, sample: dict) -> tuple:
        """Accuracy, average precision (nan without a blurred pixel) and polarity (nan where undefined)."""
        pred = squeeze_map(sample['pred_map'], 'pred_map')
        mask = to_numpy(sample['gt_mask'])
        precision = blur_average_precision(pred, mask) if (mask == 1).any() else np.nan
        sense = polarity(pred, mask)
        return blur_accuracy(pred, mask, self.a), precision, np.nan if sense is None else sense

    def reduce(self, records: list) -> dict[str, float]:
        """Means over the images for which each number is defined.

        Raises:
            ValueError: the maps have the opposite sense of the masks.
        """
        table = np.asarray(records, np.float64)
        means = [column[~np.isnan(column)].mean() if (~np.isnan(column)).any() else np.nan for column in table.T]
        accuracy, precision, sense = map(float, means)
        if self.min_polarity is not None and sense < self.min_polarity:
            raise ValueError(
                f'the maps are higher on sharp than on blurred pixels (polarity {sense:.3f}): one of them is inverted. '
                'In masks 1 must mean blurred; BlurMaskFolder(blurred=...) says which grey that is'
            )
        return percent({'accuracy': accuracy, 'AP': precision, 'polarity': sense}, others=('polarity',))
