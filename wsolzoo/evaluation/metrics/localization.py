"""Localization by any number of protocols, as an MMEngine metric."""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from wsolzoo.evaluation.functional.causes import DEFINITIONS
from wsolzoo.evaluation.localization.counts import KINDS, BoxCounts, rank_of
from wsolzoo.evaluation.localization.intervals import intervals, paired_hits
from wsolzoo.evaluation.localization.protocols import Protocol, resolve
from wsolzoo.evaluation.localization.records import box_record, direct_record, pixel_record
from wsolzoo.evaluation.localization.summary import BoxSummary, image_entry, pixel_entry, thresholds_of
from wsolzoo.evaluation.metrics.keyed import ImageKeyedMetric, squeeze_map, to_numpy
from wsolzoo.registry import METRICS


@METRICS.register_module()
class LocalizationMetric(ImageKeyedMetric):
    """MaxBoxAcc, MaxBoxAccV2, Top-1, Top-5 and GT-known Loc, PxAP and pIoU: whatever the protocols ask for.

    Maps are resized to the network's input (``img_shape``), so that the test pipeline must be the protocol's
    (``Geometry`` 'WE' or 'BAS'); an input of another size is stated under ``deviations``. Each image leaves one record
    of boxes and counts, keyed by its id. A method that predicts boxes itself gives ``pred_boxes``, most trusted first
    or with ``pred_box_scores``: they pass every box protocol as the boxes of all thresholds, whatever the map beside.

    Keys of the returned metrics are qualified by the protocol: ``choe2020-v2/MaxBoxAccV2``, ``choe2020-v2/BoxAcc@0.3``,
    ``choe2020-v1/GTKnown@0.5/oracle``, ``choe2020-v1/Top1Loc@0.5/transferred``, ``choe2020-pxap/PxAP``. All values are
    percent. Without a column at the end a key is the protocol's own headline.

    After evaluation ``result`` holds everything as plain data: ``protocols`` (by name: headline numbers, the three
    ``columns``, ``curve`` over ``thresholds``, ``centered_box``, ``whole_image``, ``intervals``, and ``hits`` of every
    image for paired comparisons), ``classification``, ``breakdown`` by class and size and ``images`` (with the cause of
    each failure, :mod:`wsolzoo.evaluation.functional.causes`), the last two under the first box protocol; and
    ``causes``, their definitions.

    Args:
        protocols: names, :class:`~wsolzoo.evaluation.localization.protocols.Protocol` objects, or dicts as in
            :func:`~wsolzoo.evaluation.localization.protocols.vary`.
        report: which of 'GTKnown', 'Top1Loc', 'Top5Loc' to report; those that need class scores are left out where
            there are none.
        fixed: threshold of the column 'fixed' by protocol name; default the published one.
        chosen: thresholds chosen elsewhere, as in ``chosen``, see :meth:`transfer`.
        per_image: keep ``images`` in the result.
        bootstrap: resamples of the 95 % intervals over images (``intervals`` of a protocol's entry); 0 for none, and no
            ``hits`` either.
        collect_device: unused, records are gathered as objects.
        prefix: put before every key; default none.

    Of samples with a map for each of several classes (``pred_raw_maps``) Top-k Loc reads the box of the true class's
    own map.

    A classifier of other classes than the data's, such as ImageNet's on pets, is judged by its maps alone: its scores
    say nothing about the labels, so that 'Top1Loc', 'Top5Loc' and the class accuracies are left out, and 'GTKnown' is
    the box accuracy of the map it gives, that of the class it predicts (``cam_class='pred'``).

    Raises:
        ValueError: 'GTKnown' is asked of maps that were made for predicted classes (``cam_class`` 'pred', 1 or 'top5'),
            or 'Top5Loc' of fewer than five of them.
    """

    default_prefix = 'localization'

    def __init__(
        self,
        protocols: Sequence[str | Protocol | Mapping[str, Any]] = ('choe2020-v1', 'choe2020-v2'),
        report: Sequence[str] = KINDS,
        fixed: Mapping[str, float] | None = None,
        chosen: Mapping[str, Mapping[str, float]] | None = None,
        per_image: bool = True,
        bootstrap: int = 1000,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.bootstrap = bootstrap
        self.prefix = prefix
        unknown = set(report) - set(KINDS)
        if unknown or not report:
            raise ValueError(f'report is a choice of {", ".join(KINDS)}; got {list(report)}')
        resolved = [resolve(spec) for spec in protocols]
        self.protocols = {protocol.name: protocol for protocol in resolved}
        if not resolved or len(self.protocols) < len(resolved):
            raise ValueError(f'protocols must be at least one, each once; got {[p.name for p in resolved]}')
        truth = {'gt_mask' if protocol.is_pixel else 'gt_boxes' for protocol in resolved}
        seen = 'pred_raw_map' if 'gt_mask' in truth else 'pred_raw_map|pred_boxes'
        self.required_fields = (seen, 'gt_label', 'img_shape', *sorted(truth))
        self.report, self.fixed, self.per_image = tuple(report), dict(fixed or {}), per_image
        stray = set(self.fixed) - set(self.protocols)
        if stray:
            raise ValueError(f'fixed names {", ".join(stray)}, which is not among the protocols {list(self.protocols)}')
        self.thresholds = {name: thresholds_of(p, self.fixed.get(name)) for name, p in self.protocols.items()}
        self.transferred: dict[str, Mapping[str, float]] = dict(chosen or {})
        self.chosen: dict[str, dict[str, float]] = {}
        """Best threshold of this split by protocol and IoU level, after evaluation."""
        self.result: dict[str, Any] = {}

    def transfer(self, chosen: Mapping[str, Mapping[str, float]]) -> None:
        """Take thresholds that another metric chose on the validation split for the column 'transferred'."""
        self.transferred = dict(chosen)

    def keep_classification(self) -> list[str]:
        """Leave out every protocol, for a split whose images have class labels and nothing else.

        Returns:
            The protocols left out.
        """
        left_out = list(self.protocols)
        self.protocols, self.thresholds, self.required_fields = {}, {}, ('gt_label', 'pred_scores')
        return left_out

    def record(self, sample: dict) -> dict[str, Any]:
        """Judge one image under every protocol."""
        self._refuse_wrong_maps(sample)
        size = (int(sample['img_shape'][0]), int(sample['img_shape'][1]))
        label = int(to_numpy(sample['gt_label']).reshape(-1)[0])
        raw = _map_of(sample, label)
        scores = to_numpy(sample['pred_scores']).ravel() if 'pred_scores' in sample else None
        if self._foreign(sample):
            scores = None
        out = {'img_id': sample['img_id'], 'label': label, 'size': size, 'rank': rank_of(scores, label), 'by': {}}
        if scores is not None:
            out['top'] = np.argsort(-scores, kind='stable')[:5].tolist()
        if 'gt_boxes' in sample:
            out['gt_boxes'] = _boxes_of(sample, label)
        for name, protocol in self.protocols.items():
            if protocol.is_pixel:
                out['by'][name] = pixel_record(raw, self._mask(sample, size), protocol, self.thresholds[name])
            elif 'pred_boxes' in sample:
                out['by'][name] = direct_record(_boxes(sample), out['gt_boxes'], protocol, size)
            else:
                out['by'][name] = box_record(raw, out['gt_boxes'], protocol, self.thresholds[name], size)
        return out

    def _refuse_wrong_maps(self, sample: dict) -> None:
        told, several = sample.get('cam_class', 'gt'), 'pred_map_labels' in sample
        if (not several and told not in ('pred', 1)) or self._foreign(sample):
            return
        if 'GTKnown' in self.report:
            raise ValueError(
                f'GT-known localization was asked of maps of the predicted class (cam_class={told!r}). Set '
                "model.cam_class='gt', or LocalizationMetric(report=['Top1Loc'])."
            )
        have = len(sample['pred_map_labels']) if several else 1
        if 'Top5Loc' in self.report and have < min(5, len(sample.get('pred_scores', ()))):
            raise ValueError(
                f'Top-5 localization needs a box of each of five classes, but there are maps of {have} '
                f"(cam_class={told!r}). Set model.cam_class='top5', or 'gt', whose map gives the same; or "
                "LocalizationMetric(report=['Top1Loc'])."
            )

    def _foreign(self, sample: dict) -> bool:
        """Whether maps are of predicted classes, and these are others than the data's (an ImageNet classifier's)."""
        classes = (self.dataset_meta or {}).get('classes')
        if not classes or 'pred_scores' not in sample or sample.get('cam_class', 'gt') == 'gt':
            return False
        return to_numpy(sample['pred_scores']).size != len(classes)

    @staticmethod
    def _mask(sample: dict, size: tuple[int, int]) -> np.ndarray:
        mask = squeeze_map(sample['gt_mask'], 'gt_mask')
        if mask.shape != size:
            raise ValueError(f'gt_mask is {mask.shape}, but the network saw {size}; resize it in the pipeline')
        return mask

    def reduce(self, records: list[dict[str, Any]]) -> dict[str, float]:
        """All numbers of all protocols."""
        names = dict(enumerate((self.dataset_meta or {}).get('classes') or ()))
        ranked = [record['rank'] for record in records if record['rank'] is not None]
        if ranked and len(ranked) < len(records):
            raise ValueError(f'{len(records) - len(ranked)} of {len(records)} images have no pred_scores')
        kinds = [kind for kind in self.report if ranked or kind == 'GTKnown']
        if not kinds:
            raise ValueError(f'{", ".join(self.report)} need pred_scores, which the model does not give')
        self.result = {'protocols': {}, 'classification': {}, 'breakdown': {}, 'images': [], 'causes': DEFINITIONS}
        self.chosen = {}
        if ranked:
            ranks = np.array(ranked)
            self.result['classification'] = {f'top{k}': float(100 * (ranks < k).mean()) for k in (1, 5)}
        for name, protocol in self.protocols.items():
            entry = self._pixels(name, records) if protocol.is_pixel else self._boxes(name, records, kinds, names)
            entry['deviations'] = _deviations(protocol, records)
            self.result['protocols'][name] = entry
        return flat_metrics(self.result)

    def _pixels(self, name: str, records: list[dict[str, Any]]) -> dict[str, Any]:
        total = reduce(add, (record['by'][name] for record in records))
        return pixel_entry(total, self.protocols[name], len(records))

    def _boxes(
        self, name: str, records: list[dict[str, Any]], kinds: Sequence[str], names: Mapping[int, str]
    ) -> dict[str, Any]:
        counts = BoxCounts(self.protocols[name], self.thresholds[name])
        for record in records:
            counts.add(record['by'][name], record['label'], record['rank'])
        summary = BoxSummary(counts, self.transferred.get(name), self.fixed.get(name), kinds)
        self.chosen[name] = summary.chosen
        entry = summary.entry(names)
        entry['intervals'] = intervals(records, name, summary, self.bootstrap)
        if self.bootstrap:
            entry['hits'] = paired_hits(records, name, summary)
        if not self.result['breakdown']:
            self.result['breakdown'] = entry['breakdown']
            if self.per_image:
                self.result['images'] = [image_entry(record, name, summary) for record in records]
        return entry


def _map_of(sample: dict, label: int) -> np.ndarray | None:
    """The map (h, w) that answers for an image: where there is one a class, that of the true class.

    Top-k Loc wants the true class among the first k and *its* box right, so no other map of the k matters. Where the
    true class is not among them there is no hit, and the first map stands for the image.
    """
    if 'pred_raw_map' not in sample:
        return None
    labels = to_numpy(sample['pred_map_labels']).tolist() if 'pred_map_labels' in sample else []
    own = sample['pred_raw_maps'][labels.index(label)] if label in labels else sample['pred_raw_map']
    return squeeze_map(own, 'pred_raw_map')


def _boxes_of(sample: dict, label: int) -> np.ndarray:
    """True boxes (M, 4) of the class that is asked about: in an image of several classes the others are not it."""
    boxes = np.asarray(to_numpy(sample['gt_boxes']), np.float64).reshape(-1, 4)
    if 'gt_box_labels' not in sample:
        return boxes
    own = to_numpy(sample['gt_box_labels']).reshape(-1) == label
    if not own.any():
        raise ValueError(f'image {sample["img_id"]!r} has label {label}, but none of its boxes is of that class')
    return boxes[own]


def _boxes(sample: dict) -> np.ndarray:
    """Predicted boxes (N, 4), the highest score first."""
    boxes = np.asarray(to_numpy(sample['pred_boxes']), np.float64).reshape(-1, 4)
    if 'pred_box_scores' not in sample:
        return boxes
    scores = to_numpy(sample['pred_box_scores']).reshape(-1)
    if len(scores) != len(boxes):
        raise ValueError(f'`pred_boxes` holds {len(boxes)} boxes but `pred_box_scores` {len(scores)} scores')
    return boxes[np.argsort(-scores, kind='stable')]


def _deviations(protocol: Protocol, records: list[dict[str, Any]]) -> list[str]:
    """Where the images were not what the protocol asks for."""
    others = sorted({record['size'] for record in records} - {protocol.view.size})
    if not others:
        return []
    asked = 'x'.join(map(str, protocol.view.size))
    return [f'the network saw {", ".join(f"{h}x{w}" for h, w in others[:5])}, the protocol asks for {asked}']


def flat_metrics(result: Mapping[str, Any]) -> dict[str, float]:
    """Every number of a result under a fully qualified key, percent."""
    out = {}
    for name, entry in result['protocols'].items():
        for key in ('MaxBoxAcc', 'MaxBoxAccV2', 'PxAP', 'pIoU', *KINDS):
            if key in entry:
                out[f'{name}/{key}'] = entry[key]
        for policy, column in (entry.get('columns') or {}).items():
            if not column:
                continue
            if policy == 'oracle':
                out |= {f'{name}/BoxAcc@{iou}': value for iou, value in column.get('BoxAcc', {}).items()}
            level = '0.5' if '0.5' in column['threshold'] else next(iter(column['threshold']))
            out |= {f'{name}/{kind}@{level}/{policy}': column[kind] for kind in KINDS if kind in column}
            if 'MeanBoxAcc' in column:
                out[f'{name}/MeanBoxAcc/{policy}'] = column['MeanBoxAcc']
    return out | {f'classification/{key}': value for key, value in result['classification'].items()}
