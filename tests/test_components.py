"""Everything goes with everything: backbones x necks x heads x losses x normalisers, on tiny networks."""

import itertools

import pytest
import torch

from wsolzoo import maps
from wsolzoo.testing import check_method

BACKBONES = {
    'PlainNet': ({'type': 'PlainNet', 'base_channels': 4, 'strides': (2, 2, 2)}, 'stage1', 'stage2'),
    'VGG16': ({'type': 'VGG16', 'width': 0.0625}, 'conv4_3', 'conv5_3'),
    'ResNet': ({'type': 'ResNet', 'depth': 18, 'width': 0.125}, 'layer3', 'layer4'),
    'MobileNetV1': ({'type': 'MobileNetV1', 'width': 0.0625}, 'blocks.3', 'blocks.4'),
    'SqueezeNet': ({'type': 'SqueezeNet', 'width': 0.125, 'stem_padding': 1}, 'fire5', 'fire9'),
}
HEADS = {
    'CAMHead': {'type': 'CAMHead'},
    'ConvCAMHead': {'type': 'ConvCAMHead', 'mid_channels': (8,)},
    'BASHead': {'type': 'BASHead', 'mid_channels': 8},
}
NECKS = ['none', 'channel mean', 'non-local']


def config(backbone: str, neck: str, head: str) -> dict:
    """One combination, with every loss that it allows."""
    settings, early, late = BACKBONES[backbone]
    bas = head == 'BASHead'
    model = {
        'type': 'Localizer',
        'data_preprocessor': {'type': 'ImgDataPreprocessor', 'mean': [128.0] * 3, 'std': [64.0] * 3},
        'backbone': {**settings, 'out_stages': (early, late) if bas else (late,)},
        'head': {**HEADS[head], 'num_classes': 4, **({'tap': early} if bas else {})},
    }
    if neck != 'none':
        inca = {'type': 'InCANeck', 'non_local': {} if neck == 'non-local' else None}
        model['necks'] = {early: inca, late: dict(inca)}
        model['losses'] = [{'type': 'InCAContrastiveLoss'}, {'type': 'InCAConsistencyLoss'}]
    return {
        'model': model,
        'optim_wrapper': {'type': 'OptimWrapper', 'optimizer': {'type': 'SGD', 'lr': 0.01}},
        'test_evaluator': {'type': 'LocalizationMetric', 'protocols': ['choe2020-v1', 'choe2020-pxap', 'bas-v1']},
    }


@pytest.mark.parametrize(('backbone', 'neck', 'head'), list(itertools.product(BACKBONES, NECKS, HEADS)))
def test_combination(backbone, neck, head):
    metrics = check_method(config(backbone, neck, head), size=64)
    assert {'choe2020-v1/MaxBoxAcc', 'choe2020-pxap/PxAP'} <= set(metrics)


@pytest.mark.parametrize('normalizer', sorted(maps.NORMALIZERS))
def test_normalizer_with_raw_and_with_sigmoid_maps(normalizer):
    torch.manual_seed(0)
    for map in (torch.randn(7, 9).numpy(), torch.randn(7, 9).sigmoid().numpy()):
        normalised = maps.normalize(map, normalizer)
        assert normalised.shape == map.shape
        assert normalised.min() >= 0
        assert normalised.max() <= 1
