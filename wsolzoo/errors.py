"""Errors that a person can do something about, and the words that help."""

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from traceback import walk_tb
from typing import Any


class UserError(Exception):
    """What is wrong, and what to do: tools print the text alone, without a traceback.

    Errors of a plugin that derive from it are shown in the same way. Derive from a built-in error as well where callers
    may want to catch that one: ``class BrokenFile(UserError, ValueError)``.
    """


def nearest(name: str, valid: Iterable[str], cutoff: float = 0.7) -> str | None:
    """The valid name most like ``name``, or nothing where none is alike."""
    found = get_close_matches(name, sorted(valid), n=1, cutoff=cutoff)
    return found[0] if found else None


def meant(name: str, valid: Iterable[str]) -> str:
    """The end of a sentence: the nearest valid name, or all of them where none is near."""
    valid = sorted(valid)
    near = nearest(name, valid, cutoff=0.6)
    return f'did you mean {near!r}?' if near else f'it takes {", ".join(valid) or "no arguments"}'


class WrongArgumentError(UserError, TypeError):
    """A config gives a component a keyword that it does not take, or leaves one out that it needs.

    Attributes:
        component: what was to be built.
        key: the keyword.
        missing: it is needed and left out.
    """

    def __init__(self, component: Callable, key: str, missing: bool = False) -> None:
        self.component, self.key, self.missing = component, key, missing
        name = getattr(component, '__name__', str(component))
        says = f'needs {key!r}' if missing else f'takes no {key!r}; {meant(key, arguments(component))}'
        super().__init__(f'{name} {says} (defined in {origin(component)})')


BUILDERS = 'mmengine.registry.build_functions'
_WRONG_CALL = re.compile(
    r'(\w+)(?:\.__init__)?\(\) '
    r"(?:got an unexpected keyword argument '(\w+)'|missing \d+ required .* arguments?: '(\w+)')"
)


def explained(error: TypeError) -> WrongArgumentError | None:
    """What a config has wrong where building a component failed; ``None`` where it is the code that is wrong.

    Whoever asked for the component, it was MMEngine that called it, and that frame is in the traceback with the
    settings it called it with. A keyword that is not among them was made up by the code.
    """
    match = _WRONG_CALL.search(str(error))
    if match is None:
        return None
    called, wrong, missing = match.groups()
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    for frame in reversed(frames):
        if not str(frame.f_globals.get('__name__')).startswith('mmengine.'):
            continue
        known = frame.f_locals
        component = _built(known) or frame.f_globals.get(called)
        settings = (value for value in known.values() if isinstance(value, dict))
        if component and wrong and any(wrong in given for given in settings):
            return WrongArgumentError(component, wrong)
        if component and missing and frame is frames[-1]:  # else something that its constructor calls
            return WrongArgumentError(component, missing, missing=True)
    return None


def _built(known: Mapping[str, Any]) -> Callable | None:
    """What MMEngine's build functions call the component."""
    return known.get('obj_cls') or known.get('scheduler_cls')


def being_built(error: BaseException) -> Callable | None:
    """The innermost component that was being built when an error was raised."""
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    names = (_built(frame.f_locals) for frame in reversed(frames) if frame.f_globals.get('__name__') == BUILDERS)
    return next(filter(None, names), None)


def arguments(component: Callable) -> set[str]:
    """The keywords that a class or function takes, and those of parents that it hands ``**kwargs`` on to."""
    names: set[str] = set()
    for function in _constructors(component):
        parameters = inspect.signature(function).parameters.values()
        names |= {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
        if all(p.kind != p.VAR_KEYWORD for p in parameters):
            break
    return names - {'self', 'cls'}


def _constructors(component: Callable) -> Iterator[Callable]:
    if not inspect.isclass(component):
        yield component
    else:
        yield from (vars(parent)['__init__'] for parent in inspect.getmro(component)[:-1] if '__init__' in vars(parent))


def origin(component: Any) -> str:
    """Module and file of a component."""
    where = getattr(component, '__module__', '?')
    try:
        return f'{where} ({inspect.getsourcefile(component)})'
    except TypeError:  # a partial or a built-in has no file
        return where
