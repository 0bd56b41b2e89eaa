"""Tiny ImageNet in its standard layout: 64 x 64 pixels, one box an image, small enough for a laptop."""

from pathlib import Path

import numpy as np

from wsolzoo.datasets.annotation import AnnotationError, Row, as_box, by_key, read_rows
from wsolzoo.datasets.base import LocalizationDataset
from wsolzoo.registry import DATASETS

BOX = 'x0\ty0\tx1\ty1'


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

    IGNORE_ORIENTATION = True
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
        wnids = sorted(self._rows(root / 'wnids.txt', 'wnid'))
        words = self._rows(root / 'words.txt', 'wnid\twords…') if (root / 'words.txt').exists() else {}
        self._metainfo['classes'] = tuple(words[w].values[0].split(',')[0] if w in words else w for w in wnids)
        label_of = {wnid: label for label, wnid in enumerate(wnids)}
        if self.split == 'train':
            return [info for wnid, label in label_of.items() for info in self._train(root / 'train' / wnid, label)]
        data = []
        for name, (where, (wnid, *box)) in self._rows(root / 'val/val_annotations.txt', f'name\twnid\t{BOX}').items():
            if wnid not in label_of:
                raise AnnotationError(f'{where}: {wnid!r} is no class of wnids.txt')
            data.append(self._entry(root / 'val/images' / name, label_of[wnid], Row(where, box)))
        return data

    def _train(self, folder: Path, label: int) -> list[dict]:
        """The images of one class."""
        if self.has_truth:
            rows = self._rows(folder / f'{folder.name}_boxes.txt', f'name\t{BOX}')
            return [self._entry(folder / 'images' / name, label, row) for name, row in rows.items()]
        images = self.need(folder / 'images', f'the images of class {folder.name}')
        paths = sorted(images.iterdir(), key=lambda p: (len(p.name), p.name))
        return [self._entry(path, label, Row('', [])) for path in paths]

    def _entry(self, path: Path, label: int, box: Row) -> dict:
        info = {'img_id': path.name, 'img_path': str(path), 'gt_label': label}
        if self.has_truth:
            info['gt_bboxes'] = np.array([as_box(box.values, box.where, inclusive=True)])
        return info

    def _rows(self, path: Path, form: str) -> dict[str, Row]:
        """The tab-separated lines of a file by their first value."""
        return by_key(read_rows(self.need(path, f'the list {path.name}'), form, '\t'))
