"""One's own pictures in a folder for each class, with boxes for some of them in a file."""

from pathlib import Path

import numpy as np

from wsolzoo.datasets.annotation import AnnotationError, as_labels
from wsolzoo.datasets.base import LocalizationDataset
from wsolzoo.datasets.box_files import read_boxes
from wsolzoo.datasets.class_folders import ids_by_tail, pictures, subfolders, the_picture
from wsolzoo.registry import DATASETS

SPLITS = {'train', 'val', 'valid', 'validation', 'test'}


@DATASETS.register_module()
class ImageFolder(LocalizationDataset):
    """Pictures in a folder for each class, at any depth below it.

    Classes are the names of the folders in sorted order: those of ``train`` where there is such a split, so that all
    splits number them alike.

    Args:
        role: see :class:`LocalizationDataset`. The file of boxes is not opened for ``train-weaksup``.
        split: folder below ``data_root`` that holds the folders of classes; by default ``data_root`` does.
        boxes: file below ``data_root``: a CSV file with the columns ``file,x1,y1,x2,y2`` and perhaps ``class``, COCO's
            ``.json``, or a folder of VOC's ``.xml``. Pictures are named by as much of the end of their path as tells
            them apart. Those without a box are left out.
        **kwargs: see :class:`LocalizationDataset`; ``holdout`` sets pictures apart where there is one folder only.
    """

    LAYOUT = 'data_root/<class>/*.jpg, or data_root/<split>/<class>/*.jpg with split="train" and so on'

    def __init__(self, role: str, split: str | None = None, boxes: str | None = None, **kwargs) -> None:
        self.split, self.boxes = split, boxes
        super().__init__(role, **kwargs)

    def load_data_list(self) -> list[dict]:
        """One entry per picture."""
        root = Path(self.data_root)
        folder = self.need(root / (self.split or ''), 'the folder of classes')
        first = root / 'train' if self.split and (root / 'train').is_dir() else folder
        classes = self._metainfo.setdefault('classes', tuple(subfolders(first)))
        strange = sorted(set(subfolders(folder)) - set(classes))
        if strange or not classes or set(classes) <= SPLITS:
            found = (
                f'{strange[0]!r} is no class of {first}' if strange else f'found {", ".join(classes) or "no folder"}'
            )
            raise AnnotationError(f'{folder} holds no folders of classes ({found}). Expected layout: {self.LAYOUT}')
        data: list[dict] = [
            {'img_id': path.relative_to(root).as_posix(), 'img_path': str(path), 'gt_label': label}
            for label, name in enumerate(classes)
            for path in pictures(folder / name)
        ]
        if self.boxes and self.has_truth:
            self._add_boxes({info['img_id']: info for info in data}, root)
        return data

    def _add_boxes(self, data: dict[str, dict], root: Path) -> None:
        """The boxes of the file that are of this split's pictures."""
        path, classes = self.need(root / self.boxes, 'the file of boxes'), self._metainfo['classes']
        found, whole, count = read_boxes(path), ids_by_tail(root, classes), 0
        named = {box.label: box.where for box in reversed(found) if box.label is not None}
        told = len(named) > 1 or bool(set(named) & set(classes))  # a single word such as 'object' tells no class
        label_of = as_labels(named, classes)[0] if told else {}
        for box in found:
            info = data.get(the_picture(box, whole, root))
            if info is not None:
                count += 1
                info['gt_bboxes'] = np.array([*info.get('gt_bboxes', ()), box.box], np.float64)
                labels = [*info.get('gt_box_labels', ()), label_of.get(box.label, info['gt_label'])]
                info['gt_box_labels'] = np.array(labels, np.int64)
        if not count:
            raise AnnotationError(f'{path} has no box of a picture in {root / (self.split or "")}')
