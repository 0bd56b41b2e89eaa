"""Runs continued in the middle of their data end as runs that were left alone: bit for bit, on a CPU."""

import os
import socket
from pathlib import Path

import pytest
import torch
from small_run import EPOCHS, ITERATIONS, Noisy, small_runner
from tiny_run import SERVER, same

from wsolzoo.engine.weights.reading import CheckpointError


def run(work_dir: Path, loop: dict, **kwargs) -> Path:
    small_runner(work_dir, loop, **kwargs).train()
    return work_dir


def left(work_dir: Path) -> dict:
    """What the last checkpoint holds, but for dates and folders."""
    checkpoint = torch.load(work_dir / 'iter_12.pth', weights_only=False)
    assert not list(work_dir.glob('iter_13.pth'))
    meta = checkpoint.pop('meta')
    return {k: v for k, v in checkpoint.items() if k != 'message_hub'} | {k: meta[k] for k in ('epoch', 'iter')}


CASES = {
    'epochs': {'loop': EPOCHS},
    'epochs with workers': {'loop': EPOCHS, 'workers': 2},
    'iterations': {'loop': ITERATIONS},
    'iterations, endless sampler': {'loop': ITERATIONS, 'sampler': 'InfiniteSampler'},
    'gradients that wait': {'loop': EPOCHS, 'count': 3},
    'gradients that wait, remainder': {'loop': ITERATIONS, 'count': 5},
}


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr('time.sleep', lambda seconds: None)  # MMEngine pauses between passes over the data


@pytest.mark.parametrize('case', CASES)
def test_continued_anywhere(tmp_path, case):
    straight = run(tmp_path / 'straight', **CASES[case])
    for stop in (3, 4, 7):  # inside the first epoch, at its end, inside the second
        continued = run(tmp_path / f'from{stop}', resume=straight / f'iter_{stop}.pth', **CASES[case])
        assert same(left(continued), left(straight)) == [], stop


def test_another_number_of_batches_begins_the_epoch_anew(tmp_path, monkeypatch):
    straight = run(tmp_path / 'straight', EPOCHS)
    monkeypatch.setattr(Noisy, '__len__', lambda self: 6)
    run(tmp_path / 'shorter', EPOCHS, resume=straight / 'iter_6.pth')
    assert torch.load(tmp_path / 'shorter/iter_10.pth', weights_only=False)['batches_seen'] == [3, 3]


def test_another_accumulation_is_refused(tmp_path):
    straight = run(tmp_path / 'straight', EPOCHS, count=3)
    with pytest.raises(CheckpointError, match='accumulative_counts of the config is not that of the checkpoint'):
        run(tmp_path / 'other', EPOCHS, resume=straight / 'iter_4.pth')


def _rank(rank: int, port: int, work_dir: Path, resume: Path | None, loop: dict, count: int) -> None:
    os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE='2', MASTER_ADDR='127.0.0.1')
    os.environ |= {'MASTER_PORT': str(port), 'CUDA_VISIBLE_DEVICES': ''}
    torch.set_num_threads(1)
    torch.distributed.init_process_group('gloo')
    wrapper = {'type': 'MMDistributedDataParallel', 'broadcast_buffers': False, 'device_ids': None}
    cfg = {'model_wrapper_cfg': wrapper}
    small_runner(work_dir, loop, resume=resume, launcher='pytorch', cfg=cfg, count=count).train()


def train_in_two(work_dir: Path, loop: dict, resume: Path | None = None, count: int = 1) -> Path:
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    ranks = [SERVER.Process(target=_rank, args=(rank, port, work_dir, resume, loop, count)) for rank in range(2)]
    for process in ranks:
        process.start()
    for process in ranks:
        process.join(120)
        assert process.exitcode == 0
    return work_dir


@pytest.mark.slow
@pytest.mark.parametrize('count', [1, 3])
def test_continued_in_two_processes(tmp_path, count):
    """Random states, statistics, batches and waiting gradients of each process."""
    loop = {'by_epoch': True, 'max_epochs': 6}
    straight = train_in_two(tmp_path / 'straight', loop, count=count)
    continued = train_in_two(tmp_path / 'continued', loop, straight / 'iter_7.pth', count=count)
    assert same(left(continued), left(straight)) == []


def test_gradients_of_another_number_of_processes_are_refused(tmp_path):
    straight = run(tmp_path / 'straight', EPOCHS, count=3)
    checkpoint = torch.load(straight / 'iter_4.pth', weights_only=False)
    checkpoint['accumulation']['gradients'] *= 2
    torch.save(checkpoint, straight / 'iter_4.pth')
    with pytest.raises(CheckpointError, match='gradients of 2 processes wait'):
        run(tmp_path / 'one', EPOCHS, resume=straight / 'iter_4.pth', count=3)
