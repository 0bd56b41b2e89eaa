"""Box formats and the way between them; every format says where a box ends.

==================  =================  ======================================================================
name                columns            meaning
==================  =================  ======================================================================
``xyxy``            x0, y0, x1, y1     corners, end exclusive: width = x1 - x0. The format inside wsolzoo;
                                       continuous coordinates (COCO, torchvision) are the same numbers
``xyxy_inclusive``  x0, y0, x1, y1     corners, x1 and y1 are the last pixel *inside*: width = x1 - x0 + 1
                                       (PASCAL VOC, wsolevaluation's ground truth)
``xywh``            x0, y0, w, h       top-left corner and size (COCO annotation files)
``cxcywh``          cx, cy, w, h       centre and size; the centre of pixel 0 alone is 0.5 (DETR; YOLO unscaled)
==================  =================  ======================================================================

The one-based coordinates of the VOC files are ``xyxy_inclusive`` after subtracting 1 from all four columns.
"""

import numpy as np

FORMATS = ('xyxy', 'xyxy_inclusive', 'xywh', 'cxcywh')


def convert_boxes(boxes: np.ndarray, source: str, target: str) -> np.ndarray:
    """Convert boxes from one of :data:`FORMATS` to another.

    Args:
        boxes: (..., 4) in pixels, any real dtype; sizes may be 0, not negative.
        source: format of ``boxes``.
        target: format wanted.

    Returns:
        (..., 4) float64, a new array. Converting back gives the same box exactly while coordinates are multiples of
        1/1024 below 2**40, and to rounding otherwise.

    Raises:
        ValueError: unknown format, last dimension not 4, a value not finite, or a negative width or height.

    Example:
        >>> convert_boxes([2, 3, 5, 9], 'xyxy', 'xyxy_inclusive')
        array([2., 3., 4., 8.])
        >>> convert_boxes([2, 3, 5, 9], 'xyxy', 'cxcywh')
        array([3.5, 6. , 3. , 6. ])
    """
    for name in (source, target):
        if name not in FORMATS:
            raise ValueError(f'unknown box format {name!r}; expected one of {FORMATS}')
    boxes = np.array(boxes, dtype=np.float64)
    if boxes.shape == (0,):
        boxes = boxes.reshape(0, 4)
    if boxes.ndim == 0 or boxes.shape[-1] != 4:
        raise ValueError(f'boxes must be (..., 4), got shape {boxes.shape}')
    if not np.isfinite(boxes).all():
        raise ValueError('boxes hold NaN or infinity')
    first, second = boxes[..., :2], boxes[..., 2:]
    start, size = _start_and_size(first, second, source)
    if (size < 0).any():
        row = boxes.reshape(-1, 4)[(size < 0).any(-1).ravel()][0].tolist()
        raise ValueError(f'box {row} read as {source} has a negative width or height')
    if source == target:
        return boxes
    end = second if source == 'xyxy' else second + 1 if source == 'xyxy_inclusive' else start + size
    if target == 'xyxy':
        return np.concatenate([start, end], -1)
    if target == 'xyxy_inclusive':
        return np.concatenate([start, end - 1], -1)
    return np.concatenate([start if target == 'xywh' else start + size / 2, size], -1)


def _start_and_size(first: np.ndarray, second: np.ndarray, source: str) -> tuple[np.ndarray, np.ndarray]:
    if source == 'xyxy':
        return first, second - first
    if source == 'xyxy_inclusive':
        return first, second - first + 1
    return (first if source == 'xywh' else first - second / 2), second
