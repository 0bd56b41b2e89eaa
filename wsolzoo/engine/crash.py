"""A run that ended in the middle: what happened, what was saved, how to go on, in one line."""

import errno
from pathlib import Path
from typing import Any

import torch

from wsolzoo.engine.hooks.checkpoint import newest_checkpoint

_MEMORY = ('out of memory', "can't allocate memory", 'not enough memory')
_PEERS = ('Connection closed by peer', 'Connection reset by peer', 'Broken pipe', 'NCCL', 'Gloo', 'gloo')


def explain_crash(error: BaseException, run: Any) -> str | None:
    """One line for an end that is nobody's mistake in the code.

    Args:
        error: what ended the run.
        run: the Runner, or its work dir.

    Returns:
        What happened, the checkpoint that is safe, and how to go on; ``None`` for an error that wants its traceback.
    """
    work_dir = getattr(run, 'work_dir', run)
    reason = cause_of(error, work_dir)
    if reason is None:
        return None
    saved = newest_checkpoint(work_dir)
    if saved is None:
        return f'{reason} Nothing was saved yet: start again.'
    return f'{reason} Saved is {saved}: go on with the same command and --resume.'


def cause_of(error: BaseException, work_dir: str | Path) -> str | None:
    """What happened, in a sentence or two; ``None`` for an error that wants its traceback."""
    text = str(error)
    if isinstance(error, KeyboardInterrupt):
        return 'Stopped by Ctrl-C.'
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f'The disk of {error.filename or work_dir} is full or your share of it used up: free some space.'
    if isinstance(error, OSError) and error.errno in (errno.EROFS, errno.EIO, errno.ESTALE):
        return f'{error.filename or work_dir} can no longer be written ({error.strerror}).'
    if 'DataLoader worker' in text and ('killed' in text or 'exited unexpectedly' in text):
        return (
            f'A loader worker died ({text.splitlines()[0]}): most often there was no memory left for it. Use fewer '
            'with train_dataloader.num_workers, or smaller batches.'
        )
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)) or any(words in text for words in _MEMORY):
        return (
            'Out of memory: take a smaller train_dataloader.batch_size (optim_wrapper.accumulative_counts makes up for '
            'it), smaller images, or --amp.'
        )
    if isinstance(error, RuntimeError) and any(words in text for words in _PEERS):
        return f'Another process of this run ended, look for its message ({text.splitlines()[0][:200]}).'
    return None
