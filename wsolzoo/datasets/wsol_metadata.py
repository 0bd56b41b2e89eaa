"""The annotation layout of the WSOL evaluation protocol (Choe et al., CVPR 2020), which several data sets come in."""

from pathlib import Path

import numpy as np

from wsolzoo.datasets.annotation import AnnotationError, as_box, as_label, by_key, is_number, look_up, read_rows
from wsolzoo.datasets.base import LocalizationDataset
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

    IGNORE_ORIENTATION = True
    LAYOUT = 'data_root/metadata/<split>/{image_ids,class_labels,localization}.txt'

    def __init__(self, role: str, ann_file: str, data_prefix: dict | None = None, **kwargs) -> None:
        prefix = {'img_path': '', 'mask': '', **(data_prefix or {})}
        super().__init__(role, ann_file=ann_file, data_prefix=prefix, **kwargs)

    def load_data_list(self) -> list[dict]:
        """One entry per line of ``image_ids.txt``."""
        labels = by_key(read_rows(self._file('class_labels.txt'), 'path,label', ','))
        root = Path(self.data_prefix['img_path'])
        data: list[dict] = []
        for name, (where, _) in by_key(read_rows(self._file('image_ids.txt'), 'path', ',')).items():
            place, (label,) = look_up(labels, name, self._file('class_labels.txt'), where)
            data.append({'img_id': name, 'img_path': str(root / name), 'gt_label': as_label(label, place)})
        if self.has_truth:
            self._add_truth({info['img_id']: info for info in data})
        return data

    def _add_truth(self, data: dict[str, dict]) -> None:
        """Boxes or mask paths of every image."""
        path, masks = self._file('localization.txt'), Path(self.data_prefix['mask'])
        for where, (name, *values) in read_rows(path, 'path,box or mask…', ','):
            if name not in data:
                raise AnnotationError(f'{where} names {name}, which image_ids.txt does not')
            info = data[name]
            if len(values) == 4:
                info['gt_bboxes'] = [*info.get('gt_bboxes', ()), as_box(values, where)]
                continue
            if len(values) > 2 or is_number(values[0]) or not values[0]:
                forms = 'path,x0,y0,x1,y1 or path,mask.png or path,mask.png,ignore.png'
                raise AnnotationError(f'{where}: expected {forms}; got {",".join([name, *values])!r}')
            info.setdefault('seg_map_path', []).append(str(masks / values[0]))
            if len(values) > 1 and values[1]:
                ignored = str(masks / values[1])
                if info.setdefault('ignore_map_path', ignored) != ignored:
                    raise AnnotationError(f'{where}: {name} has another ignore file already')
        bare = [name for name, info in data.items() if not {'gt_bboxes', 'seg_map_path'} & set(info)]
        if bare:
            raise AnnotationError(f'{path} has no line for {bare[0]} ({len(bare)} such images)')
        for info in data.values():
            if 'gt_bboxes' in info:
                info['gt_bboxes'] = np.array(info['gt_bboxes'], np.float64)

    def _file(self, name: str) -> Path:
        return self.need(Path(self.ann_file) / name, f'the list {name}')
