"""Networks of timm and mmpretrain, cut into stages."""

import copy
import pickle

import pytest
import torch
from torch import nn

from wsolzoo.models.backbones import MMPretrainBackbone, TimmBackbone, wrappers


def timm_net(*args, **kwargs):
    pytest.importorskip('timm')
    return TimmBackbone(*args, **kwargs)


VIT = {'img_size': 32, 'patch_size': 8, 'embed_dim': 24, 'depth': 2, 'num_heads': 2}
NETS = {
    'timm-resnet': lambda: timm_net('resnet10t', out_stages=('layer2', 'layer4')),
    'timm-mobilenet': lambda: timm_net('mobilenetv2_035', pad_type='same'),
    'timm-vit': lambda: timm_net('vit_tiny_patch16_224', class_token=False, global_pool='avg', **VIT),
    'timm-swin (channels last)': lambda: timm_net(
        'swin_tiny_patch4_window7_224', img_size=32, window_size=4, depths=(1,) * 4, embed_dim=24, num_heads=(2,) * 4
    ),
    'mmpretrain-resnet': lambda: MMPretrainBackbone(
        {'type': 'ResNet', 'depth': 18, 'stem_channels': 8, 'base_channels': 8, 'strides': (1, 2, 1, 1)}
    ),
    'mmpretrain-swin (tokens and sizes)': lambda: MMPretrainBackbone(
        {
            'type': 'SwinTransformer', 'window_size': 4, 'pad_small_map': True,
            'arch': {'embed_dims': 24, 'depths': [1, 1, 1, 1], 'num_heads': [1, 2, 4, 8]},
        }
    ),
    'mmpretrain-vit': lambda: MMPretrainBackbone(
        {
            'type': 'VisionTransformer', 'img_size': 32, 'patch_size': 8, 'with_cls_token': False,
            'arch': {'embed_dims': 24, 'num_layers': 2, 'num_heads': 2, 'feedforward_channels': 48},
        }
    ),
}  # fmt: skip


@pytest.mark.parametrize('name', NETS)
def test_resuming_at_any_stage_gives_the_same_numbers(name):
    torch.manual_seed(0)
    backbone = NETS[name]().eval()
    x = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        short, _ = backbone(x)
        assert tuple(feat.shape[1] for feat in short) == backbone.out_channels
        assert tuple(32 // feat.shape[2] for feat in short) == backbone.strides
        backbone.out_stages = backbone.stage_names
        feats, _ = backbone(x)
        kept = [feat.clone() for feat in feats]
        assert len(feats) > 3
        for index in range(1, len(feats)):
            resumed, _ = backbone(feats[index - 1], start=index)
            assert all(map(torch.equal, resumed, kept[index:])), backbone.stage_names[index]
    assert all(map(torch.equal, feats, kept)), 'a stage wrote into its input'
    assert all(feat.dim() == 4 for feat in feats)


@pytest.mark.parametrize('name', ['timm-resnet', 'timm-vit', 'mmpretrain-swin (tokens and sizes)'])
def test_training_reaches_every_parameter_that_is_left_and_copies_work(name):
    torch.manual_seed(0)
    backbone = NETS[name]()
    before = set(vars(backbone))
    backbone(torch.randn(2, 3, 32, 32))[0][-1].square().mean().backward()
    assert set(vars(backbone)) == before
    assert [key for key, p in backbone.named_parameters() if p.grad is None] == []
    backbone.eval()  # mmpretrain's own eval() returns None
    x = torch.randn(1, 3, 32, 32)
    for clone in (copy.deepcopy(backbone), pickle.loads(pickle.dumps(backbone))):
        assert torch.equal(clone(x)[0][-1], backbone(x)[0][-1])


@pytest.mark.parametrize('name', ['resnet10t', 'vit_tiny_patch16_224'])
def test_same_features_as_the_whole_network(name):
    timm = pytest.importorskip('timm')
    kwargs = VIT if name.startswith('vit') else {}
    net, backbone = timm.create_model(name, **kwargs).eval(), timm_net(name, **kwargs).eval()
    left = {key.removeprefix('net.') for key in backbone.state_dict()}
    backbone.net.load_state_dict({key: value for key, value in net.state_dict().items() if key in left})
    x = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        expected = net.forward_features(x)
        if expected.dim() == 3:
            expected = expected[:, 1:].transpose(1, 2).unflatten(2, (4, 4))
        assert torch.equal(backbone(x)[0][-1], expected)


def test_a_class_token_leaves_one_stage_and_a_clear_message():
    pytest.importorskip('timm')
    assert TimmBackbone('vit_tiny_patch16_224', **VIT).stage_names == ('norm',)
    with pytest.raises(ValueError, match=r"no stage 'blocks\.0'.*class_token=False"):
        TimmBackbone('vit_tiny_patch16_224', out_stages=('blocks.0',), **VIT)


def test_branches_are_refused_with_the_reason():
    with pytest.raises(ValueError, match=r'TNT of mmpretrain cannot be cut into stages: .*Use another network'):
        MMPretrainBackbone({'type': 'TNT', 'arch': {'embed_dims_outer': 24, 'embed_dims_inner': 4, 'num_layers': 1,
                            'num_heads_outer': 2, 'num_heads_inner': 2}, 'img_size': 32, 'patch_size': 8})  # fmt: skip


class Deciding(nn.Module):
    """Takes another path for large images, and another network by the numbers it sees."""

    def __init__(self, by_value: bool) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3, 2, 1), nn.Conv2d(4, 4, 3, 2, 1)
        self.by_value = by_value

    def forward_features(self, x):
        x = self.first(x)
        if (x.mean() > 0) if self.by_value else (x.shape[-1] > 64):
            x = x * 2
        return self.second(x)


class Wrapped(wrappers.GraphBackbone):
    def __init__(self, by_value: bool) -> None:
        super().__init__()
        self.net = Deciding(by_value)
        self.cut_graph('Deciding', 'forward_features', None, 32)


def test_a_path_that_depends_on_the_size_is_checked_at_each_call():
    backbone = Wrapped(by_value=False)
    assert backbone(torch.randn(1, 3, 40, 40))[0][0].shape[2] == 10
    with pytest.raises(RuntimeError, match='another path'):
        backbone(torch.randn(1, 3, 256, 256))


def test_finer_stages_and_positions_of_timm():
    pytest.importorskip('timm')
    coarse = TimmBackbone('convnext_atto', depths=(1, 1, 1, 1), dims=(8, 8, 8, 8), out_stages=(1, -1))
    assert coarse.out_stages == ('stages.1', 'stages.3')
    assert coarse.strides == (8, 32)
    fine = TimmBackbone('convnext_atto', depths=(2, 1, 1, 1), dims=(8, 8, 8, 8), expand=('stages.*',))
    assert 'stages.0.blocks.0' in fine.stage_names
    with pytest.raises(ValueError, match='timm lists features'):
        TimmBackbone('convnext_atto', depths=(1, 1, 1, 1), dims=(8, 8, 8, 8), out_stages=(9,))


def test_a_checkpoint_of_timm_loads_by_init_cfg(tmp_path):
    timm = pytest.importorskip('timm')
    net = timm.create_model('resnet10t')
    torch.save({f'net.{key}': value for key, value in net.state_dict().items()}, tmp_path / 'net.pth')
    cfg = {'type': 'Pretrained', 'checkpoint': str(tmp_path / 'net.pth')}
    backbone = TimmBackbone('resnet10t', init_cfg=cfg)
    backbone.init_weights()
    assert torch.equal(backbone.net.conv1[0].weight, net.conv1[0].weight)


def test_a_checkpoint_of_mmpretrain_loads_by_the_inner_init_cfg(tmp_path):
    small = {'type': 'ResNet', 'depth': 18, 'stem_channels': 4, 'base_channels': 4}
    source = MMPretrainBackbone(small).net
    state = {f'backbone.{key}': value for key, value in source.state_dict().items()}
    torch.save({'state_dict': state}, tmp_path / 'net.pth')
    cfg = {'type': 'Pretrained', 'checkpoint': str(tmp_path / 'net.pth'), 'prefix': 'backbone.'}
    backbone = MMPretrainBackbone({**small, 'init_cfg': cfg})
    backbone.init_weights()
    assert torch.equal(backbone.net.conv1.weight, source.conv1.weight)


def test_pretrained_weights_are_asked_of_timm(monkeypatch):
    timm = pytest.importorskip('timm')
    asked, create = [], timm.create_model

    def recorded(name, pretrained=False, **kwargs):
        asked.append((name, pretrained))
        return create(name, **kwargs)

    monkeypatch.setattr(timm, 'create_model', recorded)
    backbone = TimmBackbone('resnet10t', pretrained=True)
    before = backbone.net.conv1[0].weight.clone()
    backbone.init_weights()
    assert asked == [('resnet10t', True)]
    assert torch.equal(backbone.net.conv1[0].weight, before)
