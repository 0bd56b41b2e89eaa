"""OpenImages30k: 100 classes with instance masks and regions to ignore."""

from wsolzoo.datasets.wsol_metadata import WSOLMetadata
from wsolzoo.registry import DATASETS


@DATASETS.register_module()
class OpenImages30k(WSOLMetadata):
    """OpenImages30k (Choe et al., CVPR 2020): the truth is the union of instance masks, minus the regions to ignore.

    Put ``LoadMask(ignore_value=None)`` into the pipelines of validation and test: the masks are plain, and what to
    ignore is a file of its own.

    Args:
        role: see :class:`~wsolzoo.datasets.base.LocalizationDataset`.
        split: ``'train'`` (29,819 images), ``'val'`` (2,500) or ``'test'`` (5,000).
        **kwargs: see :class:`~wsolzoo.datasets.wsol_metadata.WSOLMetadata`.
    """

    LAYOUT = (
        'data_root/{train,val,test}/<mid>/<id>.jpg, with the masks <id>_m*.png and <id>_ignore.png beside them, and '
        'data_root/metadata/{train,val,test}/{image_ids,class_labels,localization}.txt'
    )
    COUNTS = {'train': (29819, None), 'val': (2500, None), 'test': (5000, None)}

    def __init__(self, role: str, split: str, **kwargs) -> None:
        if split not in self.COUNTS:
            raise ValueError(f'OpenImages30k has the splits {", ".join(self.COUNTS)}; got {split!r}')
        self.split = split
        super().__init__(role, f'metadata/{split}', **kwargs)
