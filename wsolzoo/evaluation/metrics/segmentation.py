"""The segmentation metric: the entries of one confusion matrix per image."""

from typing import Any

import numpy as np

from wsolzoo.evaluation.functional import segmentation
from wsolzoo.evaluation.metrics.keyed import ImageKeyedMetric, percent, squeeze_map, to_numpy
from wsolzoo.registry import METRICS


@METRICS.register_module()
class SegmentationMetric(ImageKeyedMetric):
    """IoU, mIoU, pixel accuracy, mPA and Dice of the whole set, from one confusion matrix.

    The prediction is the first of these fields that a sample has:

    * ``pred_mask``: (h, w) integer class indices, of the size of the truth;
    * ``pred_class_maps``: (K, h, w) class scores, resized bilinearly to the truth, then arg-max;
    * ``pred_map``: (h, w) foreground share in [0, 1], resized, class 1 where it is greater than ``threshold`` (K = 2).

    The truth is ``gt_mask`` ((h, w) class indices, ``ignore_index`` not counted) or, if that is absent, ``gt_map``
    (float in [0, 1], class 1 above 0.5). Results are percent; absent classes are left out of means (see
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
    required_fields = ('pred_mask|pred_class_maps|pred_map', 'gt_mask|gt_map')

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
        pred = self._labels(sample, gt.shape)
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
        return percent(results)

    def _labels(self, sample: dict, size: tuple[int, int]) -> np.ndarray:
        """The predicted class of every pixel."""
        if 'pred_mask' in sample:
            return squeeze_map(sample['pred_mask'], 'pred_mask')
        if 'pred_class_maps' in sample:
            scores = to_numpy(sample['pred_class_maps'])
            if scores.ndim != 3 or len(scores) != self.num_classes:
                raise ValueError(f'`pred_class_maps` must be ({self.num_classes}, h, w), got {scores.shape}')
            return segmentation.labels_from_scores(self._resized('pred_class_maps', scores, size))
        share = squeeze_map(sample['pred_map'], 'pred_map')
        if self.num_classes != 2:
            raise ValueError(
                f'one foreground share decides between 2 classes, not {self.num_classes}: give `pred_class_maps` '
                f'({self.num_classes}, h, w) or `pred_mask`'
            )
        share = self._resized('pred_map', share[None], size)[0]
        if share.min() < 0 or share.max() > 1:
            raise ValueError(
                f'a foreground share must lie in [0, 1], got {share.min():g} .. {share.max():g}: apply '
                'the sigmoid or a normaliser of wsolzoo.maps first'
            )
        return (share > self.threshold).astype(np.uint8)

    def _resized(self, name: str, channels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        if not np.issubdtype(channels.dtype, np.floating) or not np.isfinite(channels).all():
            raise ValueError(f'`{name}` must hold finite floats; class indices belong in `pred_mask`')
        if channels.shape[1:] == size or not self.resize:
            return channels
        import cv2

        return np.stack([cv2.resize(channel, size[::-1], interpolation=cv2.INTER_LINEAR) for channel in channels])
