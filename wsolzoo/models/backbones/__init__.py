"""Networks cut into named, resumable stages."""

from wsolzoo.models.backbones.alexnet import AlexNetPaper
from wsolzoo.models.backbones.inception import InceptionV3
from wsolzoo.models.backbones.lenet import LeNet5
from wsolzoo.models.backbones.mobilenet_v1 import MobileNetV1
from wsolzoo.models.backbones.plain import PlainNet
from wsolzoo.models.backbones.plain_vit import PlainCaiT, PlainViT
from wsolzoo.models.backbones.resnet import ResNet
from wsolzoo.models.backbones.squeezenet import SqueezeNet
from wsolzoo.models.backbones.staged import StagedBackbone
from wsolzoo.models.backbones.tokens import TokenBackbone, Tokens
from wsolzoo.models.backbones.vgg import VGG16
from wsolzoo.models.backbones.vit import MMPretrainViT, TimmViT
from wsolzoo.models.backbones.wrappers import MMPretrainBackbone, TimmBackbone

__all__ = [
    'AlexNetPaper',
    'InceptionV3',
    'LeNet5',
    'MMPretrainBackbone',
    'MMPretrainViT',
    'MobileNetV1',
    'PlainCaiT',
    'PlainNet',
    'PlainViT',
    'ResNet',
    'SqueezeNet',
    'StagedBackbone',
    'TimmBackbone',
    'TimmViT',
    'TokenBackbone',
    'Tokens',
    'VGG16',
]
