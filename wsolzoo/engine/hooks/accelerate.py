"""Switches that make training faster without changing what is computed; ``benchmarks/training.py`` measures each."""

import logging

import torch
from mmengine.config import Config
from mmengine.dist import broadcast_object_list
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner
from torch import Tensor, nn

from wsolzoo.engine.hooks.accumulation import unwrapped
from wsolzoo.engine.hooks.trial import choose, real_batch, run_trials, table
from wsolzoo.engine.optim.amp import has_bfloat16, use_bfloat16
from wsolzoo.errors import UserError, meant
from wsolzoo.registry import HOOKS

BACKBONES = ('backbone', 'network')
"""What models call the part that nearly all of the time goes into: a localizer, and a model of dense maps."""


def backbone_of(model: nn.Module) -> nn.Module:
    """The backbone of a localizer, the network of a model of dense maps.

    Raises:
        ValueError: the model has neither.
    """
    model = unwrapped(model)
    for name in BACKBONES:
        backbone = getattr(model, name, None)
        if isinstance(backbone, nn.Module):
            return backbone
    raise ValueError(f'{type(model).__name__} has no backbone to speed up; remove the hook from custom_hooks')


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
        backbone_of(runner.model).compile(mode=self.mode, dynamic=self.dynamic)
        print_log('The backbone is compiled; the first steps are slow.', 'current')


def as_channels_last(module: nn.Module, inputs: tuple) -> tuple:
    """A forward pre-hook: images and features come with their channels innermost."""
    return tuple(
        value.contiguous(memory_format=torch.channels_last) if isinstance(value, Tensor) and value.ndim == 4 else value
        for value in inputs
    )


def use_channels_last(model: nn.Module) -> None:
    """Convert the weights, and what enters the backbone from now on."""
    backbone = backbone_of(model)
    model.to(memory_format=torch.channels_last)
    if as_channels_last not in backbone._forward_pre_hooks.values():
        backbone.register_forward_pre_hook(as_channels_last)


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Stores weights and features with channels innermost: ``custom_hooks=[dict(type='ChannelsLastHook')]``.

    It pays with mixed precision on GPUs with tensor cores, and for small networks on CPUs; values differ in the last
    digits because other kernels sum in another order. Checkpoints fit with and without.
    """

    def before_run(self, runner: Runner) -> None:
        """Convert the model."""
        use_channels_last(runner.model)


KEY = 'accelerate'
ALLOWED = {'plain': 0.0, 'channels-last': 1e-4, 'bf16': 2**-6, 'bf16+channels-last': 2**-6}
"""The switches, and the relative difference of the loss that the precision explains: float32 summed in another order;
bfloat16, whose neighbouring numbers are 2^-7 apart, rounded in every layer."""


class AccelerateError(UserError, ValueError):
    """``accelerate`` names no switch."""


def offered(model: nn.Module) -> list[str]:
    """Those of :data:`ALLOWED` that this machine and this model have."""
    model = unwrapped(model)
    has_backbone = any(isinstance(getattr(model, name, None), nn.Module) for name in BACKBONES)
    able = {'channels-last': has_backbone, 'bf16': has_bfloat16()}
    return [name for name in ALLOWED if all(able.get(part, True) for part in name.split('+'))]


def switch_on(name: str, model: nn.Module, wrapper: OptimWrapper) -> OptimWrapper:
    """Turn on the parts of one of :data:`ALLOWED`, and return the wrapper."""
    parts = name.split('+')
    if 'channels-last' in parts:
        use_channels_last(model)
    if 'bf16' in parts:
        use_bfloat16(wrapper)
    return wrapper


def set_accelerate(cfg: Config) -> None:
    """Give a run the hook that follows ``accelerate`` of its config, or what the run it resumes began with."""
    hooks = dict(cfg.get('default_hooks') or {})
    hook = {'type': 'AccelerateHook', **(hooks.get(KEY) or {})}
    if cfg.get(KEY):
        hook['switch'] = cfg[KEY]
    cfg.default_hooks = hooks | {KEY: hook}


@HOOKS.register_module()
class AccelerateHook(Hook):
    """Trains with the switches that are fastest on this machine: ``accelerate='auto'`` in a config, or ``--fast``.

    Before the first epoch it times channels-last, bfloat16 and both on a batch of the training data, keeps the fastest
    whose loss is the plain one (see :data:`ALLOWED`), and writes its name into every checkpoint
    (``message_hub.runtime_info.accelerate``), from where tests take it into their results. A resumed run goes on with
    the switches it began with, and times nothing. Validation and tests run in float32.

    Timing leaves weights, optimizer, data and random numbers as they were. It costs about 28 steps, and for their time
    the memory of four copies of model and optimizer. Two runs may choose differently where two switches are close: to
    repeat a run, name its switch instead of ``auto``.

    Args:
        switch: ``'auto'``, or the switch to use without timing, one of :data:`ALLOWED`; by default the one a resumed
            run began with, and none in a new run.
        margin: a switch must save this share of the plain step's time.
    """

    def __init__(self, switch: str | None = None, margin: float = 0.05) -> None:
        if switch not in (None, 'auto', *ALLOWED):
            raise AccelerateError(f'accelerate={switch!r}: {meant(str(switch), ["auto", *ALLOWED])}')
        self.switch, self.margin = switch, margin

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Take what the training of the checkpoint has chosen."""
        recorded = (checkpoint.get('message_hub') or {}).get('runtime_info', {}).get(KEY)
        if isinstance(recorded, str) and recorded in ALLOWED:
            runner.message_hub.update_info(KEY, recorded)
            if runner._resume and (self.switch == 'auto' or (self.switch is None and recorded != 'plain')):
                self.switch = recorded

    def before_train(self, runner: Runner) -> None:
        """Choose, say what, record it and turn it on."""
        wrapper, switch = runner.optim_wrapper, self.switch or 'plain'
        if switch != 'plain' and type(wrapper) is not OptimWrapper:
            print_log(
                'accelerate: nothing is changed: it works with optim_wrapper.type="OptimWrapper", and this run has '
                f'{type(wrapper).__name__}.',
                'current',
                logging.WARNING,
            )
            switch = 'plain'
        elif self.switch:
            switch = self.fastest(runner) if switch == 'auto' else switch
            print_log(f'accelerate: training with {switch}.', 'current')
        runner.message_hub.update_info(KEY, switch)
        switch_on(switch, runner.model, wrapper)

    def fastest(self, runner: Runner) -> str:
        """Time the switches that this machine and model offer; the main process decides for all."""
        model, optimizer = unwrapped(runner.model), runner.optim_wrapper.optimizer
        switches = {
            name: lambda twin, its_optimizer, name=name: switch_on(name, twin, OptimWrapper(its_optimizer))
            for name in offered(model)
        }
        # every process takes the steps, as layers may exchange statistics
        trials = run_trials(model, optimizer, real_batch(runner.train_dataloader), switches)
        print_log(f'accelerate: what a training step costs here\n{table(trials, ALLOWED)}', 'current')
        chosen = [choose(trials, ALLOWED, self.margin)]
        broadcast_object_list(chosen)
        return chosen[0]
