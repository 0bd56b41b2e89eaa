"""Readers of data sets, the built-in scenes, and the transforms that move image, boxes and masks together."""

from . import loading, transforms

__all__ = ['loading', 'transforms']
