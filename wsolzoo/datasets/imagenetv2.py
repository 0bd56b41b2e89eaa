"""ImageNetV2 with boxes: the images on which thresholds for ILSVRC are chosen."""

from wsolzoo.datasets.wsol_metadata import WSOLMetadata
from wsolzoo.registry import DATASETS


@DATASETS.register_module()
class ImageNetV2(WSOLMetadata):
    """Boxes on ImageNetV2 (Recht et al., ICML 2019; boxes Choe et al., CVPR 2020): 10,000 images, 10 of each class."""

    LAYOUT = 'data_root/val2/<class>/<n>.jpeg and data_root/metadata/val/{image_ids,class_labels,localization}.txt'
    COUNTS = {'val': (10000, 18532)}
