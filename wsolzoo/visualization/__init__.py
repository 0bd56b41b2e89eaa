"""Maps over images, boxes over maps, and the report.

A name is imported from its module when it is first asked for: a table of numbers needs neither torch nor PIL.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    'draw': 'drawing',
    'LazyVisualizer': 'lazy',
    'LocVisualizer': 'visualizer',
    'draw_boxes': 'overlay',
    'localization_strip': 'overlay',
    'overlay_map': 'overlay',
    'safe_name': 'visualizer',
    'save_picture': 'visualizer',
    'wanted_images': 'report',
    'write_report': 'report',
}

__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module(f'{__name__}.{_HOMES[name]}'), name)
