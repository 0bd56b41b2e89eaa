"""Bridging the gap: the drop, direction and norm by hand, and which of them learns from which term."""

import pytest
import torch

from wsolzoo.methods.bridging import (
    BridgingHead,
    attentive_positions,
    cosines,
    largest_cosines,
    norm_loss,
    region_mean,
    similarity_loss,
)
from wsolzoo.models.tasks.localizer import CombinationError
from wsolzoo.testing import build_model, tiny_batch


def make(out_stages=('stage2', 'stage3'), **head):
    torch.manual_seed(0)
    settings = {'drop': {'threshold': 0.5, 'drop_prob': 1.0}, 'regions': {'fg': 0.4, 'bg': 0.2}, **head}
    config = {
        'model': {
            'type': 'Localizer',
            'data_preprocessor': {'type': 'ImgDataPreprocessor', 'mean': [128.0] * 3, 'std': [64.0] * 3},
            'backbone': {'type': 'PlainNet', 'base_channels': 4, 'out_stages': out_stages},
            'head': {'type': 'BridgingHead', 'num_classes': 5, 'tap': 'stage2', **settings},
        }
    }
    return build_model(config).train()


def losses(model) -> dict:
    batch = model.data_preprocessor(tiny_batch(model, 32, batch_size=4), training=True)
    return model(batch['inputs'], batch['data_samples'], mode='loss')


def grads(model) -> dict[str, float]:
    return {name: p.grad.abs().sum().item() if p.grad is not None else 0.0 for name, p in model.named_parameters()}


def test_attentive_positions_are_those_above_a_share_of_the_largest_mean():
    feat = torch.tensor([[[[2.0, 8.0], [10.0, 7.9]]], [[[1.0, 1.0], [1.0, 0.0]]]])
    dropped = attentive_positions(feat, threshold=0.79, drop_prob=1.0)
    assert dropped.flatten(1).tolist() == [[False, True, True, False], [True, True, True, False]]
    assert not attentive_positions(feat, 0.79, drop_prob=0.0).any()
    torch.manual_seed(0)
    share = attentive_positions(torch.ones(1, 2, 100, 100), 0.8, drop_prob=0.25).float().mean().item()
    assert share == pytest.approx(0.25, abs=0.02), 'each position is drawn for itself'


def test_cosines_by_hand():
    feat = torch.tensor([[3.0, 0.0, 0.0], [4.0, 2.0, 0.0]])[None, :, None]  # (1, 2, 1, 3)
    weight = torch.tensor([[0.0, 5.0], [2.0, 0.0]])
    torch.testing.assert_close(cosines(feat, weight[:1])[0, 0], torch.tensor([0.8, 1.0, 0.0]))
    torch.testing.assert_close(largest_cosines(feat, weight)[0, 0], torch.tensor([0.8, 1.0, 0.0]))
    torch.testing.assert_close(cosines(feat, weight[1:])[0, 0], torch.tensor([0.6, 0.0, 0.0]))


def test_a_feature_of_zeros_has_a_finite_gradient():
    feat = torch.zeros(1, 2, 1, 3, requires_grad=True)
    cosines(feat, torch.ones(1, 2)).sum().backward()
    assert torch.isfinite(feat.grad).all()


def test_direction_and_norm_by_hand():
    cosine = torch.tensor([[[0.5, 0.1], [-0.3, -0.1]]])
    norm = torch.tensor([[[1.0, 0.6], [0.1, 0.3]]])
    assert similarity_loss(cosine, norm, fg=0.5, bg=0.2).item() == pytest.approx(-0.3 - 0.3)
    assert norm_loss(cosine, norm).item() == pytest.approx(0.2 - 0.8)
    assert similarity_loss(cosine, norm, fg=1.0, bg=0.0).item() == 0, 'empty regions say nothing'
    assert region_mean(norm, torch.zeros_like(norm, dtype=torch.bool)).tolist() == [0.0]


def test_both_regions_are_of_each_image():
    cosine = torch.tensor([[[1.0, 0.0]], [[0.5, 0.5]]])
    norm = torch.tensor([[[1.0, 0.0]], [[1.0, 1.0]]])
    assert similarity_loss(cosine, norm, 0.5, 0.2).item() == pytest.approx(((0 - 1) + (0 - 0.5)) / 2)


def test_the_similarity_turns_features_and_weights_and_the_norm_moves_features_alone():
    model = make(loss_weight={'drop': 0.0})
    losses(model)['loss_sim'].backward()
    found = grads(model)
    assert found['head.fc.weight'] > 0 and found['backbone.stem.0.weight'] > 0
    assert found['head.fc.bias'] == 0
    model = make(loss_weight={'drop': 0.0})
    losses(model)['loss_norm'].backward()
    found = grads(model)
    assert found['head.fc.weight'] == 0 and found['backbone.stem.0.weight'] > 0


def test_the_drop_teaches_both_passes_and_nothing_is_dropped_without_probability():
    model = make(loss_weight={'sim': 0.0, 'norm': 0.0})
    scalars = losses(model)
    assert scalars['loss_drop'] > 0 and 0 < scalars['dropped'] < 1
    assert not {'loss_sim', 'loss_norm', 'cos_fg'} & set(scalars), 'a term of weight 0 is not computed'
    scalars['loss_drop'].backward()
    found = grads(model)
    assert found['backbone.stem.0.weight'] > 0 and found['backbone.stage3.0.0.weight'] > 0
    assert found['head.fc.weight'] == 0
    model = make(drop={'threshold': 0.5, 'drop_prob': 0.0})
    assert losses(model)['loss_drop'].item() == 0, 'the second pass is the first one'


def test_the_sign_may_be_that_of_any_class():
    one, largest = (losses(make(sign=sign))['loss_norm'].item() for sign in ('gt', 'max'))
    assert one != largest


def test_bad_arguments_say_what_to_do():
    good = {'tap': 'stage2', 'drop': {'threshold': 0.8, 'drop_prob': 0.5}, 'regions': {'fg': 0.4, 'bg': 0.2}}
    with pytest.raises(ValueError, match='out_stages'):
        BridgingHead(5, (8,), **good)
    with pytest.raises(ValueError, match='bg <= fg'):
        BridgingHead(5, (8, 16), **{**good, 'regions': {'fg': 0.1, 'bg': 0.2}})
    with pytest.raises(ValueError, match='drop, sim, norm'):
        BridgingHead(5, (8, 16), **good, loss_weight={'similarity': 1.0})
    with pytest.raises(ValueError, match='gt, max'):
        BridgingHead(5, (8, 16), **good, sign='all')
    with pytest.raises(CombinationError, match='stage1'):
        make(out_stages=('stage1', 'stage3'))
