"""Readers of data sets, the built-in scenes, and the transforms that move image, boxes and masks together."""

from . import defocus, loading, scenes, transforms
from .base import LocalizationDataset
from .box_csv import BoxCSV
from .cub import CUB, CUBV2
from .ilsvrc import ILSVRC
from .image_mask_folder import ImageMaskFolder
from .imagenetv2 import ImageNetV2
from .openimages import OpenImages30k
from .tiny_imagenet import TinyImageNet
from .wsol_metadata import WSOLMetadata

__all__ = [
    'BoxCSV',
    'CUB',
    'CUBV2',
    'ILSVRC',
    'ImageMaskFolder',
    'ImageNetV2',
    'LocalizationDataset',
    'OpenImages30k',
    'TinyImageNet',
    'WSOLMetadata',
    'defocus',
    'defocus',
    'loading',
    'scenes',
    'scenes',
    'transforms',
]
