"""Errors that a person can do something about, and the words that help."""

from collections.abc import Iterable
from difflib import get_close_matches


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
