"""Counts over images from which every number of a protocol follows; adding is exact and in any order.

The memory depends on thresholds and classes, not on the number of images.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import ModuleType
from typing import TypeVar

import numpy as np

from wsolzoo.evaluation.functional import boxes as box_functions
from wsolzoo.evaluation.localization.protocols import Protocol
from wsolzoo.evaluation.localization.records import BoxRecord

KINDS = ('GTKnown', 'Top1Loc', 'Top5Loc')
"""What a hit may require besides the box: nothing, the top-1 class, the class among the first five."""
BASELINES = {'80 %': 0.8, 'whole image': 1.0}
NO_RANK = 1 << 30
SIZES = {'small': (0.0, 0.1), 'medium': (0.1, 0.3), 'large': (0.3, float('inf'))}
"""Share of the view that the largest true box covers: from, and below."""


Key = TypeVar('Key', int, str)


def size_name(truths: np.ndarray, size: tuple[int, int]) -> str:
    """Which of :data:`SIZES` the largest true box of an image belongs to ('small' without any)."""
    areas = [max(x1 - x0, 0) * max(y1 - y0, 0) for x0, y0, x1, y1 in np.asarray(truths).tolist()]
    share = max(areas, default=0) / (size[0] * size[1])
    return next(name for name, (low, high) in SIZES.items() if low <= share < high)


@dataclass
class Tally:
    """Hits and images of one group of images: (kinds, IoUs, T) and (T,)."""

    hits: np.ndarray
    total: np.ndarray

    @classmethod
    def zeros(cls, ious: int, thresholds: int) -> 'Tally':
        """Nothing counted yet."""
        return cls(np.zeros((len(KINDS), ious, thresholds), np.int64), np.zeros(thresholds, np.int64))

    def accuracy(self) -> np.ndarray:
        """Percent, (kinds, IoUs, T); 0 where every image was skipped."""
        return 100.0 * self.hits / np.maximum(self.total, 1)


@dataclass
class BoxCounts:
    """Everything counted about one box protocol.

    Attributes:
        protocol: whose rules hold.
        thresholds: (T,) the grid, and the fixed threshold if it is not on it.
        classes: a tally for every label.
        sizes: a tally for every name of :data:`SIZES`.
        centred: hits of the centred boxes by label, (kinds, baselines, IoUs), see :data:`BASELINES`.
        num_images: images added.
        degenerate: images whose map points nowhere.
        missing: images without a map.
    """

    protocol: Protocol
    thresholds: np.ndarray
    classes: dict[int, Tally] = field(default_factory=dict)
    sizes: dict[str, Tally] = field(default_factory=dict)
    centred: dict[int, np.ndarray] = field(default_factory=dict)
    images_of: dict[int, int] = field(default_factory=dict)
    num_images: int = 0
    degenerate: int = 0
    missing: int = 0

    def add(self, record: BoxRecord, label: int, rank: int | None = None, missing: bool = False) -> None:
        """Count one image.

        Args:
            record: its boxes.
            label: its class, any number where classes do not matter.
            rank: place of the true class among the predicted ones, 0 for the first; None without class scores.
            missing: it had no map.
        """
        hit, shape = self.protocol.hit, (len(self.protocol.hit.ious), len(self.thresholds))
        if label not in self.classes:
            self.classes[label] = Tally.zeros(*shape)
            self.centred[label] = np.zeros((len(KINDS), len(BASELINES), shape[0]), np.int64)
        size = size_name(record.truths, record.size)
        if size not in self.sizes:
            self.sizes[size] = Tally.zeros(*shape)
        mine, sized = self.classes[label], self.sizes[size]
        skip = self.protocol.box is not None and self.protocol.box.empty == 'skip'
        count_kernels().add_image(
            (record.starts, record.ious, record.empty, record.truths, _centred(record.size)),
            (np.array(hit.ious, np.float64), float(hit.offset), hit.strict, hit.strict_topk, skip),
            NO_RANK if rank is None else rank,
            (mine.hits, mine.total, sized.hits, sized.total, self.centred[label]),
        )
        self.images_of[label] = self.images_of.get(label, 0) + 1
        self.num_images += 1
        self.degenerate += record.degenerate
        self.missing += missing

    def merge(self, other: 'BoxCounts') -> None:
        """Add what another one has counted."""
        _add(self.classes, other.classes)
        _add(self.sizes, other.sizes)
        for label, hits in other.centred.items():
            self.centred[label] = self.centred.get(label, 0) + hits
            self.images_of[label] = self.images_of.get(label, 0) + other.images_of[label]
        self.num_images += other.num_images
        self.degenerate += other.degenerate
        self.missing += other.missing

    def total(self) -> Tally:
        """All images together."""
        tallies, zero = self.classes.values(), Tally.zeros(len(self.protocol.hit.ious), len(self.thresholds))
        return Tally(sum((t.hits for t in tallies), zero.hits), sum((t.total for t in tallies), zero.total))

    def accuracy(self) -> np.ndarray:
        """Percent over all images as the protocol averages them, (kinds, IoUs, T)."""
        if self.protocol.hit.average == 'macro':
            return np.mean([tally.accuracy() for tally in self.classes.values()], axis=0)
        return self.total().accuracy()

    def centred_accuracy(self) -> np.ndarray:
        """Percent of the centred boxes, (kinds, baselines, IoUs)."""
        if self.protocol.hit.average == 'macro':
            return np.mean([100.0 * hits / self.images_of[label] for label, hits in self.centred.items()], axis=0)
        return 100.0 * np.sum(list(self.centred.values()), axis=0) / max(self.num_images, 1)


def _add(own: dict[Key, Tally], new: Mapping[Key, Tally]) -> None:
    """Add tallies to those of the same key."""
    for key, tally in new.items():
        mine = own.setdefault(key, Tally(np.zeros_like(tally.hits), np.zeros_like(tally.total)))
        mine.hits += tally.hits
        mine.total += tally.total


def is_hit(ious: np.ndarray, protocol: Protocol, top_k: bool = False) -> np.ndarray:
    """Hits by IoU level, (levels, ...) bool."""
    levels = np.asarray(protocol.hit.ious).reshape(-1, *[1] * np.ndim(ious))
    strict = protocol.hit.strict_topk if top_k else protocol.hit.strict
    return ious > levels if strict else ious >= levels


@lru_cache(maxsize=1)
def count_kernels() -> ModuleType:
    """The compiled loop, imported (and numba with it) when the first image is counted."""
    from wsolzoo.evaluation.localization import count_kernels

    return count_kernels


@lru_cache(maxsize=8)
def _centred(size: tuple[int, int]) -> np.ndarray:
    return np.concatenate([box_functions.centred(size, share) for share in BASELINES.values()])


def rank_of(scores: np.ndarray | Mapping[int, float] | None, label: int) -> int | None:
    """Place of ``label`` when scores are sorted downwards (0 is first; equal scores: the lower index first)."""
    if scores is None:
        return None
    scores = np.asarray(scores)
    return int((scores > scores[label]).sum() + (scores[:label] == scores[label]).sum())
