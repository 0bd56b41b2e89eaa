"""Find misspelt and unread config keys before anything expensive starts.

MMEngine reads the keys it knows and ignores the rest, so ``optim_wraper`` or an edited ``train_pipeline`` that no data
loader uses changes nothing, silently. Three looks are taken:

* :mod:`~wsolzoo.run.config_check.names`: top-level names that nothing reads, from the syntax tree of the config files;
* :mod:`~wsolzoo.run.config_check.components`: unknown types, and keywords that a component's constructor does not take;
* ``key=value`` overrides that have no effect.
"""

from collections.abc import Mapping
from pathlib import Path

from mmengine.config import Config

from wsolzoo.run.config_check.components import check_components
from wsolzoo.run.config_check.names import check_names, check_overrides
from wsolzoo.run.config_check.report import ConfigError, Report

__all__ = ['ConfigError', 'Report', 'check_config', 'inspect_config']


def inspect_config(cfg: Config, overrides: Mapping | None = None) -> Report:
    """Look at a config without judging it.

    Args:
        cfg: the config as the Runner will get it, overrides merged.
        overrides: what ``--cfg-options`` set, keys dotted.

    Returns:
        What is wrong (``errors``) and what is probably not meant (``warnings``), each a line that names the place.
    """
    report = Report(cfg.filename or 'the config')
    path = Path(cfg.filename) if cfg.filename else None
    check_names(cfg, path, report, set(overrides or ()))
    check_overrides(cfg, overrides or {}, report)
    check_components(cfg, report)
    return report


def check_config(cfg: Config, overrides: Mapping | None = None) -> list[str]:
    """Refuse a config with wrong keys.

    Returns:
        The warnings.

    Raises:
        ConfigError: names every wrong key with the nearest valid one.
    """
    report = inspect_config(cfg, overrides)
    if report.errors:
        raise ConfigError(report)
    return report.warnings
