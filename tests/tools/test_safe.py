"""A checkpoint that would run code is refused by every way into the program, and nothing runs."""

import os
from pathlib import Path

import pytest
import torch
from tiny_run import hurry, tool, write_config

from wsolzoo.engine.weights.checkpoint import load_from_local


class Evil:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return os.system, (f'touch {self.marker}',)


def plant(path: Path, marker: Path) -> None:
    """What a thief would publish: complete, loadable without care, and the command hidden among the log's numbers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    meta = {'epoch': 1, 'iter': 4}
    torch.save({'meta': meta, 'state_dict': {'a': torch.ones(1)}, 'message_hub': {'log': Evil(marker)}}, path)


WAYS = {
    'load_from': ('train.py', ['--cfg-options', 'load_from={bad}']),
    '--resume, by name': ('train.py', ['--resume', '{bad}']),
    '--resume, the newest': ('train.py', ['--resume']),
    'init_cfg': (
        'train.py',
        ['--cfg-options', 'model.backbone.init_cfg.type=Pretrained', 'model.backbone.init_cfg.checkpoint={bad}'],
    ),
    'tools/test.py': ('test.py', ['{bad}']),
}


@pytest.mark.parametrize('way', WAYS)
def test_refused_and_nothing_runs(tmp_path, capfd, monkeypatch, way):
    hurry(monkeypatch, tmp_path)
    marker, bad = tmp_path / 'it_ran', tmp_path / 'run' / 'epoch_1.pth'
    plant(bad, marker)
    name, options = WAYS[way]
    config = write_config(tmp_path, cache='disk')
    arguments = [str(config), *(option.format(bad=bad) for option in options), '--work-dir', str(tmp_path / 'run')]
    assert tool(name).main(arguments) == 2
    told = capfd.readouterr().err.split('error: ')[-1]
    assert told.startswith(f'{bad} was refused: beside weights it holds posix.system, and reading that would run code')
    assert 'Nothing was run.' in told
    assert not marker.exists()
    torch.load(bad, weights_only=False)  # the file is as bad as it should be
    assert marker.exists()


def test_a_config_text_inside_a_checkpoint_is_not_executed(tmp_path):
    """Plain text passes `weights_only`, and MMEngine's `resume` would run it as a Python config."""
    text = f"import os\nos.system('touch {tmp_path}/it_ran')"
    torch.save({'meta': {'epoch': 1, 'config': text}, 'state_dict': {'a': torch.ones(1)}}, tmp_path / 'a.pth')
    assert load_from_local(str(tmp_path / 'a.pth'))['meta'] == {'epoch': 1}
