"""Why an image failed: one cause per image, each with a definition that can be checked by hand.

With the predicted box P at the chosen threshold, the true box G that it overlaps most, ``inside = |P & G| / |P|`` (how
much of the prediction lies on the object) and ``covered = |P & G| / |G|`` (how much of the object it holds), all
without offsets, the first of these that applies is the cause:

``degenerate-map``  the map is constant, holds NaN or infinity, is missing, or leaves nothing above the threshold
``hit``             the box is a hit, and the class is right or was not predicted
``wrong-class``     the box is a hit, but the top-1 class is not the label
``multi-instance``  P holds at least half of each of two or more true boxes
``part-only``       ``inside >= 0.7`` and ``covered < inside``
``over-extended``   ``covered >= 0.7``
``wrong-place``     everything else

A degenerate map that happens to be a hit (the box of an empty map may be the whole view) counts as degenerate too.
"""

import numpy as np

from wsolzoo.evaluation.functional.boxes import is_lost

ON_OBJECT = 0.7
HELD = 0.5

DEFINITIONS = {
    'hit': 'The predicted box overlaps a true box enough, and the class is right or was not asked for.',
    'degenerate-map': 'The map is constant, not finite or missing, or leaves nothing above the threshold.',
    'wrong-class': 'The box is right, but the top-1 class is not: it fails Top-1 Loc, not GT-known.',
    'multi-instance': 'The box holds at least half of each of two or more true boxes.',
    'part-only': 'At least 70 % of the box lies on the object, but it covers too little of it.',
    'over-extended': 'The box holds at least 70 % of the object, but reaches too far around it.',
    'wrong-place': 'The box neither lies on the object nor holds it.',
}
"""Every cause with its definition in words, for reports."""


def cause_of(
    box: np.ndarray, truths: np.ndarray, hit: bool, degenerate: bool = False, right_class: bool | None = None
) -> str:
    """The cause of one image, see the module's text.

    Args:
        box: (4,) predicted box.
        truths: (M, 4) true boxes in the same frame.
        hit: whether the protocol calls it a hit.
        degenerate: whether the map points nowhere at the chosen threshold.
        right_class: whether the top-1 class is the label; None where no class was predicted.

    Returns:
        str: a key of :data:`DEFINITIONS`.
    """
    if degenerate:
        return 'degenerate-map'
    if hit:
        return 'wrong-class' if right_class is False else 'hit'
    truths = np.asarray(truths, np.float64).reshape(-1, 4)
    truths = truths[~is_lost(truths)]
    if len(truths) == 0:
        return 'wrong-place'
    box = np.asarray(box, np.float64)
    sides = np.maximum(np.minimum(box[2:], truths[:, 2:]) - np.maximum(box[:2], truths[:, :2]), 0)
    both = sides.prod(1)
    covered = both / (truths[:, 2:] - truths[:, :2]).prod(1)
    if (covered >= HELD).sum() >= 2:
        return 'multi-instance'
    area = max((box[2:] - box[:2]).prod(), 1e-12)
    union = area + (truths[:, 2:] - truths[:, :2]).prod(1) - both
    best = int(np.argmax(both / union))
    inside = both[best] / area
    if inside >= ON_OBJECT and covered[best] < inside:
        return 'part-only'
    return 'over-extended' if covered[best] >= ON_OBJECT else 'wrong-place'
