"""A loss that is not a number stops the run, instead of filling checkpoints with it."""

import math

from mmengine.hooks import Hook
from mmengine.runner import Runner

from wsolzoo.engine.hooks.checkpoint import newest_checkpoint
from wsolzoo.errors import UserError
from wsolzoo.registry import HOOKS


class NonFiniteLossError(UserError, RuntimeError):
    """A loss became NaN or infinite."""


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Stops the run at a loss that is NaN or infinite, names the images of the batch, and saves nothing of it.

    Args:
        interval: look every so many iterations; looking waits for the device, which costs time on a GPU. An epoch's
            last iteration is always looked at, before the epoch is saved.
    """

    priority = 'VERY_HIGH'

    def __init__(self, interval: int = 1) -> None:
        if interval < 1:
            raise ValueError(f'interval must be at least 1; got {interval}')
        self.interval = interval

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None, outputs: dict | None = None
    ) -> None:
        """Look at the scalars of the step.

        Raises:
            NonFiniteLossError: one is not finite.
        """
        if not (
            self.every_n_train_iters(runner, self.interval)
            or self.is_last_train_iter(runner)
            or self.end_of_epoch(runner.train_dataloader, batch_idx)
        ):
            return
        wrong = {
            name: float(value.detach())
            for name, value in (outputs or {}).items()
            if 'loss' in name and not math.isfinite(float(value.detach()))
        }
        if not wrong:
            return
        samples = (data_batch or {}).get('data_samples', [])
        names = ', '.join(str(sample.get('img_path', sample.get('img_id', '?'))) for sample in samples)
        good = newest_checkpoint(runner.work_dir)
        raise NonFiniteLossError(
            f'{", ".join(f"{name} is {value}" for name, value in wrong.items())} in epoch {runner.epoch + 1}, '
            f'iteration {runner.iter + 1}. Images of the batch: {names or "unknown"}. '
            + (f'The last good checkpoint is {good}. ' if good else 'No checkpoint was saved yet. ')
            + 'Look at these images (tools/dataset_tools/verify.py), lower the learning rate, or clip gradients '
            '(optim_wrapper.clip_grad=dict(max_norm=…)), then continue with --resume.'
        )
