"""Plugins that cannot be imported, and names that are taken."""

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from tests.bad_input import Broken
from tests.bad_input.configs import FROM_ELSEWHERE
from wsolzoo import registry
from wsolzoo.registry import MODELS


def entry(name: str, module: str) -> None:
    """Load the plugins of an environment with one, and look up a type that it should have brought."""
    found = registry.Plugins()
    registry._load(EntryPoint(name, module, registry.GROUP), found)


def unknown_type_with_broken_plugin(tmp: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, '_found', registry.Plugins(failed={'bad': 'ImportError: no module x'}))
        MODELS.get('MyMethod')


def collide(tmp: Path) -> None:
    MODELS.register_module(name='Localizer', module=type('Localizer', (), {'__module__': 'mine'}))


PLUGINS = [
    Broken(
        'module missing',
        lambda t: entry('bad', 'no_such_module'),
        "The wsolzoo plugin 'bad' (no_such_module) could not be imported and is left out: "
        "ModuleNotFoundError: No module named 'no_such_module'",
    ),
    Broken(
        'not a module name',
        lambda t: entry('odd', 'wsolzoo.cli:nothing'),
        "The wsolzoo plugin 'odd' (wsolzoo.cli:nothing) could not be imported and is left out: "
        "AttributeError: module 'wsolzoo.cli' has no attribute 'nothing'",
    ),
    Broken(
        'type of a plugin that failed',
        unknown_type_with_broken_plugin,
        "'MyMethod' is not in the model registry of wsolzoo.\n  close names: none\n  plugins loaded: none\n  "
        f"plugin 'bad' failed to import: ImportError: no module x\n  {FROM_ELSEWHERE}",
    ),
    Broken(
        'name taken',
        collide,
        "'Localizer' is already registered in the model registry of wsolzoo: first by wsolzoo.models.tasks.localizer "
        '(<repo>/wsolzoo/models/tasks/localizer.py), now by mine. Rename one of them, give the plugin a registry with '
        'its own scope, or pass force=True to replace the first.',
    ),
]
