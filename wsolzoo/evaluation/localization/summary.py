"""From counts to the numbers of a protocol, in the three columns oracle, transferred and fixed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from wsolzoo.evaluation.functional import pxap
from wsolzoo.evaluation.functional.causes import cause_of
from wsolzoo.evaluation.localization.counts import KINDS, BoxCounts, Tally, is_hit
from wsolzoo.evaluation.localization.protocols import Protocol
from wsolzoo.evaluation.localization.records import BoxRecord, PixelRecord

Chosen = Mapping[str, float]
"""Threshold by IoU level, ``{'0.5': 0.12}``."""


def iou_key(iou: float) -> str:
    """How an IoU level is written as a key: ``'0.5'``."""
    return f'{iou:g}'


def thresholds_of(protocol: Protocol, fixed: float | None = None) -> np.ndarray:
    """The thresholds to judge a map at: the protocol's grid, and its fixed threshold where that is not on it."""
    grid = protocol.threshold.grid()
    fixed = protocol.threshold.fixed if fixed is None else fixed
    if fixed is None or protocol.is_pixel:
        return grid
    return np.union1d(grid, [fixed])  # 0.35 is not numpy.arange(0, 1, 0.01)[35], and may mean another grey level


def threshold_index(thresholds: np.ndarray, value: float) -> int:
    """Where a threshold is in the sweep.

    Raises:
        ValueError: it is not there, because it was chosen on another grid.
    """
    near = np.flatnonzero(thresholds == value)
    if near.size == 0:
        near = np.flatnonzero(np.isclose(thresholds, value, rtol=0, atol=1e-9))
    if near.size == 0:
        raise ValueError(
            f'threshold {value:g} is not among the {len(thresholds)} thresholds of this sweep; '
            'choose and apply a threshold with the same interval'
        )
    return int(near[0])


class BoxSummary:
    """Everything a box protocol reports.

    Args:
        counts: what was counted.
        transferred: thresholds chosen on the validation split, by IoU level.
        fixed: threshold of the column 'fixed'; default the protocol's own.
        kinds: which of :data:`~wsolzoo.evaluation.localization.counts.KINDS` to report. Without 'GTKnown' (maps of the
            predicted class) thresholds are chosen for the first kind, and box accuracies are left out.
    """

    def __init__(
        self,
        counts: BoxCounts,
        transferred: Chosen | None = None,
        fixed: float | None = None,
        kinds: Sequence[str] = ('GTKnown',),
    ) -> None:
        self.counts, self.protocol, self.kinds = counts, counts.protocol, [kind for kind in KINDS if kind in kinds]
        self.ious = [iou_key(iou) for iou in self.protocol.hit.ious]
        self.main = self.ious.index('0.5') if '0.5' in self.ious else 0
        self.thresholds, self.grid = counts.thresholds, self.protocol.threshold.grid()
        self.on_grid = np.array([threshold_index(self.thresholds, t) for t in self.grid])
        self.accuracy = counts.accuracy()
        self.lead = self.accuracy[KINDS.index(self.kinds[0])]
        self.chosen = {key: float(self.grid[at]) for key, at in zip(self.ious, self._best(), strict=True)}
        fixed = self.protocol.threshold.fixed if fixed is None else fixed
        self.columns = {
            'oracle': self._column(self.chosen, oracle=True),
            'transferred': self._column(transferred) if transferred else None,
            'fixed': self._column(dict.fromkeys(self.ious, fixed)) if fixed is not None else None,
        }

    def _best(self) -> np.ndarray:
        """Index on the grid of the best threshold for every IoU level, the lowest of equals.

        Where empty images leave the denominator, hits are compared: accuracy would favour whatever empties most maps.
        """
        if self.protocol.box is not None and self.protocol.box.empty == 'skip':
            return self.counts.total().hits[KINDS.index(self.kinds[0])][:, self.on_grid].argmax(1)
        return self.lead[:, self.on_grid].argmax(1)

    def _column(self, chosen: Chosen, oracle: bool = False) -> dict[str, Any]:
        missing = [key for key in self.ious if key not in chosen]
        if missing:
            raise ValueError(f'{self.protocol.name}: no threshold was transferred for IoU {", ".join(missing)}')
        at = [threshold_index(self.thresholds, chosen[key]) for key in self.ious]
        boxes = [float(self.accuracy[0, k, index]) for k, index in enumerate(at)]
        column: dict[str, Any] = {}
        if 'GTKnown' in self.kinds:
            column['BoxAcc'] = dict(zip(self.ious, boxes, strict=True))
            if oracle:
                column['MaxBoxAcc'] = boxes[self.main]
            if len(boxes) > 1:
                column['MaxBoxAccV2' if oracle else 'MeanBoxAcc'] = float(np.mean(boxes))
        for kind in self.kinds:
            column[kind] = float(self.accuracy[KINDS.index(kind), self.main, at[self.main]])
        return column | {'threshold': {key: float(chosen[key]) for key in self.ious}}

    @property
    def headline(self) -> str | None:
        """The column that the protocol itself reports, None while it cannot be computed."""
        policy = self.protocol.threshold.policy
        return policy if self.columns[policy] else None

    @property
    def index(self) -> int:
        """Index of the headline's threshold at the main IoU level (the oracle's where there is no headline)."""
        column = self.columns[self.headline or 'oracle']
        return threshold_index(self.thresholds, column['threshold'][self.ious[self.main]])

    def entry(self, names: Mapping[int, str] | None = None) -> dict[str, Any]:
        """The protocol's part of a result, see :mod:`wsolzoo.evaluation.metrics.localization`."""
        oracle, headline = self.columns['oracle'], self.columns[self.headline or 'oracle']
        mine = ('MaxBoxAcc', 'MaxBoxAccV2', 'BoxAcc', 'threshold')
        out: dict[str, Any] = {key: oracle[key] for key in mine if key in oracle}
        if self.headline:
            out |= {kind: headline[kind] for kind in self.kinds}
        curves = self.lead[:, self.on_grid]
        out |= {
            'headline': self.headline,
            'columns': self.columns,
            'centered_box': self._centred(0),
            'whole_image': self._centred(1),
            'num_images': self.counts.num_images,
            'degenerate_maps': self.counts.degenerate,
            'missing_maps': self.counts.missing,
            'thresholds': self.grid.tolist(),
            'curve': {key: curve.tolist() for key, curve in zip(self.ious, curves, strict=True)},
            'curve_of': 'BoxAcc' if self.kinds[0] == 'GTKnown' else self.kinds[0],
            'breakdown': self.breakdown(names),
        }
        return out | stamp(self.protocol)

    def _centred(self, baseline: int) -> dict[str, Any]:
        by_kind = self.counts.centred_accuracy()[:, baseline]
        values = by_kind[0]
        out: dict[str, Any] = {'MaxBoxAcc': float(values[self.main]), 'GTKnown': float(values[self.main])}
        out |= {kind: float(by_kind[KINDS.index(kind), self.main]) for kind in self.kinds}
        if len(values) > 1:
            out['MaxBoxAccV2'] = float(values.mean())
        return out | {'BoxAcc': {key: float(value) for key, value in zip(self.ious, values, strict=True)}}

    def breakdown(self, names: Mapping[int, str] | None = None) -> dict[str, dict[str, dict[str, float]]]:
        """Accuracies by class and by object size, at the threshold and IoU level of the headline."""
        names = names or {}
        classes = {names.get(label, str(label)): self._group(t) for label, t in sorted(self.counts.classes.items())}
        sizes = {name: self._group(t) for name, t in self.counts.sizes.items()}
        return {'class': classes, 'size': sizes}

    def _group(self, tally: Tally) -> dict[str, float]:
        values = tally.accuracy()[:, self.main, self.index]
        numbers = {kind: float(values[KINDS.index(kind)]) for kind in self.kinds}
        return numbers | {'num_images': int(tally.total[self.index])}


def pixel_entry(record: PixelRecord, protocol: Protocol, num_images: int) -> dict[str, Any]:
    """The part of a pixel protocol in a result.

    Args:
        record: the sum over the images.
        protocol: a pixel protocol.
        num_images: images they come from.
    """
    best, at = pxap.piou(record.histogram)
    edges = pxap.edges(protocol.threshold.grid())
    return {
        'PxAP': 100 * pxap.pxap(record.histogram),
        'pIoU': 100 * best,
        'threshold': {'pIoU': float(edges[at])},
        'centered_box': centred_pixels(record.centred),
        'num_images': num_images,
    } | stamp(protocol)


def centred_pixels(centred: np.ndarray) -> dict[str, float]:
    """PxAP and pIoU of the map that is 1 in the centred box and 0 around it, percent.

    Args:
        centred: (2, 2) background and object pixels, outside and inside the box.
    """
    (_, background), (outside, inside) = centred.tolist()
    iou = 100 * inside / (inside + outside + background) if inside + outside else float('nan')
    return {'PxAP': 100 * pxap.pxap(np.pad(centred, ((0, 0), (0, 1)))), 'pIoU': iou}


def image_entry(record: Mapping[str, Any], name: str, summary: BoxSummary) -> dict[str, Any]:
    """What a report shows of one image, at the headline's threshold."""
    boxes: BoxRecord = record['by'][name]
    run = boxes.at(summary.index)
    main = summary.protocol.hit.ious[summary.main]
    hit = bool(is_hit(boxes.ious[run : run + 1], summary.protocol)[summary.main, 0])
    right = None if record['rank'] is None else record['rank'] == 0
    degenerate = boxes.degenerate or bool(boxes.empty[run])
    return {
        'img_id': record['img_id'],
        'label': record['label'],
        'gt_boxes': np.asarray(record['gt_boxes']).tolist(),
        'box': boxes.boxes[run].tolist(),
        'iou': float(boxes.ious[run]),
        'iou_level': iou_key(main),
        'threshold': float(summary.thresholds[summary.index]),
        'pred_labels': record.get('top', []),
        'cause': cause_of(boxes.boxes[run], boxes.truths, hit, degenerate, right),
    }


def stamp(protocol: Protocol) -> dict[str, Any]:
    """What identifies a definition in a result: compared before rows share a table."""
    return {
        'protocol': protocol.name,
        'source': protocol.source,
        'fingerprint': protocol.fingerprint,
        'interval': protocol.threshold.interval,
        'gt_policy': protocol.hit.gt_policy,
        'roles': {'chooses': protocol.threshold.roles[0], 'reports': protocol.threshold.roles[1]},
    }
