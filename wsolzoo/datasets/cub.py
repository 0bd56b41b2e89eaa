"""CUB-200-2011 from its official files, and CUBV2, the images that thresholds are chosen on."""

from pathlib import Path
from typing import Any

import numpy as np

from wsolzoo.datasets.annotation import AnnotationError, Row, as_box, as_label, by_key, look_up, read_rows
from wsolzoo.datasets.base import LocalizationDataset
from wsolzoo.datasets.wsol_metadata import WSOLMetadata
from wsolzoo.registry import DATASETS


@DATASETS.register_module()
class CUB(LocalizationDataset):
    """Caltech-UCSD Birds 200-2011 (Wah et al., 2011): 200 classes, one box an image.

    The label is the class id minus 1. Boxes are ``x, y, x + width, y + height`` of ``bounding_boxes.txt``.

    Args:
        role: see :class:`LocalizationDataset`. ``bounding_boxes.txt`` is not opened for ``train-weaksup``.
        split: ``'train'`` (5,994 images) or ``'test'`` (5,794).
        **kwargs: see :class:`LocalizationDataset`.
    """

    IGNORE_ORIENTATION = True
    LAYOUT = (
        'data_root/{images/,images.txt,image_class_labels.txt,train_test_split.txt,bounding_boxes.txt,classes.txt}, '
        'as in CUB_200_2011.tgz (not CUB-200 of 2010)'
    )
    COUNTS = {'train': (5994, 5994), 'test': (5794, 5794)}
    ARCHIVES = {'CUB_200_2011.tgz': '97eceeb196236b17998738112f37df78'}

    def __init__(self, role: str, split: str, **kwargs) -> None:
        if split not in ('train', 'test'):
            raise ValueError(f'CUB has the splits train and test; got {split!r}. Validation images: CUBV2')
        self.split = split
        super().__init__(role, **kwargs)

    def load_data_list(self) -> list[dict]:
        """One entry per image of the split."""
        self._metainfo['classes'] = self._classes()
        labels, chosen = self._table('image_class_labels.txt'), self._table('train_test_split.txt')
        boxes = self._table('bounding_boxes.txt', 'id x y width height') if self.has_truth else {}
        data, root = [], Path(self.data_root)
        seen: dict[str, str] = {}
        for key, (where, (name,)) in self._table('images.txt').items():
            if seen.setdefault(name, where) != where:
                raise AnnotationError(f'{where}: {name} stands here for the second time, first on {seen[name]}')
            place, (train,) = look_up(chosen, key, root / 'train_test_split.txt', where)
            if train not in ('0', '1'):
                raise AnnotationError(f'{place}: 1 is a training image and 0 a test image; got {train!r}')
            if (train == '1') == (self.split == 'train'):
                place, (label,) = look_up(labels, key, root / 'image_class_labels.txt', where)
                number = as_label(label, place, 1, len(self._metainfo['classes']))
                info: dict[str, Any] = {'img_id': name, 'img_path': str(root / 'images' / name), 'gt_label': number}
                if self.has_truth:
                    place, values = look_up(boxes, key, root / 'bounding_boxes.txt', where)
                    info['gt_bboxes'] = np.array([as_box(values, place, sized=True)])
                data.append(info)
        return data

    def _classes(self) -> tuple[str, ...]:
        """Names of the classes, which the file numbers from 1."""
        names: tuple[str, ...] = ()
        for number, (where, (name,)) in self._table('classes.txt').items():
            if number != str(len(names) + 1):
                raise AnnotationError(f'{where}: expected class {len(names) + 1}; got {number!r}')
            names += (name.split('.', 1)[-1],)
        return names

    def _table(self, name: str, form: str = 'id value') -> dict[str, Row]:
        """The columns of an official text file by image or class id."""
        return by_key(read_rows(self.need(Path(self.data_root) / name, f'the list {name}'), form))


@DATASETS.register_module()
class CUBV2(WSOLMetadata):
    """CUBV2 (Choe et al., CVPR 2020): 1,000 images, 5 of each class, with boxes; same classes as :class:`CUB`."""

    LAYOUT = 'data_root/CUBV2/<class>/<id>.jpg and data_root/metadata/val/{image_ids,class_labels,localization}.txt'
    COUNTS = {'val': (1000, None)}
