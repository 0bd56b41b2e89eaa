"""The Runner of our configs: quick to start, alone in its work dir, safe with files, short on the terminal."""

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from pathlib import Path

import torch
from mmengine.dist import broadcast_object_list
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from torch import nn

from wsolzoo.compat import versions
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

    The config in the work dir is that of the training: a test leaves it alone. While it trains, no second one trains in
    its work dir. Making one installs :mod:`wsolzoo.engine.weights`.
    """

    def __init__(self, *args: object, **kwargs: object) -> None:
        weights.install()
        self._sign_of_life: Callable[[], None] = lambda: None
        super().__init__(*args, **kwargs)

    def build_logger(self, *args: object, **kwargs: object) -> MMLogger:
        """The logger, its terminal side hushed."""
        logger = super().build_logger(*args, **kwargs)
        hush(logger)
        return logger

    def _log_env(self, env_cfg: dict) -> None:
        """Log versions and config; MMEngine starts a compiler to ask for its version, and imports torchvision."""
        del env_cfg
        lines = [f'{name}: {value}' for name, value in environment(self.seed, self.world_size).items()]
        self.logger.info('System environment:\n    ' + '\n    '.join(lines))
        self.logger.info(f'Config:\n{self.cfg.pretty_text}')

    def dump_config(self) -> None:
        """Nothing yet: see :meth:`train`."""

    def train(self) -> nn.Module:
        """Train, alone in the work dir, with the config written there.

        Raises:
            LockedError: another training writes there.
        """
        name = Path(self.cfg.filename).name if self.cfg.filename else f'{self.timestamp}.py'
        with self._alone():
            if self.rank == 0:
                self.cfg.dump(str(Path(self.work_dir, name)))
            return super().train()

    def call_hook(self, fn_name: str, **kwargs: object) -> None:
        """Call all hooks, and tell other machines that this training lives."""
        self._sign_of_life()
        super().call_hook(fn_name, **kwargs)

    def load_checkpoint(self, filename: str, *args: object, **kwargs: object) -> dict:
        """Load weights, with one sentence for whatever a file can do wrong."""
        with _explained(filename), self._noted():
            return super().load_checkpoint(filename, *args, **kwargs)

    def resume(self, filename: str, *args: object, **kwargs: object) -> None:
        """Continue from a checkpoint, with one sentence for whatever a file can do wrong."""
        with _explained(filename):
            super().resume(filename, *args, **kwargs)

    @contextmanager
    def _noted(self) -> Iterator[None]:
        """What MMEngine prints (which backend read which file) goes to the log file."""
        printed = io.StringIO()
        try:
            with redirect_stdout(printed):
                yield
        finally:
            for line in filter(None, printed.getvalue().splitlines()):
                self.logger.info(line)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        problem = ['']
        with ExitStack() as stack:
            if self.rank == 0:
                try:
                    self._sign_of_life = stack.enter_context(locked(self.work_dir))
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


def environment(seed: int, processes: int) -> dict[str, object]:
    """What a run depends on besides its config."""
    gpus = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    run = {'platform': sys.platform, 'GPUs': ', '.join(gpus) or 'none', 'processes': processes, 'seed': seed}
    return {**versions(), **run, 'torch was built with': torch.__config__.show()}
