"""Evaluate maps on disk, without a model: streaming, threaded, and by any number of protocols at once."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from wsolzoo.compat import versions
from wsolzoo.evaluation.functional.boxes import to_frame
from wsolzoo.evaluation.functional.causes import DEFINITIONS
from wsolzoo.evaluation.localization.counts import BoxCounts
from wsolzoo.evaluation.localization.protocols import Protocol
from wsolzoo.evaluation.localization.records import BoxRecord, PixelRecord, box_record, pixel_record
from wsolzoo.evaluation.localization.summary import BoxSummary, image_entry, pixel_entry, thresholds_of
from wsolzoo.evaluation.offline.annotations import Annotations, InputError
from wsolzoo.evaluation.offline.map_files import MapFiles
from wsolzoo.evaluation.offline.masks import read_mask


@dataclass(frozen=True)
class Options:
    """How to evaluate.

    Attributes:
        workers: threads; the compiled loops release the GIL.
        allow_missing: an image without a map is a miss instead of an error.
        mask_root: folder that mask files are relative to.
        fixed: threshold of the column 'fixed' by protocol name.
        transferred: thresholds chosen on another split, by protocol name and IoU level.
        per_image: keep one small record per image, for a report; else memory does not grow with the images.
    """

    workers: int = 1
    allow_missing: bool = False
    mask_root: str = '.'
    fixed: Mapping[str, float] = field(default_factory=dict)
    transferred: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    per_image: bool = False


class Evaluation:
    """Counts of several protocols over the images of a split.

    Args:
        protocols: what to evaluate.
        maps: where the maps are.
        annotations: boxes or masks.
        options: how.

    Raises:
        InputError: a protocol needs what the annotations do not hold.
    """

    def __init__(
        self, protocols: Sequence[Protocol], maps: MapFiles, annotations: Annotations, options: Options = Options()
    ) -> None:
        self.protocols, self.maps, self.annotations, self.options = tuple(protocols), maps, annotations, options
        for protocol in self.protocols:
            annotations.require('masks' if protocol.is_pixel else 'boxes', protocol.name)
            if protocol.hit.average == 'macro' and not annotations.labels:
                raise InputError(f'{protocol.name} averages over classes, but {annotations.source} has no class labels')
        self.thresholds = {p.name: thresholds_of(p, options.fixed.get(p.name)) for p in self.protocols}
        self.boxes = {p.name: BoxCounts(p, self.thresholds[p.name]) for p in self.protocols if not p.is_pixel}
        self.pixels: dict[str, PixelRecord] = {}
        self.kept: list[dict[str, Any]] = []
        self.num_images = 0
        self.missing: list[str] = []

    def run(self, progress: Callable[[int], object] = lambda done: None) -> None:
        """Read and judge every image; ``progress`` is called with the number done."""
        for image_id, records in _in_order(self._judge, self.annotations.ids, self.options.workers):
            missing = records is None
            if records is None:
                self.missing.append(image_id)
                records = self._judge_map(image_id, None)
            self._add(image_id, records, missing)
            progress(self.num_images)

    def _judge(self, image_id: str) -> dict[str, Any] | None:
        array = self.maps.read(image_id)
        if array is not None:
            return self._judge_map(image_id, array)
        if not self.options.allow_missing:
            raise InputError(
                f'{self.maps.where(image_id)} is missing; save the map of image {image_id!r} there, or count such '
                'images as misses with --allow-missing'
            )
        return None

    def _judge_map(self, image_id: str, array: np.ndarray | None) -> dict[str, Any]:
        records: dict[str, Any] = {}
        for protocol in self.protocols:
            view, thresholds = protocol.view, self.thresholds[protocol.name]
            if protocol.is_pixel:
                mask = read_mask(self.annotations.masks[image_id], self.options.mask_root, view)
                records[protocol.name] = pixel_record(array, mask, protocol, thresholds)
            else:
                records[protocol.name] = box_record(
                    array, self._truths(image_id, protocol), protocol, thresholds, view.size
                )
        return records

    def _truths(self, image_id: str, protocol: Protocol) -> np.ndarray:
        view, size = protocol.view, self.annotations.sizes[image_id]
        return to_frame(self.annotations.boxes[image_id], size, view.resize, view.crop)

    def _add(self, image_id: str, records: dict[str, Any], missing: bool) -> None:
        self.num_images += 1
        label = self.annotations.labels.get(image_id, 0)
        for name, record in records.items():
            if isinstance(record, BoxRecord):
                self.boxes[name].add(record, label, missing=missing)
            else:
                self.pixels[name] = self.pixels[name] + record if name in self.pixels else record
        if self.options.per_image and self.boxes:
            name = next(iter(self.boxes))
            truths = self._truths(image_id, self.boxes[name].protocol)
            self.kept.append(
                {'img_id': image_id, 'label': label, 'rank': None, 'gt_boxes': truths, 'by': {name: records[name]}}
            )

    def result(self) -> dict[str, Any]:
        """The result as plain data, in the form of ``LocalizationMetric.result``."""
        out: dict[str, Any] = {
            'protocols': {},
            'classification': {},
            'breakdown': {},
            'images': [],
            'causes': DEFINITIONS,
        }
        stamp = {'versions': versions(), 'annotations': str(self.annotations.source), 'maps': str(self.maps.path)}
        for protocol in self.protocols:
            name, options = protocol.name, self.options
            if protocol.is_pixel:
                entry = pixel_entry(self.pixels[name], protocol, self.num_images)
                entry['missing_maps'] = len(self.missing)
            else:
                summary = BoxSummary(self.boxes[name], options.transferred.get(name), options.fixed.get(name))
                entry = summary.entry()
                if not self.annotations.labels:
                    entry['breakdown'].pop('class')
                if not out['breakdown']:
                    out['breakdown'] = entry['breakdown']
                    out['images'] = [image_entry(record, name, summary) for record in self.kept]
            out['protocols'][name] = entry | {'maps_cover': _cover(protocol)} | stamp
        return out


def _cover(protocol: Protocol) -> str:
    view = protocol.view
    if view.crop is None:
        return 'the whole image'
    return f'the centre {view.crop[1]}x{view.crop[0]} of the image resized to {view.resize[1]}x{view.resize[0]}'


CHUNK = 16
"""Images a thread judges before it hands its records over: a hand-over costs as much as a tenth of an image."""


def _in_order(job: Callable[[str], Any], ids: Sequence[str], workers: int) -> Iterator[tuple[str, Any]]:
    """``(id, job(id))`` in the order of ``ids``, computed by threads a few images ahead."""
    if workers <= 1:
        for image_id in ids:
            yield image_id, job(image_id)
        return
    pool = ThreadPoolExecutor(workers)
    waiting: deque[tuple[Sequence[str], Future]] = deque()
    try:
        for start in range(0, len(ids), CHUNK):
            chunk = ids[start : start + CHUNK]
            waiting.append((chunk, pool.submit(lambda names: [job(name) for name in names], chunk)))
            if len(waiting) >= 3 * workers:
                first, future = waiting.popleft()
                yield from zip(first, future.result(), strict=True)
        while waiting:
            first, future = waiting.popleft()
            yield from zip(first, future.result(), strict=True)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
