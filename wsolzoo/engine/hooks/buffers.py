"""Several processes, one set of statistics: what is validated is what is saved."""

from mmengine.dist import broadcast, get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner

from wsolzoo.engine.hooks.checkpoint import saves_after_iter
from wsolzoo.registry import HOOKS


@HOOKS.register_module()
class BufferSyncHook(Hook):
    """Gives all processes the buffers of the first one before every validation and every checkpoint.

    BatchNorm keeps running means and variances of the images of its own process. The first process saves its own; if
    the others validated with theirs, scores would be of a network that no file holds, and the best checkpoint another
    one. They are copied, not averaged: buffers may be counters or tables, of which a mean makes no sense.

    The moving averages of an ``EMAHook`` are treated alike. Parameters are equal already.
    """

    priority = 'HIGH'  # before moving averages change places with the weights, and before checkpoints are saved

    def before_val(self, runner: Runner) -> None:
        """Copy before a validation."""
        copy_buffers(runner)

    def after_train_epoch(self, runner: Runner) -> None:
        """Copy before an epoch is saved."""
        copy_buffers(runner)

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None, outputs: dict | None = None
    ) -> None:
        """Copy before an iteration is saved."""
        if get_world_size() > 1 and saves_after_iter(runner):
            copy_buffers(runner)


def copy_buffers(runner: Runner) -> None:
    """Let every process have the buffers of process 0."""
    if get_world_size() == 1:
        return
    averages = (getattr(hook, 'ema_model', None) for hook in runner.hooks)
    for model in (runner.model, *(average for average in averages if average is not None)):
        for buffer in model.buffers():
            broadcast(buffer)
