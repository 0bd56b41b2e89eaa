"""What every reader shares, whatever the task: a role, a hold-out, and what happens to broken images."""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from wsolzoo.datasets.annotation import AnnotationError, wrong_box
from wsolzoo.datasets.decoding import BrokenFile
from wsolzoo.datasets.loading import DOC, need
from wsolzoo.registry import TRANSFORMS
from wsolzoo.structures import ROLES, WEAKSUP

BOX_KEYS = ('gt_bboxes', 'gt_box_labels')
MASK_KEYS = ('gt_seg_map', 'seg_map_path', 'ignore_map_path', 'blurred_path')
MAP_KEYS = ('gt_map', 'gt_defocus', 'defocus_path')
TRUTH_KEYS = BOX_KEYS + MASK_KEYS + MAP_KEYS
FOREIGN_TRUTH_READERS = ('LoadAnnotations',)
WHY_LABELS_ONLY = (
    'a train-weaksup split gives class labels only: boxes and masks of training images must not reach the model. '
    'Use role="train-fullsup" for a split that chooses thresholds and checkpoints, role="test" for one that reports'
)


class LabelsOnly(dict):
    """An annotation of a ``train-weaksup`` split: asking it for a box or a mask explains why there is none."""

    def __missing__(self, key: str) -> None:
        if key in TRUTH_KEYS:
            raise KeyError(f'{key} of {self.get("img_id")}: {WHY_LABELS_ONLY}')
        raise KeyError(key)


class ZooDataset(BaseDataset):
    """Base of the readers of every task: a subclass writes ``load_data_list`` and nothing else.

    Each entry of ``load_data_list`` is a dict with ``img_id`` (str, unique), either ``img_path`` (str) or ``img``
    ((H, W, 3) uint8 BGR), and what its task calls truth.

    A transform with a method ``bind(dataset)`` is shown the data set once its list is read.

    A broken image of a ``train-weaksup`` split is named in a warning and replaced by another one, until more than one
    in a hundred have failed; on any other role, and with ``test_mode``, it is an error.

    Args:
        role: what the split may be used for, one of :data:`wsolzoo.structures.ROLES`. On ``train-weaksup`` boxes,
            masks and maps are dropped before the pipeline sees them, and a pipeline that reads them is refused. A task
            that learns from pixels trains on ``train-fullsup``.
        data_root: folder of the data set.
        pipeline: transforms.
        holdout: set every ``holdout``-th image (of each class, where there are classes) apart (0: none), for data sets
            that bring no split to choose thresholds on.
        held_out: take the images set apart instead of the others.
        **kwargs: see :class:`mmengine.dataset.BaseDataset`.
    """

    LAYOUT = 'see the docstring of the reader'
    COUNTS: dict[str, tuple[int, int | None]] = {}
    """Images and boxes of each official split, where known; ``tools/dataset_tools/verify.py`` compares."""
    ARCHIVES: dict[str, str] = {}
    """MD5 sums of the official downloads by file name."""
    MAX_BROKEN = 0.01
    drawn_from: str | None = None
    """What tells two drawn data sets of the same ids apart; ``None`` where the pictures are files."""
    IGNORE_ORIENTATION = False
    """Whether pictures stay as they are stored: the frame of published truth, see ``LoadImage``."""

    def __init__(
        self,
        role: str,
        data_root: str = '',
        pipeline: Sequence[dict | Callable] = (),
        holdout: int = 0,
        held_out: bool = False,
        **kwargs,
    ) -> None:
        if role not in ROLES:
            raise ValueError(f'role must be one of {", ".join(ROLES)}; got {role!r}')
        if holdout < 0 or holdout == 1 or (held_out and not holdout):
            raise ValueError(f'holdout is 0 (none) or at least 2, and held_out needs one; got {holdout}, {held_out}')
        self.role, self.holdout, self.held_out = role, holdout, held_out
        pipeline = [TRANSFORMS.build(step) if isinstance(step, dict) else step for step in pipeline]
        self._check_pipeline(pipeline)
        super().__init__(data_root=data_root, pipeline=pipeline, **kwargs)

    @property
    def has_truth(self) -> bool:
        """Whether boxes, masks and maps may be read at all."""
        return self.role != WEAKSUP

    @property
    def count_key(self) -> str:
        """The key of this split in ``COUNTS``."""
        parts = [getattr(self, name, None) for name in ('subset', 'split')]
        return '/'.join(filter(None, parts)) or Path(self.ann_file).name

    def need(self, path: str | Path, what: str) -> Path:
        """``path`` if it exists, else an error with the layout that this reader expects."""
        return need(path, f'{type(self).__name__}: {what}', self.LAYOUT)

    def full_init(self) -> None:
        """Read the annotation; check it; make the record of broken images, which all loader processes share."""
        if self._fully_initialized:
            return
        if self.data_root:
            self.need(self.data_root, 'the folder of the data set (data_root)')
        super().full_init()
        if not self.has_truth:
            self._broken = torch.zeros(len(self), dtype=torch.uint8).share_memory_()
        for step in getattr(self.pipeline, 'transforms', ()):
            if hasattr(step, 'bind'):
                step.bind(self)

    def filter_data(self) -> list[dict]:
        """The images of this side of the hold-out, checked."""
        data = self._chosen(self.data_list)
        if not data:
            raise ValueError(f'{type(self).__name__}: no image in {self.data_root or "the list"} matches the filters')
        ids = Counter(info['img_id'] for info in data)
        twice = [name for name, count in ids.items() if count > 1]
        if twice:
            raise ValueError(f'{type(self).__name__}: {len(twice)} image ids occur twice, for instance {twice[0]!r}')
        return data

    def _chosen(self, data: list[dict]) -> list[dict]:
        """This side of the hold-out: the n-th, 2n-th … image of each class in the order of the ids, or the rest."""
        if not self.holdout:
            return data
        by_class = defaultdict(list)
        for info in data:
            by_class[info.get('gt_label')].append(info['img_id'])
        held = {name for names in by_class.values() for name in sorted(names)[self.holdout - 1 :: self.holdout]}
        return [info for info in data if (info['img_id'] in held) == self.held_out]

    def get_annotation(self, idx: int) -> dict:
        """The entry of image ``idx`` in the list, no picture drawn or read for it."""
        return BaseDataset.get_data_info(self, idx)

    def get_data_info(self, idx: int) -> dict:
        """The annotation of image ``idx``, without boxes, masks and maps where the role is ``train-weaksup``."""
        info = super().get_data_info(idx)
        info['role'] = self.role
        if self.IGNORE_ORIENTATION:
            info['ignore_orientation'] = True
        if self.has_truth:
            return info
        return LabelsOnly({key: value for key, value in info.items() if key not in TRUTH_KEYS})

    def prepare_data(self, idx: int) -> dict | None:
        """The packed sample; ``None`` (take another) for a broken image of a training split.

        Raises:
            BrokenFile: at test time, or when more than one image in a hundred is broken.
        """
        try:
            return super().prepare_data(idx)
        except BrokenFile as error:
            if self.has_truth or self.test_mode:
                raise
            self._count_broken(idx, error)
            return None

    def _count_broken(self, idx: int, error: BrokenFile) -> None:
        """Warn about a broken image the first time, and give up when there are too many."""
        if self._broken[idx]:
            return
        self._broken[idx] = 1
        count, total = int(self._broken.sum()), len(self)
        if count > self.MAX_BROKEN * total:
            raise BrokenFile(
                f'{count} of {total} images are broken, more than {self.MAX_BROKEN:.0%}; the last: {error}. '
                f'tools/dataset_tools/verify.py CONFIG lists them all; {DOC} says how to get the data again'
            ) from error
        print_log(
            f'{error}; another image takes its place (broken so far: {count} of {total}, limit {self.MAX_BROKEN:.0%})',
            logger='current',
            level=logging.WARNING,
        )

    def _rand_another(self) -> int:
        """A random index from torch's generator, which seeds and checkpoints cover."""
        return int(torch.randint(len(self), ()))

    def _check_pipeline(self, steps: Sequence) -> None:
        """Refuse a training pipeline that reads boxes or masks, wrapped steps included."""
        if self.has_truth:
            return
        for step in steps:
            if getattr(step, 'reads_truth', False) or type(step).__name__ in FOREIGN_TRUTH_READERS:
                raise ValueError(f'{type(step).__name__} reads boxes or masks, but {WHY_LABELS_ONLY}')
            inner = getattr(step, 'transforms', None)
            if isinstance(inner, (list, tuple)):
                self._check_pipeline(inner)


class LocalizationDataset(ZooDataset):
    """Base of the localization readers: images with a class, boxes and masks.

    Entries also have ``gt_label`` (int) and, where the annotation has them, ``gt_bboxes`` ((M, 4) float64, pixels,
    x0 y0 x1 y1, end exclusive), ``gt_box_labels`` ((M,) int64, where the class of each box is known) and ``gt_seg_map``
    ((H, W) uint8: 0, 1, 255 ignored) or ``seg_map_path``. A reader that knows the names of the classes puts them into
    ``self._metainfo['classes']``.

    Args:
        role: see :class:`ZooDataset`.
        per_class: keep at most so many images of each class, spread evenly over their order (0: all).
        **kwargs: see :class:`ZooDataset`.
    """

    def __init__(self, role: str, per_class: int = 0, **kwargs) -> None:
        if per_class < 0:
            raise ValueError(f'per_class is a number of images, 0 for all; got {per_class}')
        self.per_class = per_class
        super().__init__(role, **kwargs)

    def filter_data(self) -> list[dict]:
        """The images of this side of the hold-out, checked, without those that lack the truth others have."""
        data = super().filter_data()
        for info in data:
            self._check(info)
        return self._with_truth(data) if self.has_truth else data

    def _check(self, info: dict) -> None:
        """Labels and boxes that cannot be, whoever wrote the reader."""
        classes, labels, boxes = self._metainfo.get('classes'), [info['gt_label']], info.get('gt_bboxes', ())
        if 'gt_box_labels' in info:
            labels += list(info['gt_box_labels'])
            if len(labels) != 1 + len(boxes):
                raise AnnotationError(f'{info["img_id"]}: {len(boxes)} boxes, but {len(labels) - 1} labels of boxes')
        for label in labels:
            if label < 0 or (classes and label >= len(classes)) or label != int(label):
                raise AnnotationError(
                    f'{type(self).__name__}: label {label} of {info["img_id"]} is outside 0..'
                    f'{len(classes) - 1 if classes else "K-1"}; labels count from 0'
                )
        for box in boxes:
            if wrong := wrong_box(box):
                raise AnnotationError(
                    f'{type(self).__name__}: the box {[*map(float, box)]} of {info["img_id"]} {wrong}'
                )

    def _with_truth(self, data: list[dict]) -> list[dict]:
        """Without the images that lack a box and a mask, where others have one; how many goes to the log."""
        kept = [info for info in data if any(key in info for key in TRUTH_KEYS)]
        if not kept or len(kept) == len(data):
            return data
        text = f'{type(self).__name__}: {len(data) - len(kept)} of {len(data)} images have no box or mask; left out'
        print_log(text, logger='current', level=logging.WARNING)
        return kept

    def _chosen(self, data: list[dict]) -> list[dict]:
        """This side of the hold-out, ``per_class`` images of each class at even distances in the order of the list."""
        data = super()._chosen(data)
        if not self.per_class:
            return data
        by_class = defaultdict(list)
        for place, info in enumerate(data):
            by_class[info['gt_label']].append(place)
        kept: set[int] = set()
        for places in by_class.values():
            count = min(self.per_class, len(places))
            kept.update(places[k * len(places) // count] for k in range(count))
        return [info for place, info in enumerate(data) if place in kept]
