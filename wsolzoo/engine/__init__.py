"""Hooks, loops, optimizer wrappers and checkpoint loading: one import line per module that registers something."""

from wsolzoo.engine import amp, loops, optim

__all__ = ['amp', 'loops', 'optim']
