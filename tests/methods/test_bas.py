"""BAS: formulas against hand arithmetic, the gradient rules, and the constant branch."""

import copy

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from torch.nn import functional as F

from wsolzoo.methods.bas import VARIANTS, BASHead, suppression
from wsolzoo.models.class_conv import class_conv3x3
from wsolzoo.run.launch import load_config
from wsolzoo.testing import build_model, scope, tiny_batch


def config(**head) -> dict:
    return {
        'model': {
            'type': 'Localizer',
            'data_preprocessor': {'type': 'ImgDataPreprocessor', 'mean': [128.0] * 3, 'std': [64.0] * 3},
            'backbone': {'type': 'PlainNet', 'base_channels': 4, 'out_stages': ('stage2', 'stage3')},
            'head': {'type': 'BASHead', 'num_classes': 5, 'tap': 'stage2', 'mid_channels': 8, **head},
        }
    }


def losses(model, size: int = 32) -> dict:
    batch = model.data_preprocessor(tiny_batch(model, size, batch_size=4), training=True)
    return model(batch['inputs'], batch['data_samples'], mode='loss')


def make(seed: int = 0, **head):
    torch.manual_seed(seed)
    return build_model(config(**head)).train()


def grads(model) -> dict[str, torch.Tensor]:
    return {name: p.grad.abs().sum().item() if p.grad is not None else 0.0 for name, p in model.named_parameters()}


def test_suppression_by_hand():
    background, whole = torch.tensor([1.0, 2.0, 3.0, 0.0]), torch.tensor([4.0, 2.0, 2.0, 0.0])
    ratio, constant = suppression(background, whole, VARIANTS['v1-cub'])
    torch.testing.assert_close(ratio, torch.tensor([0.25, 0.0, 0.0, 0.0]))
    assert constant.tolist() == [False, True, True, True]
    ratio, constant = suppression(background, whole, VARIANTS['v1-ilsvrc'])
    torch.testing.assert_close(ratio, torch.tensor([0.25, 1.0, 0.0, 0.0]))
    assert constant.tolist() == [False, False, True, False]
    ratio, constant = suppression(background, whole, VARIANTS['v2'])
    torch.testing.assert_close(ratio, torch.tensor([0.25, 1.0, 1.0, 0.0]))
    assert constant.tolist() == [False, False, True, False]
    negative = suppression(torch.tensor([-1.0]), torch.tensor([2.0]), VARIANTS['v2'])[0]
    assert negative.tolist() == [0.0], 'v2 rectifies the activations'


@pytest.mark.parametrize(
    ('variant', 'value', 'gradient', 'above'),
    [('v1-cub', 0.0, 0.0, 0.0), ('v1-ilsvrc', 1.0, 0.5, 0.0), ('v2', 1.0, 0.5, 1.0), ('v2-vgg', 1.0, 0.5, 0.0)],
)
def test_a_tie_is_constant_in_the_first_code_base_for_cub_alone(variant, value, gradient, above):
    background = torch.tensor([2.0, 2.5, 0.0], requires_grad=True)  # equal, above, and nothing anywhere
    ratio, constant = suppression(background, torch.tensor([2.0, 2.0, 0.0]), VARIANTS[variant])
    ratio[:2].sum().backward()
    torch.testing.assert_close(ratio, torch.tensor([value, above, 0.0]))
    assert background.grad.tolist() == [gradient, 0.0, 0.0]
    assert constant.tolist() == [variant == 'v1-cub', True, variant == 'v1-cub']


def test_the_constant_branch_has_no_gradient_and_no_nan():
    background = torch.tensor([1.0, 3.0, 0.0], requires_grad=True)
    suppression(background, torch.tensor([4.0, 2.0, 0.0]), VARIANTS['v1-cub'])[0].sum().backward()
    assert background.grad.tolist() == [0.25, 0.0, 0.0]


def test_no_gradient_into_the_denominator():
    whole = torch.tensor([4.0], requires_grad=True)
    background = torch.tensor([1.0], requires_grad=True)
    suppression(background, whole, VARIANTS['v2'])[0].sum().backward()
    assert whole.grad is None


def test_background_loss_moves_generator_and_early_stages_never_the_later_ones():
    model = make(generator_bias=1.0)
    scalars = losses(model)
    assert scalars['bas_const_ratio'] < 1, 'the test needs an image outside the constant branch'
    scalars['loss_bas'].backward()
    found = grads(model)
    assert found['head.generator.weight'] > 0
    assert found['head.generator.bias'] > 0
    for name, grad in found.items():
        if name.startswith(('backbone.stem', 'backbone.stage1', 'backbone.stage2')):
            assert grad > 0, f'{name} must learn from the background loss'
        if name.startswith(('backbone.stage3', 'head.hidden', 'head.score')):
            assert grad == 0, f'{name} must not learn from the background loss'


def test_foreground_guidance_trains_everything_and_area_the_generator_side_alone():
    model = make()
    losses(model)['loss_frg'].backward()
    assert all(grad > 0 for name, grad in grads(model).items() if not name.endswith('bias'))
    model = make()
    losses(model)['loss_ac'].backward()
    found = grads(model)
    assert found['head.generator.weight'] > 0
    assert found['backbone.stage2.0.0.weight'] > 0
    assert found['backbone.stage3.0.0.weight'] == found['head.score.weight'] == 0


def test_masked_pass_leaves_running_statistics_alone():
    with_bas, without = make(), make(loss_weight={'bas': 0.0})
    losses(with_bas), losses(without)
    for (name, one), (_, other) in zip(with_bas.named_buffers(), without.named_buffers(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0, msg=f'{name} moved in the masked pass')


def test_masked_pass_uses_batch_statistics_of_the_masked_feature():
    model = make(variant='v2')
    batch = model.data_preprocessor(tiny_batch(model, 32, batch_size=4), training=True)
    labels = torch.tensor([int(s.gt_label) for s in batch['data_samples']])
    with torch.no_grad():
        (tap, _), passage = model.extract_feat(batch['inputs'])
        mask = class_conv3x3(tap, model.head.generator.weight, model.head.generator.bias, labels).sigmoid()
        got = model.head.background_activation(tap, mask, labels, passage)
        copied = copy.deepcopy(model)
        feats, _ = copied.backbone(tap * (1 - mask), start='stage3.0')
        expected = copied.head.score(copied.head.hidden(feats[-1])).mean((2, 3))[torch.arange(4), labels]
    torch.testing.assert_close(got, expected)


def test_losses_by_hand_from_the_definition():
    model = make(loss_weight={'frg': 0.5, 'bas': 2.0, 'ac': 1.5})
    scalars = losses(model)
    batch = model.data_preprocessor(tiny_batch(model, 32, batch_size=4), training=True)
    labels = torch.tensor([int(s.gt_label) for s in batch['data_samples']])
    with torch.no_grad():
        (tap, last), _ = model.trunk(batch['inputs'])
        scores = model.head.score(model.head.hidden(last)).relu()
        mask = model.head.generator(tap).sigmoid()[torch.arange(4), labels][:, None]
        torch.testing.assert_close(scalars['loss_cls'], F.cross_entropy(scores.mean((2, 3)), labels))
        inside = (scores * F.avg_pool2d(mask, 2)).mean((2, 3))
        torch.testing.assert_close(scalars['loss_frg'], 0.5 * F.cross_entropy(inside, labels))
        torch.testing.assert_close(scalars['loss_ac'], 1.5 * mask.mean())
        torch.testing.assert_close(scalars['map_area'], mask.mean())


def straightforward_loss_bas(model, inputs, labels) -> torch.Tensor:
    """The suppression loss from its definition: a copy of everything after the tap, and one image after the other."""
    (tap, last), _ = model.trunk(inputs)
    mask = model.head.generator(tap).sigmoid()[torch.arange(len(labels)), labels][:, None]
    copied = copy.deepcopy(model)
    feats, _ = copied.backbone(tap.detach() * (1 - mask), start='stage3.0')
    background = copied.head.score_maps(feats[-1]).mean((2, 3))
    whole = model.head.score_maps(last).mean((2, 3)).detach()
    ratios = []
    for image, label in enumerate(labels):
        outside = background[image, label] >= whole[image, label]
        ratios.append(background.new_zeros(()) if outside else background[image, label] / (whole[image, label] + 1e-8))
    return torch.stack(ratios).mean()


def test_the_background_loss_and_its_gradients_are_those_of_the_definition():
    found = make(loss_weight={'bas': 2.0}, generator_bias=1.0).double()
    reference = copy.deepcopy(found)
    batch = found.data_preprocessor(tiny_batch(found, 32, batch_size=4), training=True)
    inputs, labels = batch['inputs'].double(), torch.tensor([int(s.gt_label) for s in batch['data_samples']])
    scalars = found(inputs, batch['data_samples'], mode='loss')
    expected = 2.0 * straightforward_loss_bas(reference, inputs, labels)
    assert 0 < scalars['bas_const_ratio'] < 1 or expected > 0, 'the test needs an image outside the constant branch'
    torch.testing.assert_close(scalars['loss_bas'], expected)
    scalars['loss_bas'].backward()
    expected.backward()
    for (name, one), (_, other) in zip(found.named_parameters(), reference.named_parameters(), strict=True):
        assert (one.grad is None) == (other.grad is None), name
        if one.grad is not None:
            torch.testing.assert_close(one.grad, other.grad, msg=lambda text, name=name: f'{name}: {text}')


def test_the_ratio_is_computed_in_single_precision():
    ratio, _ = suppression(torch.tensor([1.0]).half(), torch.tensor([3.0]).half(), VARIANTS['v1-cub'])
    assert ratio.dtype == torch.float32 and ratio.item() == pytest.approx(1 / 3, rel=1e-6)


PUBLISHED = {
    'vgg16_1xb32-100e_cub': (0, 0.7, 80, 0.15),
    'mobilenetv1_1xb32-100e_cub': (0.5, 1.5, 200, 0.15),
    'resnet50_1xb32-100e_cub': (0.5, 1.2, 200, 0.15),
    'inceptionv3_1xb32-100e_cub': (0.5, 1.0, 200, 0.10),
    'vgg16_4xb32-9e_ilsvrc': (0.05, 1.0, 'gt', 0.50),
    'mobilenetv1_4xb32-9e_ilsvrc': (0.5, 1.5, 'gt', 0.50),
    'resnet50_4xb32-9e_ilsvrc': (1, 2.0, 'gt', 0.45),
    'inceptionv3_4xb32-9e_ilsvrc': (1, 2.5, 'gt', 0.30),
}
"""Weights of guidance and area, classes that are averaged, and threshold, by backbone and data set (CVPR code base)."""


@pytest.mark.parametrize('name', PUBLISHED)
def test_the_full_size_configs_carry_the_published_constants(name):
    cfg = load_config(f'bas/bas_{name}-224px.py')
    guidance, area, classes, threshold = PUBLISHED[name]
    weights = cfg.model.head.loss_weight
    assert (weights.frg, weights.ac, weights.bas) == (guidance, area, 1.0)
    assert cfg.model.cam_class == classes
    assert cfg.test_evaluator.fixed == {'bas-v1': threshold}
    cub = 'cub' in name
    assert cfg.train_cfg.max_epochs == (100 if cub else 9)
    assert cfg.param_scheduler.milestones == ([80] if cub else [3, 6]) and cfg.param_scheduler.gamma == 0.1
    assert cfg.optim_wrapper.optimizer == {
        'type': 'SGD',
        'lr': 1e-3,
        'momentum': 0.9,
        'nesterov': True,
        'weight_decay': 5e-4,
    }


def test_generator_and_classifier_learn_faster_biases_twice_as_fast_and_everything_decays():
    cfg = load_config('bas/bas_vgg16_1xb32-100e_cub-224px.py')
    cfg.model.backbone.width, cfg.model.head.mid_channels = 0.125, 8
    cfg.model.backbone.pop('init_cfg', None)
    model = build_model(cfg)
    with scope():
        groups = build_optim_wrapper(model, cfg.optim_wrapper).optimizer.param_groups
    rate_of = {id(p): (round(group['lr'], 9), group['weight_decay']) for group in groups for p in group['params']}
    rates = {name: rate_of[id(p)] for name, p in model.named_parameters()}
    assert rates['head.generator.weight'] == rates['head.score.weight'] == (1e-2, 5e-4)
    assert rates['head.generator.bias'] == rates['head.hidden.0.bias'] == (2e-2, 5e-4)
    early = {name: rate for name, rate in rates.items() if name.startswith('backbone')}
    assert {rate for name, rate in early.items() if name.endswith('weight')} == {(1e-3, 5e-4)}
    assert {rate for name, rate in early.items() if name.endswith('bias')} == {(2e-3, 5e-4)}


@pytest.mark.parametrize('variant', VARIANTS)
def test_area_is_near_one_half_at_initialisation(variant):
    scalars = losses(make(variant=variant))
    assert 0.35 < scalars['map_area'] < 0.65
    assert 0 <= scalars['loss_bas'] <= 1


def test_prediction_averages_the_maps_of_the_most_probable_classes():
    model = make().eval()
    batch = model.data_preprocessor(tiny_batch(model, 32), training=False)
    with torch.no_grad():
        samples = model(batch['inputs'], batch['data_samples'], mode='predict', cam_class=2)
        output = model(batch['inputs'], mode='tensor')
    top = output.logits.topk(2, dim=1).indices
    for index, sample in enumerate(samples):
        torch.testing.assert_close(sample.pred_raw_map, output.maps[index, top[index]].mean(0))


def test_bad_arguments_say_what_to_do():
    with pytest.raises(ValueError, match='out_stages'):
        BASHead(5, (8,), tap='stage2')
    with pytest.raises(ValueError, match='v1-cub'):
        BASHead(5, (8, 16), tap='stage2', variant='v3')
    with pytest.raises(ValueError, match='area'):
        BASHead(5, (8, 16), tap='stage2', loss_weight={'area': 1.0})
