"""SPOL: the product and its gates by hand, who teaches whom, unknown pixels, the Gaussian prior."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from wsolzoo.maps.foreground import foreground, gaussian
from wsolzoo.methods.spol import GatedProduct, SPOLHead, SPOLMaskHead
from wsolzoo.models.trunk import TrunkPass
from wsolzoo.structures import DataSample

CHANNELS = (3, 4, 5)


def feats(count=2):
    torch.manual_seed(1)
    return tuple(torch.rand(count, channels, 16 // 2**i, 16 // 2**i) for i, channels in enumerate(CHANNELS))


def test_the_product_is_that_of_gated_reduced_and_enlarged_features():
    torch.manual_seed(0)
    net, given = GatedProduct(CHANNELS, 6).eval(), feats()
    common = 1
    for squeeze, feat in zip(net.squeeze, given, strict=True):
        common = common * squeeze(feat.mean((2, 3), keepdim=True))
    product, factors = 1, []
    for gate, reduce, feat in zip(net.gate, net.reduce, given, strict=True):
        factors.append(
            F.interpolate(reduce(feat * gate(common).sigmoid()), (16, 16), mode='bilinear', align_corners=True)
        )
        product = product * factors[-1]
    found, deepest = net(given)
    torch.testing.assert_close(found, product)
    torch.testing.assert_close(deepest, factors[-1])
    shut = [feat * 0 for feat in given[:1]]
    assert net((*shut, *given[1:]))[0].shape == product.shape


def make(kind=SPOLHead, **settings):
    torch.manual_seed(0)
    return kind(4, CHANNELS, mid_channels=6, dropout=0.0, **settings).train()


def test_the_deepest_level_teaches_the_product():
    head, labels = make(), torch.tensor([0, 3])
    _, scalars = head.loss(feats(), labels, TrunkPass(None, torch.zeros(2, 3, 32, 32)))
    assert {name for name in scalars if 'loss' in name} == {'loss_deep', 'loss_soft'}
    product, deepest = head.product(feats())
    teacher, student = (head.score(x).mean((2, 3)) for x in (deepest, product))
    assert scalars['loss_deep'].item() == pytest.approx(0.5 * F.cross_entropy(teacher, labels).item(), rel=1e-5)
    soft = -(teacher.softmax(1) * student.log_softmax(1)).sum(1).mean()
    assert scalars['loss_soft'].item() == pytest.approx(0.5 * soft.item(), rel=1e-5)
    head.zero_grad()
    scalars['loss_deep'].backward()
    assert head.product.reduce[0][0].weight.grad is None or not head.product.reduce[0][0].weight.grad.any()
    only = make(loss_weight={'deep': 0.0, 'soft': 0.0, 'cls': 1.0})
    _, scalars = only.loss(feats(), labels, TrunkPass(None, torch.zeros(2, 3, 32, 32)))
    assert {name for name in scalars if 'loss' in name} == {'loss_cls'}
    with pytest.raises(ValueError, match='deep, soft, cls'):
        make(loss_weight={'hard': 1.0})


def test_unknown_pixels_do_not_count():
    mask = np.full((32, 32), 255, np.uint8)
    mask[:16], mask[16:20] = 1, 0
    trunk = TrunkPass(None, torch.zeros(2, 3, 32, 32), [DataSample(pseudo_mask=mask), DataSample(pseudo_mask=mask)])
    head = make(SPOLMaskHead, loss_weight=2.0)
    with torch.no_grad():
        head.score[1].weight.zero_(), head.score[1].bias.fill_(1.0)
    output, scalars = head.loss(feats(), torch.tensor([0, 3]), trunk)
    sure = torch.sigmoid(torch.tensor(1.0))
    known = -(16 * sure.log() + 4 * (1 - sure).log()) / 20
    assert scalars['loss_mask'].item() == pytest.approx(2 * known.item(), rel=1e-5)
    assert output.maps.shape == (2, 4, 16, 16) and output.maps[0, 2, 3, 3].item() == pytest.approx(sure.item())
    mask[:] = 255
    assert head.loss(feats(), torch.tensor([0, 3]), trunk)[1]['loss_mask'].item() == 0
    with pytest.raises(ValueError, match='has no pseudo_mask'):
        head.loss(feats(), torch.tensor([0, 3]), TrunkPass(None, trunk.inputs, [DataSample()] * 2))


def test_the_gaussian_lies_in_the_middle_of_the_flank():
    y, x = np.indices((64, 64))
    away = np.hypot(y - 32, x - 32)
    ring = np.exp(-((away - 12) ** 2) / 8) * 0.5  # nothing in the middle: no pixel of it above 0.25 there
    mask = gaussian(ring)
    assert ring[32, 32] < 0.01 and mask[32, 32] == 1, 'the prior fills it'
    assert foreground(ring, {'type': 'fixed', 'threshold': 0.25, 'background': 0.01})[32, 32] == 0
    assert mask[2, 2] == 0 and mask[32, 44] == 1 and (mask == 255).any()
    assert (gaussian(np.where(away < 2, 0.3, 0.0))[away >= 2] == 0).all(), 'a speck gives no Gaussian'
