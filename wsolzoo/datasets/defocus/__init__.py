"""Defocus: thin-lens generation, the readers of its three kinds of data, and the loader that mixes them."""

from . import multi_source, readers

__all__ = ['multi_source', 'readers']
