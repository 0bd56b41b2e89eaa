"""The ramp of a loss weight, by hand, and from any epoch on."""

from types import SimpleNamespace

import pytest
from torch import nn

from wsolzoo.engine.hooks.loss_weight import LossWeightHook


def runner_of(loss_weight, epoch: int = 0, part: str = 'head') -> SimpleNamespace:
    model = nn.Module()
    model.head, model.losses = nn.Module(), nn.ModuleList([nn.Module()])
    model.get_submodule(part).loss_weight = loss_weight
    return SimpleNamespace(model=model, epoch=epoch)


def weight_at(epoch: int, begin: int, end: int | None = None) -> float:
    runner = runner_of({'bas': 2.0}, epoch)
    hook = LossWeightHook('bas', begin, end)
    hook.before_train(runner)
    hook.before_train_epoch(runner)
    return runner.model.head.loss_weight['bas']


def test_ramp():
    assert [weight_at(epoch, 1, 5) for epoch in range(7)] == [0.0, 0.0, 0.5, 1.0, 1.5, 2.0, 2.0]
    assert [weight_at(epoch, 1) for epoch in range(4)] == [0.0, 0.0, 2.0, 2.0]


def test_the_one_weight_of_any_part():
    runner = runner_of(3.0, epoch=2, part='losses.0')
    hook = LossWeightHook(None, 1, 3, part='losses.0')
    hook.before_train(runner)
    hook.before_train_epoch(runner)
    assert runner.model.losses[0].loss_weight == 1.5


@pytest.mark.parametrize(
    ('hook', 'loss_weight', 'said'),
    [
        (('bas', 1), {'ac': 1.0}, r"loss_weight of head is \['ac'\]"),
        (('bas', 1), 1.0, r'loss_weight of head is 1.0'),
        ((None, 1), {'ac': 1.0}, r"loss_weight of head is \['ac'\]"),
        (('bas', 1, None, 'neck'), {'bas': 1.0}, r"no part 'neck'; it has \['head', 'losses'\]"),
    ],
)
def test_messages(hook, loss_weight, said):
    with pytest.raises(ValueError, match=said):
        LossWeightHook(*hook).before_train(runner_of(loss_weight))


def test_an_empty_ramp_is_refused():
    with pytest.raises(ValueError, match='end must be after begin; got begin=3, end=3'):
        LossWeightHook('bas', 3, 3)
