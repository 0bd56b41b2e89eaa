"""Switches that make training faster without changing what is computed; ``benchmarks/training.py`` measures each."""

import torch
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import Tensor, nn

from wsolzoo.registry import HOOKS


def backbone_of(runner: Runner) -> nn.Module:
    """The backbone of a Runner's model.

    Raises:
        ValueError: the model has none.
    """
    model = runner.model.module if is_model_wrapper(runner.model) else runner.model
    backbone = getattr(model, 'backbone', None)
    if not isinstance(backbone, nn.Module):
        raise ValueError(f'{type(model).__name__} has no backbone to speed up; remove the hook from custom_hooks')
    return backbone


@HOOKS.register_module()
class CompileBackboneHook(Hook):
    """Compiles the backbone, and nothing else, when a run begins: ``custom_hooks=[dict(type='CompileBackboneHook')]``.

    MMEngine's ``compile=True`` compiles the whole training step with the optimizer in it, and again for every new
    learning rate. Names of weights stay as they are, so checkpoints fit with and without. The first steps take half a
    minute or more (``TORCHINDUCTOR_CACHE_DIR`` keeps what they made); short runs and heads that enter the backbone in
    the middle gain nothing.

    Args:
        mode: see :func:`torch.compile`.
        dynamic: see :func:`torch.compile`; ``False`` compiles anew for each size of images.
    """

    def __init__(self, mode: str = 'default', dynamic: bool | None = None) -> None:
        self.mode, self.dynamic = mode, dynamic

    def before_run(self, runner: Runner) -> None:
        """Compile lazily: the work is done at the first forward pass."""
        backbone_of(runner).compile(mode=self.mode, dynamic=self.dynamic)
        print_log('The backbone is compiled; the first steps are slow.', 'current')


def as_channels_last(module: nn.Module, inputs: tuple) -> tuple:
    """A forward pre-hook: images and features come with their channels innermost."""
    return tuple(
        value.contiguous(memory_format=torch.channels_last) if isinstance(value, Tensor) and value.ndim == 4 else value
        for value in inputs
    )


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Stores weights and features with channels innermost: ``custom_hooks=[dict(type='ChannelsLastHook')]``.

    It pays with mixed precision on GPUs with tensor cores, and often on CPUs; values differ in the last digits because
    other kernels sum in another order. Checkpoints fit with and without.
    """

    def before_run(self, runner: Runner) -> None:
        """Convert the weights, and what enters the backbone from now on."""
        backbone = backbone_of(runner)
        runner.model.to(memory_format=torch.channels_last)
        if as_channels_last not in backbone._forward_pre_hooks.values():
            backbone.register_forward_pre_hook(as_channels_last)
