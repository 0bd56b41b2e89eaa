"""A folder of images, a folder of masks, and a list of names: how the Oxford-IIIT pets and many others come."""

from wsolzoo.datasets.annotation import as_label, by_key, read_rows
from wsolzoo.datasets.base import LocalizationDataset
from wsolzoo.registry import DATASETS


@DATASETS.register_module()
class ImageMaskFolder(LocalizationDataset):
    """Images and masks of the same name in two folders, labels in a text file.

    The list holds ``name label …`` in each line, as the lists of the Oxford-IIIT Pet data set do; lines that start
    with ``#`` are comments. The pipeline reads the masks with ``LoadMask`` and, where boxes are wanted, draws them
    around the masks with ``BoxFromMask``.

    Args:
        role: see :class:`LocalizationDataset`.
        ann_file: the list.
        data_prefix: ``img_path`` and ``seg_map_path``, the folders of images and masks.
        suffixes: endings of image and mask files.
        first_label: the number that the file gives to the first class.
        **kwargs: see :class:`LocalizationDataset`.
    """

    LAYOUT = 'data_root/images/<name>.jpg, data_root/annotations/trimaps/<name>.png, data_root/annotations/<split>.txt'
    COUNTS = {'trainval.txt': (3680, None), 'test.txt': (3669, None)}
    ARCHIVES = {
        'images.tar.gz': '5c4f3ee8e5d25df40f4fd59a7f44e54c',
        'annotations.tar.gz': '95a8c909bbe2e81eed6a22bccdf3f68f',
    }

    def __init__(
        self,
        role: str,
        ann_file: str,
        data_prefix: dict | None = None,
        suffixes: tuple[str, str] = ('.jpg', '.png'),
        first_label: int = 1,
        **kwargs,
    ) -> None:
        self.suffixes, self.first_label = tuple(suffixes), first_label
        prefix = {'img_path': 'images', 'seg_map_path': 'annotations/trimaps', **(data_prefix or {})}
        super().__init__(role, ann_file=ann_file, data_prefix=prefix, **kwargs)

    def load_data_list(self) -> list[dict]:
        """One entry per line of the list."""
        rows = read_rows(self.need(self.ann_file, 'the list of images'), 'name label…', comment='#')
        images = self.need(self.data_prefix['img_path'], 'the folder of images')
        masks = self.need(self.data_prefix['seg_map_path'], 'the folder of masks') if self.has_truth else None
        data = []
        for name, (where, values) in by_key(rows).items():
            info: dict[str, str | int] = {'img_id': name, 'img_path': str(images / (name + self.suffixes[0]))}
            info['gt_label'] = as_label(values[0], where, self.first_label)
            if masks is not None:
                info['seg_map_path'] = str(masks / (name + self.suffixes[1]))
            data.append(info)
        return data
