"""The contact sheet: stored image and augmented views, with truth where the role has it."""

import layouts
import numpy as np
import pytest
from PIL import Image

CONFIG = """
load = [dict(type='LoadImage'), {mask}]
steps = [*load, dict(type='Geometry', name='WE', size=64, train=True), dict(type='PackLocalization')]
train_dataloader = dict(dataset=dict(
    type='BoxCSV', role={role!r}, subset='pets', split='test', data_root={root!r}, pipeline=steps))
"""


@pytest.fixture
def browse(tmp_path, repo, monkeypatch):
    monkeypatch.syspath_prepend(str(repo / 'tools/visualization'))
    import browse_dataset

    root = str(layouts.box_csv(tmp_path / 'data'))

    def run(role, mask='', *arguments):
        (tmp_path / 'config.py').write_text(CONFIG.format(role=role, mask=mask, root=root))
        out = tmp_path / f'{role}.png'
        status = browse_dataset.main([str(tmp_path / 'config.py'), '--out', str(out), '--height', '60', *arguments])
        return status, np.asarray(Image.open(out)).astype(int) if out.exists() else None

    return run


def test_truth_is_drawn_where_the_role_has_it_and_only_there(browse):
    status, weak = browse('train-weaksup')
    assert status == 0 and weak.shape == (8 + 60 + 22 + 8, 8 + 80 + 4 + 60 + 4 + 60 + 8, 3)
    status, full = browse('train-fullsup', "dict(type='LoadMask'),")
    assert status == 0 and full.shape == weak.shape
    stored = (slice(8, 68), slice(8, 88))
    assert np.abs(weak - full)[stored].max() > 50  # boxes and mask
    status, other = browse('train-weaksup', '', '--role', 'test')
    assert np.abs(weak - other)[stored].max() > 50


def test_wrong_commands_are_explained(browse, capsys, tmp_path):
    assert browse('train-weaksup', '', '--split', 'val')[0] == 2
    assert 'has no val_dataloader' in capsys.readouterr().err
    assert browse('train-weaksup', '', '--role', 'all')[0] == 2
    assert 'role must be one of' in capsys.readouterr().err
