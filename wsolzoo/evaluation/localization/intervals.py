"""How far the numbers of a box protocol would move with other images, and what pairs them with another run's."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from wsolzoo.evaluation.functional.bootstrap import bootstrap_interval
from wsolzoo.evaluation.localization.counts import KINDS, is_hit
from wsolzoo.evaluation.localization.records import BoxRecord
from wsolzoo.evaluation.localization.summary import BoxSummary, threshold_index

NEEDED_RANK = {'Top1Loc': 1, 'Top5Loc': 5}


def hits_by_image(
    records: Sequence[Mapping[str, Any]], name: str, summary: BoxSummary, index: int
) -> dict[str, np.ndarray]:
    """Whether each image is a hit at one threshold and the main IoU level, (N,) bool for every kind reported."""
    boxes: list[BoxRecord] = [record['by'][name] for record in records]
    ious = np.array([one.ious[one.at(index)] for one in boxes])
    hits = {}
    for kind in (kind for kind in KINDS if kind in summary.kinds):
        hits[kind] = is_hit(ious, summary.protocol, top_k=kind in NEEDED_RANK)[summary.main]
        if kind in NEEDED_RANK:
            hits[kind] &= np.array([record['rank'] for record in records]) < NEEDED_RANK[kind]
    return hits


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
        dict: empty for protocols that are no :func:`mean_over_images`.
    """
    if not num_resamples or not mean_over_images(summary):
        return {}
    found = {}
    for kind, hits in hits_by_image(records, name, summary, summary.index).items():
        interval = bootstrap_interval(hits.astype(np.float64), num_resamples=num_resamples)
        found[kind] = [100 * interval.low, 100 * interval.high]
    return found


def mean_over_images(summary: BoxSummary) -> bool:
    """Whether a number is the mean over images: not one over classes, and no image leaves the denominator."""
    return summary.protocol.hit.average != 'macro' and summary.protocol.box.empty != 'skip'


def paired_hits(records: Sequence[Mapping[str, Any]], name: str, summary: BoxSummary) -> dict[str, Any]:
    """The hits of every image in few bytes, by column and kind, for the comparison of two runs in pairs.

    Returns:
        dict: ``{'images': digest of the ids, 'oracle': {'GTKnown': '8f…'}, …}``, an image a bit; see :func:`unpack`.
    """
    if not mean_over_images(summary):
        return {}
    ids = '\n'.join(str(record['img_id']) for record in records)
    found: dict[str, Any] = {'images': hashlib.sha256(ids.encode()).hexdigest()[:16]}
    for policy, column in summary.columns.items():
        if column:
            index = threshold_index(summary.thresholds, column['threshold'][summary.ious[summary.main]])
            hits = hits_by_image(records, name, summary, index)
            found[policy] = {kind: np.packbits(values).tobytes().hex() for kind, values in hits.items()}
    return found


def unpack(bits: str, num_images: int) -> np.ndarray:
    """Hits as :func:`paired_hits` packed them, (N,) float64."""
    return np.unpackbits(np.frombuffer(bytes.fromhex(bits), np.uint8))[:num_images].astype(np.float64)
