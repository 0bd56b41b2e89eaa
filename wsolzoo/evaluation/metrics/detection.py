"""The detection metric: scores and hit flags per image, average precision over the set."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from wsolzoo.evaluation.functional import detection
from wsolzoo.evaluation.functional.segmentation import mean_over_present
from wsolzoo.evaluation.metrics.keyed import ImageKeyedMetric, percent, to_numpy
from wsolzoo.registry import METRICS


class _Style(NamedTuple):
    matching: str
    thresholds: Sequence[float] | np.ndarray
    max_dets: int | None
    ranges: tuple[str, ...]


STYLES = {
    'coco': _Style('coco', detection.COCO_THRESHOLDS, 100, tuple(detection.COCO_RANGES)),
    'voc07': _Style('voc', (0.5,), None, ('all',)),
    'voc12': _Style('voc', (0.5,), None, ('all',)),
    'step': _Style('coco', (0.5,), None, ('all',)),
}
"""Name to matching rule, IoU thresholds, detections kept per class and image, and object sizes reported. The name is
also the definition of AP (see ``AP_DEFINITIONS``)."""


@METRICS.register_module()
class DetectionMetric(ImageKeyedMetric):
    """Average precision of boxes by a named definition; ``style='coco'`` equals pycocotools.

    Reads ``pred_boxes`` (D, 4), ``pred_box_scores`` (D,), ``gt_boxes`` (M, 4), boxes xyxy in pixels of the same frame,
    and unless ``class_agnostic`` ``pred_box_labels`` (D,) and ``gt_box_labels`` (M,) (or ``gt_label``, one class for
    all boxes of the image). Optional: ``gt_difficult`` (M,) and ``gt_crowd`` (M,) bool, ``gt_areas`` (M,).

    Reports ``mAP`` (mean over classes that have objects, then IoU thresholds) and ``AP@0.50`` per threshold; for COCO
    also ``mAP_small``, ``mAP_medium``, ``mAP_large``, ``AR@1``, ``AR@10``, ``AR@100``. Percent; NaN where there is no
    object (pycocotools prints -1).

    Args:
        style: ``'coco'`` (101 points, IoU .50:.95, COCO matching), ``'voc07'`` (11 points, VOC matching with +1
            widths), ``'voc12'`` (area, VOC matching), ``'step'`` (step sum, COCO matching, IoU .5).
        thresholds: IoU thresholds instead of the style's.
        max_dets: detections kept per class and image instead of the style's; the AR of COCO uses 1, 10 and this.
        class_agnostic: treat all boxes as one class.
        classwise: also report ``AP/c`` for every class c that has objects.
        kwargs: for :class:`~wsolzoo.evaluation.metrics.keyed.ImageKeyedMetric`: prefix, bootstrap.

    Raises:
        ValueError: unknown style, thresholds outside (0, 1]; while processing, a missing field or shapes that disagree.
    """

    default_prefix = 'detection'
    required_fields = ('pred_boxes', 'pred_box_scores', 'gt_boxes')

    def __init__(
        self,
        style: str = 'coco',
        thresholds: Sequence[float] | None = None,
        max_dets: int | None = None,
        class_agnostic: bool = False,
        classwise: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if style not in STYLES:
            raise ValueError(f'unknown style {style!r}; expected one of {tuple(STYLES)}')
        self.style, self.rule = style, STYLES[style]
        self.thresholds = np.array(self.rule.thresholds if thresholds is None else thresholds, dtype=np.float64)
        if self.thresholds.size == 0 or self.thresholds.min() <= 0 or self.thresholds.max() > 1:
            raise ValueError(f'IoU thresholds must lie in (0, 1], got {self.thresholds.tolist()}')
        self.max_dets = self.rule.max_dets if max_dets is None else max_dets
        self.class_agnostic, self.classwise = class_agnostic, classwise

    def record(self, sample: dict) -> dict[int, dict[str, detection.ImageDetections]]:
        """Match one image; returns records by class (of those that occur in it) and by size range."""
        boxes, objects = (to_numpy(sample[name]).reshape(-1, 4) for name in ('pred_boxes', 'gt_boxes'))
        scores = to_numpy(sample['pred_box_scores']).reshape(-1)
        labels, truths = self._classes(sample, len(boxes), len(objects))
        if len(scores) != len(boxes):
            raise ValueError(f'`pred_boxes` holds {len(boxes)} boxes but `pred_box_scores` {len(scores)} scores')
        extra = {}
        for name, field in (('difficult', 'gt_difficult'), ('crowd', 'gt_crowd'), ('areas', 'gt_areas')):
            if field in sample:
                extra[name] = to_numpy(sample[field]).reshape(-1)
                if len(extra[name]) != len(objects):
                    raise ValueError(f'`gt_boxes` holds {len(objects)} boxes but `{field}` {len(extra[name])} entries')
        found: dict[int, dict[str, detection.ImageDetections]] = {}
        for label in np.union1d(labels, truths).tolist():
            mine, true = labels == label, truths == label
            matched = detection.match_image(
                boxes[mine],
                scores[mine],
                objects[true],
                thresholds=self.thresholds,
                style=self.rule.matching,
                ranges=self.rule.ranges,
                max_dets=self.max_dets,
                **{key: value[true] for key, value in extra.items()},
            )
            found[label] = dict(zip(self.rule.ranges, matched, strict=True))
        return found

    def reduce(self, records: list[dict]) -> dict[str, float]:
        """Compute average precision over all images."""
        labels = sorted({label for record in records for label in record})
        images = {label: [record[label] for record in records if label in record] for label in labels}
        tables = {}
        for name in self.rule.ranges:
            rows = [detection.average_precision([i[name] for i in images[label]], self.style) for label in labels]
            tables[name] = np.array(rows).reshape(len(labels), len(self.thresholds))
        table = tables['all']
        results = {'mAP': mean_over_present(table)}
        for column, threshold in zip(table.T, self.thresholds):
            results[f'AP@{threshold:.2f}'] = mean_over_present(column)
        if self.style == 'coco':
            for name in self.rule.ranges[1:]:
                results[f'mAP_{name}'] = mean_over_present(tables[name])
            for limit in sorted({1, 10, self.max_dets or 100}):
                rows = [detection.average_recall([i['all'] for i in images[label]], limit) for label in labels]
                results[f'AR@{limit}'] = mean_over_present(np.array(rows))
        if self.classwise:
            means = {f'AP/{label}': float(row.mean()) for label, row in zip(labels, table)}
            results.update({name: value for name, value in means.items() if not np.isnan(value)})
        return percent(results)

    def _classes(self, sample: dict, num_boxes: int, num_objects: int) -> tuple[np.ndarray, np.ndarray]:
        if self.class_agnostic:
            return np.zeros(num_boxes, int), np.zeros(num_objects, int)
        if 'pred_box_labels' not in sample or not ('gt_box_labels' in sample or 'gt_label' in sample):
            raise ValueError(
                'AP per class needs `pred_box_labels` and `gt_box_labels` (or `gt_label`); pass '
                f'class_agnostic=True for one class. The sample holds {sorted(sample)}'
            )
        labels = to_numpy(sample['pred_box_labels']).reshape(-1)
        if 'gt_box_labels' in sample:
            truths = to_numpy(sample['gt_box_labels']).reshape(-1)
        else:
            truths = np.full(num_objects, int(to_numpy(sample['gt_label']).reshape(-1)[0]))
        for name, found, wanted in (('pred_box_labels', labels, num_boxes), ('gt_box_labels', truths, num_objects)):
            if len(found) != wanted:
                raise ValueError(f'`{name}` holds {len(found)} labels for {wanted} boxes')
        return labels, truths
