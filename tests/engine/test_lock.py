"""One training at a time in a work dir; a dead one keeps nobody out."""

import json
import os
import signal
import socket
import time
from multiprocessing import get_context
from pathlib import Path

import pytest
from mmengine.hooks import Hook
from small_run import EPOCHS, small_runner

from wsolzoo.engine.lock import FILE, LockedError, locked, other_owner, refuse_if_locked


def _hold(work_dir: str, pipe) -> None:
    with locked(work_dir):
        pipe.send('held')
        pipe.recv()


@pytest.fixture
def holder(tmp_path):
    """Another process that trains in the folder."""
    fork = get_context('fork')
    here, there = fork.Pipe()
    process = fork.Process(target=_hold, args=(str(tmp_path), there))
    process.start()
    assert here.recv() == 'held'
    yield process
    process.kill()
    process.join()


def test_a_second_training_is_refused_and_takes_nothing(tmp_path, holder):
    half = tmp_path / '.epoch_2.pth.a1b2'
    half.write_text('being written by the first')
    message = f'another training writes into {tmp_path}: process {holder.pid} on {socket.gethostname()}, since 20'
    with pytest.raises(LockedError, match=message):
        refuse_if_locked(tmp_path)
    with pytest.raises(LockedError, match='--work-dir'):
        small_runner(tmp_path, EPOCHS).train()
    assert half.exists()
    assert other_owner(tmp_path).pid == holder.pid


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path, holder):
    os.kill(holder.pid, signal.SIGKILL)
    while other_owner(tmp_path):  # until it is a zombie, which nobody has waited for
        time.sleep(0.01)
    assert (tmp_path / FILE).exists()
    half = tmp_path / '.epoch_2.pth.a1b2'
    half.write_text('left by the first')
    small_runner(tmp_path, EPOCHS).train()
    assert not half.exists()
    assert not (tmp_path / FILE).exists()
    assert (tmp_path / 'iter_12.pth').exists()


def test_it_is_given_back_however_the_block_ends(tmp_path):
    for error in (ValueError, KeyboardInterrupt):
        with pytest.raises(error), locked(tmp_path / 'new'):
            assert json.loads((tmp_path / 'new' / FILE).read_text())['pid'] == os.getpid()
            raise error
        assert not (tmp_path / 'new' / FILE).exists()


@pytest.mark.parametrize(
    ('change', 'kept_out'),
    [
        ({}, True),
        ({'pid': 2**22 + 1}, False),  # no such process
        ({'born': '1'}, False),  # a later process of the same number
        ({'silent': 4000}, True),  # it is there, whatever it does
        ({'host': 'elsewhere', 'pid': 1}, True),  # nothing is known of another machine's processes
        ({'host': 'elsewhere', 'pid': 1, 'silent': 4000}, False),
        ({'host': 'elsewhere', 'pid': 1, 'job': '8'}, True),
        ({'host': 'elsewhere', 'pid': 1, 'job': '7'}, False),  # this job, before it was put back into the queue
    ],
)
def test_who_is_believed_to_live(tmp_path, holder, change, kept_out, monkeypatch):
    monkeypatch.setenv('SLURM_JOB_ID', '7')
    file = Path(tmp_path, FILE)
    silent = change.pop('silent', 0)
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    os.utime(file, (0, time.time() - silent))
    assert (other_owner(tmp_path) is not None) == kept_out


def test_a_training_gives_signs_of_life(tmp_path, monkeypatch):
    monkeypatch.setattr('wsolzoo.engine.lock.BEAT', 0)
    runner, seen = small_runner(tmp_path, EPOCHS), []

    class Look(Hook):
        def before_train_epoch(self, runner):
            os.utime(tmp_path / FILE, (0, 0))

        def after_train_epoch(self, runner):
            seen.append((tmp_path / FILE).stat().st_mtime)

    runner.register_hook(Look())
    runner.train()
    assert len(seen) == 3 and min(seen) > 0


@pytest.mark.parametrize('content', ['', '{', '[]', '{"pid": "x"}', '{"pid": 1, "host": 2, "started": 3, "more": 4}'])
def test_a_broken_lock_keeps_nobody_out(tmp_path, content):
    (tmp_path / FILE).write_text(content)
    with locked(tmp_path):
        assert other_owner(tmp_path) is None
