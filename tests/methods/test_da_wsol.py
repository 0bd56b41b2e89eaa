"""DA-WSOL: discrepancy and assignment by hand, the caches, and which positions each term moves."""

import math

import pytest
import torch

from wsolzoo.methods.da_wsol import SOURCE, TARGET, UNIVERSUM, DAWSOLLoss, assign, mmd
from wsolzoo.models.outputs import HeadOutput, LocOutputs


def test_discrepancy_by_hand():
    """Two points at distance 2 on each side of a mean squared distance of 4 over ordered pairs."""
    source, target = torch.tensor([[0.0]]), torch.tensor([[2.0]])
    expected = 2 - 2 * math.exp(-1)
    assert mmd(source, target, kernels=1).item() == pytest.approx(expected, rel=1e-6)
    mixture = sum(2 - 2 * math.exp(-1 / 2.0**i) for i in (-2, -1, 0, 1, 2))
    assert mmd(source, target).item() == pytest.approx(mixture, rel=1e-6)


def test_equal_samples_have_none_and_far_ones_much():
    torch.manual_seed(0)
    one, other = torch.randn(40, 6), torch.randn(40, 6)
    assert mmd(one, one).item() == pytest.approx(0, abs=1e-5)
    assert mmd(one, other + 3) > 10 * mmd(one, other)
    half = mmd(one.bfloat16(), other.bfloat16())
    assert half.dtype == torch.float32 and torch.isfinite(half)


def test_an_empty_sample_gives_zero_with_a_gradient():
    source = torch.randn(3, 2, requires_grad=True)
    mmd(source, torch.zeros(0, 2)).backward()
    assert source.grad.abs().sum() == 0


def test_discrepancy_pulls_the_samples_together():
    source, target = torch.tensor([[0.0], [0.5]]), torch.tensor([[2.0], [3.0]], requires_grad=True)
    mmd(source, target).backward()
    assert target.grad.sum() > 0, 'as a whole: single ones may spread'


def test_assignment_by_hand():
    feat = torch.tensor([[[0.0, 1.0, 5.0, 6.0, 20.0]]])  # one channel, five positions
    centres = torch.tensor([[[0.0], [5.0], [100.0]]])
    nearest, moved = assign(feat, centres, iterations=0)
    assert nearest.tolist() == [[0, 0, 1, 1, 1]]
    assert torch.equal(moved, centres)
    nearest, moved = assign(feat, centres, iterations=1)
    assert moved.flatten().tolist() == pytest.approx([0.5, 31 / 3, 100.0]), 'a centre without a position stays'
    assert nearest.tolist() == [[0, 0, 0, 1, 1]]
    with pytest.raises(ValueError, match='iterations'):
        assign(feat, centres, iterations=-1)


def outputs(feat, labels, maps) -> LocOutputs:
    head = HeadOutput(torch.zeros(len(labels), 3), maps)
    return LocOutputs(feat, (feat,), (), head, torch.tensor(labels), [])


def scene(scale: float = 1.0) -> LocOutputs:
    """One image of class 1: background (0, .1), an object (4, 0) and a part of it (0, 9) that the class looks at."""
    values = torch.tensor([[0.0, 0.1], [0.0, 0.1], [4.0, 0.0], [4.0, 0.0], [4.0, 0.0], [0.0, 9.0]]) * scale
    feat = values.T.reshape(1, 2, 2, 3).clone().requires_grad_()
    maps = torch.zeros(1, 3, 2, 3)
    maps[0, 1] = torch.tensor([[-1.0, 0.0, 1.0], [1.0, 1.0, 5.0]])
    return outputs(feat, [1], maps)


def kinds_of(loss: DAWSOLLoss, batch: LocOutputs) -> list[int]:
    return loss.kinds(batch.feats[0].detach().flatten(2), batch)[0].tolist()


def test_without_caches_the_ends_of_the_map_stand_in_and_the_caches_take_them_up():
    loss = DAWSOLLoss(3, (2,))
    assert kinds_of(loss, scene()) == [UNIVERSUM] * 2 + [SOURCE] * 3 + [TARGET]
    torch.testing.assert_close(loss.background.centres, torch.tensor([[0.0, 0.1]]))
    torch.testing.assert_close(loss.classes.centres[1], torch.tensor([0.0, 9.0]))
    assert loss.classes.visits.tolist() == [0, 1, 0]
    kinds_of(loss, scene(scale=2.0))
    torch.testing.assert_close(loss.classes.centres[1], torch.tensor([0.0, 0.9 * 9 + 0.1 * 18]))
    assert {name.partition('.')[0] for name in loss.state_dict()} == {'background', 'classes'}


def test_cached_centres_are_where_the_assignment_begins():
    loss, batch = DAWSOLLoss(3, (2,), iterations=0), scene()
    loss.classes.update(torch.tensor([1]), torch.tensor([[4.0, 0.0]]), lambda visits: visits)
    assert kinds_of(loss, batch)[2:5] == [TARGET] * 3


def test_the_universum_is_silenced_and_nothing_else():
    loss, batch = DAWSOLLoss(3, (2,)), scene()
    scalars = loss(batch)
    assert scalars['loss_universum'].item() == pytest.approx(0.05)
    assert scalars['universum'].item() == pytest.approx(2 / 6)
    scalars['loss_universum'].backward()
    moved = batch.feats[0].grad.abs().sum(1).flatten() > 0
    assert moved.tolist() == [True, True, False, False, False, False]


def test_source_and_target_both_learn_from_the_discrepancy():
    loss, batch = DAWSOLLoss(3, (2,)), scene()
    loss(batch)['loss_mmd'].backward()
    assert (batch.feats[0].grad.abs().sum(1).flatten() > 0)[2:].all()


def test_so_many_samples_are_drawn_and_evaluation_remembers_nothing():
    loss = DAWSOLLoss(3, (2,), samples=2)
    feat = torch.arange(12.0).reshape(1, 2, 6)
    torch.manual_seed(0)
    draws = {tuple(loss.drawn(feat, torch.ones(1, 6, dtype=torch.bool))[:, 0].tolist()) for _ in range(20)}
    assert len(draws) > 5 and all(len(set(draw)) == 2 for draw in draws)
    assert loss.drawn(feat, torch.zeros(1, 6, dtype=torch.bool)).shape == (0, 2)
    loss.eval()(scene())
    assert loss.classes.visits.sum() == 0
    with pytest.raises(ValueError, match='mmd, universum'):
        DAWSOLLoss(3, (2,), loss_weight={'da': 1.0})
