"""A component that cannot be built: which one, where the config names it, and why."""

import sysconfig
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from traceback import extract_tb
from typing import Any

from mmengine.config import Config

from wsolzoo.errors import WrongArgumentError, being_built, explained
from wsolzoo.run.names import runner_names
from wsolzoo.run.options import UsageError

BLAMED = (AssertionError, ImportError, OSError, RuntimeError, TypeError, ValueError)
"""What constructors raise where a value is wrong; other errors are mistakes of the code and want their traceback."""
LIBRARIES = (Path(sysconfig.get_path('purelib')), Path(__file__).parents[1])


def told(error: Exception, cfg: Config) -> UsageError | None:
    """The sentence for an error that a component raised while it was built.

    Args:
        error: what was raised.
        cfg: the config that names the component.

    Returns:
        ``None`` where the error comes from code of the user's own, or from no component: that wants its traceback.
    """
    wrong = explained(error) if isinstance(error, TypeError) else None
    if isinstance(error, WrongArgumentError):
        wrong = error
    if wrong is not None:
        return UsageError(f'{place_of(wrong.component, cfg, "" if wrong.missing else wrong.key)}: {wrong}')
    component, raised = being_built(error), extract_tb(error.__traceback__)[-1]
    file = Path(raised.filename)
    if component is None or not any(file.is_relative_to(library) for library in LIBRARIES):
        return None
    reason = (str(error).splitlines() or [''])[0]
    return UsageError(
        f'{place_of(component, cfg)}: {component.__name__} cannot be built: {reason} ({type(error).__name__} in '
        f'{file.parent.name}/{file.name}:{raised.lineno})'
    )


def place_of(component: Callable, cfg: Config, key: str = '') -> str:
    """Where in a config a component (with a key) stands; the file where that is not clear."""
    kind = getattr(component, '__name__', '')
    found = [
        f'{place}.{key}' if key else place
        for place, part in parts_of(cfg._cfg_dict)
        if (not key or key in part) and str(part.get('type', kind if key else None)).rpartition('.')[2] == kind
    ]
    return found[0] if len(found) == 1 else cfg.filename or 'the config'


def parts_of(value: Any, place: str = '') -> Iterator[tuple[str, dict]]:
    """Place and content of every dict inside a config; names that MMEngine does not read are left out at the top."""
    inner: Iterable[tuple[Any, Any]]
    if isinstance(value, dict):
        yield place, value
        inner = value.items() if place else ((key, value[key]) for key in runner_names() & set(value))
    else:
        inner = enumerate(value) if isinstance(value, (list, tuple)) else ()
    for key, part in inner:
        yield from parts_of(part, f'{place}.{key}' if place else str(key))
