"""The evaluator with NumPy and OpenCV alone, one level after another: what the compiled one must equal, bit for bit."""

import numpy as np

from wsolzoo import maps
from wsolzoo.evaluation.functional.boxes import ious as box_ious
from wsolzoo.evaluation.localization.records import read_truths


def overlap(a, b, offset):
    """IoU of two boxes, number by number."""
    wide = min(a[2], b[2]) - max(a[0], b[0]) + offset
    high = min(a[3], b[3]) - max(a[1], b[1]) + offset
    if wide <= 0 or high <= 0:
        return 0.0
    both = wide * high
    whole = (a[2] - a[0] + offset) * (a[3] - a[1] + offset) + (b[2] - b[0] + offset) * (b[3] - b[1] + offset) - both
    return both / whole if whole > 0 else 0.0


def normalised(raw, protocol, size):
    """The map in the view, in [0, 1]."""
    rule = protocol.map
    if not np.isfinite(raw).all():
        return np.zeros(size)
    if rule.before_resize:
        grown = maps.resize(maps.normalize(raw, rule.normalizer, **rule.arguments), size, rule.interpolation)
        return np.clip(grown, 0, 1)
    return maps.normalize(maps.resize(raw, size, rule.interpolation), rule.normalizer, **rule.arguments)


def masks(raw, protocol, thresholds, size):
    """The foreground at every threshold."""
    array = normalised(raw, protocol, size)
    if not protocol.map.quantise:
        return [array > t for t in thresholds]
    grey = maps.quantise(array)
    reference = {'max': grey.max(), 'p90': np.percentile(grey, 90), 'one': 255}[protocol.threshold.reference]
    return [grey > min(int(t * float(reference)), 255) for t in thresholds]


def candidates(mask, component):
    """The boxes (M, 4) among which the best counts."""
    if component == 'largest component':
        return maps.largest_component_box(mask)[None]
    if component == 'largest contour':
        return maps.largest_contour_box(mask)[None]
    return maps.contour_boxes(mask)


def judge(raw, truths, protocol, thresholds, size):
    """Box, IoU and emptiness at every threshold; of equal IoUs the largest box."""
    rule, offset, truths = protocol.box, protocol.hit.offset, read_truths(truths, protocol, size)
    boxes, scores, empty, before = [], [], [], None
    for mask in masks(raw, protocol, thresholds, size):
        if before is not None and (mask == before).all():
            found, none = boxes[-1][None], empty[-1]
        elif none := not mask.any():
            found = np.array([rule.empty_box(size)])
        else:
            found = candidates(mask, rule.component)
            if rule.clip:
                found[:, 2:] = np.minimum(found[:, 2:], (size[1] - 1, size[0] - 1))
        before = mask
        best = box_ious(found, truths, offset).max(1, initial=0.0)
        at = np.lexsort((np.prod(found[:, 2:] - found[:, :2] + 1, axis=1), best))[-1]
        boxes.append(found[at])
        scores.append(best[at])
        empty.append(none)
    return np.array(boxes), np.array(scores), np.array(empty)


def pixel_histograms(raw, mask, protocol, thresholds):
    """Histograms of background and object pixels."""
    scores = normalised(raw, protocol, mask.shape)
    bins = np.append(thresholds, [1.0, 2.0, 3.0])
    return np.stack([np.histogram(scores[mask == value], bins)[0] for value in (0, 1)])
