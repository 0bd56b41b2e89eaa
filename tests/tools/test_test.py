import json
import warnings
from pathlib import Path

import pytest
import torch


def test_table_and_result_file(tiny_config, in_process, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    checkpoint = 'weights.pth'
    torch.save({'fc.weight': torch.tensor([[-1.0], [1.0]]), 'fc.bias': torch.tensor([0.5, 0.0])}, tmp_path / checkpoint)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('default')
        status, out, err = in_process('test.py', str(tiny_config), checkpoint, '--out', 'results/out.json', split=True)
    assert status == 0, err
    result = json.loads((tmp_path / 'results' / 'out.json').read_text())
    assert result['metrics'] == {'tiny/top1': 87.5, 'tiny/count': 8}  # of eight points, the one at 1/7 is missed
    assert result['meta']['checkpoint'] == checkpoint
    shown = out.splitlines()
    assert any('tiny/top1' in line and f'{result["metrics"]["tiny/top1"]:.4g}' in line for line in shown)
    assert 'arning' not in out + err
    said = [str(warning.message) for warning in caught]
    assert [text for text in said if 'instance named of' not in text] == []  # two tests of a session in one second


def test_a_missing_checkpoint_names_those_there_are(tiny_config, in_process, tmp_path):
    (tmp_path / 'epoch_7.pth').touch()
    status, stderr = in_process('test.py', str(tiny_config), str(tmp_path / 'epoch_9.pth'))
    assert status == 2
    assert f'checkpoint {tmp_path}/epoch_9.pth does not exist. There are: {tmp_path}/epoch_7.pth' in stderr


def test_no_checkpoint_at_all(tiny_config, in_process):
    status, stderr = in_process('test.py', str(tiny_config))
    assert status == 2
    assert 'no checkpoint: name one after the config, or set load_from' in stderr


def test_a_model_of_the_zoo_brings_its_weights(repo, in_process, tmp_path, monkeypatch):
    """By its name, and by its config."""
    from wsolzoo.run import launch

    name = 'cam_plainnet_1xb32-15e_scenes-96px'
    seen = []
    monkeypatch.setattr(launch, 'build_runner', lambda cfg, training: seen.append(cfg) or exit(0))
    for model in (name, f'cam/{name}.py', str(repo / f'configs/cam/{name}.py')):
        with pytest.raises(SystemExit):
            in_process('test.py', model, '--work-dir', str(tmp_path), '--allow-partial')
    assert len(seen) == 3
    assert all(Path(cfg.load_from).match(f'configs/cam/{name}_*.pth') for cfg in seen)
    assert all(cfg.allow_partial_weights and Path(cfg.filename).stem == name for cfg in seen)


def test_a_checkpoint_that_fits_in_part(tiny_config, in_process, tmp_path):
    torch.save({'fc.weight': torch.tensor([[-1.0], [1.0]])}, tmp_path / 'part.pth')
    tiny_config.write_text(tiny_config.read_text() + "default_hooks = dict(fit=dict(type='CheckpointReportHook'))\n")
    arguments = [str(tiny_config), str(tmp_path / 'part.pth'), '--work-dir', str(tmp_path / 'run')]
    status, stderr = in_process('test.py', *arguments)
    assert status == 2
    assert 'does not fit the model' in stderr
    assert in_process('test.py', *arguments, '--allow-partial')[0] == 0
