"""Choosing without true boxes: a split whose boxes are replaced by somebody's guesses."""

from pathlib import Path
from typing import Any

import numpy as np

from wsolzoo.datasets.annotation import AnnotationError
from wsolzoo.datasets.base import TRUTH_KEYS, ZooDataset
from wsolzoo.datasets.box_files import read_boxes
from wsolzoo.registry import DATASETS
from wsolzoo.structures import FULLSUP


@DATASETS.register_module()
class PseudoBoxes:
    """The split that chooses thresholds and checkpoints, with boxes from a file in place of its true ones.

    Published methods choose with true boxes of a validation split, which a weakly supervised method does not have
    (Murtaza et al., A Realistic Protocol, WACV 2025). Here every image keeps its label and loses its boxes and masks;
    its boxes are those of the file, of an off-the-shelf proposer or of another localizer. Evaluators and hooks stay as
    they are, and every report says ``selected_on: pseudo:<source>``. PxAP cannot be had: there are no masks.

    A box that comes from the model that is being chosen agrees with that model: take a source that is independent.

    Args:
        dataset: reader of the split, of the role ``train-fullsup``.
        boxes: a CSV file with the columns ``file,x1,y1,x2,y2``, where ``file`` is the id of an image (what
            ``tools/make_pseudo_labels.py --as boxes`` and ``tools/dataset_tools/make_pseudo_boxes.py`` write), COCO's
            ``.json``, a folder of VOC's ``.xml``, or a ``.txt`` with lines ``file,x1,y1,x2,y2``. Pixels of the stored
            image, end exclusive. Boxes of other images are left out.
        source: a word for where they come from.

    Raises:
        ValueError: the role of the split is another one, or an image has no box.
    """

    LACKS = 'the boxes are guesses and there are no masks: leave PxAP and other pixel protocols out'

    def __init__(self, dataset: dict | ZooDataset, boxes: str, source: str) -> None:
        self.dataset = DATASETS.build(dataset) if isinstance(dataset, dict) else dataset
        if self.dataset.role != FULLSUP:
            raise ValueError(
                f'PseudoBoxes replaces the boxes of the split that chooses, role="{FULLSUP}"; got '
                f'role="{self.dataset.role}". A test split reports on true boxes, and a training split has none'
            )
        if not source or ',' in source:
            raise ValueError(f'source is a word that says where the boxes come from; got {source!r}')
        self.selected_on = f'pseudo:{source}'
        self.path = Path(boxes)
        self.boxes: dict[str, np.ndarray] = {}
        self.full_init()

    @property
    def metainfo(self) -> dict[str, Any]:
        """Of the split."""
        return self.dataset.metainfo

    def full_init(self) -> None:
        """Read the split, and the boxes of its images."""
        self.dataset.full_init()
        if self.boxes:
            return
        named: dict[str, list] = {}
        for box in read_boxes(self.dataset.need(self.path, 'the file of pseudo-boxes')):
            named.setdefault(box.file, []).append(box.box)
        ids = [self.dataset.get_annotation(index)['img_id'] for index in range(len(self))]
        missing = [img_id for img_id in ids if img_id not in named]
        if missing:
            raise AnnotationError(
                f'{self.path} has no box of {len(missing)} of {len(ids)} images, such as {missing[0]!r}; it names '
                f'images such as {next(iter(named), "none")!r}. The column file holds the ids of the images'
            )
        self.boxes = {img_id: np.array(named[img_id], np.float64) for img_id in ids}

    def get_data_info(self, idx: int) -> dict:
        """The annotation of image ``idx`` with the boxes of the file, and no other truth."""
        info = {key: value for key, value in self.dataset.get_data_info(idx).items() if key not in TRUTH_KEYS}
        return info | {'gt_bboxes': self.boxes[info['img_id']].copy()}

    def __getitem__(self, idx: int) -> dict:
        return self.dataset.pipeline(self.get_data_info(idx))

    def __len__(self) -> int:
        return len(self.dataset)
