import json
import re

import pytest
from mmengine.runner import Runner

NOISE = re.compile(r'WARNING|Warning\b|deprecated')


def test_train_then_continue(tiny_config, run_tool, in_process, tmp_path, monkeypatch):
    """A default run, in a process of its own, prints no warning; then one epoch more with the other flags."""
    done = run_tool('train.py', tiny_config, '--seed', 3, cwd=tmp_path, flags=('-W', 'default'))
    assert done.returncode == 0, done.stderr
    lines = (done.stdout + done.stderr).splitlines()
    assert [line for line in lines if NOISE.search(line) and 'Build settings' not in line] == []
    work_dir = tmp_path / 'work_dirs' / 'tiny'  # the default
    assert (work_dir / 'epoch_2.pth').exists()

    monkeypatch.chdir(tmp_path)
    flags = ['--resume', '--amp', '--auto-scale-lr', '--deterministic', '--cfg-options', 'train_cfg.max_epochs=3']
    status, out, err = in_process('train.py', str(tiny_config), *flags, split=True)
    assert status == 0
    assert 'resumed epoch: 2' in out + err
    assert "type='BFloat16OptimWrapper'" in out + err
    assert 'LR is set based on batch size of 8' in out + err
    assert 'deterministic=True' in out + err
    assert (work_dir / 'epoch_3.pth').exists()
    scalars = [path.read_text() for path in work_dir.glob('*/vis_data/scalars.json')]
    assert all('"loss"' in text for text in scalars)
    assert len(scalars) == 2


@pytest.mark.parametrize(
    ('extra', 'options', 'message'),
    [
        ('optim_wraper = dict()', [], "did you mean 'optim_wrapper'?"),
        ('', ['--resume', 'nowhere.pth'], 'checkpoint nowhere.pth does not exist'),
        ('', ['--cfg-options', 'train_pipeline=1'], 'has no effect'),
        ('', ['--cfg-options', 'oops'], "takes key=value; got 'oops'"),
        ('auto_scale_lr = dict(_delete_=True)', ['--auto-scale-lr'], 'needs auto_scale_lr=dict(base_batch_size='),
        ("optim_wrapper = dict(type='Mine')", ['--amp'], "the config uses 'Mine'"),
    ],
)  # fmt: skip
def test_mistakes_stop_before_anything_is_built(tiny_config, in_process, tmp_path, extra, options, message):
    tiny_config.write_text(tiny_config.read_text() + extra + '\n')
    status, stderr = in_process('train.py', str(tiny_config), '--work-dir', str(tmp_path / 'run'), *options)
    assert status == 2
    assert message in stderr
    assert not (tmp_path / 'run').exists()


def test_a_missing_config(in_process):
    status, stderr = in_process('train.py', 'cam/no_such_config.py')
    assert status == 2
    assert 'config cam/no_such_config.py does not exist' in stderr


@pytest.mark.parametrize(
    ('error', 'says'),
    [
        (KeyboardInterrupt(), 'Stopped by Ctrl-C. Saved is {}/epoch_1.pth: go on with the same command and --resume.'),
        (OSError(28, 'No space left on device'), 'is full'),
        (RuntimeError('DataLoader worker (pid 1) is killed by signal: Killed.'), 'A loader worker died'),
        (RuntimeError('CUDA out of memory'), 'Out of memory: take a smaller train_dataloader.batch_size'),
    ],
    ids=['ctrl-c', 'disk', 'worker', 'memory'],
)
def test_a_training_that_is_cut_off_ends_in_a_line(tiny_config, in_process, tmp_path, monkeypatch, error, says):
    def stop(runner):
        runner.save_checkpoint(runner.work_dir, 'epoch_1.pth')
        raise error

    monkeypatch.setattr(Runner, 'train', stop)
    status, stderr = in_process('train.py', str(tiny_config), '--work-dir', str(tmp_path / 'run'))
    assert status == 1
    assert says.format(tmp_path / 'run') in stderr.splitlines()[-1]


def test_a_mistake_in_the_code_keeps_its_traceback(tiny_config, in_process, tmp_path, monkeypatch):
    def stop(runner):
        raise RuntimeError('shapes differ')

    monkeypatch.setattr(Runner, 'train', stop)
    with pytest.raises(RuntimeError, match='shapes differ'):
        in_process('train.py', str(tiny_config), '--work-dir', str(tmp_path / 'run'))


@pytest.mark.slow
def test_two_processes_on_a_cpu(tiny_config, repo, tmp_path):
    """gloo out of the box: the shell script trains and tests with two ranks, every image counted once."""
    import os
    import subprocess
    import sys

    path = f'{os.path.dirname(sys.executable)}{os.pathsep}{os.environ["PATH"]}'
    env = os.environ | {'PYTHONPATH': str(repo), 'PATH': path, 'PORT': '29517', 'CUDA_VISIBLE_DEVICES': ''}
    options = [
        '--work-dir',
        'run',
        '--cfg-options',
        'val_dataloader.dataset.length=7',
        'test_dataloader.dataset.length=7',
    ]
    train = subprocess.run(
        ['bash', repo / 'tools/dist_train.sh', tiny_config, '2', *options],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
    )
    assert train.returncode == 0, train.stderr[-3000:]
    assert 'tiny/count: 7' in train.stdout + train.stderr
    test = subprocess.run(
        ['bash', repo / 'tools/dist_test.sh', tiny_config, 'run/epoch_2.pth', '2', '--out', 'out.json', *options],
        cwd=tmp_path, env=env, capture_output=True, text=True,
    )  # fmt: skip
    assert test.returncode == 0, test.stderr[-3000:]
    assert json.loads((tmp_path / 'out.json').read_text())['metrics']['tiny/count'] == 7
    assert not list(tmp_path.glob('.dist_test*'))
