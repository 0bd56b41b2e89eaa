"""The annotation layout of the WSOL evaluation protocol (Choe et al., CVPR 2020), which several data sets come in."""

from pathlib import Path

import numpy as np

from wsolzoo.datasets.base import LocalizationDataset
from wsolzoo.datasets.loading import as_box
from wsolzoo.registry import DATASETS


@DATASETS.register_module()
class WSOLMetadata(LocalizationDataset):
    """A folder of text files: ``image_ids.txt``, ``class_labels.txt`` and ``localization.txt``.

    ``class_labels.txt`` holds ``path,label``; ``localization.txt`` holds ``path,x0,y0,x1,y1`` (a row a box, end
    exclusive) or ``path,mask.png,ignore.png`` (a row an object; the ignore file stands on the first row of an image).

    Args:
        role: see :class:`LocalizationDataset`. ``localization.txt`` is not opened for ``train-weaksup``.
        ann_file: the folder of text files.
        data_prefix: ``img_path`` and ``mask``: where the image and mask paths start, below ``data_root``.
        **kwargs: see :class:`LocalizationDataset`.
    """

    LAYOUT = 'data_root/metadata/<split>/{image_ids,class_labels,localization}.txt'

    def __init__(self, role: str, ann_file: str, data_prefix: dict | None = None, **kwargs) -> None:
        prefix = {'img_path': '', 'mask': '', **(data_prefix or {})}
        super().__init__(role, ann_file=ann_file, data_prefix=prefix, **kwargs)

    def load_data_list(self) -> list[dict]:
        """One entry per line of ``image_ids.txt``."""
        labels = {line[0]: int(line[1]) for line in self._rows('class_labels.txt', 2)}
        names = [line[0] for line in self._rows('image_ids.txt', 1)]
        unlabelled = [name for name in names if name not in labels]
        if unlabelled:
            raise ValueError(f'{self.ann_file}/class_labels.txt has no label for {unlabelled[0]}')
        root = Path(self.data_prefix['img_path'])
        data = [{'img_id': name, 'img_path': str(root / name), 'gt_label': labels[name]} for name in names]
        if self.has_truth:
            self._add_truth({info['img_id']: info for info in data})
        return data

    def _add_truth(self, data: dict[str, dict]) -> None:
        """Boxes or mask paths of every image."""
        masks, boxes = Path(self.data_prefix['mask']), {}
        for name, *values in self._rows('localization.txt', 2):
            info = data.get(name)
            if info is None:
                raise ValueError(f'{self.ann_file}/localization.txt names {name}, which image_ids.txt does not')
            if len(values) == 4:
                boxes.setdefault(name, []).append(as_box(values, f'{self.ann_file}/localization.txt, {name}'))
            else:
                info.setdefault('seg_map_path', []).append(str(masks / values[0]))
                if len(values) > 1 and values[1]:
                    info['ignore_map_path'] = str(masks / values[1])
        for name, values in boxes.items():
            data[name]['gt_bboxes'] = np.array(values, np.float64)
        bare = [name for name, info in data.items() if not {'gt_bboxes', 'seg_map_path'} & set(info)]
        if bare:
            raise ValueError(f'{self.ann_file}/localization.txt has no line for {bare[0]} ({len(bare)} such images)')

    def _rows(self, name: str, columns: int) -> list[list[str]]:
        """The lines of one file, split at commas."""
        path = self.need(Path(self.ann_file) / name, f'the list {name}')
        rows = [line.split(',') for line in path.read_text(encoding='utf-8').splitlines() if line.strip()]
        short = next((row for row in rows if len(row) < columns), None)
        if short is not None:
            raise ValueError(f'{path}: expected {columns} comma-separated values or more in each line; got {short}')
        return rows
