"""DA-WSOL: discrepancy and assignment by hand, the caches, and which positions each term moves."""

import math

import pytest
import torch

from wsolzoo.methods.da_wsol import SOURCE, TARGET, UNIVERSUM, DAWSOLLoss, assign, draw, linear_mmd
from wsolzoo.models.outputs import HeadOutput, LocOutputs

GOLDEN = torch.tensor([[0.0, 0.0], [1.0, 0.0]]), torch.tensor([[0.0, 1.0], [2.0, 1.0]])


def test_discrepancy_by_hand():
    """The mean squared distance of the four is 2.5; pairs are 1 and 4 apart within, 5 and 2 across."""
    assert linear_mmd(*GOLDEN).item() == pytest.approx(1.099648, abs=1e-6)
    terms = [sum(math.exp(-distance / (0.625 * 2**j)) for j in range(5)) for distance in (1, 4, 5, 2)]
    assert linear_mmd(*GOLDEN).item() == pytest.approx(terms[0] + terms[1] - terms[2] - terms[3], rel=1e-6)
    one = sum((1, 1, -1, -1)[i] * math.exp(-d / 0.625) for i, d in enumerate((1, 4, 5, 2)))
    assert linear_mmd(*GOLDEN, kernels=1).item() == pytest.approx(one, rel=1e-6)


def test_each_image_has_a_discrepancy_of_its_own():
    source, target = (torch.stack([sample, 3 * sample + 1]) for sample in GOLDEN)
    torch.testing.assert_close(linear_mmd(source, target), torch.full((2,), 1.099648), rtol=0, atol=1e-5)


def test_equal_samples_have_little_and_far_ones_much():
    torch.manual_seed(0)
    one, other = torch.randn(40, 6), torch.randn(40, 6)
    assert linear_mmd(one, one).abs().item() < 1e-5
    assert linear_mmd(one, other + 3) > 5 * linear_mmd(one, other).abs()
    half = linear_mmd(one.bfloat16(), other.bfloat16())
    assert half.dtype == torch.float32 and torch.isfinite(half)


def test_discrepancy_pulls_the_samples_together():
    source, target = torch.tensor([[0.0], [0.5]]), torch.tensor([[2.0], [3.0]], requires_grad=True)
    linear_mmd(source, target).backward()
    assert target.grad.sum() > 0, 'as a whole: single ones may spread'


def test_draws_are_of_the_chosen_positions_each_once():
    feat = torch.arange(12.0).reshape(1, 1, 12)
    chosen = (torch.arange(12) % 3 == 0)[None]
    torch.manual_seed(0)
    draws = {tuple(draw(feat, chosen, 3)[0].flatten().tolist()) for _ in range(400)}
    assert len(draws) == 24, 'three of four, in any order'
    assert {value for drawn in draws for value in drawn} == {0.0, 3.0, 6.0, 9.0}
    assert all(len(set(drawn)) == 3 for drawn in draws)
    assert draw(feat, chosen, 4)[1].tolist() == [True] and draw(feat, chosen, 5)[1].tolist() == [False]


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


def test_the_background_begins_at_zero_and_a_class_where_it_is_most_active():
    loss = DAWSOLLoss(3, (2,), samples=2)
    assert kinds_of(loss, scene()) == [UNIVERSUM] * 2 + [SOURCE] * 3 + [TARGET]
    torch.testing.assert_close(loss.background.centres, torch.tensor([[0.0, 0.1]]))
    torch.testing.assert_close(loss.classes.centres[1], torch.tensor([0.0, 9.0]))
    assert loss.classes.visits.tolist() == [0, 1, 0]
    kinds_of(loss, scene(scale=2.0))
    torch.testing.assert_close(loss.classes.centres[1], torch.tensor([0.0, (9 + 18) / 2]))  # a running mean
    assert {name.partition('.')[0] for name in loss.state_dict()} == {'background', 'classes'}


def test_cached_centres_are_where_the_assignment_begins():
    loss, batch = DAWSOLLoss(3, (2,), iterations=0), scene()
    loss.classes.update(torch.tensor([1]), torch.tensor([[4.0, 0.0]]), lambda visits: visits)
    assert kinds_of(loss, batch)[2:5] == [TARGET] * 3


def test_the_universum_is_silenced_and_nothing_else():
    loss, batch = DAWSOLLoss(3, (2,), samples=2), scene()
    scalars = loss(batch)
    assert scalars['loss_universum'].item() == pytest.approx(0.05)
    assert scalars['universum'].item() == pytest.approx(2 / 6)
    scalars['loss_universum'].backward()
    moved = batch.feats[0].grad.abs().sum(1).flatten() > 0
    assert moved.tolist() == [True, True, False, False, False, False]


def two_parts() -> LocOutputs:
    """:func:`scene` with a second position of the part that the class looks at."""
    feat = torch.tensor([[0.0, 6.0, 6.0, 0.0, 0.0], [0.1, 0.0, 0.2, 9.0, 9.2]])[None, :, None]
    maps = torch.zeros(1, 3, 1, 5)
    maps[0, 1] = torch.tensor([[-1.0, 0.0, 1.0, 5.0, 4.0]])
    return outputs(feat.clone().requires_grad_(), [1], maps)


def test_source_and_target_both_learn_from_the_discrepancy():
    loss, batch = DAWSOLLoss(3, (2,), samples=2), two_parts()
    scalars = loss(batch)
    assert scalars['adapted'] == 1 and scalars['loss_mmd'] != 0
    scalars['loss_mmd'].backward()
    assert (batch.feats[0].grad.abs().sum(1).flatten() > 0).all(), "the image's feature is a mean of all"


def test_images_with_too_few_positions_are_skipped_and_none_at_all_is_zero_with_a_gradient():
    loss, batch = DAWSOLLoss(3, (2,), samples=2), scene()  # one position of the target kind
    scalars = loss(batch)
    assert scalars['adapted'] == 0 and scalars['loss_mmd'] == 0
    scalars['loss_mmd'].backward()
    assert batch.feats[0].grad.abs().sum() == 0


def test_evaluation_remembers_nothing():
    loss = DAWSOLLoss(3, (2,), samples=2).eval()
    loss(scene())
    assert loss.classes.visits.sum() == 0 and loss.background.visits.sum() == 0


def test_what_cannot_be_is_said():
    with pytest.raises(ValueError, match='mmd, universum'):
        DAWSOLLoss(3, (2,), loss_weight={'da': 1.0})
    with pytest.raises(ValueError, match='at least 2'):
        DAWSOLLoss(3, (2,), samples=1)
    with pytest.raises(ValueError, match='32 samples cannot be drawn from 6 positions'):
        DAWSOLLoss(3, (2,))(scene())
