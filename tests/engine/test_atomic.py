"""A file that cannot be written completely leaves the one that was there."""

import errno
import os
import resource
import signal
from multiprocessing import get_context
from pathlib import Path

import pytest
import torch
from mmengine.fileio import dump, get_file_backend
from mmengine.runner.checkpoint import save_checkpoint

from wsolzoo.engine import weights
from wsolzoo.engine.weights.atomic import AtomicLocalBackend

NEW = b'new' * 1000


@pytest.fixture(autouse=True)
def installed():
    weights.install()


@pytest.fixture
def old(tmp_path) -> Path:
    path = tmp_path / 'epoch_1.pth'
    path.write_bytes(b'old')
    return path


def alone(path: Path) -> bool:
    """Whether the old content is there and nothing else is."""
    return path.read_bytes() == b'old' and [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_file_is_replaced_with_the_usual_rights(old):
    AtomicLocalBackend().put(NEW, old)
    assert old.read_bytes() == NEW
    (other := old.with_name('plain')).write_bytes(b'')
    assert old.stat().st_mode == other.stat().st_mode


def test_mmengine_writes_through_it(tmp_path):
    assert isinstance(get_file_backend(str(tmp_path / 'x.pth')), AtomicLocalBackend)


@pytest.mark.parametrize('step', ['write', 'fsync', 'replace'])
def test_disk_full(old, monkeypatch, step):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if step == 'write':
        real = os.fdopen

        def fdopen(*args):
            file = real(*args)
            file.close()
            return FullFile()

        class FullFile:
            write = full

            def __enter__(self):
                return self

            def __exit__(self, *_):
                return False

        monkeypatch.setattr(os, 'fdopen', fdopen)
    else:
        monkeypatch.setattr(os, step, full)
    with pytest.raises(OSError, match='No space left on device'):
        AtomicLocalBackend().put(NEW, old)
    assert alone(old)


def _save_beyond_limit(path: str) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # writing fails instead of killing
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
    try:
        save_checkpoint({'state_dict': {'w': torch.zeros(100_000)}}, path)
    except OSError as error:
        os._exit(42 if error.errno == errno.EFBIG else 1)
    os._exit(0)


def test_a_real_limit_of_the_system(old):
    """The kernel refuses the 10001st byte, as a full disk or a quota does."""
    process = get_context('fork').Process(target=_save_beyond_limit, args=(str(old),))
    process.start()
    process.join(60)
    assert process.exitcode == 42
    assert alone(old)


@pytest.mark.parametrize('step', ['fsync', 'replace'])
def test_killed_while_writing(old, monkeypatch, step):
    monkeypatch.setattr(os, step, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    process = get_context('fork').Process(target=AtomicLocalBackend().put, args=(NEW, old))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert old.read_bytes() == b'old'


def test_text_and_dumped_values_too(tmp_path, monkeypatch):
    dump({'a': 1}, str(tmp_path / 'a.json'))
    monkeypatch.setattr(os, 'replace', lambda *_: (_ for _ in ()).throw(OSError('no')))
    with pytest.raises(OSError, match='no'):
        dump({'a': 2}, str(tmp_path / 'a.json'))
    assert (tmp_path / 'a.json').read_text() == '{"a": 1}'
