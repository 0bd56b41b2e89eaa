import json
import re

import pytest

PLAIN_NOISE = re.compile(r'warn|deprecat', re.IGNORECASE)


def test_train_resume_and_amp(tiny_config, run_tool, tmp_path):
    """The flags of a whole life: train, continue one epoch further in bfloat16, scaled learning rate."""
    first = run_tool(
        'train.py', tiny_config, '--seed', 3, '--work-dir', tmp_path / 'run', cwd=tmp_path, flags=('-W', 'default')
    )
    assert first.returncode == 0, first.stderr
    assert (tmp_path / 'run' / 'epoch_2.pth').exists()
    again = run_tool(
        'train.py', tiny_config, '--resume', '--amp', '--auto-scale-lr', '--work-dir', tmp_path / 'run',
        '--cfg-options', 'train_cfg.max_epochs=3', cwd=tmp_path,
    )  # fmt: skip
    assert again.returncode == 0, again.stderr
    log = again.stdout + again.stderr
    assert 'resumed epoch: 2' in log
    assert "type='BFloat16OptimWrapper'" in log
    assert 'LR is set based on batch size of 8' in log
    assert (tmp_path / 'run' / 'epoch_3.pth').exists()
    steps = [
        json.loads(line) for line in next((tmp_path / 'run').glob('*/vis_data/scalars.json')).read_text().splitlines()
    ]
    assert any('loss' in step for step in steps)


def test_a_default_run_prints_no_warning(tiny_config, run_tool, tmp_path):
    done = run_tool('train.py', tiny_config, cwd=tmp_path, flags=('-W', 'default'))
    assert done.returncode == 0, done.stderr
    noisy = [line for line in (done.stdout + done.stderr).splitlines() if PLAIN_NOISE.search(line)]
    assert noisy == []
    assert (tmp_path / 'work_dirs' / 'tiny' / 'epoch_2.pth').exists()  # the default work dir


@pytest.mark.parametrize(
    ('extra', 'options', 'message'),
    [
        ('optim_wraper = dict()', [], "did you mean 'optim_wrapper'?"),
        ('train_dataloader = dict(dataset=dict(lenght=4))', [], "TinyPoints takes no 'lenght'; did you mean 'length'?"),
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
    assert 'count: 7' in train.stdout + train.stderr
    test = subprocess.run(
        ['bash', repo / 'tools/dist_test.sh', tiny_config, 'run/epoch_2.pth', '2', '--out', 'out.json', *options],
        cwd=tmp_path, env=env, capture_output=True, text=True,
    )  # fmt: skip
    assert test.returncode == 0, test.stderr[-3000:]
    assert json.loads((tmp_path / 'out.json').read_text())['metrics']['count'] == 7
    assert not list(tmp_path.glob('.dist_test*'))
