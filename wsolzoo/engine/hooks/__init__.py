"""What happens around training and testing: one import line per module that registers a hook."""

from wsolzoo.engine.hooks import (
    accelerate,
    buffers,
    checkpoint,
    finite_loss,
    loss_weight,
    norm_eval,
    progress,
    random_state,
    report,
    resume,
    selection,
)

__all__ = [
    'accelerate',
    'buffers',
    'checkpoint',
    'finite_loss',
    'loss_weight',
    'norm_eval',
    'progress',
    'random_state',
    'report',
    'resume',
    'selection',
]
