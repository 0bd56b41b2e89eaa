"""The segmentation metric: the entries of one confusion matrix per image."""

from typing import Any

import numpy as np

from wsolzoo.evaluation.functional import segmentation
from wsolzoo.evaluation.metrics.keyed import ImageKeyedMetric, squeeze_map, to_numpy
from wsolzoo.registry import METRICS


@METRICS.register_module()
class SegmentationMetric(ImageKeyedMetric):
    """IoU, mIoU, pixel accuracy, mPA and Dice of the whole set, from one confusion matrix.

    Reads ``pred_map`` and ``gt_mask`` ((h, w) class indices, ``ignore_index`` not counted) or, if that is absent,
    ``gt_map`` (float in [0, 1], class 1 above 0.5). ``pred_map`` may be

    * integer or bool (h, w): class indices as they are;
    * float (K, h, w): class scores, resized bilinearly to the truth, then arg-max;
    * float (h, w) or (1, h, w): foreground score, resized, class 1 where it is greater than ``threshold`` (K = 2).

    Results are fractions; absent classes are left out of means (see
    :mod:`wsolzoo.evaluation.functional.segmentation`). For K = 2 ``IoU`` and ``Dice`` of class 1 are reported as well.

    Args:
        num_classes: K, 2 for one foreground class.
        threshold: cut of a foreground score, in [0, 1].
        ignore_index: truth value not to count.
        classwise: also report ``IoU/c`` and ``Dice/c`` for every class c.
        resize: ``'bilinear'`` to bring scores to the size of the truth, ``None`` to refuse other sizes.
        kwargs: for :class:`~wsolzoo.evaluation.metrics.keyed.ImageKeyedMetric`: prefix, bootstrap.

    Raises:
        ValueError: fewer than two classes or an unknown way of resizing; while processing, a missing field, a wrong
            shape, a label out of range, NaN.
    """

    default_prefix = 'segmentation'
    required_fields = ('pred_map', 'gt_mask|gt_map')

    def __init__(
        self,
        num_classes: int = 2,
        threshold: float = 0.5,
        ignore_index: int | None = 255,
        classwise: bool = False,
        resize: str | None = 'bilinear',
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if num_classes < 2:
            raise ValueError(f'num_classes counts the background, so it is at least 2, got {num_classes}')
        if resize not in ('bilinear', None):
            raise ValueError(f"resize must be 'bilinear' or None, got {resize!r}")
        self.num_classes, self.threshold, self.ignore_index = num_classes, threshold, ignore_index
        self.classwise, self.resize = classwise, resize

    def record(self, sample: dict) -> tuple[np.ndarray, np.ndarray]:
        """Count one image; returns the positions and values of the entries of its matrix that are not 0."""
        if 'gt_mask' in sample:
            gt = squeeze_map(sample['gt_mask'], 'gt_mask')
        else:
            gt = (squeeze_map(sample['gt_map'], 'gt_map') > 0.5).astype(np.uint8)
        pred = self._labels(to_numpy(sample['pred_map']), gt.shape)
        counts = segmentation.confusion_matrix(pred, gt, self.num_classes, self.ignore_index).ravel()
        entries = np.flatnonzero(counts)
        return entries, counts[entries]

    def reduce(self, records: list[tuple[np.ndarray, np.ndarray]]) -> dict[str, float]:
        """Add the matrices and compute."""
        total: np.ndarray = np.zeros(self.num_classes**2, np.int64)
        for entries, counts in records:
            total[entries] += counts
        matrix = total.reshape(self.num_classes, self.num_classes)
        results = segmentation.summary(matrix)
        scores = segmentation.class_scores(matrix)
        if self.num_classes == 2:
            results.update({name: float(scores[name][1]) for name in ('IoU', 'Dice')})
        if self.classwise:
            for name in ('IoU', 'Dice'):
                results.update({f'{name}/{label}': float(value) for label, value in enumerate(scores[name])})
        return results

    def _labels(self, pred: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        if not np.issubdtype(pred.dtype, np.floating):
            return pred[0] if pred.ndim == 3 and len(pred) == 1 else pred
        channels = pred[None] if pred.ndim == 2 else pred
        if channels.ndim != 3 or len(channels) not in (1, self.num_classes):
            raise ValueError(f'`pred_map` must be (h, w), (1, h, w) or ({self.num_classes}, h, w), got {pred.shape}')
        if not np.isfinite(channels).all():
            raise ValueError('`pred_map` holds NaN or infinity')
        if channels.shape[1:] != size and self.resize:
            import cv2

            channels = np.stack(
                [cv2.resize(channel, size[::-1], interpolation=cv2.INTER_LINEAR) for channel in channels]
            )
        if len(channels) > 1:
            return segmentation.labels_from_scores(channels)
        if self.num_classes != 2:
            raise ValueError(
                f'one foreground score decides between 2 classes, not {self.num_classes}: '
                f'expected `pred_map` ({self.num_classes}, h, w), got {pred.shape}'
            )
        if channels.min() < 0 or channels.max() > 1:
            raise ValueError(
                f'a foreground score must lie in [0, 1], got {channels.min():g} .. {channels.max():g}: apply '
                'the sigmoid or a normaliser of wsolzoo.maps first'
            )
        return (channels[0] > self.threshold).astype(np.uint8)
