"""Width plans: a cut network computes what a masked one does, and its checkpoint rebuilds it."""

import copy
import logging
from types import SimpleNamespace

import pytest
import torch
from mmengine.logging import MessageHub
from torch import nn

import wsolzoo.methods  # noqa: F401 - registers the methods
from wsolzoo.engine.weights.checkpoint import CheckpointReportHook, load_weights
from wsolzoo.engine.width_plan import (
    KEY,
    Rule,
    compose,
    cut,
    make_record,
    masked,
    plan_widths,
    restore,
)
from wsolzoo.engine.width_plan.cut import WidthPlanError
from wsolzoo.engine.width_plan.scores import best, by_order, data_scores, weight_score
from wsolzoo.registry import MODELS
from wsolzoo.testing import scope, tiny_batch

pytest.importorskip('torch_pruning')

PIXELS = {'type': 'ImgDataPreprocessor', 'mean': [120] * 3, 'std': [60] * 3}
FCN = {
    'type': 'Estimator',
    'data_preprocessor': PIXELS,
    'network': {'type': 'FCN8s', 'width': 1 / 16, 'mid_channels': (16, 12)},
    'losses': [{'type': 'PixelCrossEntropy', 'loss_weight': 1.0}],
}
HEAD = {'type': 'CAMHead', 'num_classes': 4}


def localizer(backbone, head=HEAD):
    return {'type': 'Localizer', 'backbone': backbone, 'head': head, 'data_preprocessor': PIXELS}


def plain(**kwargs):
    return {'type': 'PlainNet', 'base_channels': 8, 'strides': (2, 1, 2), **kwargs}


BAS = {'type': 'BASHead', 'num_classes': 4, 'tap': 'stage1', 'mid_channels': 8, 'variant': 'v2'}


def dmenet():
    encoder = {'type': 'VGG19', 'width': 1 / 16}
    return {
        'type': 'DMENet',
        'data_preprocessor': PIXELS,
        'network': {'type': 'BlurNet', 'encoder': encoder, 'base': 8, 'residuals': 2, 'aux': True},
        'domain': {'type': 'DomainNet', 'base': 8},
    }


NETS = {
    'fcn': (FCN, ['conv1_2', 'conv3_.*', 'conv4_3', 'fc6']),
    'cam': (localizer(plain()), ['backbone.stage1.*', 'backbone.stage2.1.0']),
    'bas': (localizer(plain(out_stages=('stage1', 'stage2')), BAS), ['stage1.1.0', 'hidden.0']),
    'defocus': (dmenet(), ['encoder.features.34', 'up0.0.0', 'refine.0.long.0.0', 'refine.1.short.0']),
    'residual': (localizer({'type': 'ResNet', 'depth': 18, 'width': 1 / 8}), ['layer1.0.conv1', 'layer2.0.conv2']),
    'depthwise': (localizer({'type': 'MobileNetV1', 'width': 1 / 8}), []),
}  # fmt: skip


def built(config, seed=0):
    torch.manual_seed(seed)
    with scope():
        model = MODELS.build(copy.deepcopy(config))
        model.init_weights()
    for layer in model.modules():  # nothing may be 0 or 1 by chance of initialisation
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            layer.running_mean.uniform_(-1, 1), layer.running_var.uniform_(0.5, 2)
            layer.bias.data.uniform_(-1, 1)
        elif isinstance(layer, nn.Conv2d):
            layer.weight.data += 0.05 * torch.randn_like(layer.weight)
            if layer.bias is not None:
                layer.bias.data.uniform_(-0.2, 0.2)
    return model.eval()


def answers(model, batch):
    """Everything a prediction and the loss hold, in float64; maps by their maximum, for CAM's is a mean of channels."""
    model = copy.deepcopy(model).double()
    data = model.data_preprocessor(copy.deepcopy(batch), training=False)
    inputs = data['inputs'].double()
    with torch.no_grad():
        samples = model.predict(inputs, data['data_samples'])
        found = [v / v.abs().max() for s in samples for n, v in sorted(s.items()) if n.startswith('pred_')]
        scalars = model.loss(inputs, data['data_samples'])
    return [*found, *(torch.as_tensor(v) for n, v in sorted(scalars.items()))]


@pytest.mark.parametrize('name', NETS)
def test_a_cut_network_computes_what_a_masked_one_does(name):
    config, layers = NETS[name]
    model = built(config)
    if name == 'depthwise':
        layers = [n for n, m in model.named_modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (1, 1)][:2]
    before = copy.deepcopy(model.state_dict())
    batch = tiny_batch(model, 64, 3)
    kept = plan_widths(model, [Rule(tuple(layers), ratio=0.5, select='l1')], batch)
    assert all(torch.equal(before[n], v) for n, v in model.state_dict().items())  # planning changes nothing
    small = copy.deepcopy(model)
    cut(small, kept)
    full, less = (sum(p.numel() for p in m.parameters()) for m in (model, small))
    assert less < full
    for one, other in zip(answers(masked(model, kept), batch), answers(small, batch), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-6)
    small.train()
    small.loss(*small.data_preprocessor(copy.deepcopy(batch), True).values())


def fcn():
    return built(FCN)


def test_what_a_plan_on_fcn8s_touches():
    model = fcn()
    batch = tiny_batch(model, 32, 1)
    kept = plan_widths(model, [Rule(('conv4_[123]',), ratio=0.5)], batch)
    sides = {name.removeprefix('network.'): set(kept[name]) for name in kept}
    assert sides == {
        'conv4_1': {'out'}, 'conv4_2': {'in', 'out'}, 'conv4_3': {'in', 'out'}, 'conv5_1': {'in'}, 'score_pool4': {'in'}
    }  # fmt: skip
    assert kept['network.score_pool4']['in'] == list(range(16))
    small = copy.deepcopy(model)
    cut(small, kept)
    assert torch.equal(small.network.conv5_1.weight, model.network.conv5_1.weight[:, :16])
    assert torch.equal(small.network.conv4_2.bias, model.network.conv4_2.bias[:16])
    parameters = {id(p) for p in model.parameters()}
    cut(model, kept)
    assert {id(p) for p in model.parameters()} == parameters  # what an optimizer holds is what learns


def test_ratio_one_is_the_identity_and_plans_compose():
    model = fcn()
    batch = tiny_batch(model, 32, 1)
    assert plan_widths(model, [Rule(('conv.*', 'fc.'), ratio=1.0, select='l2')], batch) == {}
    first = plan_widths(model, [Rule('fc6', ratio=0.75, select='last')], batch)
    small = copy.deepcopy(model)
    cut(small, first)
    second = plan_widths(small, [Rule('fc6', width=6, select='even'), Rule('conv5_3', ratio=0.5)], batch)
    cut(small, second)
    whole = compose(first, second)
    assert whole['network.fc6']['out'] == [4, 6, 8, 10, 12, 14] == whole['network.fc7']['in']
    once = copy.deepcopy(model)
    cut(once, whole)
    assert all(torch.equal(v, small.state_dict()[n]) for n, v in once.state_dict().items())
    firsts = [plan_widths(model, [Rule('fc6', width=w)], batch) for w in (12, 6)]
    cut(model, firsts[0])
    assert compose(firsts[0], plan_widths(model, [Rule('fc6', width=6)], batch)) == firsts[1]


def test_a_residual_sum_shares_one_set():
    model = built(NETS['residual'][0])
    convs = [n for n, m in model.named_modules() if isinstance(m, nn.Conv2d) and 'layer1' in n and 'conv2' in n]
    rules = [Rule((convs[0],), ratio=0.5, select='l1'), Rule((convs[1],), ratio=0.5, select='last')]
    kept = plan_widths(model, rules, tiny_batch(model, 64, 2))
    assert kept[convs[0]]['out'] == kept[convs[1]]['out']  # bound to each other: the first rule decides
    scores = sum(weight_score(model.get_submodule(n), 'l1') for n in kept if 'out' in kept[n] and 'norm' not in n
                 and isinstance(model.get_submodule(n), nn.Conv2d))  # fmt: skip
    assert kept[convs[0]]['out'] == best(scores, len(scores) // 2)


def test_orders():
    assert by_order('first', 8, 3) == [0, 1, 2] and by_order('last', 8, 3) == [5, 6, 7]
    assert by_order('even', 8, 4) == [0, 2, 4, 6] and by_order('even', 5, 5) == [0, 1, 2, 3, 4]
    drawn = [by_order('random', 64, 32, seed) for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2] and sorted(set(drawn[0])) == drawn[0] and len(drawn[0]) == 32


def test_scores_by_hand():
    conv = nn.Conv2d(1, 3, (1, 2), bias=False)
    conv.weight.data = torch.tensor([[[[3.0, -4.0]]], [[[0.0, 6.0]]], [[[1.0, 1.0]]]])
    assert weight_score(conv, 'l1').tolist() == [7, 6, 2]
    assert weight_score(conv, 'l2').tolist() == pytest.approx([5, 6, 2**0.5])
    far = weight_score(conv, 'fpgm')
    assert far[0].item() == pytest.approx((9 + 100) ** 0.5 + (4 + 25) ** 0.5)
    assert best(torch.tensor([1.0, 3.0, 3.0, 2.0]), 2) == [1, 2]


def test_taylor_and_activation_by_hand():
    model = fcn()
    layer = model.network.fc7
    batches = [tiny_batch(model, 32, 1, seed) for seed in (0, 1)]
    found = data_scores(model, {'network.fc7': layer}, batches)
    expected, active = torch.zeros(12, dtype=torch.float64), torch.zeros(12, dtype=torch.float64)
    for batch in batches:
        data = model.data_preprocessor(copy.deepcopy(batch), False)
        seen = []
        hook = layer.register_forward_hook(lambda m, i, o, seen=seen: seen.append(o.detach().double()))
        model.loss(data['inputs'], data['data_samples'])['loss_pixel'].backward()
        hook.remove()
        expected += (layer.weight * layer.weight.grad).double().flatten(1).sum(1) ** 2 / 2
        active += seen[0].clamp(min=0).mean((0, 2, 3)) / 2
        model.zero_grad()
    torch.testing.assert_close(found['taylor']['network.fc7'], expected, rtol=1e-4, atol=1e-12)
    torch.testing.assert_close(found['activation']['network.fc7'], active)
    kept = plan_widths(model, [Rule('fc7', width=5, select='taylor')], batches[0], batches)
    assert kept['network.fc7']['out'] == best(expected, 5)


def test_bn_scale_looks_at_the_norm_behind():
    model = built(NETS['cam'][0])
    norm = model.backbone.stage1[0][1]
    norm.weight.data = torch.linspace(1, -2, len(norm.weight))
    kept = plan_widths(model, [Rule('stage1.0.0', width=2, select='bn_scale')], tiny_batch(model, 32, 2))
    assert kept['backbone.stage1.0.0']['out'] == kept['backbone.stage1.0.1']['out'] == [6, 7]
    with pytest.raises(WidthPlanError, match='batch norm'):
        plan_widths(fcn(), [Rule('fc6', width=2, select='bn_scale')], tiny_batch(fcn(), 32, 1))


@pytest.mark.parametrize(
    ('settings', 'what'),
    [
        ({'ratio': 0.5, 'width': 3}, 'ratio or width'),
        ({}, 'ratio or width'),
        ({'ratio': 0.0}, r'in \(0, 1\]'),
        ({'width': 0}, 'at least 1'),
        ({'ratio': 0.5, 'select': 'best'}, 'select must be'),
        ({'ratio': 0.5, 'select': [1]}, 'neither ratio nor width'),
        ({'select': []}, 'at least one'),
    ],
)
def test_rules_that_cannot_be(settings, what):
    with pytest.raises(WidthPlanError, match=what):
        Rule('fc6', **settings)


@pytest.mark.parametrize(
    ('rule', 'what'),
    [
        (Rule('fc9', ratio=0.5), "no layer 'fc9'. Did you mean fc"),
        (Rule('up', width=1), "no layer 'up'"),
        (Rule('fc6', width=99), 'more than the 16'),
        (Rule('fc6', select=(3, 16)), 'keeps number 16'),
        (Rule('fc6', ratio=0.5, select='taylor'), 'give batches'),
    ],
)
def test_plans_that_cannot_be(rule, what):
    model = fcn()
    with pytest.raises(WidthPlanError, match=what):
        plan_widths(model, [rule], tiny_batch(model, 32, 1))


def test_round_to():
    assert Rule('x', ratio=0.3).keeps(64) == 20 and Rule('x', ratio=0.3).keeps(64, 8) == 24
    assert Rule('x', ratio=0.5).keeps(6, 8) == 6 and Rule('x', select=(0, 3)).keeps(64) == 2


def test_a_checkpoint_rebuilds_its_own_network(tmp_path):
    model = fcn()
    batch = tiny_batch(model, 32, 1)
    rules = [Rule('fc6', ratio=0.5, select=('l1'))]
    kept = plan_widths(model, rules, batch)
    cut(model, kept)
    record = make_record(kept, 'ab' * 32, [{'layers': ['fc6'], 'ratio': 0.5}])
    torch.save({'state_dict': model.state_dict(), 'meta': {KEY: record}}, tmp_path / 'cut.pth')
    other = built(FCN, seed=1)
    assert not load_weights(other, str(tmp_path / 'cut.pth'), strict=True)
    assert all(torch.equal(v, other.state_dict()[n]) for n, v in model.state_dict().items())
    assert getattr(other, KEY)['parents'] == ['ab' * 32]
    explicit = copy.deepcopy(FCN)
    explicit['network']['mid_channels'] = (8, 12)
    explicit = built(explicit)
    assert not load_weights(explicit, str(tmp_path / 'cut.pth'), strict=True)  # no need of the plan
    assert not restore(built(FCN), {'meta': {}}, {})
    explicit.network.fc6 = nn.Conv2d(32, 6, 7, padding=3)
    with pytest.raises(WidthPlanError, match=r'network.fc6 has 6 channels \(out\), but the plan keeps 8'):
        load_weights(explicit, str(tmp_path / 'cut.pth'))


def test_a_run_goes_on_with_what_is_left_and_says_so_again():
    model = fcn()
    kept = plan_widths(model, [Rule('fc6', ratio=0.5)], tiny_batch(model, 32, 1))
    small = copy.deepcopy(model)
    cut(small, kept)
    checkpoint = {'state_dict': small.state_dict(), 'meta': {KEY: make_record(kept, '', [])}}
    runner = SimpleNamespace(model=model, message_hub=MessageHub('width plan'), _load_from='cut.pth', _resume=False)
    runner._train_loop, runner.logger = {}, logging.getLogger('width plan')
    hook = CheckpointReportHook()
    hook.after_load_checkpoint(runner, checkpoint)
    model.load_state_dict(checkpoint['state_dict'])
    saved = {'meta': {}}
    hook.before_save_checkpoint(runner, saved)
    assert saved['meta'] == checkpoint['meta']
