"""Tiny ImageNet in its standard layout: 64 x 64 pixels, one box an image, small enough for a laptop."""

from pathlib import Path

import numpy as np

from wsolzoo.datasets.base import LocalizationDataset
from wsolzoo.datasets.loading import as_box
from wsolzoo.registry import DATASETS


@DATASETS.register_module()
class TinyImageNet(LocalizationDataset):
    """Tiny ImageNet (Stanford CS231n), or any part of it in the same layout.

    The label is the index of the WordNet id in the sorted list of ``wnids.txt``. The files give boxes as inclusive
    pixel indices 0..63; here the end is exclusive, so 0..63 becomes ``[0, 64]``.

    Args:
        role: see :class:`LocalizationDataset`. The box files of training images are not opened for ``train-weaksup``.
        split: ``'train'`` (500 images a class) or ``'val'`` (50 a class; the labels of ``test`` were never published).
        **kwargs: see :class:`LocalizationDataset`; ``holdout`` sets training images apart to choose thresholds on.
    """

    LAYOUT = (
        'data_root/{wnids.txt, words.txt, train/<wnid>/images/*.JPEG, train/<wnid>/<wnid>_boxes.txt, '
        'val/images/*.JPEG, val/val_annotations.txt}'
    )
    COUNTS = {'train': (100000, 100000), 'val': (10000, 10000)}
    ARCHIVES = {'tiny-imagenet-200.zip': '90528d7ca1a48142e341f4ef8d21d0de'}

    def __init__(self, role: str, split: str, **kwargs) -> None:
        if split not in ('train', 'val'):
            raise ValueError(f'TinyImageNet has the splits train and val; got {split!r}')
        self.split = split
        super().__init__(role, **kwargs)

    def load_data_list(self) -> list[dict]:
        """One entry per image of the split."""
        root = Path(self.data_root)
        wnids = sorted(self.need(root / 'wnids.txt', 'the list of classes').read_text(encoding='utf-8').split())
        words = self._rows(root / 'words.txt') if (root / 'words.txt').exists() else []
        names = {row[0]: row[1].split(',')[0] for row in words}
        self._metainfo['classes'] = tuple(names.get(wnid, wnid) for wnid in wnids)
        label_of = {wnid: label for label, wnid in enumerate(wnids)}
        if self.split == 'val':
            rows = self._rows(root / 'val/val_annotations.txt')
            return [self._entry(root / 'val/images' / row[0], label_of[row[1]], row[2:]) for row in rows]
        return [info for wnid, label in label_of.items() for info in self._train(root / 'train' / wnid, label)]

    def _train(self, folder: Path, label: int) -> list[dict]:
        """The images of one class."""
        if self.has_truth:
            rows = self._rows(folder / f'{folder.name}_boxes.txt')
            return [self._entry(folder / 'images' / row[0], label, row[1:]) for row in rows]
        images = self.need(folder / 'images', f'the images of class {folder.name}')
        return [self._entry(path, label, ()) for path in sorted(images.iterdir(), key=lambda p: (len(p.name), p.name))]

    def _entry(self, path: Path, label: int, corners) -> dict:
        info = {'img_id': path.name, 'img_path': str(path), 'gt_label': label}
        if self.has_truth:
            info['gt_bboxes'] = np.array([as_box(corners, f'the box of {path.name}')]) + (0, 0, 1, 1)
        return info

    def _rows(self, path: Path) -> list[list[str]]:
        """The tab-separated lines of a file."""
        lines = self.need(path, f'the list {path.name}').read_text(encoding='utf-8').splitlines()
        return [line.split('\t') for line in lines if line.strip()]
