"""How far the numbers of a box protocol would move with other images of the same kind."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from wsolzoo.evaluation.functional.bootstrap import bootstrap_interval
from wsolzoo.evaluation.localization.counts import KINDS, is_hit
from wsolzoo.evaluation.localization.records import BoxRecord
from wsolzoo.evaluation.localization.summary import BoxSummary

NEEDED_RANK = {'Top1Loc': 1, 'Top5Loc': 5}


def hits_by_image(records: Sequence[Mapping[str, Any]], name: str, summary: BoxSummary) -> dict[str, np.ndarray]:
    """Whether each image is a hit at the headline's threshold and main IoU level, (N,) float64 for every kind."""
    hits: dict[str, list[bool]] = {kind: [] for kind in KINDS if kind in summary.kinds}
    for record in records:
        boxes: BoxRecord = record['by'][name]
        run = boxes.at(summary.index)
        iou = boxes.ious[run : run + 1]
        for kind, found in hits.items():
            ranked = kind not in NEEDED_RANK or record['rank'] < NEEDED_RANK[kind]
            hit = is_hit(iou, summary.protocol, top_k=kind in NEEDED_RANK)[summary.main, 0]
            found.append(bool(hit) and ranked)
    return {kind: np.array(found, np.float64) for kind, found in hits.items()}


def intervals(
    records: Sequence[Mapping[str, Any]], name: str, summary: BoxSummary, num_resamples: int
) -> dict[str, list[float]]:
    """95 % bootstrap interval ``[low, high]`` over images of every kind, percent; the threshold is held fixed.

    Args:
        records: one for every image, see :class:`~wsolzoo.evaluation.metrics.localization.LocalizationMetric`.
        name: of the protocol.
        summary: of the protocol.
        num_resamples: resamples, drawn with seed 0; 0 for no intervals.

    Returns:
        dict: empty for protocols that average over classes or leave images out of the denominator, where a mean over
        images is another number.
    """
    protocol = summary.protocol
    if not num_resamples or protocol.hit.average == 'macro' or protocol.box.empty == 'skip':
        return {}
    found = {}
    for kind, hits in hits_by_image(records, name, summary).items():
        interval = bootstrap_interval(hits, num_resamples=num_resamples)
        found[kind] = [100 * interval.low, 100 * interval.high]
    return found
