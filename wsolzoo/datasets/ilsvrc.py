"""ILSVRC-2012 CLS-LOC from its official files."""

import os
from pathlib import Path

import numpy as np

from wsolzoo.datasets.annotation import AnnotationError, by_key, read_rows
from wsolzoo.datasets.base import LocalizationDataset
from wsolzoo.datasets.box_files import from_voc
from wsolzoo.registry import DATASETS


@DATASETS.register_module()
class ILSVRC(LocalizationDataset):
    """ImageNet ILSVRC-2012 classification and localization (Russakovsky et al., IJCV 2015): 1,000 classes.

    The label is the index of the WordNet id in sorted order. Boxes are ``xmin ymin xmax ymax`` of the XML files.

    Args:
        role: see :class:`LocalizationDataset`. The XML files of training images are never opened.
        split: ``'train'`` (1,281,167 images in folders by class) or ``'val'`` (50,000, used as test).
        **kwargs: see :class:`LocalizationDataset`.
    """

    IGNORE_ORIENTATION = True
    LAYOUT = (
        'data_root/{LOC_synset_mapping.txt, Data/CLS-LOC/train/<wnid>/*.JPEG, '
        'Data/CLS-LOC/val/*.JPEG, Annotations/CLS-LOC/val/*.xml}'
    )
    COUNTS = {'train': (1281167, None), 'val': (50000, 80477)}
    ARCHIVES = {
        'ILSVRC2012_img_train.tar': '1d675b47d978889d74fa0da5fadfb00e',
        'ILSVRC2012_img_val.tar': '29b22e2961454d5413ddabcf34fc5622',
    }

    def __init__(self, role: str, split: str, **kwargs) -> None:
        if split not in ('train', 'val'):
            raise ValueError(f'ILSVRC has the splits train and val; got {split!r}. Validation images: ImageNetV2')
        if split == 'train' and role != 'train-weaksup':
            raise ValueError('the train split of ILSVRC has labels only here; its role is train-weaksup')
        self.split = split
        super().__init__(role, **kwargs)

    def load_data_list(self) -> list[dict]:
        """One entry per image of the split."""
        mapping = self.need(Path(self.data_root) / 'LOC_synset_mapping.txt', 'the list of classes')
        names = dict(sorted(by_key(read_rows(mapping, 'wnid names…')).items()))
        self._metainfo['classes'] = tuple(' '.join(row.values).split(',')[0] for row in names.values())
        label_of = {wnid: label for label, wnid in enumerate(names)}
        return self._train(label_of) if self.split == 'train' else self._val(label_of)

    def _train(self, label_of: dict[str, int]) -> list[dict]:
        folder, data = self.need(Path(self.data_root) / 'Data/CLS-LOC/train', 'the training images'), []
        for wnid, label in label_of.items():
            for name in sorted(os.listdir(self.need(folder / wnid, f'the images of class {wnid}'))):
                data.append({'img_id': f'{wnid}/{name}', 'img_path': f'{folder}/{wnid}/{name}', 'gt_label': label})
        return data

    def _val(self, label_of: dict[str, int]) -> list[dict]:
        folder = self.need(Path(self.data_root) / 'Annotations/CLS-LOC/val', 'the boxes')
        files = {f'{path.stem}.JPEG': path for path in sorted(folder.glob('*.xml'))}
        images = self.need(Path(self.data_root) / 'Data/CLS-LOC/val', 'the validation images')
        return [{'img_id': n, 'img_path': str(images / n), **read_xml(path, label_of)} for n, path in files.items()]


def read_xml(path: Path, label_of: dict[str, int]) -> dict:
    """Label and boxes of one annotation file; all its objects are of the image's class."""
    boxes = list(from_voc(path, path.parent))
    names = {box.label for box in boxes}
    if len(names) != 1 or not names <= set(label_of):
        found = ', '.join(sorted(map(str, names))) or 'no object'
        raise AnnotationError(f'{path} is not an annotation of CLS-LOC with objects of one known class; got {found}')
    return {'gt_label': label_of[names.pop()], 'gt_bboxes': np.array([box.box for box in boxes], np.float64)}
