"""Backbones: resuming, sizes, names, weights' names."""

import copy
import pickle

import pytest
import torch
from torch import nn
from torch.func import functional_call

from wsolzoo.models.backbones import (
    VGG16,
    AlexNetPaper,
    InceptionV3,
    LeNet5,
    MobileNetV1,
    PlainNet,
    ResNet,
    SqueezeNet,
    StagedBackbone,
)
from wsolzoo.registry import MODELS

SMALL = [
    (PlainNet, {'base_channels': 4}),
    (VGG16, {'width': 0.05, 'conv6': True}),
    (VGG16, {'width': 0.05, 'batch_norm': True, 'smooth': True, 'pools': (2, 2, 2, (3, 2), (3, 1))}),
    (ResNet, {'width': 0.1, 'depth': 18, 'output_stride': 8}),
    (ResNet, {'width': 0.1, 'depth': 50, 'output_stride': 8, 'pool_layer4': True}),
    (InceptionV3, {'out_stages': ('Mixed_5d', 'Mixed_7c'), 'output_stride': 16}),
    (MobileNetV1, {'width': 0.1, 'tf_padding': True, 'relu6': True}),
    (SqueezeNet, {'width': 0.25}),
    (LeNet5, {}),
    (LeNet5, {'partial': False, 'pool': 'trainable', 'act': 'tanh'}),
    (AlexNetPaper, {'width': 0.1, 'out_stages': ('conv5',)}),
    (AlexNetPaper, {'width': 0.1, 'groups': 1, 'norm_first': False, 'out_stages': ('conv5',)}),
]
NAMES = [f'{net.__name__}-{i}' for i, (net, _) in enumerate(SMALL)]


class Halve(nn.Module):
    """A neck whose effect and order can be seen."""

    def __init__(self, log: list, name: str) -> None:
        super().__init__()
        self.log, self.name = log, name

    def forward(self, x):
        self.log.append(self.name)
        return x * 0.5, None if self.name == 'silent' else self.name


@pytest.mark.parametrize(('net', 'kwargs'), SMALL, ids=NAMES)
def test_resuming_at_any_stage_gives_the_same_numbers(net, kwargs):
    torch.manual_seed(0)
    backbone = net(**kwargs).eval()
    asked = backbone.out_stages
    backbone.out_stages = backbone.stage_names
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        feats, attentions = backbone(x)
        kept = [feat.clone() for feat in feats]
        for index in range(1, len(feats)):
            resumed, _ = backbone(feats[index - 1], start=index)
            assert all(map(torch.equal, resumed, kept[index:])), backbone.stage_names[index]
    assert attentions == ()
    assert all(map(torch.equal, feats, kept)), 'a stage wrote into its input'
    assert tuple(feat.shape[1] for feat in feats) == backbone.stage_channels
    backbone.out_stages = asked
    assert backbone.out_channels == tuple(feats[backbone.stage_index(name)].shape[1] for name in asked)


@pytest.mark.parametrize(('net', 'kwargs'), SMALL, ids=NAMES)
def test_training_pass_leaves_no_state_and_reaches_every_parameter(net, kwargs):
    torch.manual_seed(0)
    backbone = net(**kwargs)
    before = set(vars(backbone))
    feats, _ = backbone(torch.randn(2, 3, 64, 64))
    feats[-1].square().mean().backward()
    assert set(vars(backbone)) == before
    assert [name for name, p in backbone.named_parameters() if p.grad is None] == []
    clone = copy.deepcopy(backbone).eval()
    again = pickle.loads(pickle.dumps(clone))
    backbone.eval()
    x = torch.randn(1, 3, 64, 64)
    assert torch.equal(clone(x)[0][-1], backbone(x)[0][-1])
    assert torch.equal(again(x)[0][-1], backbone(x)[0][-1])


def grid(backbone: StagedBackbone, stage: str, size: int = 224) -> int:
    """Cells along a side, from shapes alone."""
    state = {name: torch.empty_like(t, device='meta') for name, t in backbone.state_dict().items()}
    last = backbone.out_stages
    backbone.out_stages = (backbone.stage_names[backbone.stage_index(stage)],)
    with torch.no_grad():
        feats, _ = functional_call(backbone, state, torch.empty(1, 3, size, size, device='meta'))
    backbone.out_stages = last
    assert feats[0].shape[2] == feats[0].shape[3]
    return feats[0].shape[2]


@pytest.mark.parametrize(
    ('net', 'kwargs', 'sizes'),
    [
        (VGG16, {'width': 0.1, 'conv6': True}, {'pool3': 28, 'conv4_3': 28, 'conv5_3': 14, 'conv6': 14}),
        (VGG16, {'width': 0.1, 'output_stride': 8}, {'conv4_3': 28, 'conv5_3': 28}),
        (VGG16, {'width': 0.1, 'pools': (2, 2, 2, (3, 2), (3, 1))}, {'pool4': 14, 'pool5': 14}),
        (VGG16, {'width': 0.1, 'output_stride': 32}, {'pool5': 7}),
        (ResNet, {'width': 0.1}, {'layer2': 28, 'layer3.0': 14, 'layer4.0': 14, 'layer4.2': 14}),
        (ResNet, {'width': 0.1, 'output_stride': 8}, {'layer3.0': 28, 'layer3': 28, 'layer4': 28}),
        (ResNet, {'width': 0.1, 'output_stride': 8, 'pool_layer4': True}, {'layer3': 28, 'pool': 14, 'layer4': 14}),
        (ResNet, {'width': 0.1, 'output_stride': 32}, {'layer4': 7}),
        (InceptionV3, {'out_stages': 'Mixed_7c'}, {'Mixed_5d': 28, 'Mixed_6e': 28, 'Mixed_7a': 14, 'Mixed_7c': 14}),
        (InceptionV3, {'output_stride': 16}, {'Mixed_5d': 28, 'maxpool3': 14, 'Mixed_6a': 14, 'Mixed_6e': 14}),
        (MobileNetV1, {}, {'blocks.3': 28, 'blocks.3.5': 28, 'blocks.4': 14}),
        (MobileNetV1, {'output_stride': 8, 'tf_padding': True}, {'blocks.4': 28}),
        (MobileNetV1, {'output_stride': 32, 'width': 0.75}, {'blocks.3': 14, 'blocks.4': 7}),
        (SqueezeNet, {'stem_padding': 1}, {'fire5': 28, 'fire9': 14}),
        (SqueezeNet, {'stem_padding': 1, 'output_stride': 8}, {'fire9': 28}),
    ],
)  # fmt: skip
def test_sizes_at_224_pixels(net, kwargs, sizes):
    backbone = net(**kwargs)
    assert {stage: grid(backbone, stage) for stage in sizes} == sizes
    assert all(224 // size == backbone.stage_strides[backbone.stage_index(stage)] for stage, size in sizes.items())


def test_squeezenet_gives_14_cells_at_227_pixels():
    assert grid(SqueezeNet(width=0.25), 'fire9', 227) == 14


def torchvision_keys(name: str, drop: tuple[str, ...]) -> set[tuple[str, tuple[int, ...]]]:
    import torchvision

    with torch.device('meta'):
        kwargs = {'init_weights': False} if name == 'inception_v3' else {}
        state = torchvision.models.get_model(name, **kwargs).state_dict()
    return {(key, tuple(value.shape)) for key, value in state.items() if not key.startswith(drop)}


@pytest.mark.parametrize(
    ('backbone', 'name', 'drop'),
    [
        (lambda: VGG16(), 'vgg16', ('classifier',)),
        (lambda: VGG16(batch_norm=True, output_stride=8), 'vgg16_bn', ('classifier',)),
        (lambda: ResNet(18), 'resnet18', ('fc',)),
        (lambda: ResNet(50, pool_layer4=True), 'resnet50', ('fc',)),
        (lambda: SqueezeNet(), 'squeezenet1_1', ('classifier',)),
        (lambda: InceptionV3(), 'inception_v3', ('fc', 'AuxLogits', 'Mixed_7')),
        (lambda: InceptionV3(out_stages='Mixed_7c'), 'inception_v3', ('fc', 'AuxLogits')),
    ],
)
def test_weights_are_named_as_in_torchvision(backbone, name, drop):
    with torch.device('meta'):
        net = backbone()
    assert {(key, tuple(value.shape)) for key, value in net.state_dict().items()} == torchvision_keys(name, drop)


@pytest.mark.parametrize(
    ('ours', 'name', 'layer'),
    [
        (lambda: ResNet(18, output_stride=32), 'resnet18', lambda net, x: nn.Sequential(*list(net.children())[:-2])(x)),
        (lambda: SqueezeNet(), 'squeezenet1_1', lambda net, x: net.features(x)),
    ],
)
def test_same_features_as_torchvision(ours, name, layer):
    import torchvision

    torch.manual_seed(0)
    net, backbone = torchvision.models.get_model(name).eval(), ours().eval()
    backbone.load_state_dict({k: v for k, v in net.state_dict().items() if not k.startswith(('fc', 'classifier'))})
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(backbone(x)[0][-1], layer(net, x))


def test_mobilenet_is_that_of_timm():
    timm = pytest.importorskip('timm')
    torch.manual_seed(0)
    net = timm.create_model('mobilenetv1_100', num_classes=0).eval()
    backbone = MobileNetV1(output_stride=32, relu6=True).eval()
    backbone.load_state_dict(net.state_dict())
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        blocks = net.blocks(net.bn1(net.conv_stem(x)))
        assert torch.allclose(backbone(x)[0][-1], blocks, atol=1e-6)


def test_norm_eval_keeps_running_statistics_and_still_learns_the_affine_part():
    torch.manual_seed(0)
    net = MobileNetV1(width=0.1, norm_eval=True).train()
    before = net.bn1.running_mean.clone()
    net(torch.randn(2, 3, 32, 32))[0][-1].sum().backward()
    assert torch.equal(net.bn1.running_mean, before) and net.bn1.weight.grad is not None
    assert net.training and not net.bn1.training
    assert MobileNetV1(width=0.1).train().bn1.training


def test_early_stages_are_held_and_the_others_learn():
    backbone = MobileNetV1(width=0.1, freeze='blocks.2', out_stages=('blocks.2', 'blocks.4')).train()
    early, last = backbone(torch.randn(2, 3, 32, 32))[0]
    assert not early.requires_grad, 'a graph was kept'
    last.sum().backward()
    learned = {name for name, parameter in backbone.named_parameters() if parameter.grad is not None}
    assert learned == {name for name, _ in backbone.named_parameters() if name.startswith(('blocks.3', 'blocks.4'))}
    norms = {name: module.training for name, module in backbone.named_modules() if isinstance(module, nn.BatchNorm2d)}
    assert {name for name, training in norms.items() if training} == {
        name for name in norms if name.startswith(('blocks.3', 'blocks.4'))
    }
    assert not any(parameter.requires_grad for parameter in MobileNetV1(width=0.1, freeze=True).parameters())
    with pytest.raises(ValueError, match='Did you mean'):
        MobileNetV1(width=0.1, freeze='block.2')


def test_tensorflow_padding_goes_right_and_below():
    plain, same = MobileNetV1(width=0.1).conv_stem, MobileNetV1(width=0.1, tf_padding=True).conv_stem
    same.load_state_dict(plain.state_dict())
    x = torch.randn(1, 3, 8, 8)
    expected = nn.functional.conv2d(nn.functional.pad(x, (0, 1, 0, 1)), same.weight, stride=2)
    assert torch.equal(same(x), expected)
    assert not torch.allclose(plain(x), expected)
    odd = torch.randn(1, 3, 7, 7)
    assert torch.allclose(plain(odd), same(odd))


def middle_of_what_it_sees(backbone: MobileNetV1, size: int) -> tuple[float, float]:
    """Of the middle cell of the first feature: the mean position of the pixels it depends on, and its own place."""
    for parameter in backbone.parameters():
        parameter.data.abs_()  # nothing cancels and no activation is silent
    image = torch.ones(1, 3, size, size, requires_grad=True)
    feat = backbone(image)[0][0]
    cell = feat.shape[3] // 2
    feat[0, :, cell, cell].sum().backward()
    seen = image.grad[0].abs().sum((0, 1))
    stride = size / feat.shape[3]
    return float((seen * torch.arange(size)).sum() / seen.sum()), (cell + 0.5) * stride - 0.5


@pytest.mark.parametrize(('stages', 'stride'), [(('blocks.4',), 32), (('blocks.3', 'blocks.4'), 16)])
def test_tensorflows_padding_moves_the_cells_and_centred_brings_them_back(stages, stride):
    net = {'output_stride': 32, 'width': 0.1, 'norm_eval': True, 'out_stages': stages}
    seen, own = middle_of_what_it_sees(MobileNetV1(**net, tf_padding=True).train(), 448)
    assert seen - own == pytest.approx((stride - 1) / 2, abs=1.5)  # borders pull it back
    seen, own = middle_of_what_it_sees(MobileNetV1(**net, tf_padding='centred').train(), 448)
    assert seen == pytest.approx(own, abs=2)
    with pytest.raises(ValueError, match="'centred'; got 'centered'"):
        MobileNetV1(tf_padding='centered')


@pytest.mark.parametrize(
    ('net', 'kwargs', 'taps'),
    [
        (VGG16, {'width': 0.1}, ('pool3', 'conv4_3', 'conv5_3')),
        (ResNet, {'width': 0.1}, ('layer3.0', 'layer4.0', 'layer4.2', 'layer3')),
        (InceptionV3, {}, ('Mixed_5d', 'Mixed_6d', 'Mixed_6e')),
    ],
)
def test_the_places_that_papers_use_have_names(net, kwargs, taps):
    backbone = net(**kwargs)
    assert [backbone.stage_names[backbone.stage_index(tap)] for tap in taps][:2] == list(taps[:2])


def test_necks_run_in_order_and_change_the_features():
    backbone = PlainNet(base_channels=4, out_stages=('stage1', 'stage3')).eval()
    x, log = torch.randn(1, 3, 16, 16), []
    plain, _ = backbone(x)
    after = {'stage3': Halve(log, 'late'), 'stage1.0': Halve(log, 'silent'), 'stage1': Halve(log, 'early')}
    feats, attentions = backbone(x, after=after)
    assert log == ['silent', 'early', 'late']
    assert attentions == ('early', 'late')
    assert not torch.allclose(feats[0], plain[0])
    resumed, attentions = backbone(feats[0], start=backbone.stage_index('stage1') + 1, after=after)
    assert attentions == ('late',)
    assert torch.equal(resumed[0], feats[1])


def test_wrong_stages_are_answered_with_the_right_ones():
    backbone = PlainNet(base_channels=4)
    x = torch.randn(1, 3, 8, 8)
    with pytest.raises(ValueError, match=r"no stage 'stage2\.7'.*'stage2\.1'.*stem, stage1\.0"):
        backbone(x, start='stage2.7')
    with pytest.raises(ValueError, match='no stage'):
        backbone(x, after={'layer3': nn.Identity()})
    with pytest.raises(ValueError, match=r'stages 0\.\.6'):
        backbone(x, start=7)
    with pytest.raises(ValueError, match='twice'):
        PlainNet(base_channels=4, out_stages=('stage1', 'stage1.1'))
    with pytest.raises(ValueError, match=r"'Mixed_6e'"):
        InceptionV3(out_stages=('Mixed_6f',))


@pytest.mark.parametrize(
    ('net', 'kwargs'),
    [
        (VGG16, {'output_stride': 4}),
        (VGG16, {'pools': (2, 2)}),
        (ResNet, {'depth': 20}),
        (ResNet, {'output_stride': 4}),
        (InceptionV3, {'output_stride': 32}),
        (MobileNetV1, {'output_stride': 4}),
        (SqueezeNet, {'output_stride': 32}),
        (PlainNet, {'strides': (2,)}),
    ],
)
def test_settings_that_do_not_exist_are_refused(net, kwargs):
    with pytest.raises(ValueError, match='got'):
        net(**kwargs)


def test_what_follows_the_last_out_stage_is_gone():
    short = ResNet(18, width=0.1, out_stages=('layer2.0', 'layer3.0'))
    assert short.stage_names[-1] == 'layer3.0'
    assert not hasattr(short, 'layer4')
    assert 'layer3.1.conv1.weight' not in short.state_dict()
    assert short.strides == (8, 16)


def test_registered_by_name_and_initialised_by_config():
    cfg = {
        'type': 'wsolzoo.PlainNet',
        'base_channels': 4,
        'init_cfg': {'type': 'Constant', 'layer': 'Conv2d', 'val': 3.0},
    }
    backbone = MODELS.build(cfg)
    backbone.init_weights()
    assert (backbone.stem[0].weight == 3).all()


def test_smooth_averages_three_by_three_positions_and_keeps_their_number():
    torch.manual_seed(0)
    vgg = VGG16(width=0.05, smooth=True, output_stride=8, out_stages=('conv5_3', 'smooth')).eval()
    (rough, smooth), _ = vgg(torch.randn(1, 3, 40, 40))
    assert smooth.shape == rough.shape
    torch.testing.assert_close(smooth[..., 2, 2], rough[..., 1:4, 1:4].mean((2, 3)))
    torch.testing.assert_close(smooth[..., 0, 0], rough[..., :2, :2].sum((2, 3)) / 9)
