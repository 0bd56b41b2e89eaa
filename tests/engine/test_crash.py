"""What is said when a run ends in the middle."""

import errno
import os
import types

import pytest
import torch

from wsolzoo.engine.crash import explain_crash

WORKER = 'DataLoader worker (pid 7) is killed by signal: Killed. '
CPU = "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to"


@pytest.mark.parametrize(
    ('error', 'words'),
    [
        (KeyboardInterrupt(), 'Stopped by Ctrl-C.'),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), 'free some space'),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), 'a.log'), 'The disk of a.log is full'),
        (OSError(errno.EROFS, os.strerror(errno.EROFS)), 'can no longer be written (Read-only file system)'),
        (RuntimeError(WORKER + 'more'), 'A loader worker died'),
        (RuntimeError('DataLoader worker (pid(s) 7, 8) exited unexpectedly'), 'train_dataloader.num_workers'),
        (torch.OutOfMemoryError('CUDA out of memory. Tried to allocate 2 GiB'), 'smaller train_dataloader.batch_size'),
        (MemoryError(), 'smaller images, or --amp'),
        (RuntimeError(CPU), 'Out of memory'),
        (RuntimeError('[gloo/transport/tcp/pair.cc:534] Connection closed by peer [127.0.0.1]'), 'Another process'),
    ],
)
def test_known_ends_get_one_line(tmp_path, error, words):
    told = explain_crash(error, tmp_path)
    assert words in told
    assert told.endswith('Nothing was saved yet: start again.')
    (tmp_path / 'epoch_3.pth').touch()
    told = explain_crash(error, types.SimpleNamespace(work_dir=str(tmp_path)))
    assert told.endswith(f'Saved is {tmp_path}/epoch_3.pth: go on with the same command and --resume.')
    assert '\n' not in told


@pytest.mark.parametrize('error', [ValueError('a bug'), RuntimeError('shape mismatch'), OSError(errno.ENOENT, 'gone')])
def test_others_keep_their_traceback(tmp_path, error):
    assert explain_crash(error, tmp_path) is None
