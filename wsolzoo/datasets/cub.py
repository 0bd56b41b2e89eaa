"""CUB-200-2011 from its official files, and CUBV2, the images that thresholds are chosen on."""

from pathlib import Path

import numpy as np

from wsolzoo.datasets.base import LocalizationDataset
from wsolzoo.datasets.loading import as_box
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
        classes = self._table('classes.txt')
        self._metainfo['classes'] = tuple(classes[str(i + 1)][0].split('.', 1)[-1] for i in range(len(classes)))
        labels, chosen = self._table('image_class_labels.txt'), self._table('train_test_split.txt')
        boxes = self._table('bounding_boxes.txt') if self.has_truth else {}
        data = []
        for key, (name,) in self._table('images.txt').items():
            if (chosen[key][0] == '1') == (self.split == 'train'):
                path = Path(self.data_root) / 'images' / name
                info = {'img_id': name, 'img_path': str(path), 'gt_label': int(labels[key][0]) - 1}
                if self.has_truth:
                    x, y, width, height = as_box(boxes[key], f'bounding_boxes.txt, image {key}')
                    info['gt_bboxes'] = np.array([[x, y, x + width, y + height]])
                data.append(info)
        return data

    def _table(self, name: str) -> dict[str, list[str]]:
        """The columns of an official text file by image or class id."""
        path = self.need(Path(self.data_root) / name, f'the list {name}')
        rows = [line.split() for line in path.read_text(encoding='utf-8').splitlines() if line.strip()]
        return {key: values for key, *values in rows}


@DATASETS.register_module()
class CUBV2(WSOLMetadata):
    """CUBV2 (Choe et al., CVPR 2020): 1,000 images, 5 of each class, with boxes; same classes as :class:`CUB`."""

    LAYOUT = 'data_root/CUBV2/<class>/<id>.jpg and data_root/metadata/val/{image_ids,class_labels,localization}.txt'
    COUNTS = {'val': (1000, None)}
