"""Hooks, loops, optimizer wrappers and checkpoint loading."""

from wsolzoo.engine import hooks, loops, optim, runner, terminal, weights

__all__ = ['hooks', 'loops', 'optim', 'runner', 'terminal', 'weights']
