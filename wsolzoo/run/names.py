"""Names in config files that nothing reads.

MMEngine reads the names it knows and ignores the rest, so ``optim_wraper`` or an edited ``train_pipeline`` that no data
loader uses changes nothing, silently. What a component takes is not looked at here: building it answers that, see
:func:`wsolzoo.errors.explained`.
"""

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from mmengine.config import Config

from wsolzoo.errors import UserError, nearest
from wsolzoo.resources import PREFIX, config_dir
from wsolzoo.run.sections import section_problems

# Read by Runner through `cfg.get`, or by the configs and tools around it; not arguments of its constructor.
BESIDES_RUNNER = {
    'accelerate',
    'activation_checkpointing',
    'allow_partial_weights',
    'allow_test_selection',
    'compile',
    'custom_imports',
    'efficient_conv_bn_eval',
    'find_unused_parameters',
    'first_phase',
    'model_wrapper_cfg',
    'runner_type',
    'sync_bn',
    'tta_model',
    'tta_pipeline',
}


@cache
def runner_names() -> frozenset[str]:
    """Every top-level name that MMEngine reads."""
    from mmengine.runner import Runner

    own = set(inspect.signature(Runner.__init__).parameters) - {'self', 'cfg'}
    return frozenset(own | BESIDES_RUNNER)


@dataclass
class Report:
    """What a look at a config found: errors stop a run, warnings are printed."""

    name: str
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class ConfigError(UserError, ValueError):
    """A config has names that nothing reads."""

    def __init__(self, report: Report) -> None:
        count = len(report.errors)
        lines = [f'{report.name} has {count} problem{"s" if count > 1 else ""}:']
        super().__init__('\n'.join([*lines, *(f'  {error}' for error in report.errors)]))


def check_config(cfg: Config, overrides: Mapping | None = None) -> list[str]:
    """Refuse a config with names that are probably misspelt.

    Args:
        cfg: the config as the Runner will get it, overrides merged.
        overrides: what ``--cfg-options`` set, keys dotted.

    Returns:
        Warnings: what is probably not meant, each a line that names the place.

    Raises:
        ConfigError: names every wrong one with the nearest valid one.
    """
    report = inspect_config(cfg, overrides)
    if report.errors:
        raise ConfigError(report)
    return report.warnings


def inspect_config(cfg: Config, overrides: Mapping | None = None) -> Report:
    """Look at a config as :func:`check_config` does, without judging it."""
    report = Report(cfg.filename or 'the config')
    check_names(cfg, Path(cfg.filename) if cfg.filename else None, report, set(overrides or ()))
    check_overrides(cfg, overrides or {}, report)
    report.errors += section_problems(cfg)
    return report


@dataclass
class ConfigFile:
    """The names of one file of a chain."""

    path: Path
    assigned: dict[str, int] = field(default_factory=dict)  # name -> line
    used: set[str] = field(default_factory=set)  # loaded in this very file
    base_uses: set[str] = field(default_factory=set)  # `_base_.name`
    bases: list[Path] = field(default_factory=list)


def read_file(path: Path) -> ConfigFile:
    """Collect what a Python config file assigns and reads."""
    source = path.read_text(encoding='utf-8')
    tree = ast.parse(source, filename=str(path))
    found = ConfigFile(path, base_uses=set(re.findall(r'_base_\.(\w+)', source)))
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, 'target', None)]
        for target in targets:
            if isinstance(target, ast.Name):
                found.assigned[target.id] = node.lineno
                if target.id == '_base_' and isinstance(node, ast.Assign):
                    found.bases = _base_paths(node.value, path)
    loads = (node for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
    found.used = {node.id for node in loads}
    return found


def _base_paths(value: ast.expr, path: Path) -> list[Path]:
    listed = ast.literal_eval(value)
    paths = []
    for base in [listed] if isinstance(listed, str) else listed:
        if base.startswith(PREFIX):
            paths.append(config_dir() / base.removeprefix(PREFIX))
        elif '::' not in base and base.endswith('.py'):
            paths.append(path.parent / base)
    return paths


def read_chain(path: Path) -> list[ConfigFile]:
    """The file and everything it inherits from, leaf first."""
    own = read_file(path)
    return [own, *(file for base in own.bases if base.is_file() for file in read_chain(base))]


def check_names(cfg: Config, path: Path | None, report: Report, overridden: set[str]) -> None:
    """Report top-level names that nothing reads, except those that an override brought."""
    if path is None or path.suffix != '.py' or not path.is_file():
        for name in cfg:
            if name not in {key.partition('.')[0] for key in overridden}:
                _judge(name, name, report)
        return
    chain = read_chain(path)
    for file in chain:
        read = file.used.union(*(other.base_uses for other in chain))
        for name, line in file.assigned.items():
            if name in read or name.startswith('_') or name in runner_names():
                continue
            place = f'{file.path.name}:{line} {name}'
            inherited = [
                other for other in chain if other is not file and name in other.assigned and name in other.used
            ]
            if inherited:
                report.warnings.append(
                    f'{place}: assigned but not used in this file. {inherited[0].path.name} has put its own {name} '
                    f'into the place that counts, so this value changes nothing; assign to that place here as well'
                    f'{_pipeline_hint(name)}.'
                )
            elif not _written_out(cfg, name):
                _judge(name, place, report)


def _written_out(cfg: Config, name: str) -> bool:
    """Whether what a name holds stands where it is read too, as in a config that was dumped whole."""
    value = cfg.get(name)
    return bool(value) and any(value in _parts(cfg[place]) for place in cfg if place in runner_names())


def _parts(value: Any) -> Iterator[Any]:
    """The mappings and lists in a value, itself among them."""
    if isinstance(value, Mapping | list | tuple):
        yield value
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _parts(inner)


def _pipeline_hint(name: str) -> str:
    split = name.partition('_')[0]
    if not name.endswith('pipeline') or split not in ('train', 'val', 'test'):
        return ''
    return f' ({split}_dataloader = dict(dataset=dict(pipeline={name})))'


def _judge(name: str, place: str, report: Report) -> None:
    if name in runner_names():
        return
    near = nearest(name, runner_names())
    if near:
        report.errors.append(f'{place}: nothing reads this name; did you mean {near!r}?')
    else:
        report.warnings.append(f'{place}: nothing reads this name.')


def check_overrides(cfg: Config, overrides: Mapping, report: Report) -> None:
    """Report ``--cfg-options`` whose top-level name nothing reads: they would change nothing."""
    for key in overrides:
        name = key.partition('.')[0]
        if name in runner_names():
            continue
        near = nearest(name, runner_names())
        why = f'did you mean {key.replace(name, near, 1)!r}?' if near else 'nothing reads this name.'
        if name.endswith('pipeline'):
            why = 'the data loaders have copied it already; set train_dataloader.dataset.pipeline.… instead.'
        report.errors.append(f'--cfg-options {key}: has no effect; {why}')
