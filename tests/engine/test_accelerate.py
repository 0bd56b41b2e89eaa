"""Switches for speed change no name of a weight, and no result beyond rounding."""

import types

import pytest
import torch
from torch import nn

from wsolzoo.engine.hooks.accelerate import ChannelsLastHook, CompileBackboneHook, backbone_of
from wsolzoo.testing import build_model, tiny_batch

MODEL = dict(
    type='Localizer',
    data_preprocessor=dict(type='ImgDataPreprocessor', mean=[0, 0, 0], std=[255, 255, 255], bgr_to_rgb=True),
    backbone=dict(type='PlainNet', base_channels=8),
    head=dict(type='CAMHead', num_classes=3),
)


def runner(model):
    return types.SimpleNamespace(model=model)


def scores(model) -> torch.Tensor:
    with torch.no_grad():
        return torch.stack([sample.pred_scores for sample in model.eval().val_step(tiny_batch(model))])


def test_channels_last():
    torch.manual_seed(0)
    model = build_model({'model': MODEL})
    expected, names = scores(model), list(model.state_dict())
    seen = []
    model.backbone.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    for _ in range(2):  # training, then testing with the same model
        ChannelsLastHook().before_run(runner(model))
    torch.testing.assert_close(scores(model), expected, rtol=1e-4, atol=1e-5)
    assert seen[-1].is_contiguous(memory_format=torch.channels_last)
    assert len(model.backbone._forward_pre_hooks) == 1
    assert list(model.state_dict()) == names


def test_the_backbone_alone_is_compiled(monkeypatch):
    """With the tracing backend alone: generating code takes half a minute, and is torch's own business."""
    torch.manual_seed(0)
    model = build_model({'model': MODEL})
    expected, names, asked = scores(model), list(model.state_dict()), {}
    compile_module = nn.Module.compile

    def eager(module, **kwargs):
        asked.update(kwargs)
        compile_module(module, backend='eager')

    monkeypatch.setattr(nn.Module, 'compile', eager)
    CompileBackboneHook(dynamic=False).before_run(runner(model))
    torch.testing.assert_close(scores(model), expected)
    assert asked == {'mode': 'default', 'dynamic': False}
    assert model.backbone._compiled_call_impl is not None
    assert model._compiled_call_impl is None
    assert list(model.state_dict()) == names


def test_a_model_without_backbone():
    with pytest.raises(ValueError, match='Linear has no backbone to speed up; remove the hook from custom_hooks'):
        backbone_of(runner(nn.Linear(1, 1)))
