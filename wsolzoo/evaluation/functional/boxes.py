"""Boxes: overlap, frames, and the centred box that every map has to beat.

Boxes are (M, 4) arrays, ``x0 y0 x1 y1`` in pixels, end exclusive. The *frame* of an image is what remains of it after
resizing and, in some protocols, cutting out the centre.
"""

from collections.abc import Sequence

import numpy as np


def ious(boxes: np.ndarray, others: np.ndarray, offset: int = 0) -> np.ndarray:
    """Intersection over union of every box with every other box.

    Sides are ``x1 - x0 + offset``; an intersection with a side <= 0 is empty, a union <= 0 gives 0. With ``offset=1``
    two identical boxes without extent have IoU 1 (Choe et al., CVPR 2020).

    Args:
        boxes: (M, 4).
        others: (N, 4).
        offset: 0 for real coordinates, 1 for the inclusive convention of most WSOL code.

    Returns:
        ndarray: (M, N) float64 in [0, 1].

    Example:
        >>> ious(np.array([[0, 0, 9, 9]]), np.array([[5, 5, 14, 14]]), offset=1).round(6)
        array([[0.142857]])
    """
    a, b = _boxes(boxes)[:, None], _boxes(others)[None]
    sides = np.maximum(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]) + offset, 0)
    both = sides[..., 0] * sides[..., 1]
    whole = _areas(a, offset) + _areas(b, offset) - both
    return np.divide(both, whole, out=np.zeros_like(both), where=whole > 0)


def _boxes(boxes: np.ndarray) -> np.ndarray:
    array = np.asarray(boxes, np.float64)
    if array.size == 0:
        return array.reshape(-1, 4)
    if array.ndim != 2 or array.shape[1] != 4:
        raise ValueError(f'boxes are an (M, 4) array of x0 y0 x1 y1; got shape {array.shape}')
    return array


def _areas(boxes: np.ndarray, offset: int) -> np.ndarray:
    return (boxes[..., 2] - boxes[..., 0] + offset) * (boxes[..., 3] - boxes[..., 1] + offset)


def to_frame(
    boxes: np.ndarray, image: tuple[int, int], resize: tuple[int, int], crop: tuple[int, int] | None = None
) -> np.ndarray:
    """Boxes of the stored image in the frame of the resized and centre-cropped one.

    Each coordinate is ``x * new / old``, computed in that order. A crop shifts and clips; a box that lies outside it
    collapses to zero width or height on its border and is told apart by :func:`is_lost`.

    Args:
        boxes: (M, 4) in pixels of the stored image.
        image: its height and width.
        resize: height and width after resizing.
        crop: height and width of the centre crop after that.

    Returns:
        ndarray: (M, 4) float64.

    Example:
        >>> to_frame(np.array([[60, 27, 385, 331]]), (335, 500), (224, 224)).astype(int)
        array([[ 26,  18, 172, 221]])
    """
    height, width = image
    if height <= 0 or width <= 0:
        raise ValueError(f'an image has a positive height and width; got {image}')
    out = _boxes(boxes) * (resize[1], resize[0], resize[1], resize[0]) / (width, height, width, height)
    if crop is not None:
        left, top = round((resize[1] - crop[1]) / 2), round((resize[0] - crop[0]) / 2)
        out = np.clip(out - (left, top, left, top), 0, (crop[1], crop[0], crop[1], crop[0]))
    return out


def is_lost(boxes: np.ndarray) -> np.ndarray:
    """Which boxes have no extent, (M,) bool: objects that a crop has lost.

    Example:
        >>> is_lost(np.array([[0, 0, 5, 5], [3, 0, 3, 5]]))
        array([False,  True])
    """
    boxes = _boxes(boxes)
    return (boxes[:, 2] <= boxes[:, 0]) | (boxes[:, 3] <= boxes[:, 1])


def truncate(boxes: np.ndarray) -> np.ndarray:
    """Coordinates truncated to integers (as float64), immune to rounding errors of a resize just below an integer.

    Example:
        >>> truncate(np.array([[0.9, 2.99999999, 5.5, 7.0]]))
        array([[0., 3., 5., 7.]])
    """
    boxes = _boxes(boxes)
    nearest = np.rint(boxes)
    return np.where(np.abs(boxes - nearest) < 1e-6, nearest, np.trunc(boxes))


def centred(size: tuple[int, int], fraction: float) -> np.ndarray:
    """The box of ``fraction`` of each side in the middle of a frame, (1, 4) float64, not rounded.

    Args:
        size: height and width of the frame in pixels.
        fraction: 0.8 is the usual baseline, 1 the whole frame.

    Example:
        >>> centred((100, 200), 0.8).round(6)
        array([[ 20.,  10., 180.,  90.]])
    """
    height, width = size
    left, top = (1 - fraction) / 2 * width, (1 - fraction) / 2 * height
    return np.array([[left, top, width - left, height - top]])


def consensus(boxes: np.ndarray) -> int:
    """The box that most others agree with: the one with the highest mean IoU to all of them.

    Of the proposals of Selective Search (Uijlings et al., IJCV 2013), which come in no order of merit, it is one that
    needs neither a classifier nor a label to choose.

    Args:
        boxes: (M, 4), end exclusive, M at least 1.

    Returns:
        int: its index, the first of equals.

    Example:
        >>> consensus(np.array([[0, 0, 4, 4], [0, 0, 10, 10], [1, 1, 10, 10], [0, 0, 9, 9]]))
        1
    """
    return int(ious(boxes, boxes).mean(1).argmax())


def best_constant(boxes: Sequence[np.ndarray], level: float, offset: int = 0, candidates: int = 1000) -> np.ndarray:
    """The one box that overlaps most images' true boxes by at least ``level``: what position alone gives away.

    Args:
        boxes: (M_i, 4) true boxes of each image, all in the same frame, of a split that may choose.
        level: IoU that makes a hit.
        offset: see :func:`ious`.
        candidates: so many of the true boxes, at even distances, are tried.

    Returns:
        ndarray: (4,) float64, the first of equals.

    Example:
        >>> best_constant([np.array([[0, 0, 9, 9]]), np.array([[1, 0, 9, 9]]), np.array([[20, 20, 30, 30]])], 0.5)
        array([0., 0., 9., 9.])
    """
    every = np.concatenate([_boxes(one) for one in boxes])
    tried = every[:: -(-len(every) // candidates)]
    starts = np.cumsum([0, *(len(one) for one in boxes[:-1])])
    hits = np.logical_or.reduceat(ious(tried, every, offset) >= level, starts, axis=1)
    return tried[hits.sum(1).argmax()]
