"""The Runner, its hooks and loops, optimizer wrappers and checkpoints."""

from wsolzoo.engine import hooks, loops, optim, runner, terminal, weights

__all__ = ['hooks', 'loops', 'optim', 'runner', 'terminal', 'weights']
