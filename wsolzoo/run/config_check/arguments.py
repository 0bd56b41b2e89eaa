"""Which keywords a component takes, its parents' included."""

import ast
import inspect
import textwrap
from collections.abc import Callable
from functools import cache

# Methods of a `**kwargs` dict that read one key and leave the rest to be handed on.
_PICKS = {'get', 'pop', 'setdefault'}


@cache
def accepted(component: Callable) -> frozenset[str] | None:
    """The keywords of a class or function.

    A constructor with ``**kwargs`` takes its parent's keywords too where it hands them on with
    ``super().__init__(**kwargs)``; used in any other way, they may mean anything.

    Returns:
        The names; None where any name may be meant, or where it cannot be told.
    """
    names, closed = known(component)
    return names if closed else None


@cache
def known(component: Callable) -> tuple[frozenset[str], bool]:
    """The keywords that are written out somewhere, and whether these are all."""
    if not inspect.isclass(component):
        return _of_function(component)
    names: set[str] = set()
    closed = True
    for parent in inspect.getmro(component):
        init = parent.__dict__.get('__init__')
        if parent is object or not closed:
            break
        if init is None:
            continue
        own, rest = _parameters(init)
        names |= own
        if rest is None or _is_torch_module(parent):
            break
        picked = picked_and_handed_on(init, rest)
        closed = picked is not None
        names |= picked or set()
    return frozenset(names - {'self'}), closed


def _of_function(function: Callable) -> tuple[frozenset[str], bool]:
    try:
        own, rest = _parameters(function)
    except (TypeError, ValueError):
        return frozenset(), False
    return frozenset(own), rest is None


def _parameters(function: Callable) -> tuple[set[str], str | None]:
    """Names that may be given by keyword, and the name of ``**kwargs`` if there is one."""
    names, rest = set(), None
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            names.add(name)
        elif parameter.kind is parameter.VAR_KEYWORD:
            rest = name
    return names, rest


def _is_torch_module(parent: type) -> bool:
    return parent.__module__ == 'torch.nn.modules.module'


def picked_and_handed_on(init: Callable, rest: str) -> set[str] | None:
    """Whether ``**rest`` goes to the parent's constructor and nowhere else.

    Returns:
        The keys that the constructor itself takes out of it first; None where it is used in another way.
    """
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(init)))
    except (OSError, TypeError, SyntaxError):
        return None
    picked: set[str] = set()
    explained = 0
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        func = node.func
        handed_on = any(keyword.arg is None and _is_name(keyword.value, rest) for keyword in node.keywords)
        if handed_on and isinstance(func, ast.Attribute) and func.attr == '__init__':
            explained += 1
        elif isinstance(func, ast.Attribute) and _is_name(func.value, rest) and func.attr in _PICKS:
            explained += 1
            if node.args and isinstance(node.args[0], ast.Constant):
                picked.add(str(node.args[0].value))
    uses = sum(_is_name(node, rest) for node in ast.walk(tree))
    return picked if uses == explained and uses > 0 else None


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
