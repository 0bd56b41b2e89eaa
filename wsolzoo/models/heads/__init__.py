"""What mask heads are made of: features in, class scores and class maps out."""

from wsolzoo.models.heads.base import MaskHead, top1
from wsolzoo.models.heads.conv_classifier import ConvClassifier
from wsolzoo.models.heads.shared_map import SharedMapHead, component_of

__all__ = ['ConvClassifier', 'MaskHead', 'SharedMapHead', 'component_of', 'top1']
