"""Defocus: the readers of its three kinds of data, and the loader that mixes them."""

from wsolzoo.datasets.defocus import drawn, multi_source, photographs, readers, transforms

__all__ = ['drawn', 'multi_source', 'photographs', 'readers', 'transforms']
