"""Boxes in one CSV file, a row a box: the simplest layout to bring one's own data in."""

from pathlib import Path

import numpy as np

from wsolzoo.datasets.annotation import AnnotationError, as_box, as_labels, read_csv
from wsolzoo.datasets.base import LocalizationDataset
from wsolzoo.registry import DATASETS

CORNERS = ('x1', 'y1', 'x2', 'y2')


@DATASETS.register_module()
class BoxCSV(LocalizationDataset):
    """Images with boxes from a CSV file with the columns ``file, class, x1, y1, x2, y2`` and a header.

    Paths are relative to ``data_root``. A row is a box; empty coordinates mean none. Optional columns: ``mask`` (path;
    255 object, 128 unknown, 0 background), ``subset`` and ``split``. Classes are numbers from 0, or names, which get
    numbers in sorted order over the whole subset, all splits. For ``train-weaksup`` ``file`` and ``class`` suffice.

    Args:
        ann_file: the CSV file.
        subset, split: keep rows with this ``subset`` and this ``split`` (default: all).
        class_column: column that holds the class.
        multi_label: images may show several classes: ``gt_multilabel`` (K,) float32 holds 1 for each of them, and
            ``gt_label`` is the class of the first row. Otherwise that is an error.
        role: what the split may be used for.
        **kwargs: see :class:`LocalizationDataset`.
    """

    LAYOUT = 'data_root/ANNOTATIONS.csv with columns file,class,x1,y1,x2,y2[,mask,subset,split], and the images'
    COUNTS = {'ilsvrc_val1300/test': (1300, 1943)}

    def __init__(
        self,
        role: str,
        ann_file: str = 'ANNOTATIONS.csv',
        subset: str | None = None,
        split: str | None = None,
        class_column: str = 'class',
        multi_label: bool = False,
        **kwargs,
    ) -> None:
        self.subset, self.split, self.class_column, self.multi_label = subset, split, class_column, multi_label
        super().__init__(role, ann_file=ann_file, **kwargs)

    def load_data_list(self) -> list[dict]:
        """One entry per image, in the order of the file."""
        path, needed = self.need(self.ann_file, 'the table of boxes'), {'file', self.class_column}
        rows = read_csv(path, needed | {*CORNERS} if self.has_truth else needed, self.LAYOUT)
        rows = [(where, row) for where, row in rows if self.subset in (None, row.get('subset'))]
        first = {row[self.class_column]: where for where, row in reversed(rows)}
        label_of, classes = as_labels(first, self._metainfo.get('classes'))
        self._metainfo.update({'classes': classes} if classes else {})
        count = len(classes or ()) or max(label_of.values(), default=0) + 1
        data: dict[str, dict] = {}
        for where, row in rows:
            if self.split in (None, row.get('split')):
                self._add(data, row, label_of[row[self.class_column]], where, count)
        return list(data.values())

    def _add(self, data: dict[str, dict], row: dict, label: int, where: str, count: int) -> None:
        """One row of the file, which starts an image or adds a box to it."""
        name, root = row['file'], Path(self.data_root)
        if not name:
            raise AnnotationError(f'{where}: no file is named')
        info = data.setdefault(name, {'img_id': name, 'img_path': str(root / name), 'gt_label': label})
        if self.multi_label:
            info.setdefault('gt_multilabel', np.zeros(count, np.float32))[label] = 1
        elif info['gt_label'] != label:
            raise AnnotationError(f'{where}: {name} has two classes; an image has one label, unless multi_label=True')
        if not self.has_truth:
            return
        if row.get('mask') and str(root / row['mask']) not in info.setdefault('seg_map_path', []):
            info['seg_map_path'].append(str(root / row['mask']))
        if any(row[key] for key in CORNERS):
            box = as_box([row[key] for key in CORNERS], where)
            info['gt_bboxes'] = np.concatenate([info.get('gt_bboxes', np.empty((0, 4))), [box]])
            info['gt_box_labels'] = np.append(info.get('gt_box_labels', np.empty(0, np.int64)), label)
