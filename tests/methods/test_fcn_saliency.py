"""FCN-8s: published counts, the reference padding against the tight one, enlargement, losses, published weights."""

import math
import re

import pytest
import torch
from mmengine.config import Config
from torch.utils.flop_counter import FlopCounterMode

from wsolzoo.methods.fcn_saliency import (
    WIDTHS,
    FCN8s,
    Halve,
    PixelCrossEntropy,
    bilinear_kernel,
    convolutional,
    pixel_cross_entropy,
)
from wsolzoo.structures import DataSample

HALF = {
    'base': ({}, (4096, 4096)),
    'a': ({name: n // 2 for name, n in WIDTHS.items()}, (4096, 4096)),
    'a-fc': ({name: n // 2 for name, n in WIDTHS.items()}, (2048, 2048)),
    'b': ({'conv2_1': 64, 'conv2_2': 64}, (4096, 4096)),
    'c': (dict.fromkeys(('conv3_1', 'conv3_2', 'conv3_3'), 128), (4096, 4096)),
    'd': (dict.fromkeys(('conv4_1', 'conv4_2', 'conv4_3'), 256), (4096, 4096)),
    'e': (dict.fromkeys(('conv5_1', 'conv5_2', 'conv5_3'), 256), (4096, 4096)),
    'f': ({}, (2048, 4096)),
    'g': ({}, (4096, 2048)),
    'h': ({}, (2048, 2048)),
}
COUNTS = {  # parameters and 10^9 multiplications at 300x400, the reference padding, transposed convolutions and all
    'base': (134_271_430, 107.63),
    'a-fc': (33_574_694, 27.04),
    'a': (71_855_910, 32.02),
    'b': (133_976_390, 93.89),
    'c': (132_648_774, 85.49),
    'd': (128_961_734, 86.69),
    'e': (78_171_846, 95.21),
    'f': (74_500_550, 99.86),
    'g': (125_876_678, 106.54),
    'h': (70_300_102, 99.32),
}


def cost(size, **settings):
    """Parameters, and billions of multiplications."""
    with torch.device('meta'):
        net = FCN8s(**settings).eval()
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            net(torch.empty(1, 3, *size))
    return sum(p.numel() for p in net.parameters()), counter.get_total_flops() / 2e9


@pytest.mark.parametrize('plan', COUNTS)
def test_parameters_and_multiplications_of_the_plans(plan):
    widths, mid = HALF[plan]
    parameters, macs = cost((300, 400), form='reference', widths=widths, mid_channels=mid)
    assert parameters == COUNTS[plan][0]
    enlargements = 0.003  # interpolated, which nothing counts
    assert macs + enlargements == pytest.approx(COUNTS[plan][1], abs=0.006)


@pytest.mark.parametrize(
    ('settings', 'millions', 'billions'),
    [
        ({'form': 'reference'}, 134.3, 124.6),
        ({}, 134.3, 62.3),
        ({'mid_channels': (2048, 4096)}, 74.5, 53.7),
        ({'mid_channels': (2048, 2048)}, 70.3, 53.1),
        ({'fc6': 'low_rank'}, 46.4, 49.7),
        ({'fc6': 'atrous', 'mid_channels': (1024, 1024)}, 20.5, 45.9),
        ({'fc6': 'depthwise', 'mid_channels': (1024, 1024)}, 16.3, 45.3),
    ],
)
def test_cheaper_forms_at_384(settings, millions, billions):
    parameters, macs = cost((384, 384), **settings)
    assert parameters / 1e6 == pytest.approx(millions, abs=0.06)
    assert macs == pytest.approx(billions, abs=0.06)


NARROW = {'width': 1 / 32, 'mid_channels': (8, 8)}


@pytest.mark.parametrize('stride', [8, 16, 32])
@pytest.mark.parametrize('form', ['reference', 'tight'])
@pytest.mark.parametrize('size', [(17, 33), (40, 47), (64, 96)])
def test_any_image_gives_a_map_of_its_size(form, stride, size):
    net = FCN8s(form=form, stride=stride, **NARROW).eval()
    with torch.no_grad():
        salient, logits = net(torch.rand(2, 3, *size))
    assert salient.shape == (2, 1, *size) and logits.shape == (2, 2, *size)
    assert torch.equal(salient, torch.full_like(salient, 0.5))  # scores start at 0, as the reference's do


def test_both_forms_and_all_strides_have_the_same_weights():
    states = [FCN8s(form=form, **NARROW).state_dict() for form in ('reference', 'tight')]
    assert {k: v.shape for k, v in states[0].items()} == {k: v.shape for k, v in states[1].items()}
    assert all(torch.equal(states[0][k], states[1][k]) for k in states[0] if k.startswith('up'))
    coarse = FCN8s(stride=32, **NARROW).state_dict()
    assert {name for name in states[1] if name not in coarse} == {
        'score_pool4.weight', 'score_pool4.bias', 'score_pool3.weight', 'score_pool3.bias', 'up2.weight', 'up4.weight'
    }  # fmt: skip


def test_enlargement_is_bilinear_and_does_not_learn():
    assert bilinear_kernel(4)[1].tolist() == [0.1875, 0.5625, 0.5625, 0.1875]
    assert bilinear_kernel(4).sum() == 4 and bilinear_kernel(16).sum() == 64
    net = FCN8s(**NARROW)
    assert not any(layer.weight.requires_grad for layer in (net.up2, net.up4, net.up))
    ramp = torch.arange(8.0).expand(1, 2, 8, 8)
    smooth = torch.nn.functional.interpolate(ramp, scale_factor=2, mode='bilinear')
    torch.testing.assert_close(net.up2(ramp)[..., 1:-1, 1:-1], smooth[..., 1:-1, 1:-1])


@pytest.mark.parametrize('form', ['reference', 'tight'])
def test_enlargement_is_the_transposed_convolution_it_stands_for(form):
    net, scores = FCN8s(form=form, **NARROW), torch.randn(2, 2, 5, 7)
    for layer in (net.up2, net.up):
        padding = layer.rim - layer.factor // 2
        plain = torch.nn.functional.conv_transpose2d(scores, layer.weight, stride=layer.factor, padding=padding)
        torch.testing.assert_close(layer(scores), plain)


@pytest.mark.parametrize('size', [(6, 8), (5, 8), (6, 7), (5, 7)])
def test_pools_are_those_of_torch_with_and_without_gradients(size):
    x = torch.randn(2, 3, *size, requires_grad=True)
    expected = torch.nn.functional.max_pool2d(x, 2, 2, ceil_mode=True)
    assert torch.equal(Halve()(x), expected) and Halve()(x).requires_grad
    with torch.no_grad():
        assert torch.equal(Halve()(x), expected)


def test_a_skip_adds_its_score_where_its_cell_is():
    """One cell of pool3 is salient: in both forms the map is highest at the pixels which that cell saw."""
    for form, where in (('tight', 44), ('reference', 44)):
        net = FCN8s(form=form, **NARROW).eval()
        offset = {'tight': 0, 'reference': 100}[form]
        cell = (where + offset) // 8

        def mark(module, inputs, output, cell=cell):
            output = torch.zeros_like(output)
            output[:, 1, cell, cell] = 5
            return output

        net.score_pool3.register_forward_hook(mark)
        with torch.no_grad():
            salient, _ = net(torch.rand(1, 3, 96, 96))
        rows = salient[0, 0].amax(1)
        centre = (rows - 0.5) @ torch.arange(96.0) / (rows - 0.5).sum()
        assert centre == pytest.approx(cell * 8 + 3.5 - offset, abs=1.0)


def test_losses_by_hand():
    logits = torch.tensor([[[[0.0, 2.0]], [[0.0, 0.0]]]])  # (1, 2, 1, 2)
    mask = torch.tensor([[[[1, 0]]]])
    each = [math.log(2), math.log(1 + math.exp(-2))]
    assert pixel_cross_entropy(logits, mask, 'sum').item() == pytest.approx(sum(each))
    assert pixel_cross_entropy(logits, mask, 'mean').item() == pytest.approx(sum(each) / 2)
    mask[..., 1] = 255
    assert pixel_cross_entropy(logits, mask, 'mean').item() == pytest.approx(each[0])
    assert pixel_cross_entropy(logits, torch.full_like(mask, 255), 'mean') == 0
    assert pixel_cross_entropy(logits.half(), mask).dtype == torch.float32
    many = logits.half().expand(1, 2, 300, 2), torch.ones(1, 1, 300, 2)
    assert pixel_cross_entropy(*many, 'sum').item() == pytest.approx(300 * (math.log(2) + math.log(1 + math.exp(2))))
    sample = DataSample(gt_mask=mask[0, 0].numpy())
    loss = PixelCrossEntropy('sum', loss_weight=3.0)((None, logits), [sample])
    assert loss['loss_pixel'].item() == pytest.approx(3 * each[0])


def test_refusals():
    for settings, what in [
        ({'form': 'loose'}, 'form must be'),
        ({'stride': 4}, 'stride must be'),
        ({'fc6': 'thin'}, 'fc6 must be'),
        ({'form': 'reference', 'fc6': 'atrous'}, "needs form='tight'"),
        ({'widths': {'fc6': 8}}, 'mid_channels'),
    ]:
        with pytest.raises(ValueError, match=what):
            FCN8s(**settings)
    with pytest.raises(ValueError, match='reduction'):
        PixelCrossEntropy('none')


def test_published_weights_become_convolutions():
    places = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
    published = {f'features.{i}.{kind}': torch.rand(2, 2, 3, 3) for i in places for kind in ('weight', 'bias')}
    published |= {'classifier.0.weight': torch.rand(5, 2 * 49), 'classifier.0.bias': torch.rand(5)}
    published |= {'classifier.3.weight': torch.rand(5, 5), 'classifier.6.weight': torch.rand(1000, 5)}
    found = convolutional(published)
    assert torch.equal(found['conv5_3.bias'], published['features.28.bias'])
    assert found['fc7.weight'].shape == (5, 5, 1, 1) and not any('classifier' in name for name in found)
    x = torch.rand(1, 2, 7, 7)
    dense = torch.nn.functional.linear(x.flatten(1), published['classifier.0.weight'], published['classifier.0.bias'])
    spread = torch.nn.functional.conv2d(x, found['fc6.weight'], found['fc6.bias'])
    torch.testing.assert_close(spread.flatten(1), dense)


@pytest.mark.parametrize('plan', 'abcdefgh')
def test_the_widths_of_a_plan_are_those_of_its_rules(plan, repo):
    config = Config.fromfile(repo / f'configs/fcn_saliency/fcn-saliency_vgg16-plan-{plan}_1xb1-100k_msra10k-400px.py')
    (rule,) = config.width_plan.rules
    whole = WIDTHS | {'fc6': 4096, 'fc7': 4096}
    halved = {name for name in whole if any(re.fullmatch(pattern, name) for pattern in rule.layers)}
    expected = {name: count // 2 if name in halved else count for name, count in whole.items()}
    network = config.model.network
    built = WIDTHS | dict(network.get('widths', {})) | dict(zip(('fc6', 'fc7'), network.mid_channels))
    assert built == expected and rule.ratio == 0.5 and rule.select == 'first'
    assert (HALF['a-fc' if plan == 'a' else plan]) == (dict(network.get('widths', {})), tuple(network.mid_channels))
