"""The one place that knows which MMEngine is installed, and what noise it makes.

The declared dependency is the maintained fork (``onedl-mmengine``); the same code runs on OpenMMLab's original packages
through this module. Importing it imports the standard library alone.
"""

import logging
import platform
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path

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
    from mmengine.config import config
    from mmengine.config.utils import MODULE2PACKAGE

    MODULE2PACKAGE.setdefault('wsolzoo', 'wsolzoo')
    if on_originals() and not hasattr(config.get_installed_path, 'asked_before'):
        config.get_installed_path = _PathOf(config.get_installed_path)


class _PathOf:
    """Where a package lies; the original looks for an editable install where its metadata is, and finds nothing."""

    def __init__(self, asked_before: Callable[[str], str]) -> None:
        self.asked_before = asked_before

    def __call__(self, package: str) -> str:
        return str(Path(__file__).parent) if package == 'wsolzoo' else self.asked_before(package)


def quiet() -> None:
    """Silence the warnings that MMEngine, mmpretrain and torch print on every run and no user can do anything about."""
    for message, category in QUIET_WARNINGS:
        warnings.filterwarnings('ignore', message=message, category=category)


class DropKnownNoise(logging.Filter):
    """Drop the deprecation notes that MMEngine logs about its own code."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is to be kept."""
        return not record.getMessage().startswith(QUIET_LOGS)


@contextmanager
def without_retries() -> Iterator[None]:
    """Let the client of the Hugging Face hub answer at once where there is no network; it would retry for minutes."""
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or not reachable(constants.ENDPOINT)
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def reachable(address: str, seconds: float = 3) -> bool:
    """Whether a server answers; behind a proxy nobody can tell, so it may."""
    import socket
    from urllib.parse import urlsplit
    from urllib.request import getproxies

    if getproxies():
        return True
    place = urlsplit(address)
    try:
        socket.create_connection((place.hostname, place.port or 443), timeout=seconds).close()
    except OSError:
        return False
    return True


def quiet_logger(logger: logging.Logger) -> None:
    """Attach :class:`DropKnownNoise` to a logger, once."""
    if not any(isinstance(known, DropKnownNoise) for known in logger.filters):
        logger.addFilter(DropKnownNoise())
