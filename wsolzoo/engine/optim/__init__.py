"""Optimizer wrappers and how parameters are shared out among optimizers."""

from wsolzoo.engine.optim import amp, children, paramwise

__all__ = ['amp', 'children', 'paramwise']
