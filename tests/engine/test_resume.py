"""Runs that are killed without warning and continued end as runs that were left alone: bit for bit, on a CPU."""

import os
import random
import signal
import time
from pathlib import Path

import pytest
import torch
from tiny_run import finish, hurry, same, start, tool, write_config

from wsolzoo.engine.hooks.checkpoint import newest_checkpoint
from wsolzoo.run.launch import load_config, set_resume, set_work_dir

BEST = 'best_choe2020-v1_MaxBoxAcc_epoch_*.pth'


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path_factory):
    hurry(monkeypatch, tmp_path_factory.getbasetemp() / 'cache')


@pytest.fixture(scope='module')
def reference(tmp_path_factory):
    """Uninterrupted runs by their config's arguments, each made once: work dir and seconds."""
    made: dict = {}

    def get(**settings):
        key = tuple(settings.items())
        if key not in made:
            folder = tmp_path_factory.mktemp('reference')
            config, log = write_config(folder, cache='disk', **settings), folder / 'log'
            began = time.monotonic()
            finish(start('train.py', config, '--work-dir', folder / 'run', log=log), log)
            made[key] = folder / 'run', time.monotonic() - began
        return made[key]

    return get


def outcome(work_dir: Path) -> dict:
    """What a run leaves: last and best checkpoint, with all that they hold but dates, times and their folder."""
    found = {}
    best = sorted(work_dir.glob(BEST))
    for path in [newest_checkpoint(work_dir), *best]:
        checkpoint = torch.load(path, weights_only=False)
        info = {k: v for k, v in checkpoint.pop('message_hub')['runtime_info'].items() if 'score' in k}
        meta = checkpoint.pop('meta')
        found[path.name] = checkpoint | {'info': info, 'epoch': meta['epoch'], 'iter': meta['iter']}
    assert len(best) == 1
    return found


def differences(work_dir: Path, other: Path) -> list[str]:
    return same(outcome(work_dir), outcome(other))


def kill(process) -> bool:
    """Whether the process was still running when it was killed."""
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    return process.exitcode == -signal.SIGKILL


def killed_at_random(config: Path, work_dir: Path, seconds: float, kills: int, rng: random.Random) -> int:
    """Run until the end, killed at up to `kills` random moments on the way; how often it was."""
    log, done = work_dir.with_suffix('.log'), 0
    for _ in range(kills):
        process = start('train.py', config, '--work-dir', work_dir, '--resume', log=log)
        process.join(rng.uniform(0, seconds))
        if process.exitcode is not None:
            break
        done += kill(process)
    finish(start('train.py', config, '--work-dir', work_dir, '--resume', log=log), log)
    return done


@pytest.mark.slow
def test_killed_at_random_moments(tmp_path, reference, record_property):
    """As many runs as it takes: on a machine that has grown faster, one may end before it is killed."""
    expected, seconds = reference(epochs=4)
    config = write_config(tmp_path, epochs=4, cache='disk')
    rng, kills, runs = random.Random(20), 0, 0
    while kills < 20:
        kills += killed_at_random(config, tmp_path / f'run{runs}', seconds, 20 - kills, rng)
        assert differences(tmp_path / f'run{runs}', expected) == []
        runs += 1
    record_property('trainings killed at a random moment, ended bit for bit as if left alone', kills)


@pytest.mark.slow
def test_random_transforms_in_workers(tmp_path, reference, record_property):
    """Workers draw numbers that no checkpoint holds: they start anew, from the main process, with each epoch."""
    expected, seconds = reference(epochs=4, workers=2)
    config = write_config(tmp_path, epochs=4, cache='disk', workers=2)
    rng, kills, runs = random.Random(2), 0, 0
    while kills < 3:
        kills += killed_at_random(config, tmp_path / f'run{runs}', seconds, 3, rng)
        assert differences(tmp_path / f'run{runs}', expected) == []
        runs += 1
    record_property('trainings with loader workers killed at a random moment, the same', kills)
    assert same(outcome(expected), outcome(reference(epochs=4)[0]))  # they do draw others than the main process


# The moments that matter most, each hit exactly: the n-th call of a function kills, in the second epoch's work.
MOMENTS = {
    'a checkpoint is half written': 'os fsync 2',
    'a checkpoint is about to be moved into place': 'os replace 2',
    'the checkpoint is saved, the old one not removed': 'pathlib.Path unlink 1',
    'the epoch is saved, not validated': 'mmengine.runner.ValLoop run 1',
    'validated, the best checkpoint not yet saved': 'os replace 3',
}


DEADLY = """
import os, signal
import mmengine
if 'MOMENT' in os.environ:
    owner, name, count = os.environ['MOMENT'].split()
    holder = os if owner == 'os' else mmengine.utils.get_object_from_string(owner)
    original, calls = getattr(holder, name), [0]

    def deadly(*args, **kwargs):
        calls[0] += 1
        if calls[0] == int(count):
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*args, **kwargs)

    setattr(holder, name, deadly)
"""
"""Beside a config: makes the n-th call of a function kill the process that calls it."""


# The quick suite kills once: between two files of one epoch, and a file is half there.
QUICK = 'validated, the best checkpoint not yet saved'


@pytest.mark.parametrize(
    'moment', [QUICK, *(pytest.param(moment, marks=pytest.mark.slow) for moment in MOMENTS if moment != QUICK)]
)
def test_killed_at_the_worst_moment(tmp_path, reference, moment, record_property):
    expected, _ = reference(epochs=3)
    (tmp_path / 'deadly.py').write_text(DEADLY)
    extra = "custom_imports = dict(imports=['deadly'])"
    config, log = write_config(tmp_path, epochs=3, cache='disk', extra=extra), tmp_path / 'log'
    process = start('train.py', config, '--work-dir', tmp_path / 'run', log=log, MOMENT=MOMENTS[moment])
    process.join(300)
    assert process.exitcode == -signal.SIGKILL, log.read_text()[-2000:]
    finish(start('train.py', config, '--work-dir', tmp_path / 'run', '--resume', log=log), log)
    assert differences(tmp_path / 'run', expected) == []
    assert [path.name for path in (tmp_path / 'run').glob('epoch_*.pth')] == ['epoch_3.pth']
    assert not list((tmp_path / 'run').glob('.*'))  # nothing half written, no lock is left lying about
    record_property('trainings killed at the worst moments, the same', 1)


@pytest.mark.parametrize('content', ['', '/gone/epoch_7.pth', None])
def test_last_checkpoint_is_not_believed(tmp_path, content):
    """A killed run leaves `last_checkpoint` empty, or naming a file that was removed: the files themselves count."""
    for name in ('epoch_9.pth', 'epoch_10.pth', 'best_x_epoch_11.pth', '.epoch_12.pth.a1b2', 'iter_3.pth.tmp'):
        (tmp_path / name).touch()
    if content is not None:
        (tmp_path / 'last_checkpoint').write_text(content)
    assert newest_checkpoint(tmp_path) == tmp_path / 'epoch_10.pth'
    cfg = load_config(str(write_config(tmp_path)))
    set_work_dir(cfg, str(tmp_path))
    set_resume(cfg, 'auto')
    assert (cfg.resume, cfg.load_from) == (True, str(tmp_path / 'epoch_10.pth'))


def test_nothing_to_resume_from_starts_as_without_the_flag(tmp_path, capsys):
    cfg = load_config(str(write_config(tmp_path)), ['load_from=pretrained.pth'])
    set_work_dir(cfg, str(tmp_path / 'run'))
    set_resume(cfg, 'auto')
    assert (cfg.resume, cfg.load_from) == (False, 'pretrained.pth')
    assert capsys.readouterr().err == f'no checkpoint in {tmp_path}/run to resume from: starting at the beginning\n'


def test_changed_length_is_explained_and_a_changed_schedule_refused(tmp_path, reference, capfd):
    expected, _ = reference(epochs=3)
    config, train = write_config(tmp_path, epochs=3, cache='disk'), tool('train.py').main
    resume = ['--work-dir', str(tmp_path / 'run'), '--resume', str(newest_checkpoint(expected))]
    assert train([str(config), *resume, '--cfg-options', 'train_cfg.max_epochs=4']) == 0
    out = ''.join(capfd.readouterr())
    assert (
        'The run was planned for 3 and now for 4 epochs or iterations. The learning rate follows its schedule as it '
        'was, and stays where that ends.'
    ) in out
    longer = torch.load(tmp_path / 'run' / 'epoch_4.pth', weights_only=False)
    last = torch.load(newest_checkpoint(expected), weights_only=False)
    rates = [checkpoint['optimizer']['param_groups'][0]['lr'] for checkpoint in (last, longer)]
    assert rates[0] == rates[1]
    status = train([str(config), *resume, '--cfg-options', 'param_scheduler.1.end=4'])
    assert status == 2
    assert 'param_scheduler of the config is not that of the checkpoint' in capfd.readouterr().err
