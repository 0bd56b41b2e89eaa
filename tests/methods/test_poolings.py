"""Poolings against hand arithmetic, and the heads that use them."""

import math

import pytest
import torch

from wsolzoo.methods.poolings import (
    DeepMILHead,
    PooledCAMHead,
    attention_pool,
    lse_pool,
    max_pool,
    number_of,
    position_softmax,
    wildcat_pool,
)

MAP = torch.tensor([[[[1.0, 2.0], [0.0, 3.0]]]])


def test_poolings_by_hand():
    assert max_pool(MAP).item() == 3
    assert lse_pool(MAP, r=10.0).item() == pytest.approx(2.861375, abs=1e-6)
    assert lse_pool(MAP, r=1.0).item() == pytest.approx(math.log((math.e + math.e**2 + 1 + math.e**3) / 4), abs=1e-6)
    assert wildcat_pool(MAP, kmax=2, kmin=2, alpha=0.7).item() == pytest.approx((2.5 + 0.7 * 0.5) / 2)
    assert wildcat_pool(MAP, kmax=0.5, kmin=0.25, alpha=1.0).item() == pytest.approx((2.5 + 0.0) / 2)


def test_log_sum_exp_lies_between_mean_and_maximum():
    torch.manual_seed(0)
    maps = torch.randn(2, 3, 4, 5).double()
    torch.testing.assert_close(lse_pool(maps, r=1e-4), maps.mean((2, 3)), rtol=0, atol=1e-3)
    torch.testing.assert_close(lse_pool(maps, r=1e4), max_pool(maps), rtol=0, atol=1e-3)


def test_log_sum_exp_of_large_scores_in_half_precision():
    found = lse_pool(torch.full((1, 1, 28, 28), 100.0).half())
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(100.0, abs=1e-3), 'exp(1000) and a sum of 784 terms do not fit'


@pytest.mark.parametrize('nothing', [{'kmin': 0}, {'kmin': 2, 'alpha': 0.0}])
def test_wildcat_without_evidence_against_is_the_mean_of_the_highest_not_halved(nothing):
    assert wildcat_pool(MAP, kmax=2, **nothing).item() == 2.5


def test_wildcat_over_all_positions_is_the_mean():
    assert wildcat_pool(MAP, kmax=1.0, kmin=0).item() == MAP.mean().item()
    assert wildcat_pool(MAP, kmax=1, kmin=0).item() == 3, 'the integer 1 is one position, 1.0 all of them'


def test_the_lowest_positions_learn_from_the_highest_ones_the_other_way():
    maps = MAP.clone().requires_grad_()
    wildcat_pool(maps, kmax=1, kmin=1, alpha=0.6).backward()
    torch.testing.assert_close(maps.grad, torch.tensor([[[[0.0, 0.0], [0.3, 0.5]]]]))


@pytest.mark.parametrize(('share', 'count'), [(3, 3), (900, 784), (0.1, 78), (1e-4, 1), (0.0, 0), (0, 0), (1.0, 784)])
def test_a_share_is_a_number_or_a_fraction(share, count):
    assert number_of(share, 784) == count


def test_attention_by_hand():
    """Four tokens in the plane, scores 0, 1, 2, 0."""
    attention = position_softmax(torch.tensor([0.0, 1.0, 2.0, 0.0]).view(1, 1, 2, 2))
    total = 2 + math.e + math.e**2
    expected = torch.tensor([1 / total, math.e / total, math.e**2 / total, 1 / total])
    torch.testing.assert_close(attention.flatten(), expected)
    torch.testing.assert_close(attention.flatten(), torch.tensor([0.082595, 0.224515, 0.610296, 0.082595]), **ROUGHLY)
    tokens = torch.tensor([[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 1.0, 0.0]]).view(1, 2, 2, 2)
    torch.testing.assert_close(attention_pool(tokens, attention), torch.tensor([[0.692890, 0.834811]]), **ROUGHLY)


ROUGHLY = {'rtol': 0, 'atol': 1e-6}


def test_modalities_are_averaged_before_the_pooling():
    torch.manual_seed(0)
    head = PooledCAMHead(3, (4,), 'wildcat', {'kmax': 2, 'kmin': 1, 'alpha': 0.5}, modalities=5, mid_channels=(6,))
    feat = torch.randn(2, 4, 5, 5)
    maps = head.classifier(feat).unflatten(1, (3, 5)).mean(2)
    output = head((feat,))
    torch.testing.assert_close(output.maps, maps.detach())
    torch.testing.assert_close(output.logits, wildcat_pool(maps, 2, 1, 0.5))
    output.logits.sum().backward()
    assert head.classifier[-1].weight.grad.flatten(1).any(1).all(), 'every modality learns'


@pytest.mark.parametrize('gated', [True, False])
def test_deep_mil_classifies_the_attention_weighted_mean_of_the_feature(gated):
    torch.manual_seed(0)
    head = DeepMILHead(3, (4,), embed_channels=6, gated=gated, softmax_maps=True)
    feat = torch.randn(2, 4, 5, 7)
    head.init_weights()
    output = head((feat,))
    x = feat.flatten(2)
    embedded = torch.tanh(torch.einsum('ec,ncp->nep', head.embed.weight[:, :, 0, 0], x) + head.embed.bias[:, None])
    if gated:
        gate = torch.einsum('ec,ncp->nep', head.gate.weight[:, :, 0, 0], x) + head.gate.bias[:, None]
        embedded = embedded * torch.sigmoid(gate)
    attention = torch.einsum('ke,nep->nkp', head.attend.weight[:, :, 0, 0], embedded).softmax(2)
    bags = torch.einsum('nkp,ncp->nkc', attention, x)
    logits = (bags * head.score.weight[:, :, 0, 0]).sum(2) + head.score.bias
    torch.testing.assert_close(output.logits, logits)
    torch.testing.assert_close(output.maps.flatten(2), attention.detach())
    torch.testing.assert_close(output.maps.sum((2, 3)), torch.ones(2, 3))
    output.logits.square().sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in head.parameters())


def test_the_map_of_deep_mil_is_what_enters_the_softmax():
    torch.manual_seed(0)
    head, feat = DeepMILHead(2, (4,)), torch.randn(1, 4, 5, 7)
    before = head((feat,)).maps
    head.softmax_maps = True
    torch.testing.assert_close(position_softmax(before), head((feat,)).maps)


def test_attention_of_one_image_does_not_depend_on_half_precision_sums():
    head, feat = DeepMILHead(2, (4,), softmax_maps=True), torch.randn(1, 4, 64, 64)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        output = head((feat,))
    torch.testing.assert_close(output.maps.sum((2, 3)), torch.ones(1, 2), rtol=0, atol=1e-4)


def test_bad_arguments_say_what_to_do():
    with pytest.raises(ValueError, match='lse, wildcat'):
        PooledCAMHead(3, (4,), 'median')
    with pytest.raises(ValueError, match='it has: r'):
        PooledCAMHead(3, (4,), 'lse', {'q': 1.0})
    with pytest.raises(ValueError, match='positive'):
        PooledCAMHead(3, (4,), 'lse', {'r': 0.0})
    with pytest.raises(ValueError, match='fraction'):
        PooledCAMHead(3, (4,), 'wildcat', {'kmax': 2.5})
    with pytest.raises(ValueError, match='modalities'):
        PooledCAMHead(3, (4,), 'max', modalities=0)
