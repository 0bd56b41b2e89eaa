"""The Runner, its hooks and loops, optimizer wrappers and checkpoints."""

from wsolzoo.engine import crash, hooks, lock, loops, optim, runner, terminal, weights

__all__ = ['crash', 'hooks', 'lock', 'loops', 'optim', 'runner', 'terminal', 'weights']
