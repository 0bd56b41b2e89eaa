"""Compiled counting of one image's hits; importing this module imports numba."""

from numba import njit

from wsolzoo.evaluation.functional.flood_kernels import best_iou
from wsolzoo.evaluation.functional.pixel_kernels import NOGIL


@njit(**NOGIL, inline='always')
def reached(iou, level, strict):
    """Whether an IoU makes a hit."""
    return iou > level if strict else iou >= level


@njit(**NOGIL)
def add_image(record, rule, rank, tallies):
    """Add the hits of one image to its class's and its size's tally, and those of the centred boxes.

    Args:
        record: first threshold, IoU and emptiness of every run, true boxes, and the centred boxes.
        rule: IoU levels, offset, whether a hit is strict (for the box alone, for Top-1 and Top-5), whether an empty
            foreground leaves the image out.
        rank: place of the true class among the predicted ones, from 0.
        tallies: hits (3, levels, T) and images (T,) by class and by size, hits of centred boxes (3, boxes, levels).
    """
    starts, ious, empty, truths, centred = record
    levels, offset, strict, strict_topk, skip = rule
    class_hits, class_total, size_hits, size_total, centred_hits = tallies
    for run in range(starts.size):
        if skip and empty[run]:
            continue
        begin = int(starts[run])
        end = int(starts[run + 1]) if run + 1 < starts.size else class_total.size
        class_total[begin:end] += 1
        size_total[begin:end] += 1
        for kind in range(3):
            if (kind == 1 and rank >= 1) or (kind == 2 and rank >= 5):
                continue
            for k in range(len(levels)):
                if reached(ious[run], levels[k], strict if kind == 0 else strict_topk):
                    class_hits[kind, k, begin:end] += 1
                    size_hits[kind, k, begin:end] += 1
    for box in range(centred.shape[0]):
        x0, y0, x1, y1 = centred[box]
        iou = best_iou(x0, y0, x1, y1, truths, offset)
        for kind in range(3):
            if (kind == 1 and rank >= 1) or (kind == 2 and rank >= 5):
                continue
            for k in range(len(levels)):
                if reached(iou, levels[k], strict if kind == 0 else strict_topk):
                    centred_hits[kind, box, k] += 1
