"""One image under one protocol: from raw map and true boxes to a small record that says everything later steps need.

A record keeps the predicted box of every threshold, run-length coded, and its IoU: hundreds of bytes, never the map.
"""

from dataclasses import dataclass

import numpy as np

from wsolzoo import maps
from wsolzoo.evaluation.functional import boxes as box_functions
from wsolzoo.evaluation.functional import flood, pxap
from wsolzoo.evaluation.localization.protocols import HitRule, Protocol


@dataclass(frozen=True)
class BoxRecord:
    """Predicted boxes of one image at every threshold, run-length coded.

    Attributes:
        starts: (R,) first threshold index of each run, ascending from 0.
        boxes: (R, 4) x0 y0 x1 y1 as the protocol defines them; of several contours the one that fits best.
        ious: (R,) float64, best IoU with any true box.
        empty: (R,) bool, nothing was above the threshold.
        truths: (M, 4) true boxes as the protocol reads them, lost ones left out.
        degenerate: the raw map is constant, holds NaN or infinity, or is missing; or no box was predicted.
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


def frame_of(
    map: np.ndarray, protocol: Protocol, size: tuple[int, int], out: np.ndarray | None = None
) -> tuple[np.ndarray, bool]:
    """The map at the size of the view, and whether the usual rule (min-max after resizing) is left to the kernels."""
    rule = protocol.map
    if rule.normalizer == 'minmax' and not rule.arguments and not rule.before_resize and not maps.is_degenerate(map):
        return maps.resize(map, size, rule.interpolation, out), True
    return normalised(map, protocol, size), False


def put_levels(map: np.ndarray, protocol: Protocol, thresholds: np.ndarray, space: flood.Workspace) -> float | None:
    """A raw map as integer levels of the workspace; what thresholds are relative to there, None for ranks."""
    if not protocol.map.quantise:
        space.put_ranks(normalised(map, protocol, space.size), thresholds)
        return None
    top = space.put_grey(*frame_of(map, protocol, space.size, space.frame))
    reference = protocol.threshold.reference
    return float(np.percentile(space.levels, 90)) if reference == 'p90' else {'max': top, 'one': 255}[reference]


def read_truths(boxes: np.ndarray, protocol: Protocol, size: tuple[int, int]) -> np.ndarray:
    """True boxes of the view as the protocol reads them, (M, 4) float64; those that a crop has lost are left out."""
    rule: HitRule = protocol.hit
    out = np.array(boxes, np.float64, order='C').reshape(-1, 4)
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
    space = flood.workspace(size, 256 if protocol.map.quantise else len(thresholds) + 1, len(thresholds))
    reference = put_levels(map, protocol, thresholds, space)
    runs = space.sweep(
        truths, thresholds, reference, rule.component, protocol.hit.offset, rule.clip, rule.empty_box(size)
    )
    return BoxRecord(*runs, truths, maps.is_degenerate(map), size)


def direct_record(boxes: np.ndarray, truths: np.ndarray, protocol: Protocol, size: tuple[int, int]) -> BoxRecord:
    """Judge boxes that a method predicts without a map: they are the same at every threshold.

    Args:
        boxes: (N, 4) in pixels of the view, the most trusted first. Where all contours count the best of them counts,
            else the first; none at all is an empty foreground.
        truths: (M, 4) true boxes in pixels of the view.
        protocol: a box protocol; its rules for the end of a box and for an empty foreground hold.
        size: height and width of the view.
    """
    rule, truths = protocol.box, read_truths(truths, protocol, size)
    found = np.array(boxes, np.float64).reshape(-1, 4)[: None if rule.component == 'all contours' else 1]
    none = len(found) == 0
    if none:
        found = np.array([rule.empty_box(size)], np.float64)
    elif rule.clip:
        found[:, 2:] = np.minimum(found[:, 2:], (size[1] - 1, size[0] - 1))
    ious = box_functions.ious(found, truths, protocol.hit.offset).max(1, initial=0.0)
    best = slice(ious.argmax(), ious.argmax() + 1)
    return BoxRecord(np.zeros(1, np.uint16), found[best], ious[best], np.array([none]), truths, none, size)


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
    if map is None:
        return PixelRecord(*pxap.histograms(np.zeros(mask.shape), mask, thresholds))
    frame, stretch = frame_of(map, protocol, mask.shape)
    return PixelRecord(*pxap.histograms(frame, mask, thresholds, stretch))
