"""Adversarial losses by hand."""

import math

import pytest
import torch
from torch import nn

from wsolzoo.models.adversarial import HingeLoss, LeastSquaresLoss, NonSaturatingLoss, WassersteinLoss, slope_error
from wsolzoo.registry import MODELS

REAL, MADE = torch.tensor([2.0, 0.0]), torch.tensor([-1.0, 3.0])


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


GOLDEN = {
    NonSaturatingLoss: (
        (softplus(-2) + softplus(0)) / 2 + (softplus(-1) + softplus(3)) / 2,
        (softplus(1) + softplus(-3)) / 2,
    ),
    LeastSquaresLoss: (((1 + 1) / 2 + (1 + 9) / 2) / 2, (4 + 4) / 2 / 2),
    HingeLoss: ((0 + 1) / 2 + (0 + 4) / 2, -1.0),
    WassersteinLoss: (1.0 - 1.0, -1.0),
}


@pytest.mark.parametrize('kind', GOLDEN, ids=lambda kind: kind.__name__)
def test_by_hand(kind):
    loss = MODELS.build({'type': kind.__name__, '_scope_': 'wsolzoo'})
    critic, generator = GOLDEN[kind]
    assert float(loss.critic(REAL, MADE)) == pytest.approx(critic, abs=1e-6)
    assert float(loss.generator(MADE)) == pytest.approx(generator, abs=1e-6)
    assert loss.critic(REAL.half(), MADE.half()).dtype == torch.float32


def test_where_nobody_knows_anything():
    zeros = torch.zeros(3, 1, 8, 8)
    assert float(NonSaturatingLoss().critic(zeros, zeros)) == pytest.approx(1.386294, abs=1e-6)
    assert float(NonSaturatingLoss().generator(zeros)) == pytest.approx(0.693147, abs=1e-6)


@pytest.mark.parametrize('kind', GOLDEN, ids=lambda kind: kind.__name__)
def test_both_sides_pull_the_right_way(kind):
    """A step of the critic raises real scores and lowers made ones, a step of the generator raises made ones."""
    real, made = torch.zeros(2, requires_grad=True), torch.zeros(2, requires_grad=True)
    for_real, for_made = torch.autograd.grad(kind().critic(real, made), (real, made))
    (for_generator,) = torch.autograd.grad(kind().generator(made), made)
    assert (for_real < 0).all() and (for_made > 0).all() or kind is LeastSquaresLoss
    assert (for_generator < 0).all()
    if kind is LeastSquaresLoss:
        assert (for_real < 0).all() and (for_made == 0).all(), 'made ones are at their goal'


def test_the_slope_of_a_plane():
    plane = nn.Linear(2, 1)
    with torch.no_grad():
        plane.weight.copy_(torch.tensor([[3.0, 4.0]]))
    real, made = torch.randn(5, 2), torch.randn(5, 2)
    assert float(slope_error(plane, real, made).detach()) == pytest.approx(16, rel=1e-5), '(5 - 1)^2 everywhere'
    penalty = WassersteinLoss(gradient_penalty=10).penalty(plane, real, made)
    assert float(penalty.detach()) == pytest.approx(160, rel=1e-5)
    (grad,) = torch.autograd.grad(penalty, plane.weight)
    assert torch.allclose(grad, 10 * 2 * (5 - 1) * torch.tensor([[0.6, 0.8]])), 'it teaches the critic'
    assert WassersteinLoss(gradient_penalty=0).penalty(plane, real, made) is None


def test_the_points_lie_between():
    seen = []
    slope_error(lambda x: (seen.append(x.detach()), x.square().sum(1))[1], torch.ones(64, 3), torch.zeros(64, 3))
    assert seen[0].min() >= 0 and seen[0].max() <= 1 and len(seen[0].unique()) > 32
    assert torch.equal(seen[0][:, 0], seen[0][:, 2]), 'one share for all of a picture'
