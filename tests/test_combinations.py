"""Everything goes with everything, or says why not: the parts of all methods in new company, on tiny networks."""

import itertools

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope

from tests.conftest import REPO
from wsolzoo import maps
from wsolzoo.models.tasks.localizer import CombinationError
from wsolzoo.registry import METRICS, MODELS
from wsolzoo.testing import build_model, tiny_batch
from wsolzoo.zoo import combinations

PARTS = combinations.parts(combinations.scenes_leaves(REPO))
PAIRS = list(combinations.pairs(PARTS))
BACKBONES = {
    'PlainNet': ({'type': 'PlainNet', 'base_channels': 4, 'strides': (2, 1, 2, 2)}, combinations.STAGES),
    'VGG16': (
        {'type': 'VGG16', 'width': 0.0625},
        ('pool1', 'conv2_1', 'pool2', 'pool3', 'conv4_3', 'conv5_1', 'conv5_3'),
    ),
    'ResNet': (
        {'type': 'ResNet', 'depth': 18, 'width': 0.125},
        ('maxpool', 'layer1.0', 'layer1.1', 'layer2.0', 'layer3.1', 'layer4.0', 'layer4.1'),
    ),
    'MobileNetV1': (
        {'type': 'MobileNetV1', 'width': 0.125},
        ('stem', 'blocks.0.0', 'blocks.1.1', 'blocks.2.1', 'blocks.3.5', 'blocks.4.0', 'blocks.4.1'),
    ),
    'SqueezeNet': (
        {'type': 'SqueezeNet', 'width': 0.125, 'stem_padding': 1},
        ('conv1', 'pool1', 'fire3', 'pool3', 'fire5', 'fire8', 'fire9'),
    ),
    'PlainViT': (
        {'type': 'PlainViT', 'base_channels': 4},
        ('stem', 'stage1.1', 'stage2.1', 'stage3.1', 'blocks.0', 'blocks.1', 'blocks.2'),
    ),
}
MAY_REST = frozenset({'loss_mmd', 'loss_universum'})
"""DA-WSOL's terms, where random features at a handful of positions make no image with enough of both kinds."""
PROTOCOLS = ['choe2020-v1', 'choe2020-v2', 'choe2020-pxap', 'bas-v1']


def tiny(model: dict, backbone: str = 'PlainNet') -> dict:
    """The model on a narrow network, whose few positions are enough for samples of two."""
    losses = [{**loss, 'samples': 2} if 'samples' in loss else loss for loss in model.get('losses') or []]
    return combinations.on_backbone({**model, 'losses': losses}, *BACKBONES[backbone])


def moved_by(settings: dict, seed: int, size: int) -> tuple[set[str], set[str], torch.nn.Module]:
    """The losses of one step, those among them that move a parameter, and the model."""
    torch.manual_seed(seed)
    model = build_model({'model': settings}).train()
    batch = tiny_batch(model, size, batch_size=4, seed=seed)
    for index, sample in enumerate(batch['data_samples']):
        sample.gt_label = index // 2  # two images a class, for methods that compare them
    scalars = model(**model.data_preprocessor(batch, training=True), mode='loss')
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    losses = {name: value for name, value in scalars.items() if 'loss' in name}
    moving = set()
    for name, value in losses.items():
        assert torch.isfinite(value), name
        gradients = torch.autograd.grad(value, parameters, retain_graph=True, allow_unused=True)
        assert all(grad is None or grad.isfinite().all() for grad in gradients), f'a gradient of {name} is not finite'
        if any(grad is not None and grad.any() for grad in gradients):
            moving.add(name)
    return set(losses), moving, model


def use(settings: dict, size: int = 64, may_rest: frozenset[str] = frozenset()) -> None:
    """Take the gradients of a step loss by loss, predict, normalise the maps in every way, evaluate.

    A hinge or a branch without gradient may rest where random weights put it: then another seed is asked.
    """
    resting = {'?'}
    for seed in range(12):
        losses, moving, model = moved_by(settings, seed, size)
        resting = (losses - may_rest if seed == 0 else resting) - moving
        if not resting:
            break
    assert not resting, f'{sorted(resting)} move nothing'
    model.eval()
    with torch.no_grad():
        samples = model.test_step(tiny_batch(model, size, batch_size=4))
    for normalizer in maps.NORMALIZERS:
        normalised = maps.normalize(samples[0].pred_raw_map.numpy(), normalizer)
        assert 0 <= normalised.min() <= normalised.max() <= 1
    with DefaultScope.overwrite_default_scope('wsolzoo'):
        metric = METRICS.build({'type': 'LocalizationMetric', 'protocols': PROTOCOLS})
    metric.dataset_meta = {}
    metric.process({}, [sample.to_dict() for sample in samples])
    assert np.isfinite(metric.evaluate(4)['choe2020-v2/MaxBoxAccV2'])


@pytest.mark.parametrize(
    ('one', 'other', 'model'), PAIRS, ids=[f'{one.name}-with-{other.name}' for one, other, _ in PAIRS]
)
def test_two_parts_of_different_methods_work_together_or_are_refused(one, other, model):
    model = tiny(model)
    reason = combinations.refusal(model)
    if reason is None:
        use(model)
    else:
        assert any(part in reason for part in (one.name + ' + ' + other.name).split(' + ')), reason


@pytest.mark.parametrize(('backbone', 'head'), list(itertools.product(list(BACKBONES)[1:], PARTS['head'])))
def test_every_head_works_on_every_backbone(backbone, head):
    part = PARTS['head'][head]
    use(tiny({key: part.home[key] for key in ('type', 'data_preprocessor', 'backbone', 'head')}, backbone))


@pytest.mark.parametrize(('backbone', 'necks'), list(itertools.product(list(BACKBONES)[1:], PARTS['necks'])))
def test_every_neck_works_on_every_backbone(backbone, necks):
    use(tiny(PARTS['necks'][necks].home, backbone))


def test_a_refusal_is_a_user_error_and_the_page_tells_it(repo):
    refused = [(one, other, model) for one, other, model in PAIRS if combinations.refusal(tiny(model))]
    assert refused, 'no pair is refused: nothing here would notice if nothing ever were'
    with DefaultScope.overwrite_default_scope('wsolzoo'), pytest.raises(CombinationError):
        MODELS.build(refused[0][2])
    page = combinations.page(PARTS)
    assert page.count('no (') == len(refused)


def every_combination():
    """All backbones x heads x necks x losses x augmentations, or nothing of the optional kinds."""
    optional = [[None, *PARTS[kind].values()] for kind in ('necks', 'losses', 'batch_augments')]
    return itertools.product(BACKBONES, PARTS['head'].values(), *optional)


@pytest.mark.slow
@pytest.mark.parametrize('backbone', BACKBONES)
def test_the_whole_product(backbone):
    used = refused = 0
    for where, head, *others in every_combination():
        if where != backbone:
            continue
        model = {key: head.home[key] for key in ('type', 'data_preprocessor', 'backbone', 'head')}
        for part in filter(None, others):
            model = part.put_into(model)
        model = tiny(model, backbone)
        if combinations.refusal(model):
            refused += 1
            continue
        use(model, may_rest=MAY_REST)
        used += 1
    assert used
    assert refused
