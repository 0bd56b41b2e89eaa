"""Batch normalisation that is held from an epoch on."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from wsolzoo.engine.hooks.norm_eval import NormEvalHook
from wsolzoo.models.backbones.plain import PlainNet


def statistics(epoch: int) -> tuple[torch.Tensor, bool]:
    """Running mean after one training pass in this epoch, and whether the weight still learns."""
    model = nn.Module()
    model.backbone = PlainNet(base_channels=4, strides=(2, 2))
    hook, runner = NormEvalHook(begin=2), SimpleNamespace(model=model, epoch=epoch)
    hook.before_train(runner)
    hook.before_train_epoch(runner)
    model.train()
    model.backbone(torch.ones(2, 3, 16, 16))
    norm = model.backbone.stem[1]
    return norm.running_mean, norm.weight.requires_grad


def test_statistics_move_until_the_epoch_and_not_after_it():
    assert statistics(1)[0].any()
    mean, learns = statistics(2)
    assert not mean.any() and learns


def test_a_model_without_such_a_backbone_is_refused():
    with pytest.raises(ValueError, match=r'of model\.backbone, a StagedBackbone; found none'):
        NormEvalHook(begin=0).before_train(SimpleNamespace(model=nn.Linear(1, 1)))
