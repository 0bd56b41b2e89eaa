"""DMENet: shapes, counts and borders of the four networks."""

import math

import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import nn

from wsolzoo.methods.dmenet.blur import BlurNet
from wsolzoo.methods.dmenet.bricks import BetaNorm, conv
from wsolzoo.methods.dmenet.domain import DomainNet, SameConv
from wsolzoo.methods.dmenet.encoder import VGG19
from wsolzoo.methods.dmenet.sharpness import SharpnessNet


def weights(module):
    """Convolution weights and biases, and the shifts of batch normalisation, counted apart."""
    norms = sum(p.numel() for m in module.modules() if isinstance(m, BetaNorm) for p in m.parameters())
    return sum(p.numel() for p in module.parameters()) - norms, norms


def test_published_counts_of_b():
    with torch.device('meta'):
        net = BlurNet()
    decoder = sum(weights(m)[0] for m in (net.up3, net.up2, net.up1, net.up0))
    assert weights(net.encoder) == (20_024_384, 0)
    assert decoder == 4_720_000
    assert weights(net.aux)[0] == 1_590_277
    assert weights(net.refine)[0] == 546_112
    assert weights(net.final)[0] == 55_681
    assert weights(net) == (26_936_454, 3_365)
    assert len(net.refine) == 7


def test_published_counts_of_d_and_s():
    assert weights(DomainNet()) == (2_826_240, 960)
    assert weights(SharpnessNet()) == (13_729, 336)


def test_shapes_at_the_published_crop():
    with torch.device('meta'):
        net, images = BlurNet(), torch.empty(1, 3, 240, 240)
        feats, _ = net.encoder(images)
        out = net(images)
        assert DomainNet()(out.last).shape == (1, 1, 8, 8)
    assert [tuple(f.shape[1:]) for f in feats] == [
        (64, 240, 240),
        (128, 120, 120),
        (256, 60, 60),
        (512, 30, 30),
        (512, 15, 15),
    ]
    assert out.map.shape == (1, 1, 240, 240) and out.last.shape == (1, 64, 240, 240)
    assert [a.shape[-1] for a in out.aux] == [15, 30, 60, 120, 240]


def tiny_b(**kwargs):
    return BlurNet(**{'encoder': {'type': 'VGG19', 'width': 0.0625}, 'base': 4, 'residuals': 1, **kwargs})


def test_padding_repeats_the_edge_in_encoder_and_decoder():
    """With replicated borders a constant image gives a constant map; zero padding would darken the frame."""
    net = tiny_b().eval()
    out = net(torch.full((1, 3, 32, 32), 0.3), aux=True)
    for one in (out.map, out.last, *out.aux):
        assert torch.allclose(one, one[..., :1, :1].expand_as(one), atol=1e-5)
    zeros = tiny_b(encoder={'type': 'VGG19', 'width': 0.0625, 'padding': 'zeros'}).eval()
    last = zeros(torch.full((1, 3, 32, 32), 0.3)).last
    assert not torch.allclose(last, last[..., :1, :1].expand_as(last), atol=1e-3)


def test_taps_are_after_relu_and_before_the_pool():
    net = tiny_b().encoder
    x = torch.rand(1, 3, 32, 32)
    feats, _ = net(x)
    for layer in net.features[:4]:
        x = layer(x)
    assert torch.equal(feats[0], x) and (x >= 0).all()
    assert torch.equal(feats[1], net.features[8](net.features[7](net.features[6](net.features[5](net.features[4](x))))))
    assert not any(isinstance(m, nn.MaxPool2d) for m in list(net.features)[-8:])  # no pool5


@pytest.mark.parametrize(('norm', 'name'), [(False, 'vgg19'), (True, 'vgg19_bn')])
def test_encoder_keys_are_torchvisions(norm, name):
    with torch.device('meta'):
        theirs = torchvision.models.get_model(name).features.state_dict(prefix='features.')
        ours = VGG19(norm=norm).state_dict()
    assert {k: v.shape for k, v in ours.items()} == {k: v.shape for k, v in theirs.items()}


def test_a_normalised_encoder_has_the_same_taps():
    """A stage is a convolution, its normalisation and its ReLU, so that nothing a tap gives is below 0."""
    net = VGG19(width=0.0625, norm=True)
    assert net.strides == (1, 2, 4, 8, 16) and net.stage_names == VGG19(width=0.0625).stage_names
    torch.manual_seed(0)
    features, _ = net(100 * torch.randn(2, 3, 32, 32))
    for feature in features:
        assert feature.min() == 0 and feature.max() < 30  # whatever the scale of the images


def test_pixels_are_caffes_by_default():
    net = tiny_b()
    red = torch.zeros(1, 3, 1, 1)
    red[:, 0] = 1
    assert net.pixels(red).flatten().tolist() == pytest.approx([-103.939, -116.779, 255 - 123.68], abs=1e-3)


def test_norm_has_a_shift_and_no_scale():
    norm = BetaNorm(3)
    assert [name for name, _ in norm.named_parameters()] == ['bias']
    assert 'weight' not in norm.state_dict() and norm.eps == 1e-5 and norm.momentum == 0.1
    x = torch.randn(4, 3, 5, 5)
    assert torch.allclose(norm(x), F.batch_norm(x, None, None, training=True, eps=1e-5), atol=1e-6)


def test_initialisation():
    torch.manual_seed(0)
    layer = conv(64, 128)
    assert layer.weight.std().item() == pytest.approx(math.sqrt(2 / (64 * 9)), rel=0.03)  # He, fan-in, factor 2
    assert layer.weight.abs().max() <= 2 * math.sqrt(2.6 / (64 * 9)) + 1e-6


@pytest.mark.parametrize(('side', 'out'), [(16, 8), (15, 8), (1, 1), (2, 1)])
def test_same_padding_of_tensorflow(side, out):
    layer = SameConv(1, 1)
    nn.init.ones_(layer.weight)
    x = torch.arange(1.0, side + 1).expand(1, 1, side, side)
    y = layer(x)
    assert y.shape == (1, 1, out, out)
    first = x[0, 0, 0, : min(side, 3)].sum() * min(side, 3)  # one row and column of padding before
    assert y[0, 0, 0, 0] == first


def test_encoder_with_other_strides_is_refused():
    with pytest.raises(ValueError, match='strides'):
        tiny_b(encoder={'type': 'VGG19', 'width': 0.0625, 'out_stages': ('conv1_2', 'conv5_4')})
    zoo = {'type': 'VGG16', 'width': 0.0625, 'out_stages': ('conv1_2', 'conv2_2', 'conv3_3', 'conv4_3', 'conv5_3')}
    assert tiny_b(encoder=zoo)(torch.rand(1, 3, 32, 32)).map.shape == (1, 1, 32, 32)  # any other backbone fits


def test_gradient_of_s_is_diagonal():
    """The loss of a pixel reaches that pixel of the map and no other."""
    net = SharpnessNet().eval()
    maps = torch.rand(1, 1, 3, 4)
    jacobian = torch.autograd.functional.jacobian(net, maps).view(12, 12)
    assert (jacobian - torch.diag(jacobian.diagonal())).abs().max() == 0
    assert (jacobian.diagonal() != 0).all()
