"""Hooks, loops, optimizer wrappers and checkpoint loading: one import line per module that registers something."""

from wsolzoo.engine import (
    accelerate,
    amp,
    atomic,
    checkpoint,
    checkpoint_hook,
    finite_loss,
    loops,
    loss_weight,
    optim,
    progress_hook,
    random_state,
    report_hook,
    resume,
    selection,
    terminal,
)

__all__ = [
    'accelerate',
    'amp',
    'atomic',
    'checkpoint',
    'checkpoint_hook',
    'finite_loss',
    'loops',
    'loss_weight',
    'optim',
    'progress_hook',
    'random_state',
    'report_hook',
    'resume',
    'selection',
    'terminal',
]
