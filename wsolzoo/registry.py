"""Every MMEngine root registry has a child here, so that configs with ``default_scope='wsolzoo'`` find our components.

``locations`` name the modules that register components; they and the installed plugins are imported when a type is
first looked up. A type that is not found is answered with what was meant.

A plugin is a package that adds components: everything installed under the entry point group ``wsolzoo.plugins``. An
entry point names a module whose import registers components. In the plugin's packaging::

    [project.entry-points."wsolzoo.plugins"]
    mymethod = "wsolzoo_mymethod"

``type='MyMethod'`` then resolves with no import anywhere. A plugin that cannot be imported is named in a warning and in
the error of a type that is not found; it never stops a run.
"""

import inspect
import warnings
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from typing import Any

from mmengine import registry as root
from mmengine.registry import Registry

from wsolzoo.errors import UserError, WrongArgumentError, explained, origin

_LOCATIONS = {
    'runner': ['wsolzoo.engine'],
    'runner constructor': ['wsolzoo.engine'],
    'loop': ['wsolzoo.engine', 'wsolzoo.methods'],
    'hook': ['wsolzoo.engine', 'wsolzoo.methods'],
    'log_processor': ['wsolzoo.engine'],
    'strategy': ['wsolzoo.engine'],
    'optimizer': ['wsolzoo.engine'],
    'optim_wrapper': ['wsolzoo.engine'],
    'optimizer wrapper constructor': ['wsolzoo.engine', 'wsolzoo.methods'],
    'parameter scheduler': ['wsolzoo.engine'],
    'dataset': ['wsolzoo.datasets'],
    'data sampler': ['wsolzoo.datasets', 'wsolzoo.methods'],
    'transform': ['wsolzoo.datasets', 'wsolzoo.methods'],
    'model': ['wsolzoo.models', 'wsolzoo.methods'],
    'model_wrapper': ['wsolzoo.models'],
    'weight initializer': ['wsolzoo.engine', 'wsolzoo.models'],
    'task util': ['wsolzoo.models'],
    'metric': ['wsolzoo.evaluation.metrics', 'wsolzoo.methods'],
    'evaluator': ['wsolzoo.evaluation.metrics'],
    'function': ['wsolzoo.evaluation.metrics'],
    'visualizer': ['wsolzoo.visualization.visualizer', 'wsolzoo.visualization.lazy'],
    'vis_backend': ['wsolzoo.visualization.visualizer'],
    'inferencer': ['wsolzoo.apis'],
}

GROUP = 'wsolzoo.plugins'


@dataclass
class Plugins:
    """What was found: names that loaded, and names that did not with the reason."""

    loaded: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


_found: Plugins | None = None


def load_plugins() -> Plugins:
    """Import every installed plugin, once per process.

    Returns:
        The record of what loaded and what failed; later calls return the same record.
    """
    global _found
    if _found is None:
        _found = Plugins()  # set first: a plugin's own import looks types up
        for entry in entry_points(group=GROUP):
            _load(entry, _found)
    return _found


def _load(entry: EntryPoint, found: Plugins) -> None:
    try:
        entry.load()
    except (Exception, SystemExit) as error:
        reason = f'{type(error).__name__}: {error}'
        found.failed[entry.name] = reason
        warnings.warn(
            f'The wsolzoo plugin {entry.name!r} ({entry.value}) could not be imported and is left out: {reason}',
            stacklevel=3,
        )
    else:
        found.loaded.append(entry.name)


class UnknownTypeError(UserError, KeyError):
    """A config names a type that no registry holds."""

    def __str__(self) -> str:
        """The message as written: a plain ``KeyError`` would print its line breaks as ``\\n``."""
        return str(self.args[0])


class ZooRegistry(Registry):
    """A registry that loads plugins before its first look-up, and says what was meant by a wrong name or keyword."""

    def build(self, cfg: dict, *args, **kwargs) -> Any:
        """Build what ``cfg`` describes.

        Raises:
            WrongArgumentError: the component does not take a keyword of ``cfg``, or needs another one.
            UnknownTypeError: there is no such component.
        """
        try:
            return super().build(cfg, *args, **kwargs)
        except WrongArgumentError:
            raise
        except TypeError as error:
            wrong = explained(error)
            if wrong is None:
                raise
            raise wrong from error

    def import_from_location(self) -> None:
        """Import our own components, then the installed plugins."""
        super().import_from_location()
        load_plugins()

    def get(self, key: str):
        """Return what is registered under ``key`` here, in a parent, or in the sibling its prefix names.

        Raises:
            UnknownTypeError: there is none; the message lists close names and the plugins.
        """
        try:
            found = super().get(key)
        except RuntimeError as error:
            if not str(error).startswith('Failed to get'):
                raise
            found = None
        # the look-up also tries `key` as an import path: a bare module (`type='resnet'`) is no component
        if found is None or inspect.ismodule(found):
            raise UnknownTypeError(self.explain(key))
        return found

    def __contains__(self, key: str) -> bool:
        """Whether :meth:`get` finds ``key``."""
        try:
            return self.get(key) is not None
        except KeyError:
            return False

    def names(self) -> set[str]:
        """Every name a config may write here: ours and the root's bare, those of loaded siblings with their prefix."""
        top = self.root
        names = set(self.module_dict) | set(top.module_dict)
        for scope, child in top.children.items():
            if child is not self and self.name != 'model':  # a network of a library needs a wrapper
                names.update(f'{scope}.{name}' for name in child.module_dict)
        return names

    def explain(self, key: str) -> str:
        """Say what is near to an unknown ``key``, and which plugins might have brought it."""
        plugins = load_plugins()
        near = close_names(key, self.names())
        lines = [
            f'{key!r} is not in the {self.name} registry of {self.scope}.',
            f'  close names: {", ".join(near) or "none"}',
            f'  plugins loaded: {", ".join(plugins.loaded) or "none"}',
        ]
        package = key.partition('.')[0]
        if '.' in key and find_spec(package) is None:
            lines.insert(1, f'  the package {package} is not installed')
        lines += [f'  plugin {name!r} failed to import: {reason}' for name, reason in plugins.failed.items()]
        lines.append(
            "  A component in a loose file needs custom_imports=dict(imports=['its_module']) in the config; one of a "
            'sibling library '
            + (
                "goes into a wrapper: dict(type='MMPretrainBackbone', net=dict(type='ResNet', depth=50)) or "
                "dict(type='TimmBackbone', model_name='resnet50')."
                if self.name == 'model'
                else "needs its prefix, as in 'mmpretrain.ColorJitter'."
            )
        )
        return '\n'.join(lines)

    def _register_module(self, module, module_name=None, force=False) -> None:
        names = [module_name] if isinstance(module_name, str) else module_name or [module.__name__]
        for name in names:
            if not force and name in self.module_dict:
                raise KeyError(
                    f'{name!r} is already registered in the {self.name} registry of {self.scope}: first by '
                    f'{origin(self.module_dict[name])}, now by {origin(module)}. Rename one of them, give the plugin '
                    'a registry with its own scope, or pass force=True to replace the first.'
                )
        super()._register_module(module, module_name, force)


def close_names(key: str, names, count: int = 4) -> list[str]:
    """The names nearest to ``key``, a sibling's prefix not counted, and letter case neither."""
    by_tail: dict[str, list[str]] = {}
    for name in sorted(names):
        by_tail.setdefault(name.rpartition('.')[2].lower(), []).append(name)
    tails = get_close_matches(key.rpartition('.')[2].lower(), by_tail, n=count, cutoff=0.6)
    return [name for tail in tails for name in by_tail[tail]][:count]


def _child(parent: Registry) -> ZooRegistry:
    return ZooRegistry(parent.name, parent=parent, scope='wsolzoo', locations=_LOCATIONS[parent.name])


RUNNERS = _child(root.RUNNERS)
RUNNER_CONSTRUCTORS = _child(root.RUNNER_CONSTRUCTORS)
LOOPS = _child(root.LOOPS)
HOOKS = _child(root.HOOKS)
LOG_PROCESSORS = _child(root.LOG_PROCESSORS)
STRATEGIES = _child(root.STRATEGIES)
OPTIMIZERS = _child(root.OPTIMIZERS)
OPTIM_WRAPPERS = _child(root.OPTIM_WRAPPERS)
OPTIM_WRAPPER_CONSTRUCTORS = _child(root.OPTIM_WRAPPER_CONSTRUCTORS)
PARAM_SCHEDULERS = _child(root.PARAM_SCHEDULERS)
DATASETS = _child(root.DATASETS)
DATA_SAMPLERS = _child(root.DATA_SAMPLERS)
TRANSFORMS = _child(root.TRANSFORMS)
MODELS = _child(root.MODELS)
MODEL_WRAPPERS = _child(root.MODEL_WRAPPERS)
WEIGHT_INITIALIZERS = _child(root.WEIGHT_INITIALIZERS)
TASK_UTILS = _child(root.TASK_UTILS)
METRICS = _child(root.METRICS)
EVALUATOR = _child(root.EVALUATOR)
FUNCTIONS = _child(root.FUNCTIONS)
VISUALIZERS = _child(root.VISUALIZERS)
VISBACKENDS = _child(root.VISBACKENDS)
INFERENCERS = _child(root.INFERENCERS)
