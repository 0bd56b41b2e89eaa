"""Compiled matching of detections with objects; importing this module imports numba."""

from numba import njit

from wsolzoo.evaluation.functional.pixel_kernels import NOGIL


@njit(**NOGIL)
def best_free(overlaps, threshold, ignored, wanted, free, crowd):
    """The object of largest overlap, of equals the last, among those that are free and (not) ignored; -1 for none."""
    best = -1
    for m in range(overlaps.size):
        usable = ignored[m] == wanted and (free[m] or crowd[m]) and overlaps[m] >= threshold
        if usable and (best < 0 or overlaps[m] >= overlaps[best]):
            best = m
    return best


@njit(**NOGIL)
def match_coco(iou, threshold, ignored, crowd, free, taken):
    """Detections in order take the free object that they overlap most; those that count come before ignored ones."""
    free[:] = True
    for d in range(iou.shape[0]):
        best = best_free(iou[d], min(threshold, 1 - 1e-10), ignored, False, free, crowd)
        if best < 0:
            best = best_free(iou[d], min(threshold, 1 - 1e-10), ignored, True, free, crowd)
        taken[d] = best
        if best >= 0:
            free[best] = False


@njit(**NOGIL)
def match_voc(iou, threshold, ignored, free, taken):
    """Every detection looks only at the object that it overlaps most, of equals the first; ignored ones stay free."""
    free[:] = True
    for d in range(iou.shape[0]):
        best = 0
        for m in range(1, iou.shape[1]):
            if iou[d, m] > iou[d, best]:
                best = m
        taken[d] = -1
        if iou.shape[1] > 0 and iou[d, best] >= threshold and (free[best] or ignored[best]):
            taken[d] = best
            free[best] = False


@njit(**NOGIL)
def match(iou, thresholds, coco, ignored, crowd, outside, free, taken, hit, neutral):
    """Match by every range of sizes and every threshold.

    Args:
        iou: (D, M), detections by descending score.
        thresholds: (T,).
        coco: match as COCO, else as VOC.
        ignored: (R, M) bool, objects that do not count.
        crowd: (M,) bool, objects that may be taken many times.
        outside: (R, D) bool, detections that do not count while they are unmatched.
        free: (M,) bool, scratch.
        taken: (D,) int64, scratch.
        hit: (R, T, D) bool, result: matched to an object that counts.
        neutral: (R, T, D) bool, result: neither right nor wrong.
    """
    for r in range(ignored.shape[0]):
        for t in range(thresholds.size):
            if coco:
                match_coco(iou, thresholds[t], ignored[r], crowd, free, taken)
            else:
                match_voc(iou, thresholds[t], ignored[r], free, taken)
            for d in range(taken.size):
                found = taken[d] >= 0
                hit[r, t, d] = found and not ignored[r, taken[d]]
                neutral[r, t, d] = ignored[r, taken[d]] if found else outside[r, d]
