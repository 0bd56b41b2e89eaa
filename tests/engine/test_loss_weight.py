"""The ramp of a loss weight, by hand, and from any epoch on."""

from types import SimpleNamespace

import pytest

from wsolzoo.engine.hooks.loss_weight import LossWeightHook


def weight_at(epoch: int, begin: int, end: int | None = None) -> float:
    runner = SimpleNamespace(model=SimpleNamespace(head=SimpleNamespace(weights={'bas': 2.0})), epoch=epoch)
    hook = LossWeightHook('bas', begin, end)
    hook.before_train(runner)
    hook.before_train_epoch(runner)
    return runner.model.head.weights['bas']


def test_ramp():
    assert [weight_at(epoch, 1, 5) for epoch in range(7)] == [0.0, 0.0, 0.5, 1.0, 1.5, 2.0, 2.0]
    assert [weight_at(epoch, 1) for epoch in range(4)] == [0.0, 0.0, 2.0, 2.0]


def test_messages():
    with pytest.raises(ValueError, match='end must be after begin; got begin=3, end=3'):
        LossWeightHook('bas', 3, 3)
    runner = SimpleNamespace(model=SimpleNamespace(head=SimpleNamespace(weights={'ac': 1.0})), epoch=0)
    with pytest.raises(ValueError, match=r"the head has the weights \['ac'\]"):
        LossWeightHook('bas', 1).before_train(runner)
