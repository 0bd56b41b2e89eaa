"""Readers of data sets, the built-in scenes, and the transforms that move image, boxes and masks together."""

from wsolzoo.datasets import defocus, geometry, loading, pseudo_labels, saliency, scenes, transforms
from wsolzoo.datasets.base import LocalizationDataset, ZooDataset
from wsolzoo.datasets.box_csv import BoxCSV
from wsolzoo.datasets.cub import CUB, CUBV2
from wsolzoo.datasets.ilsvrc import ILSVRC
from wsolzoo.datasets.image_folder import ImageFolder
from wsolzoo.datasets.image_mask_folder import ImageMaskFolder
from wsolzoo.datasets.imagenetv2 import ImageNetV2
from wsolzoo.datasets.openimages import OpenImages30k
from wsolzoo.datasets.pseudo_boxes import PseudoBoxes
from wsolzoo.datasets.tiny_imagenet import TinyImageNet
from wsolzoo.datasets.wsol_metadata import WSOLMetadata

__all__ = [
    'BoxCSV',
    'CUB',
    'CUBV2',
    'ILSVRC',
    'ImageFolder',
    'ImageMaskFolder',
    'ImageNetV2',
    'LocalizationDataset',
    'OpenImages30k',
    'PseudoBoxes',
    'TinyImageNet',
    'WSOLMetadata',
    'ZooDataset',
    'defocus',
    'geometry',
    'loading',
    'pseudo_labels',
    'saliency',
    'scenes',
    'transforms',
]
