"""ADL: mask and importance by hand, one gate a batch, gradients, and the published places."""

import pytest
import torch
from mmengine.config import Config

from wsolzoo.methods.adl import ADLNeck, drop_mask
from wsolzoo.registry import MODELS
from wsolzoo.testing import build_model


def neck(drop_rate: float, gamma: float = 0.5) -> ADLNeck:
    return ADLNeck(drop_rate, gamma).train()


def test_the_mask_by_hand_is_relative_to_each_image_and_strict():
    attention = torch.tensor([[[[0.0, 1.0], [2.0, 4.0]]], [[[0.0, 10.0], [20.0, 40.0]]]])
    assert drop_mask(attention, 0.5).int().tolist() == [[[[1, 1], [0, 0]]]] * 2, '2 < 0.5 * 4 does not hold'


def test_the_attention_is_the_channel_mean_and_the_mask_is_not_rescaled():
    feat = torch.tensor([[[[1.0, 3.0]], [[1.0, 9.0]]]])
    out, seen = neck(drop_rate=1.0)(feat)
    assert seen.map.tolist() == [[[[1.0, 6.0]]]]
    assert out.tolist() == [[[[1.0, 0.0]], [[1.0, 0.0]]]]
    out, _ = neck(drop_rate=0.0)(feat)
    torch.testing.assert_close(out, feat * torch.tensor([1.0, 6.0]).sigmoid())


def test_features_without_a_positive_value():
    assert drop_mask(torch.tensor([[[[-1.0, -3.0]]]]), 0.9).all(), 'a negative maximum keeps everything'
    assert not drop_mask(torch.zeros(1, 1, 2, 2), 0.9).any(), 'nothing lies below 0 in a map of zeros'


def test_one_gate_serves_the_batch_and_its_rate_is_the_drop_rate():
    torch.manual_seed(0)
    layer, feat = neck(drop_rate=0.3, gamma=0.9), torch.rand(4, 2, 3, 3) + 0.5
    hidden = []
    for _ in range(2000):
        dropped = (layer(feat)[0] == 0).flatten(1).any(1)
        assert dropped.all() or not dropped.any(), 'the gate of a batch, not of an image'
        hidden.append(dropped[0].item())
    assert sum(hidden) / len(hidden) == pytest.approx(0.3, abs=0.035)


def test_each_layer_draws_its_own_gate():
    torch.manual_seed(0)
    layers, feat = (neck(0.5), neck(0.5)), torch.rand(1, 2, 3, 3) + 0.5
    drawn = {tuple((layer(feat)[0] == 0).any().item() for layer in layers) for _ in range(40)}
    assert len(drawn) == 4


def test_gradients_flow_through_the_importance_and_not_through_the_mask():
    feat = torch.tensor([[[[1.0, 3.0]], [[1.0, 9.0]]]], requires_grad=True)
    neck(drop_rate=1.0)(feat)[0].sum().backward()
    assert feat.grad.tolist() == [[[[1.0, 0.0]], [[1.0, 0.0]]]]
    feat.grad = None
    neck(drop_rate=0.0)(feat)[0].sum().backward()
    a = torch.tensor([1.0, 6.0])
    by_hand = a.sigmoid() + a.sigmoid() * (1 - a.sigmoid()) * feat.detach().sum(1) / 2
    torch.testing.assert_close(feat.grad[0, :, 0], by_hand[0].expand(2, 2))


def test_evaluation_is_the_identity():
    feat = torch.rand(2, 3, 4, 4)
    out, seen = ADLNeck().eval()(feat)
    assert out is feat and seen is None


def test_half_precision_stays_half():
    out, _ = neck(0.0)(torch.full((1, 8, 28, 28), 300.0, dtype=torch.half))
    assert out.dtype == torch.half and out.isfinite().all()


PLACES = {
    'vgg16': ('pool3', 'conv4_3', 'conv5_3'),
    'resnet50': ('layer3.0', 'layer4.0', 'layer4.2'),
    'inceptionv3': ('Mixed_5d', 'Mixed_6e', 'head.conv2'),
}


@pytest.mark.parametrize('backbone', PLACES)
def test_the_places_are_the_published_ones(backbone):
    model = Config.fromfile(f'configs/_base_/models/adl_{backbone}.py').model
    assert tuple(model.necks) == PLACES[backbone]


def test_in_inception_the_third_layer_is_inside_the_head_and_there_is_no_dropout():
    head = Config.fromfile('configs/_base_/models/adl_inceptionv3.py').model.head
    built = MODELS.build({**head, 'in_channels': (16,), 'mid_channels': (8, 8), 'num_classes': 4})
    assert list(built.places) == ['conv1', 'conv2']
    assert not [layer for layer in built.modules() if isinstance(layer, torch.nn.Dropout)]
    cfg = Config.fromfile('configs/_base_/models/cam_plainnet.py').model
    cfg.head = {**head, 'mid_channels': (8, 8), 'num_classes': 4}
    cfg.necks = {'head.conv2': {'type': 'ADLNeck', 'drop_rate': 1.0, 'gamma': 0.0}}
    model = build_model({'model': cfg}).train()
    feats, passage = model.extract_feat(torch.randn(2, 3, 64, 64))
    bias, maps = model.head.classifier[-1].bias.detach(), model.head(feats, trunk=passage).maps
    assert torch.equal(maps, bias[None, :, None, None].expand_as(maps)), 'all is hidden from the last convolution'


@pytest.mark.parametrize('wrong', [{'drop_rate': 1.2}, {'gamma': -0.1}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValueError, match=r'must be in \[0, 1\]'):
        ADLNeck(**wrong)
