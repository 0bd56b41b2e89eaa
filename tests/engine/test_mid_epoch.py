"""Runs continued in the middle of their data end as runs that were left alone: bit for bit, on a CPU."""

from pathlib import Path

import pytest
import torch
from small_run import EPOCHS, ITERATIONS, Noisy, small_runner
from tiny_run import same

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
