"""A Runner that starts quickly and says little."""

import io
import sys
from contextlib import redirect_stdout
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from torch import nn

from wsolzoo.engine.terminal import hush
from wsolzoo.registry import RUNNERS


@RUNNERS.register_module()
class TerseRunner(Runner):
    """A Runner that never prints its environment and config on the terminal; both are in the log file.

    ``runner_type = 'TerseRunner'`` in a config. With :class:`~wsolzoo.engine.hooks.progress.ProgressHook` alone the
    start of a run is as long as MMEngine's, because hooks come to life after it.

    The config in the work dir is that of the training: a test leaves it alone.
    """

    def build_logger(self, *args: object, **kwargs: object) -> MMLogger:
        """The logger, its terminal side hushed."""
        logger = super().build_logger(*args, **kwargs)
        hush(logger)
        return logger

    def load_checkpoint(self, *args: object, **kwargs: object) -> dict:
        """Load weights; what MMEngine prints on the way (which backend read which file) goes to the log file."""
        printed = io.StringIO()
        try:
            with redirect_stdout(printed):
                return super().load_checkpoint(*args, **kwargs)
        finally:
            for line in filter(None, printed.getvalue().splitlines()):
                self.logger.info(line)

    def _log_env(self, env_cfg: dict) -> None:
        """Log versions and config; MMEngine starts a compiler to ask for its version, and imports torchvision."""
        del env_cfg
        lines = [f'{name}: {value}' for name, value in environment(self.seed, self.world_size).items()]
        self.logger.info('Environment:\n    ' + '\n    '.join(lines))
        self.logger.info(f'Config:\n{self.cfg.pretty_text}')

    def dump_config(self) -> None:
        """Nothing yet: see :meth:`train`."""

    def train(self) -> nn.Module:
        """Train, after the config was written into the work dir."""
        name = Path(self.cfg.filename).name if self.cfg.filename else f'{self.timestamp}.py'
        self.cfg.dump(str(Path(self.work_dir, name)))
        return super().train()


def environment(seed: int, processes: int) -> dict[str, object]:
    """What a run depends on besides its config."""
    from wsolzoo.compat import FORK, ORIGINAL, on_originals

    engine = ORIGINAL if on_originals() else FORK
    gpus = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return {
        'platform': sys.platform,
        'python': sys.version.replace('\n', ''),
        engine: version(engine),
        'numpy': np.__version__,
        'torch': torch.__version__,
        'GPUs': ', '.join(gpus) or 'none',
        'processes': processes,
        'seed': seed,
        'torch was built with': torch.__config__.show(),
    }
