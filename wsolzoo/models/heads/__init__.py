"""Mask heads: features in, class scores and class maps out."""

from wsolzoo.models.heads.base import MaskHead, top1
from wsolzoo.models.heads.cam import CAMHead, ConvCAMHead, ConvClassifier

__all__ = ['CAMHead', 'ConvCAMHead', 'ConvClassifier', 'MaskHead', 'top1']
