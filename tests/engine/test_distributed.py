"""One process or several, images that do not divide evenly: the same numbers to the last count. gloo, on a CPU."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
import types
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from tiny_run import REPO, finish, hurry, same, start, start_ranks, tool, write_config

import wsolzoo.datasets
import wsolzoo.engine
import wsolzoo.evaluation.metrics  # noqa: F401  forked runs start with everything imported
from wsolzoo.engine.hooks.checkpoint import newest_checkpoint
from wsolzoo.methods.class_average import ClassAverageHook, ClassAverageLoss
from wsolzoo.run.launch import load_config
from wsolzoo.testing import build_model, scope


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path_factory):
    hurry(monkeypatch, tmp_path_factory.getbasetemp() / 'cache')


def numbers_of(folder: Path, ranks: int, config: Path, weights: Path) -> dict:
    """All numbers of a test on that many processes; of records per image, those that are counts."""
    log, out = folder / f'log{ranks}', folder / f'out{ranks}'
    arguments = (config, weights, '--work-dir', out, '--out', out / 'all.json')
    one = ranks == 1
    processes = [start('test.py', *arguments, log=log)] if one else start_ranks(ranks, 'test.py', *arguments, log=log)
    for process in processes:
        finish(process, log)
    result = json.loads((out / 'all.json').read_text())
    assert len(result['images']) == 23
    assert not list(folder.glob('.dist_test*'))
    return {key: value for key, value in result.items() if key != 'meta'}


def random_weights(config: Path, path: Path) -> Path:
    torch.manual_seed(0)
    torch.save(build_model(load_config(str(config))).state_dict(), path)
    return path


@pytest.mark.slow
def test_two_processes_give_the_numbers_of_one(tmp_path):
    config = write_config(tmp_path, cache='disk')
    weights = random_weights(config, tmp_path / 'weights.pth')
    assert same(numbers_of(tmp_path, 1, config, weights), numbers_of(tmp_path, 2, config, weights)) == []


@pytest.mark.slow
def test_three_processes_give_the_numbers_of_one(tmp_path):
    config = write_config(tmp_path, cache='disk')
    weights = random_weights(config, tmp_path / 'weights.pth')
    assert same(numbers_of(tmp_path, 1, config, weights), numbers_of(tmp_path, 3, config, weights)) == []


def _averages(config: str, rank: int, world_size: int, path: Path) -> None:
    if world_size > 1:
        torch.distributed.init_process_group('gloo', f'file://{path}.store', rank=rank, world_size=world_size)
    cfg = Config.fromfile(config)
    cfg.train_dataloader.dataset.count = 23
    torch.manual_seed(0)
    model, loss = build_model(cfg), ClassAverageLoss(10, (8, 8))
    runner = types.SimpleNamespace(cfg=cfg, build_dataloader=Runner.build_dataloader)
    hook = ClassAverageHook(begin=1, pipeline=[dict(type='PackLocalization')], batch_size=1)
    with scope():
        hook.fill(runner, model, loss)
    if rank == 0:
        torch.save({'counts': loss.counts, 'mean_maps': loss.mean_maps}, path)


@pytest.mark.slow
def test_class_averages_do_not_depend_on_the_number_of_processes(tmp_path):
    config, found = str(write_config(tmp_path, cache='disk')), []
    for world_size in (1, 2, 3):
        path, fork = tmp_path / f'{world_size}.pth', multiprocessing.get_context('fork')
        ranks = [fork.Process(target=_averages, args=(config, rank, world_size, path)) for rank in range(world_size)]
        for process in ranks:
            process.start()
        for process in ranks:
            process.join(120)
            assert process.exitcode == 0
        found.append(torch.load(path))
    assert int(found[0]['counts'].sum()) == 23
    assert found[0]['mean_maps'].abs().sum() > 0
    assert same(found[0], found[1]) == same(found[0], found[2]) == []


INCA = """
find_unused_parameters = True
model = dict(
    necks={
        'stage2': dict(type='InCANeck', non_local=dict(), drop_prob=1.0),
        'stage3': dict(type='InCANeck', non_local=dict(), drop_prob=1.0),
    },
    losses=[dict(type='InCAContrastiveLoss'), dict(type='InCAConsistencyLoss')],
)
"""


def test_training_in_two_processes(tmp_path):
    """In-sample contrastive attention leaves an attention without a gradient: the others must not wait for it.

    And what is validated is what is saved, though each process has seen other images: the scores of the last validation
    are those of a test of the last checkpoint.
    """
    config, log, run = write_config(tmp_path, epochs=2, cache='disk', extra=INCA), tmp_path / 'log', tmp_path / 'run'
    for process in start_ranks(2, 'train.py', config, '--work-dir', run, log=log):
        finish(process, log)
    assert newest_checkpoint(run).name == 'epoch_2.pth'
    rows = [json.loads(line) for path in run.glob('*/vis_data/scalars.json') for line in path.read_text().splitlines()]
    (validated,) = [row for row in rows if 'loss' not in row]
    options = ['test_dataloader.dataset.split=val', 'test_dataloader.dataset.count=24', 'test_cfg.type=TestLoop']
    words = [config, run / 'epoch_2.pth', '--work-dir', run, '--out', run / 'all.json', '--cfg-options', *options]
    assert tool('test.py').main(list(map(str, words))) == 0
    tested = json.loads((run / 'all.json').read_text())['metrics']
    shared = validated.keys() & tested.keys()
    assert len(shared) > 5
    assert {key: validated[key] for key in shared} == {key: tested[key] for key in shared}


@pytest.mark.slow
def test_a_killed_rank_ends_the_job(tmp_path):
    """Within half a minute, with a message, and the checkpoint is there to continue from."""
    config = write_config(tmp_path, epochs=300, cache='disk')
    path = f'{os.path.dirname(sys.executable)}{os.pathsep}{os.environ["PATH"]}'
    env = os.environ | {'PYTHONPATH': str(REPO), 'PATH': path, 'PORT': '29619', 'CUDA_VISIBLE_DEVICES': ''}
    command = ['bash', str(REPO / 'tools/dist_train.sh'), str(config), '2', '--work-dir', str(tmp_path / 'run')]
    with open(tmp_path / 'log', 'w') as log:
        job = subprocess.Popen(command, env=env, cwd=tmp_path, stdout=log, stderr=log)
    deadline = time.monotonic() + 300
    while newest_checkpoint(tmp_path / 'run') is None:
        assert job.poll() is None and time.monotonic() < deadline, (tmp_path / 'log').read_text()[-3000:]
        time.sleep(0.2)
    ranks = Path(f'/proc/{job.pid}/task/{job.pid}/children').read_text().split()
    os.kill(int(ranks[-1]), signal.SIGKILL)
    began = time.monotonic()
    assert job.wait(60) != 0
    assert time.monotonic() - began < 30
    assert 'Signal 9 (SIGKILL) received by PID' in (tmp_path / 'log').read_text()
    reached = newest_checkpoint(tmp_path / 'run')
    epoch = torch.load(reached, weights_only=False)['meta']['epoch']
    more = ['--resume', '--cfg-options', f'train_cfg.max_epochs={epoch + 1}']
    done = subprocess.run([*command, *more], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    assert newest_checkpoint(tmp_path / 'run').name == f'epoch_{epoch + 1}.pth'
