"""Packages that add components: everything installed under the entry point group ``wsolzoo.plugins``.

An entry point names a module whose import registers components. In the plugin's packaging::

    [project.entry-points."wsolzoo.plugins"]
    mymethod = "wsolzoo_mymethod"

The registries load plugins before their first look-up, so ``type='MyMethod'`` resolves with no import anywhere. A
plugin that cannot be imported is named in a warning and in the error of a type that is not found; it never stops a run.
"""

import warnings
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points

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
