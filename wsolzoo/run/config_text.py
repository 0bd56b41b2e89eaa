"""A config as the text of a config file.

The text goes into the log, the work dir and every checkpoint. MMEngine lets a formatter of Python code make it
beautiful, which takes a third of a second each time; this writes the same values at once.
"""

from collections.abc import Iterator
from keyword import iskeyword
from typing import Any

from mmengine.config import Config

WIDTH = 120


class PlainConfig(Config):
    """A config whose text is written without a formatter; reading it gives the same values."""

    @classmethod
    def of(cls, cfg: Config) -> Config:
        """The same config, with its text written by this class."""
        object.__setattr__(cfg, '__class__', cls)
        return cfg

    @property
    def pretty_text(self) -> str:
        """Every top-level name and its value."""
        return '\n'.join(f'{name} = {text_of(value, len(name) + 3)}' for name, value in self.to_dict().items()) + '\n'


def text_of(value: Any, used: int = 0, indent: int = 0) -> str:
    """A nested value as Python: on one line where it fits behind what the line has ``used``, else an item a line."""
    if isinstance(value, type):
        value = f'{value.__module__}.{value.__qualname__}'
    if not value or not isinstance(value, (dict, list, tuple)):
        return repr(value)
    brackets = _brackets(value)
    short = ', '.join(_items(value, indent))
    short = f'{brackets[0]}{short}{"," if isinstance(value, tuple) and len(value) == 1 else ""}{brackets[1]}'
    if '\n' not in short and used + len(short) <= WIDTH:
        return short
    inner = indent + 4
    lines = ''.join(f'{" " * inner}{item},\n' for item in _items(value, inner))
    return f'{brackets[0]}\n{lines}{" " * indent}{brackets[1]}'


def _brackets(value: dict | list | tuple) -> tuple[str, str]:
    if isinstance(value, dict):
        return ('dict(', ')') if _are_names(value) else ('{', '}')
    return ('[', ']') if isinstance(value, list) else ('(', ')')


def _are_names(value: dict) -> bool:
    return all(isinstance(key, str) and key.isidentifier() and not iskeyword(key) for key in value)


def _items(value: dict | list | tuple, indent: int) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            head = f'{key}=' if _are_names(value) else f'{key!r}: '
            yield head + text_of(item, indent + len(head) + 1, indent)
    else:
        yield from (text_of(item, indent + 1, indent) for item in value)
