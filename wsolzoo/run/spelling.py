"""A component with its arguments as one word of a command line: ``ivr:percentile=0.3``."""

import argparse
from collections.abc import Mapping
from typing import Any


def component(text: str) -> dict[str, Any]:
    """What a config has for it, to be an argument's ``type``: ``dict(type='ivr', percentile=0.3)``.

    Raises:
        argparse.ArgumentTypeError: it is not NAME or NAME:KEY=NUMBER,KEY=NUMBER.

    Example:
        >>> component('fixed:threshold=0.3,background=0.1')
        {'type': 'fixed', 'threshold': 0.3, 'background': 0.1}
    """
    name, _, arguments = text.partition(':')
    pairs = [pair.partition('=')[::2] for pair in arguments.split(',') if pair]
    try:
        return {'type': name, **{key: float(value) for key, value in pairs}}
    except ValueError:
        raise argparse.ArgumentTypeError(f'{text!r} is not NAME or NAME:KEY=NUMBER,KEY=NUMBER') from None


def spelled(value: str | Mapping[str, Any]) -> str:
    """The word for it, which :func:`component` reads.

    Example:
        >>> spelled({'type': 'fixed', 'threshold': 0.3}), spelled('otsu')
        ('fixed:threshold=0.3', 'otsu')
    """
    if isinstance(value, str):
        return value
    pairs = ','.join(f'{key}={inner}' for key, inner in value.items() if key != 'type')
    return f'{value["type"]}:{pairs}' if pairs else value['type']
