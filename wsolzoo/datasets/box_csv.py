"""Boxes in one CSV file, a row a box: the simplest layout to bring one's own data in."""

import csv
from pathlib import Path

import numpy as np

from wsolzoo.datasets.base import LocalizationDataset
from wsolzoo.datasets.loading import as_box
from wsolzoo.registry import DATASETS


@DATASETS.register_module()
class BoxCSV(LocalizationDataset):
    """Images with boxes from a CSV file with the columns ``file, class, x1, y1, x2, y2`` and a header.

    Paths are relative to ``data_root``. A row is a box; empty coordinates mean none. Optional columns: ``mask`` (path;
    255 object, 128 unknown, 0 background), ``subset`` and ``split``. Classes are numbers from 0, or names, which get
    numbers in sorted order over the whole subset, all splits.

    Args:
        ann_file: the CSV file.
        subset, split: keep rows with this ``subset`` and this ``split`` (default: all).
        class_column: column that holds the class.
        role, **kwargs: see :class:`LocalizationDataset`.
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
        **kwargs,
    ) -> None:
        self.subset, self.split, self.class_column = subset, split, class_column
        super().__init__(role, ann_file=ann_file, **kwargs)

    def load_data_list(self) -> list[dict]:
        """One entry per image, in the order of the file."""
        with open(self.need(self.ann_file, 'the table of boxes'), newline='', encoding='utf-8') as file:
            rows = [row for row in csv.DictReader(file) if self.subset in (None, row.get('subset'))]
        missing = {'file', self.class_column, 'x1', 'y1', 'x2', 'y2'} - set(rows[0] if rows else ())
        if rows and missing:
            raise ValueError(f'{self.ann_file} has no column {", ".join(sorted(missing))}. Expected: {self.LAYOUT}')
        label_of = self._labels(sorted({row[self.class_column] for row in rows}))
        data: dict[str, dict] = {}
        for row in rows:
            if self.split in (None, row.get('split')):
                self._add(data, row, label_of[row[self.class_column]])
        return list(data.values())

    def _labels(self, names: list[str]) -> dict[str, int]:
        """Class number of each name in the file."""
        if all(name.isdigit() for name in names):
            return {name: int(name) for name in names}
        classes = self._metainfo.setdefault('classes', tuple(names))
        return {name: classes.index(name) for name in names}

    def _add(self, data: dict[str, dict], row: dict, label: int) -> None:
        """One row of the file, which starts an image or adds a box to it."""
        name, root = row['file'], Path(self.data_root)
        info = data.setdefault(name, {'img_id': name, 'img_path': str(root / name), 'gt_label': label})
        if info['gt_label'] != label:
            raise ValueError(f'{self.ann_file}: {name} has two classes; an image has one label here')
        if self.has_truth and row.get('mask'):
            info['seg_map_path'] = str(root / row['mask'])
        if self.has_truth and row['x1']:
            box = as_box([row[key] for key in ('x1', 'y1', 'x2', 'y2')], f'{self.ann_file}, {name}')
            info['gt_bboxes'] = np.concatenate([info.get('gt_bboxes', np.empty((0, 4))), [box]])
