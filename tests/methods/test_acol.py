"""ACoL: the eraser and the merged map by hand, who learns from which loss, and the published settings."""

import re

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from torch.nn import functional as F

from wsolzoo.methods.acol import ACoLHead, MergedMaps, keep_mask
from wsolzoo.run.launch import load_config
from wsolzoo.testing import build_model, scope


def make(**arguments) -> ACoLHead:
    torch.manual_seed(0)
    head = ACoLHead(3, (4,), **{'mid_channels': (6,), **arguments})
    head.init_weights()
    return head


def test_positions_at_or_above_the_threshold_of_the_normalised_map_are_erased():
    scores = torch.tensor([[[0.0, 1.0], [2.0, 4.0]], [[9.0, 0.0], [0.0, 0.0]]])[None].repeat(2, 1, 1, 1)
    kept = keep_mask(scores, torch.tensor([0, 1]), threshold=0.5)
    assert kept.tolist() == [[[[True, True], [False, False]]], [[[False, True], [True, True]]]]
    assert keep_mask(scores + 7, torch.tensor([0, 1]), threshold=0.5).equal(kept), 'each map on its own scale'


def test_a_constant_map_erases_nothing_and_is_zero_rather_than_nan():
    constant = torch.full((1, 2, 3, 3), 5.0)
    assert keep_mask(constant, torch.tensor([1]), threshold=0.1).all()
    assert MergedMaps(constant, constant).all().equal(torch.zeros(1, 2, 3, 3))


def test_maps_are_merged_by_the_larger_of_the_normalised_ones():
    first = torch.tensor([[[[0.0, 2.0], [1.0, 4.0]], [[1.0, 0.0], [0.0, 0.0]]]])
    second = torch.tensor([[[[-8.0, 2.0], [0.0, -8.0]], [[0.0, 0.0], [0.0, 3.0]]]])
    merged = MergedMaps(first, second)
    expected = torch.tensor([[[[0.0, 1.0], [0.8, 1.0]], [[1.0, 0.0], [0.0, 1.0]]]])
    torch.testing.assert_close(merged.all(), expected)
    torch.testing.assert_close(merged.of(torch.tensor([[1, 0]])), expected[:, [1, 0]])


def test_losses_are_those_of_the_definition():
    head, feat, labels = make(threshold=0.6, loss_weight=0.5), torch.randn(4, 4, 5, 5), torch.tensor([0, 2, 1, 1])
    output, scalars = head.loss((feat,), labels, None)
    erased = feat.clone()
    scores = head.classifier(feat)
    for image, label in enumerate(labels):
        map = scores[image, label]
        high = (map - map.min()) / (map.max() - map.min()) >= 0.6
        erased[image, :, high] = 0
    torch.testing.assert_close(scalars['loss_cls'], F.cross_entropy(scores.mean((2, 3)), labels))
    torch.testing.assert_close(
        scalars['loss_complement'], 0.5 * F.cross_entropy(head.complement(erased).mean((2, 3)), labels)
    )
    torch.testing.assert_close(scalars['erased_ratio'], (erased == 0).all(1).float().mean())
    torch.testing.assert_close(output.logits, scores.mean((2, 3)), msg='the class is told by the first classifier')


def test_the_second_classifier_teaches_the_kept_positions_and_never_the_first_classifier():
    head, labels = make(), torch.tensor([0, 2])
    feat = torch.randn(2, 4, 5, 5, requires_grad=True)
    output, scalars = head.loss((feat,), labels, None)
    scalars['loss_complement'].backward()
    reached = (feat.grad != 0).any(1, keepdim=True)
    kept = output.extras['kept']
    assert 0 < kept.sum() < kept.numel()
    assert reached.equal(kept)
    assert all(parameter.grad is None for parameter in head.classifier.parameters())
    assert all(parameter.grad.abs().sum() > 0 for parameter in head.complement.parameters())


def test_a_test_erases_by_the_given_class_else_by_the_predicted_one():
    head, feat = make(), torch.randn(3, 4, 5, 5)
    free = head((feat,))
    predicted = free.logits.argmax(1)
    torch.testing.assert_close(head((feat,), predicted).maps, free.maps)
    assert not head((feat,), (predicted + 1) % 3).extras['kept'].equal(free.extras['kept'])


def test_the_average_pooling_counts_the_zeros_around_the_feature():
    pooled = make(pool=3).pool(torch.ones(1, 4, 3, 3))[0, 0]
    torch.testing.assert_close(pooled, torch.tensor([[4.0, 6, 4], [6, 9, 6], [4, 6, 4]]) / 9)


def test_half_precision_has_no_nan():
    head, feat = make(), torch.randn(2, 4, 5, 5) * 100
    with torch.autocast('cpu', dtype=torch.bfloat16):
        output, scalars = head.loss((feat,), torch.tensor([0, 1]), None)
    assert all(value.isfinite() for value in scalars.values())
    assert output.maps.isfinite().all()
    assert output.maps.dtype == torch.float32


TUNED = {'vgg16': (1.0569582e-4, 0.89), 'inceptionv3': (6.58832165e-3, 0.79), 'resnet50': (1.700073e-5, 0.57)}
"""Learning rate and threshold on CUB, by Choe et al."""


@pytest.mark.parametrize('backbone', TUNED)
def test_the_full_size_configs_carry_the_published_settings(backbone):
    cfg = load_config(f'acol/acol_{backbone}_1xb32-50e_cub-224px.py')
    assert (cfg.optim_wrapper.optimizer.lr, cfg.model.head.threshold) == TUNED[backbone]
    assert cfg.optim_wrapper.optimizer.weight_decay == (1e-4 if backbone == 'resnet50' else 5e-4)
    assert cfg.model.head.get('pool', 1) == (3 if backbone == 'vgg16' else 1)
    assert load_config(f'acol/acol_{backbone}_1xb32-10e_ilsvrc-224px.py').model.head.threshold == 0.7


def test_vgg16_has_the_two_wide_pools():
    cfg = load_config('acol/acol_vgg16_1xb32-50e_cub-224px.py')
    cfg.model.backbone.width, cfg.model.head.mid_channels = 0.0625, (8,)
    model = build_model(cfg)
    pools = {stage: model.backbone.get_submodule(model.backbone._stage_paths[stage][0]) for stage in ('pool4', 'pool5')}
    assert [(pool.kernel_size, pool.stride, pool.padding) for pool in pools.values()] == [(3, 2, 1), (3, 1, 1)]
    assert model.backbone(torch.zeros(1, 3, 32, 32))[0][-1].shape[2:] == (2, 2), 'a stride of 16'


@pytest.mark.parametrize(('method', 'backbone', 'fast'), [
    ('acol', 'resnet50', '^backbone.layer4'),
    ('spg', 'resnet50', '^backbone.layer4'),
    ('acol', 'vgg16', '^head'),
    ('spg', 'vgg16', '^head'),
])  # fmt: skip
def test_what_learns_ten_times_as_fast(method, backbone, fast):
    """The rule of Choe et al. for ResNet names layer4 and fc; the heads of these methods have other names."""
    cfg = load_config(f'{method}/{method}_{backbone}_1xb32-50e_cub-224px.py')
    cfg.model.backbone.width = 0.0625
    cfg.model.backbone.pop('init_cfg', None)
    cfg.model.head.pop('init_cfg', None)
    cfg.model.head.mid_channels = (8,)
    model = build_model(cfg)
    with scope():
        groups = build_optim_wrapper(model, cfg.optim_wrapper).optimizer.param_groups
    base = cfg.optim_wrapper.optimizer.lr
    factor = {id(p): round(group['lr'] / base) for group in groups for p in group['params']}
    for name, parameter in model.named_parameters():
        late = backbone == 'vgg16' and method == 'spg' and re.search(r'features\.(17|19|2[1468])\.', name)
        assert factor[id(parameter)] == (10 if re.search(fast, name) or late else 1), name


def test_bad_arguments_say_what_to_do():
    with pytest.raises(ValueError, match=r'\(0, 1\]'):
        make(threshold=0.0)
    with pytest.raises(ValueError, match='odd'):
        make(pool=2)
