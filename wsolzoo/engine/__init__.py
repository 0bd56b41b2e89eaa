"""Hooks, loops, optimizer wrappers and checkpoint loading: one import line per module that registers something."""

from wsolzoo.engine import amp, checkpoint, loops, optim, progress_hook, report_hook, terminal

__all__ = ['amp', 'checkpoint', 'loops', 'optim', 'progress_hook', 'report_hook', 'terminal']
