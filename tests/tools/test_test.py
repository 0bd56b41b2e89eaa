import json

import torch


def test_table_and_result_file(tiny_config, run_tool, tmp_path):
    checkpoint = 'weights.pth'
    torch.save({'fc.weight': torch.tensor([[-1.0], [1.0]]), 'fc.bias': torch.tensor([0.5, 0.0])}, tmp_path / checkpoint)
    done = run_tool(
        'test.py', tiny_config, checkpoint, '--out', 'results/out.json', cwd=tmp_path, flags=('-W', 'default')
    )
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / 'results' / 'out.json').read_text())
    assert result['metrics'] == {'tiny/top1': 87.5, 'tiny/count': 8}  # of eight points, the one at 1/7 is missed
    assert result['meta']['checkpoint'] == checkpoint
    shown = done.stdout.splitlines()
    assert any('tiny/top1' in line and f'{result["metrics"]["tiny/top1"]:.4g}' in line for line in shown)
    assert 'arning' not in done.stdout + done.stderr


def test_a_missing_checkpoint_names_those_there_are(tiny_config, in_process, tmp_path):
    (tmp_path / 'epoch_7.pth').touch()
    status, stderr = in_process('test.py', str(tiny_config), str(tmp_path / 'epoch_9.pth'))
    assert status == 2
    assert f'checkpoint {tmp_path}/epoch_9.pth does not exist. There are: {tmp_path}/epoch_7.pth' in stderr


def test_no_checkpoint_at_all(tiny_config, in_process):
    status, stderr = in_process('test.py', str(tiny_config))
    assert status == 2
    assert 'no checkpoint: name one after the config, or set load_from' in stderr
