"""The one place that knows which MMEngine is installed, and what noise it makes.

The declared dependency is the maintained fork (``onedl-mmengine``); the same code runs on OpenMMLab's original packages
through this module. Nothing here imports torch until :func:`allow_own_checkpoints` is called.
"""

import logging
import platform
import warnings
from contextlib import suppress
from importlib import import_module, metadata

FORK, ORIGINAL = 'onedl-mmengine', 'mmengine'
REPAIR = f'pip uninstall -y {ORIGINAL} {FORK} && pip install {FORK}'

# Exact beginnings: the filter list belongs to the whole process, so nothing else may match.
QUIET_WARNINGS = (
    (r'Fail to import ``MultiScaleDeformableAttention`` from ``mmcv\.ops\.multi_scale_deform_attn``', UserWarning),
    (r'.*`?broadcast_buffers`? is deprecated', FutureWarning),
)
QUIET_LOGS = ('"FileClient" will be deprecated', '"HardDiskBackend" is the alias of "LocalBackend"')


NUMBERS_DEPEND_ON = (
    'numpy', 'opencv-python', 'opencv-python-headless', 'numba', 'torch', 'torchvision', FORK, ORIGINAL
)  # fmt: skip


def versions() -> dict[str, str]:
    """The installed versions of what may change a number, ours and Python's among them."""
    import wsolzoo

    found = {'python': platform.python_version(), 'wsolzoo': wsolzoo.__version__}
    for name in NUMBERS_DEPEND_ON:
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def installed(distribution: str) -> bool:
    """Whether ``distribution`` is installed, asked of the metadata alone."""
    try:
        metadata.distribution(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


def check_distributions() -> None:
    """Refuse an environment with both MMEngine distributions: they share one folder and overwrite each other.

    Raises:
        ImportError: both are installed; the message holds the repair command.
    """
    if installed(FORK) and installed(ORIGINAL):
        raise ImportError(
            f'Both {FORK} and {ORIGINAL} are installed. They write into the same folder `mmengine/`, so what you '
            f'import is a mixture of the two. Keep one of them, for instance with:\n    {REPAIR}'
        )


def on_originals() -> bool:
    """Whether ``mmengine`` is OpenMMLab's own package."""
    return installed(ORIGINAL) and not installed(FORK)


def allow_package_configs() -> None:
    """Let ``_base_ = 'wsolzoo::cam/x.py'`` name our configs: MMEngine keeps a list of the packages it allows there."""
    try:
        from mmengine.config.utils import MODULE2PACKAGE
    except ImportError:  # a private name: a release may move it, and only this convenience is lost
        return
    MODULE2PACKAGE.setdefault('wsolzoo', 'wsolzoo')


def quiet() -> None:
    """Silence the warnings that MMEngine, mmpretrain and torch print on every run and no user can do anything about."""
    for message, category in QUIET_WARNINGS:
        warnings.filterwarnings('ignore', message=message, category=category)


class DropKnownNoise(logging.Filter):
    """Drop the deprecation notes that MMEngine logs about its own code."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is to be kept."""
        return not record.getMessage().startswith(QUIET_LOGS)


def quiet_logger(logger: logging.Logger) -> None:
    """Attach :class:`DropKnownNoise` to a logger, once."""
    if not any(isinstance(known, DropKnownNoise) for known in logger.filters):
        logger.addFilter(DropKnownNoise())


def allow_own_checkpoints() -> None:
    """On the originals, let ``weights_only`` loading read what an MMEngine Runner writes (torch 2.6 and later refuses).

    The fork does this by itself, for the one call that needs it. The list is that of a Runner checkpoint's message hub.
    """
    if not on_originals():
        return
    import numpy as np
    import torch
    from mmengine.logging import HistoryBuffer

    if not hasattr(torch.serialization, 'add_safe_globals'):
        return
    rebuild = import_module('numpy._core.multiarray' if hasattr(np, '_core') else 'numpy.core.multiarray')
    kinds = [type(np.dtype(kind)) for kind in ('float64', 'float32', 'int64', 'int32', 'bool')]
    torch.serialization.add_safe_globals(
        [HistoryBuffer, getattr, slice, rebuild._reconstruct, rebuild.scalar, np.ndarray, np.dtype, *kinds]
    )


def prepare() -> None:
    """Everything a tool wants before it builds a Runner."""
    quiet()
    allow_own_checkpoints()
