"""The Runner of our configs: alone in its work dir, safe with files, short on the terminal."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from mmengine.dist import broadcast_object_list
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from torch import nn

from wsolzoo.engine import weights
from wsolzoo.engine.lock import LockedError, locked
from wsolzoo.engine.terminal import hush
from wsolzoo.engine.weights.atomic import remove_half_written
from wsolzoo.engine.weights.reading import CheckpointError
from wsolzoo.errors import UserError
from wsolzoo.registry import RUNNERS


@RUNNERS.register_module()
class TerseRunner(Runner):
    """A Runner that never prints its environment and config on the terminal; both are in the log file.

    ``runner_type = 'TerseRunner'`` in a config. With :class:`~wsolzoo.engine.hooks.progress.ProgressHook` alone the
    start of a run is as long as MMEngine's, because hooks come to life after it.

    While it trains, no second one trains in its work dir. Making one installs :mod:`wsolzoo.engine.weights`.
    """

    def __init__(self, *args: object, **kwargs: object) -> None:
        weights.install()
        super().__init__(*args, **kwargs)

    def build_logger(self, *args: object, **kwargs: object) -> MMLogger:
        """The logger, its terminal side hushed."""
        logger = super().build_logger(*args, **kwargs)
        hush(logger)
        return logger

    def train(self) -> nn.Module:
        """Train, alone in the work dir.

        Raises:
            LockedError: another training writes there.
        """
        with self._alone():
            return super().train()

    def load_checkpoint(self, filename: str, *args: object, **kwargs: object) -> dict:
        """Load weights, with one sentence for whatever a file can do wrong."""
        with _explained(filename):
            return super().load_checkpoint(filename, *args, **kwargs)

    def resume(self, filename: str, *args: object, **kwargs: object) -> None:
        """Continue from a checkpoint, with one sentence for whatever a file can do wrong."""
        with _explained(filename):
            super().resume(filename, *args, **kwargs)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        problem = ['']
        with ExitStack() as stack:
            if self.rank == 0:
                try:
                    stack.enter_context(locked(self.work_dir))
                    remove_half_written(self.work_dir)
                except (LockedError, OSError) as error:
                    problem = [str(error)]
            broadcast_object_list(problem)  # all processes end, not the first alone
            if problem[0]:
                raise LockedError(problem[0])
            yield


@contextmanager
def _explained(filename: str) -> Iterator[None]:
    try:
        yield
    except (UserError, OSError, torch.OutOfMemoryError):
        raise
    except (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise CheckpointError(
            f'{filename} does not hold what a run of this config needs ({type(error).__name__}: {error}). Take the '
            'config it was trained with, or another checkpoint.'
        ) from error
