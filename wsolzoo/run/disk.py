"""The work dir before a run: can it be written, does it hold the checkpoints."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def work_dir_problems(work_dir: str) -> Iterator[str]:
    """Whether files can be made in the work dir; it is created."""
    try:
        Path(work_dir).mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=work_dir, prefix='.writable') as file:
            file.write(b'x')
            file.flush()
    except OSError as error:
        yield (
            f'the work dir {work_dir} cannot be written ({error.strerror}). Choose another with --work-dir, or change '
            'the rights of this one.'
        )


def space_problems(runner: Any) -> Iterator[str]:
    """Whether the disk holds the checkpoints that the run keeps at one time."""
    size = checkpoint_bytes(runner)
    saving = (runner.cfg.get('default_hooks') or {}).get('checkpoint') or {}
    kept = saving.get('max_keep_ckpts', -1)
    count = (kept if kept > 0 else 1) + 1 + bool(saving.get('save_best'))  # one more is there while it is replaced
    needed, free = count * size, shutil.disk_usage(runner.work_dir).free
    if free < needed:
        yield (
            f'the disk of {runner.work_dir} has {in_mb(free)} free, and {count} checkpoints of {in_mb(size)} need '
            f'{in_mb(needed)}. Free some space, or choose another disk with --work-dir.'
        )


def checkpoint_bytes(runner: Any) -> int:
    """An estimate of the size of a training checkpoint: weights, their moving average, what the optimizer keeps."""
    values = sum(tensor.numel() * tensor.element_size() for tensor in runner.model.state_dict().values())
    optimizer = str((runner.cfg.get('optim_wrapper') or {}).get('optimizer', {}).get('type', ''))
    copies = 1 + (2 if 'Adam' in optimizer else 1) + any('EMA' in type(hook).__name__ for hook in runner.hooks)
    return values * copies + 2**16


def in_mb(size: float) -> str:
    """A number of bytes for people."""
    return f'{size / 2**20:,.0f} MiB'
