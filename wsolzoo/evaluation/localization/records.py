"""One image under one protocol: from raw map and true boxes to a small record that says everything later steps need.

A record keeps the predicted box of every threshold, run-length coded, and its IoU: hundreds of bytes, never the map.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from wsolzoo import maps
from wsolzoo.evaluation.functional import boxes as box_functions
from wsolzoo.evaluation.functional import flood, pxap
from wsolzoo.evaluation.localization.protocols import HitRule, Protocol


class Levels(NamedTuple):
    """A map ready for thresholding: foreground at threshold k is ``array > index[k]``."""

    array: np.ndarray
    """(H, W) uint8 or uint16."""
    index: np.ndarray
    """(T,) int64, not decreasing."""
    count: int
    """Number of levels that ``array`` can hold."""


@dataclass(frozen=True)
class BoxRecord:
    """Predicted boxes of one image at every threshold, run-length coded.

    Attributes:
        starts: (R,) first threshold index of each run, ascending from 0.
        boxes: (R, 4) x0 y0 x1 y1 as the protocol defines them; of several contours the one that fits best.
        ious: (R,) float64, best IoU with any true box.
        empty: (R,) bool, nothing was above the threshold.
        truths: (M, 4) true boxes as the protocol reads them, lost ones left out.
        degenerate: the raw map is constant, holds NaN or infinity, or is missing.
        size: height and width of the view.
    """

    starts: np.ndarray
    boxes: np.ndarray
    ious: np.ndarray
    empty: np.ndarray
    truths: np.ndarray
    degenerate: bool
    size: tuple[int, int]

    def at(self, index: int) -> int:
        """The run that holds threshold ``index``."""
        return int(np.searchsorted(self.starts, index, side='right')) - 1


def normalised(map: np.ndarray, protocol: Protocol, size: tuple[int, int]) -> np.ndarray:
    """The map at the size of the view, normalised as the protocol says, (H, W) float64 in [0, 1]."""
    rule = protocol.map
    if rule.before_resize:
        array = maps.resize(maps.normalize(map, rule.normalizer, **rule.arguments), size, rule.interpolation)
        return array if rule.interpolation == 'linear' else np.clip(array, 0, 1)
    if not np.isfinite(map).all():
        return np.zeros(size)
    return maps.normalize(maps.resize(map, size, rule.interpolation), rule.normalizer, **rule.arguments)


def to_levels(map: np.ndarray, protocol: Protocol, thresholds: np.ndarray) -> Levels:
    """A normalised map as integer levels, and the level that each threshold means for it.

    Args:
        map: (H, W) float64 in [0, 1].
        protocol: says whether it is quantised, and what thresholds are relative to.
        thresholds: (T,) ascending.
    """
    if protocol.map.quantise:
        return _grey_levels(maps.quantise(map), protocol, thresholds)
    ranks = np.searchsorted(thresholds, map.ravel(), side='left').astype(np.uint16).reshape(map.shape)
    return Levels(ranks, np.arange(len(thresholds)), len(thresholds) + 1)


def _reference(array: np.ndarray, protocol: Protocol) -> float:
    return float(np.percentile(array, 90)) if protocol.threshold.reference == 'p90' else 255.0


def levels_of(map: np.ndarray, protocol: Protocol, thresholds: np.ndarray, size: tuple[int, int]) -> Levels:
    """A raw map as integer levels in the view; the usual rule (min-max after resizing) takes a short cut."""
    rule = protocol.map
    usual = rule.normalizer == 'minmax' and not rule.arguments and not rule.before_resize and rule.quantise
    if not usual or not np.isfinite(float(map.max()) - float(map.min())):
        return to_levels(normalised(map, protocol, size), protocol, thresholds)
    return _grey_levels(flood.grey_levels(maps.resize(map, size, rule.interpolation)), protocol, thresholds)


def _grey_levels(array: np.ndarray, protocol: Protocol, thresholds: np.ndarray) -> Levels:
    reference = float(array.max()) if protocol.threshold.reference == 'max' else _reference(array, protocol)
    return Levels(array, np.minimum((thresholds * reference).astype(np.int64), 255), 256)


def read_truths(boxes: np.ndarray, protocol: Protocol, size: tuple[int, int]) -> np.ndarray:
    """True boxes of the view as the protocol reads them, (M, 4) float64; those that a crop has lost are left out."""
    rule: HitRule = protocol.hit
    out = np.asarray(boxes, np.float64).reshape(-1, 4)
    if rule.gt_policy == 'first':
        out = out[:1]
    if protocol.view.crop is not None:
        out = out[~box_functions.is_lost(out)]
    if rule.truth == 'float':
        return out
    out = box_functions.truncate(out)
    if rule.truth == 'last pixel':
        out = np.clip(out, 0, (size[1] - 1, size[0] - 1, size[1] - 1, size[0] - 1))
    return out


def box_record(
    map: np.ndarray | None, truths: np.ndarray, protocol: Protocol, thresholds: np.ndarray, size: tuple[int, int]
) -> BoxRecord:
    """Judge one map.

    Args:
        map: (h, w) raw map of any size that covers the view; None if it is missing, which counts as a miss.
        truths: (M, 4) true boxes in pixels of the view.
        protocol: a box protocol.
        thresholds: (T,) ascending.
        size: height and width of the view.
    """
    rule, truths = protocol.box, read_truths(truths, protocol, size)
    if map is None:
        one = np.zeros(1)
        return BoxRecord(one.astype(np.uint16), np.zeros((1, 4), np.int32), one, one == 0, truths, True, size)
    levels = levels_of(map, protocol, thresholds, size)
    if rule.component == 'all contours':
        scores, boxes = flood.best_boxes(levels.array, truths, protocol.hit.offset, rule.clip, levels.count)
        empty = scores < 0
    else:
        boxes = flood.largest_boxes(levels.array, rule.component, levels.count)
        empty = boxes[:, 2] == 0
        if rule.clip:
            boxes[:, 2:] = np.minimum(boxes[:, 2:], (size[1] - 1, size[0] - 1))
    boxes[empty] = rule.empty_box(size)
    starts = _runs(boxes, empty, levels.index)
    at = levels.index[starts]
    boxes, empty = boxes[at], empty[at]
    scores = flood.best_ious(boxes, truths, protocol.hit.offset)
    degenerate = maps.is_degenerate(map)
    return BoxRecord(starts.astype(np.uint16), boxes, scores, empty, truths, degenerate, size)


def _runs(boxes: np.ndarray, empty: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Threshold indices at which the box differs from that of the threshold before."""
    pairs = np.ascontiguousarray(boxes, np.int32).view(np.int64)
    changed = np.ones(len(boxes), bool)
    changed[1:] = (pairs[1:, 0] != pairs[:-1, 0]) | (pairs[1:, 1] != pairs[:-1, 1]) | (empty[1:] != empty[:-1])
    run = np.cumsum(changed)[index]
    return np.concatenate([[0], 1 + np.flatnonzero(run[1:] != run[:-1])])


@dataclass(frozen=True)
class PixelRecord:
    """Background and object pixels of one image, or of many: records add up.

    Attributes:
        histogram: (2, T + 2) int64, by score.
        centred: (2, 2) int64, outside and inside the centred box of 80 % of each side.
    """

    histogram: np.ndarray
    centred: np.ndarray

    def __add__(self, other: 'PixelRecord') -> 'PixelRecord':
        """Both together."""
        return PixelRecord(self.histogram + other.histogram, self.centred + other.centred)


def pixel_record(map: np.ndarray | None, mask: np.ndarray, protocol: Protocol, thresholds: np.ndarray) -> PixelRecord:
    """Count background and object pixels over the thresholds, and in the centred box.

    Args:
        map: (h, w) raw map; None if it is missing: all its pixels score 0.
        mask: (H, W) uint8 in the view, 0 background, 1 object, 255 ignored.
        protocol: a pixel protocol.
        thresholds: (T,) ascending.
    """
    scores = np.zeros(mask.shape) if map is None else normalised(map, protocol, mask.shape)
    left, top, right, bottom = np.round(box_functions.centred(mask.shape, 0.8)[0]).astype(int)
    whole, inside = ([int((part == value).sum()) for value in (0, 1)] for part in (mask, mask[top:bottom, left:right]))
    centred = np.array([[all_ - in_, in_] for all_, in_ in zip(whole, inside, strict=True)], np.int64)
    return PixelRecord(pxap.histograms(scores, mask, thresholds).astype(np.int64), centred)
