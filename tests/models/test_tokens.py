"""Transformers in stages: resuming, readings, sizes, freezing, and the parts of convolutional methods on them."""

import copy
import pickle

import pytest
import torch
from mmengine.registry import DefaultScope
from torch import nn

from wsolzoo.models.backbones import MMPretrainViT, PlainCaiT, PlainNet, PlainViT, TimmBackbone, TimmViT, Tokens
from wsolzoo.models.backbones.tokens import READINGS
from wsolzoo.registry import MODELS
from wsolzoo.testing import tiny_batch

TINY = {'img_size': 32, 'patch_size': 8, 'embed_dim': 24, 'depth': 2, 'num_heads': 2}
ARCH = {'embed_dims': 24, 'num_layers': 2, 'num_heads': 2, 'feedforward_channels': 48}
MM = {'img_size': 32, 'patch_size': 8, 'arch': ARCH}


def timm_vit(name='vit_tiny_patch16_224', **kwargs):
    pytest.importorskip('timm')
    return TimmViT(name, **{**TINY, **kwargs})


NETS = {
    'timm': timm_vit,
    'timm registers': lambda **kw: timm_vit(reg_tokens=4, no_embed_class=True, qk_norm=True, **kw),
    'timm distilled': lambda **kw: timm_vit('deit_tiny_distilled_patch16_224', **kw),
    'timm dinov2': lambda **kw: timm_vit('vit_small_patch14_reg4_dinov2', img_size=28, patch_size=8, **kw),
    'mmpretrain': lambda **kw: MMPretrainViT({'type': 'VisionTransformer', **MM}, **kw),
    'mmpretrain distilled': lambda **kw: MMPretrainViT({'type': 'DistilledVisionTransformer', **MM}, **kw),
    'hybrid': lambda **kw: PlainViT(base_channels=4, blocks=2, num_heads=2, **kw),
    'class attention': lambda **kw: PlainCaiT(base_channels=4, blocks=2, num_heads=2, **kw),
}


def alive(backbone):
    """Zero-initialised ends of blocks would hide what happens in them."""
    torch.manual_seed(1)
    for parameter in backbone.parameters():
        nn.init.normal_(parameter, std=0.2)
    return backbone


@pytest.mark.parametrize('name', NETS)
def test_resuming_at_any_stage_gives_the_same_numbers(name):
    backbone = alive(NETS[name]()).eval()
    backbone.out_stages = backbone.stage_names
    x, carried = torch.randn(2, 3, 48, 40), {}
    with torch.no_grad():
        feats, _ = backbone(x, carried=carried)
        kept = [feat.clone() for feat in feats]
        assert feats[-1].shape[2:] == (6, 5), 'the grid is that of the image, not a square'
        for index in range(1, len(feats)):
            if backbone.stage_names[index - 1] not in READINGS:
                resumed, _ = backbone(feats[index - 1], start=index, carried=dict(carried))
                assert all(map(torch.equal, resumed, kept[index:])), backbone.stage_names[index]
    assert all(map(torch.equal, feats, kept)), 'a stage wrote into its input'


@pytest.mark.parametrize('name', [name for name in NETS if name != 'class attention'])
def test_readings_by_the_definition_of_attention(name):
    """Queries and keys taken from the projection itself, heads by hand, one full softmax."""
    backbone = alive(NETS[name](out_stages=(*READINGS, 'norm'))).eval()
    seen, prefix = [], backbone.num_prefix
    blocks = [backbone.get_submodule(backbone._stage_paths[f'blocks.{i}'][0]) for i in (0, 1)]
    handles = [block.attn.qkv.register_forward_hook(lambda m, a, out: seen.append(out)) for block in blocks]
    with torch.no_grad():
        attn, matrices, keys, cls, last = backbone(torch.randn(2, 3, 40, 32))[0]
    for handle in handles:
        handle.remove()
    assert tuple(feat.shape[1] for feat in (attn, matrices, keys, cls, last)) == backbone.out_channels
    for index, (block, qkv) in enumerate(zip(blocks, seen, strict=True)):
        q, k, _ = (part.unflatten(2, (2, -1)).transpose(1, 2) for part in qkv.chunk(3, 2))
        if name == 'timm registers':
            q, k = block.attn.q_norm(q), block.attn.k_norm(k)
        full = (q @ k.mT / q.shape[-1] ** 0.5).softmax(-1).mean(1)
        torch.testing.assert_close(matrices[:, index], full)
        torch.testing.assert_close(attn[:, index].flatten(1), full[:, 0, prefix:])
    torch.testing.assert_close(keys.flatten(2), seen[1].chunk(3, 2)[1][:, prefix:].mT)
    assert cls.shape[2:] == (1, 1)
    assert not any(module._forward_hooks for module in backbone.modules()), 'a hook was left'


@pytest.mark.parametrize('name', ['timm', 'timm registers', 'timm distilled', 'timm dinov2'])
def test_same_tokens_as_the_whole_network_of_timm(name, monkeypatch):
    backbone = alive(NETS[name](out_stages=('cls', 'norm'))).eval()
    x = torch.randn(2, 3, 48, 40)
    with torch.no_grad():
        cls, patches = backbone(x)[0]
        whole = backbone.net.forward_features(x)
        torch.testing.assert_close(patches.flatten(2).mT, whole[:, backbone.num_prefix :])
        torch.testing.assert_close(backbone.net.norm(cls[..., 0, 0]), whole[:, 0])


@pytest.mark.parametrize('name', ['mmpretrain', 'mmpretrain distilled'])
def test_same_tokens_as_the_whole_network_of_mmpretrain(name):
    backbone = alive(NETS[name](out_stages=('cls', 'norm')))
    backbone.eval()
    x = torch.randn(2, 3, 48, 40)
    with torch.no_grad():
        cls, patches = backbone(x)[0]
        (whole,) = backbone.net(x)
        torch.testing.assert_close(patches.flatten(2).mT, whole[:, backbone.num_prefix :])
        torch.testing.assert_close(backbone.net.ln1(cls[..., 0, 0]), whole[:, 0])


def test_chosen_blocks_and_what_is_not_kept():
    backbone = timm_vit(depth=4, looked_at=(-1, 1), out_stages=('attn',))
    assert backbone.looked_at == (1, 3)
    assert backbone.out_channels == (2,)
    assert 'norm' not in dict(backbone.net.named_children()), 'nothing reads it'
    assert backbone(torch.randn(1, 3, 32, 32))[0][0].shape == (1, 2, 4, 4)
    with pytest.raises(ValueError, match=r'looked_at names blocks 0\.\.3'):
        timm_vit(depth=4, looked_at=(4,))


def test_weights_are_named_as_timm_names_them():
    timm = pytest.importorskip('timm')
    names = set(timm.create_model('vit_tiny_patch16_224', **TINY).state_dict())
    assert {f'net.{name}' for name in names} - set(timm_vit().state_dict()) == {'net.head.weight', 'net.head.bias'}
    assert set(PlainNet(base_channels=4, strides=(2, 1, 2, 2)).state_dict()) < set(NETS['hybrid']().state_dict())


def test_the_hybrid_begins_as_its_convolutions():
    torch.manual_seed(0)
    backbone = PlainViT(base_channels=4, out_stages=('embed', 'blocks.2'))
    backbone.init_weights()
    before, after = backbone(torch.randn(2, 3, 96, 96))[0]
    assert torch.equal(before, after)
    after.square().sum().backward()
    assert backbone.blocks[0].mlp[-1].weight.grad.abs().sum() > 0, 'and its blocks learn from the first step on'


def test_the_hybrid_begins_from_the_convolutions_of_a_trained_network(tmp_path):
    trained = PlainNet(base_channels=4, strides=(2, 1, 2, 2))
    torch.save(
        {'state_dict': {f'backbone.{name}': value for name, value in trained.state_dict().items()}},
        file := tmp_path / 'c.pth',
    )
    backbone = PlainViT(base_channels=4, init_cfg=dict(type='Pretrained', checkpoint=str(file), prefix='backbone.'))
    backbone.init_weights()
    assert torch.equal(backbone.stage3[0][0].weight, trained.stage3[0][0].weight)
    assert not backbone.blocks[0].mlp[-1].weight.any() and backbone.cls_token.any(), (
        'the blocks still begin as the identity'
    )


def test_class_attention_leaves_patches_as_they_are():
    backbone = alive(PlainCaiT(base_channels=4, num_heads=2, out_stages=('embed', 'blocks.2', 'cls'))).eval()
    with torch.no_grad():
        before, after, cls = backbone(torch.randn(2, 3, 96, 96))[0]
    assert torch.equal(before, after)
    assert not torch.equal(cls[0], cls[1]), 'the class token looks'
    with pytest.raises(ValueError, match='PlainViT'):
        PlainCaiT(base_channels=4, out_stages=('matrices', 'norm'))


def test_another_grid_resizes_the_positions():
    backbone = alive(PlainViT(base_channels=4, num_heads=2)).eval()
    assert backbone(torch.randn(1, 3, 64, 96))[0][0].shape[2:] == (8, 12)


@pytest.mark.parametrize('name', ['timm', 'mmpretrain', 'hybrid'])
def test_frozen_holds_weights_mode_and_graph(name):
    kwargs = {} if name == 'hybrid' else {'timm': {'drop_path_rate': 0.5}, 'mmpretrain': {}}[name]
    backbone = NETS[name](freeze=True, **kwargs)
    holder = nn.ModuleList([backbone]).train()
    assert not any(module.training for module in backbone.modules())
    assert not any(parameter.requires_grad for parameter in holder.parameters())
    x = torch.randn(2, 3, 32, 32)
    first, second = (backbone(x)[0][0] for _ in range(2))
    assert torch.equal(first, second), 'paths were dropped'
    assert not first.requires_grad, 'a graph was kept'
    gain = nn.Parameter(torch.ones(()))
    backbone(x, after={'blocks.0': lambda x: (x * gain, None)})[0][0].square().sum().backward()
    assert gain.grad.abs() > 0, 'a neck between frozen stages learns'
    backbone(x.requires_grad_())[0][0].sum().backward()
    assert all(parameter.grad is None for parameter in backbone.parameters())


def test_training_reaches_every_parameter_and_copies_work():
    backbone = alive(NETS['hybrid']())
    before = set(vars(backbone))
    backbone(torch.randn(2, 3, 32, 32))[0][-1].square().mean().backward()
    assert set(vars(backbone)) == before
    assert [key for key, p in backbone.named_parameters() if p.grad is None] == []
    x = torch.randn(1, 3, 32, 32)
    for clone in (copy.deepcopy(backbone), pickle.loads(pickle.dumps(backbone))):
        assert torch.equal(clone.eval()(x)[0][-1], backbone.eval()(x)[0][-1])


def test_what_goes_beside_holds_no_more_than_the_prefix():
    carried: dict[int, Tokens] = {}
    with torch.no_grad():
        timm_vit().eval()(torch.randn(2, 3, 32, 32), carried=carried)
    assert [side.prefix.untyped_storage().nbytes() for side in carried.values()] == [2 * 24 * 4] * len(carried)
    again = carried[1].take(torch.tensor([1, 1, 0]))
    assert torch.equal(again.prefix, carried[1].prefix[[1, 1, 0]])


def localizer(backbone, head, **parts):
    preprocessor = {'type': 'ImgDataPreprocessor', 'mean': [127.0] * 3, 'std': [64.0] * 3, 'bgr_to_rgb': True}
    with DefaultScope.overwrite_default_scope('wsolzoo'):
        model = MODELS.build(
            {'type': 'Localizer', 'backbone': backbone, 'head': head, 'data_preprocessor': preprocessor, **parts}
        )
    model.init_weights()
    return model


VIT = {'type': 'TimmViT', 'model_name': 'vit_tiny_patch16_224', **TINY, 'out_stages': ('blocks.0', 'norm')}


def test_a_head_that_resumes_takes_the_class_token_of_the_first_pass():
    pytest.importorskip('timm')
    model = localizer(VIT, {'type': 'CAMHead', 'num_classes': 3}).eval()
    alive(model.backbone)
    (tap, last), passage = model.extract_feat(torch.randn(2, 3, 32, 32))
    torch.testing.assert_close(passage.resume(tap, after='blocks.0')[-1], last)
    torch.testing.assert_close(passage.resume(tap, after='blocks.0', frozen=True)[-1], last)
    with pytest.raises(ValueError, match=r'goes on at blocks\.1 without its class token.*carried='):
        model.backbone(tap, start='blocks.1')


def test_parts_of_convolutional_methods_on_patches():
    """BAS, with a second pass through the later blocks, ADL between them and a loss on the features."""
    pytest.importorskip('timm')
    head = {'type': 'BASHead', 'num_classes': 3, 'tap': 'blocks.0', 'mid_channels': 8, 'loss_weight': {}}
    model = localizer(VIT | {'drop_path_rate': 0.5}, head, necks={'blocks.1': {'type': 'ADLNeck'}}).train()
    batch = model.data_preprocessor(tiny_batch(model, 48), training=True)
    losses = model(**batch, mode='loss')
    sum(value for name, value in losses.items() if 'loss' in name).backward()
    assert model.backbone.net.blocks[0].attn.qkv.weight.grad.abs().sum() > 0
    model.eval()
    samples = model.test_step(tiny_batch(model, 48))
    assert samples[0].pred_raw_map.shape == (6, 6)


@pytest.mark.parametrize('method', ['gradcam', 'ablationcam'])
def test_post_hoc_maps_inside_a_transformer(method):
    pytest.importorskip('timm')
    pytest.importorskip('pytorch_grad_cam')
    model = localizer(
        VIT | {'out_stages': ('norm',)}, {'type': 'CAMHead', 'num_classes': 3},
        type='PostHocCAM', method=method, stage='blocks.0',
    ).eval()  # fmt: skip
    alive(model)
    batch = tiny_batch(model, 32)
    together = [sample.pred_raw_map for sample in model.test_step(copy.deepcopy(batch))]
    alone = model.test_step({key: value[1:] for key, value in batch.items()})[0].pred_raw_map
    torch.testing.assert_close(together[1], alone)


def test_errors_name_the_way_out():
    pytest.importorskip('timm')
    with pytest.raises(ValueError, match='40x32; the grid need not be square'):
        timm_vit()(torch.randn(1, 3, 41, 33))
    with pytest.raises(ValueError, match='no class token here.*read keys or matrices'):
        timm_vit(class_token=False, out_stages=('attn', 'norm'))
    for name in ('resnet10t', 'vit_tiny_r_s16_p8_224'):
        with pytest.raises(ValueError, match=f"{name} of timm is none. Use type='TimmBackbone'"):
            TimmViT(name)
    with pytest.raises(ValueError, match='none may be dropped'):
        timm_vit(patch_drop_rate=0.5)
    with pytest.raises(ValueError, match="type='MMPretrainBackbone'"):
        MMPretrainViT({'type': 'ResNet', 'depth': 18, 'stem_channels': 4, 'base_channels': 4})
    with pytest.raises(ValueError, match='num_heads must divide the 16 channels'):
        PlainViT(base_channels=4, num_heads=3)
    with pytest.raises(ValueError, match="no stage 'blocks.0'.*type='TimmViT'.*final_norm=True"):
        TimmBackbone('vit_tiny_patch16_224', out_stages=('blocks.0',), **TINY)


def test_the_advice_for_networks_without_class_token_keeps_the_norm():
    pytest.importorskip('timm')
    kwargs = {'class_token': False, 'global_pool': 'avg', 'final_norm': True, 'fc_norm': False}
    backbone = TimmBackbone('vit_tiny_patch16_224', **TINY, **kwargs)
    with torch.no_grad():
        patches = backbone.eval()(torch.randn(2, 3, 32, 32))[0][0]
    torch.testing.assert_close(patches.mean(1), torch.zeros(2, 4, 4), rtol=0, atol=1e-5)
    torch.testing.assert_close(patches.var(1, unbiased=False), torch.ones(2, 4, 4), rtol=0, atol=1e-3)
