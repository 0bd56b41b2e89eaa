"""Average precision of detected boxes: IoU, the two matching rules, the four named definitions of AP.

The state of an image is, per class and object-size range, the scores of at most ``max_dets`` detections with a hit flag
per IoU threshold, and the number of objects: no boxes, no maps. Merging images is concatenation, sorted by image.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from wsolzoo.evaluation.functional.boxes import ious

COCO_THRESHOLDS = np.linspace(0.5, 0.95, 10)
COCO_RECALLS = np.linspace(0, 1, 101)
VOC07_RECALLS = np.arange(11) * 0.1
"""As floating point products, like the public toolboxes: a recall of exactly 3/10 does not reach 3 * 0.1."""
COCO_RANGES = {'all': (0, 1e10), 'small': (0, 32**2), 'medium': (32**2, 96**2), 'large': (96**2, 1e10)}
"""Object areas in square pixels, both ends included, as in COCO."""


class ImageDetections(NamedTuple):
    """What is kept of the detections of one class in one image, for one range of object sizes.

    Attributes:
        scores: (D,) float64, descending.
        hit: (T, D) bool, matched to an object, per IoU threshold.
        ignored: (T, D) bool, neither right nor wrong: matched to an ignored object, or unmatched and out of range.
        num_objects: objects of the class that count.
    """

    scores: np.ndarray
    hit: np.ndarray
    ignored: np.ndarray
    num_objects: int


def box_iou(
    detections: np.ndarray, objects: np.ndarray, offset: int = 0, crowd: np.ndarray | None = None
) -> np.ndarray:
    """Return the overlap of every detection with every object.

    Args:
        detections: (D, 4) xyxy in pixels.
        objects: (M, 4) xyxy in pixels.
        offset: 0 for continuous or end-exclusive boxes (COCO), 1 for boxes whose end pixel is inside (VOC).
        crowd: (M,) bool; for a crowd the area of the detection replaces the union (COCO).

    Returns:
        (D, M) float64 in [0, 1]; 0 where the union is empty (see :func:`~wsolzoo.evaluation.functional.boxes.ious`).

    Example:
        >>> box_iou(np.array([[0, 0, 4, 4]]), np.array([[0, 0, 4, 2], [8, 8, 9, 9]]))
        array([[0.5, 0. ]])
    """
    overlaps = ious(detections, objects, offset)
    crowd = _flags(crowd, overlaps.shape[1], 'crowd')
    if crowd.any():
        boxes, regions = _boxes(detections)[:, None], _boxes(objects)[None, crowd]
        sides = np.minimum(boxes[..., 2:], regions[..., 2:]) - np.maximum(boxes[..., :2], regions[..., :2]) + offset
        inside = np.clip(sides, 0, None).prod(-1)
        area = np.broadcast_to((boxes[..., 2:] - boxes[..., :2] + offset).prod(-1), inside.shape)
        overlaps[:, crowd] = np.divide(inside, area, out=np.zeros(inside.shape), where=area > 0)
    return overlaps


def match_image(
    boxes: np.ndarray,
    scores: np.ndarray,
    objects: np.ndarray,
    *,
    thresholds: Sequence[float] | np.ndarray = COCO_THRESHOLDS,
    style: str = 'coco',
    difficult: np.ndarray | None = None,
    crowd: np.ndarray | None = None,
    ranges: Sequence[str] = ('all',),
    areas: np.ndarray | None = None,
    max_dets: int | None = 100,
) -> list[ImageDetections]:
    """Match the detections of one class in one image.

    ``'coco'``: detections in order take the free object that they overlap most, if IoU >= threshold (reached within
    1e-10). Objects that count are preferred to ignored ones, a crowd may be taken many times, and of equal overlaps the
    later object wins. ``'voc'``: each detection looks only at the object that it overlaps most, taken or not, the first
    of equals, with +1 in the IoU; a second detection of the same object is wrong; a difficult object swallows any
    number.

    Args:
        boxes: (D, 4) detected boxes, xyxy in pixels.
        scores: (D,) their scores; equal scores keep their order.
        objects: (M, 4) true boxes.
        thresholds: T IoU thresholds.
        style: ``'coco'`` or ``'voc'``.
        difficult: (M,) bool, objects that are ignored.
        crowd: (M,) bool, COCO crowd regions, ignored too.
        ranges: names of :data:`COCO_RANGES`; objects with an area outside are ignored, and so are unmatched detections
            outside.
        areas: (M,) areas of the objects (COCO uses those of their masks); those of the boxes if ``None``.
        max_dets: keep this many detections of highest score, ``None`` for all.

    Returns:
        list: a record for every range.

    Raises:
        ValueError: unknown style, shapes that disagree, or a score that is NaN.

    Example:
        >>> (image,) = match_image([[0, 0, 4, 4], [9, 9, 10, 10]], [0.9, 0.3], [[0, 0, 4, 4]], thresholds=[0.5])
        >>> image.hit, image.num_objects
        (array([[ True, False]]), 1)
    """
    from wsolzoo.evaluation.functional import detection_kernels

    boxes, objects, scores = _boxes(boxes), _boxes(objects), np.asarray(scores, dtype=np.float64).reshape(-1)
    if style not in ('coco', 'voc'):
        raise ValueError(f"style must be 'coco' or 'voc', got {style!r}")
    if len(scores) != len(boxes):
        raise ValueError(f'{len(boxes)} detected boxes but {len(scores)} scores')
    if np.isnan(scores).any():
        raise ValueError('a detection score is NaN')
    crowd, ignored = _flags(crowd, len(objects), 'crowd'), _flags(difficult, len(objects), 'difficult')
    areas = _areas(objects) if areas is None else np.asarray(areas, float)
    if len(areas) != len(objects):
        raise ValueError(f'{len(objects)} objects but {len(areas)} areas')
    order = np.argsort(-scores, kind='stable')[:max_dets]
    boxes, scores = boxes[order], scores[order]
    low, high = np.array([COCO_RANGES[name] for name in ranges], np.float64).T[..., None]
    own = _areas(boxes)
    outside = (own < low) | (own > high)
    ignored = ignored | crowd | (areas < low) | (areas > high)
    iou = box_iou(boxes, objects, offset=int(style == 'voc'), crowd=crowd if style == 'coco' else None)
    thresholds = np.array(thresholds, np.float64)
    hit, neutral = np.zeros((2, len(ranges), len(thresholds), len(boxes)), bool)
    free, taken = np.zeros(len(objects), bool), np.zeros(len(boxes), np.int64)
    detection_kernels.match(iou, thresholds, style == 'coco', ignored, crowd, outside, free, taken, hit, neutral)
    counted = np.count_nonzero(~ignored, axis=1).tolist()
    return [ImageDetections(scores, *flags) for flags in zip(hit, neutral, counted, strict=True)]


def precision_recall(images: Sequence[ImageDetections], max_dets: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return precision and recall after each detection of the whole set, each (T, D), by descending score.

    Args:
        images: one class, one size range; the order of images decides between equal scores.
        max_dets: look at this many detections per image, ``None`` for all that were kept.

    Returns:
        Precision (0 where only ignored detections came so far) and recall (NaN if there is no object). Ignored
        detections stay in the list and change neither.

    Example:
        >>> (image,) = match_image([[0, 0, 4, 4], [9, 9, 10, 10]], [0.3, 0.9], [[0, 0, 4, 4]], thresholds=[0.5])
        >>> precision_recall([image])
        (array([[0. , 0.5]]), array([[0., 1.]]))
    """
    scores = np.concatenate([image.scores[:max_dets] for image in images])
    order = np.argsort(-scores, kind='stable')
    hit = np.concatenate([image.hit[:, :max_dets] for image in images], 1)[:, order]
    neutral = np.concatenate([image.ignored[:, :max_dets] for image in images], 1)[:, order]
    tp = np.cumsum(hit, 1, dtype=np.float64)
    fp = np.cumsum(~hit & ~neutral, 1, dtype=np.float64)
    num_objects = sum(image.num_objects for image in images)
    recall = tp / num_objects if num_objects else np.full(tp.shape, np.nan)
    return tp / np.maximum(tp + fp, np.spacing(1)), recall


def ap_step(precision: np.ndarray, recall: np.ndarray) -> float:
    """Step sum: sum over detections of (R_n - R_{n-1}) P_n (scikit-learn ``average_precision_score``).

    Example:
        >>> round(ap_step(np.array([1.0, 0.5, 2 / 3]), np.array([0.5, 0.5, 1.0])), 3)
        0.833
    """
    return float(np.diff(recall, prepend=0) @ precision)


def ap_area(precision: np.ndarray, recall: np.ndarray) -> float:
    """Area under the monotone envelope of the curve (PASCAL VOC 2010 and later, Everingham et al., IJCV 2015).

    Example:
        >>> round(ap_area(np.array([1.0, 0.5, 2 / 3]), np.array([0.5, 0.5, 1.0])), 3)
        0.833
    """
    return float(np.diff(recall, prepend=0) @ _envelope(precision))


def ap_11point(precision: np.ndarray, recall: np.ndarray) -> float:
    """Mean of the envelope at recall 0, 0.1, ..., 1 (PASCAL VOC 2007, Everingham et al., IJCV 2010).

    Example:
        >>> round(ap_11point(np.array([1.0, 0.5, 2 / 3]), np.array([0.5, 0.5, 1.0])), 3)
        0.848
    """
    return float(np.mean(_sample(precision, recall, VOC07_RECALLS)))


def ap_101point(precision: np.ndarray, recall: np.ndarray) -> float:
    """Mean of the envelope at recall 0, 0.01, ..., 1 (COCO, Lin et al., ECCV 2014, as in pycocotools).

    Example:
        >>> round(ap_101point(np.array([1.0, 0.5, 2 / 3]), np.array([0.5, 0.5, 1.0])), 3)
        0.835
    """
    return float(np.mean(_sample(precision, recall, COCO_RECALLS)))


AP_DEFINITIONS = {'step': ap_step, 'voc12': ap_area, 'voc07': ap_11point, 'coco': ap_101point}
"""Name of the definition to its function of (precision, recall), each (D,) -> AP in [0, 1]."""


def average_precision(images: Sequence[ImageDetections], definition: str = 'coco') -> np.ndarray:
    """Return AP per IoU threshold, (T,) in [0, 1], of one class; NaN if the set holds no object of it.

    Args:
        images: records of :func:`match_image`, at least one.
        definition: a name of :data:`AP_DEFINITIONS`.

    Raises:
        ValueError: unknown definition, or no images.

    Example:
        >>> (image,) = match_image([[0, 0, 4, 4], [9, 9, 10, 10]], [0.3, 0.9], [[0, 0, 4, 4]], thresholds=[0.5])
        >>> average_precision([image], 'voc12')
        array([0.5])
    """
    if definition not in AP_DEFINITIONS:
        raise ValueError(f'unknown definition of AP {definition!r}; expected one of {tuple(AP_DEFINITIONS)}')
    if not images:
        raise ValueError('no image to compute AP over')
    precision, recall = precision_recall(images)
    if not any(image.num_objects for image in images):
        return np.full(len(precision), np.nan)
    return np.array([AP_DEFINITIONS[definition](p, r) for p, r in zip(precision, recall)])


def average_recall(images: Sequence[ImageDetections], max_dets: int = 100) -> np.ndarray:
    """Return the recall reached with ``max_dets`` detections per image, (T,); NaN if there is no object.

    Example:
        >>> (image,) = match_image([[0, 0, 4, 4], [9, 9, 10, 10]], [0.3, 0.9], [[0, 0, 4, 4]], thresholds=[0.5])
        >>> average_recall([image], max_dets=1), average_recall([image])
        (array([0.]), array([1.]))
    """
    recall = precision_recall(images, max_dets)[1]
    if recall.shape[1]:
        return recall[:, -1]
    return np.full(len(recall), 0.0 if any(image.num_objects for image in images) else np.nan)


def _envelope(precision: np.ndarray) -> np.ndarray:
    """Highest precision at this recall or any greater one."""
    return np.maximum.accumulate(precision[::-1])[::-1]


def _sample(precision: np.ndarray, recall: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Envelope at the first recall that reaches each point, 0 where none does."""
    return np.append(_envelope(precision), 0.0)[np.searchsorted(recall, points, side='left')]


def _boxes(boxes: np.ndarray) -> np.ndarray:
    boxes = np.asarray(boxes, dtype=np.float64)
    if boxes.size == 0:
        return boxes.reshape(0, 4)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f'boxes must be (M, 4), got shape {boxes.shape}')
    if not np.isfinite(boxes).all() or (boxes[:, 2:] < boxes[:, :2]).any():
        raise ValueError('boxes must be finite xyxy with x1 >= x0 and y1 >= y0')
    return boxes


def _areas(boxes: np.ndarray) -> np.ndarray:
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def _flags(flags: np.ndarray | None, count: int, name: str) -> np.ndarray:
    flags = np.zeros(count, bool) if flags is None else np.asarray(flags, bool).reshape(-1)
    if len(flags) != count:
        raise ValueError(f'{count} objects but {len(flags)} flags `{name}`')
    return flags
