import logging
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from wsolzoo import compat

REPO = Path(__file__).resolve().parents[1]


def test_both_distributions_are_refused_with_the_repair(monkeypatch):
    monkeypatch.setattr(compat, 'installed', lambda name: True)
    with pytest.raises(ImportError, match='pip uninstall -y mmengine onedl-mmengine && pip install onedl-mmengine'):
        compat.check_distributions()


@pytest.mark.parametrize('present', [compat.FORK, compat.ORIGINAL])
def test_one_distribution_is_fine(monkeypatch, present):
    monkeypatch.setattr(compat, 'installed', lambda name: name == present)
    compat.check_distributions()
    assert compat.on_originals() == (present == compat.ORIGINAL)


def test_only_known_warnings_are_silenced():
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter('always')
        compat.quiet()
        warnings.warn('`broadcast_buffers` is deprecated, do this and that', FutureWarning, stacklevel=1)
        warnings.warn('something of ours', FutureWarning, stacklevel=1)
    assert [str(item.message) for item in seen] == ['something of ours']


def test_only_known_log_lines_are_dropped(caplog):
    logger = logging.getLogger('wsolzoo-test')
    compat.quiet_logger(logger)
    compat.quiet_logger(logger)
    assert len(logger.filters) == 1
    logger.warning('"FileClient" will be deprecated in future')
    logger.warning('ours')
    assert [record.getMessage() for record in caplog.records] == ['ours']


def test_safe_globals_let_weights_only_read_a_message_hub(monkeypatch, tmp_path):
    """What the originals need: a Runner's checkpoint carries HistoryBuffers."""
    import torch
    from mmengine.logging import HistoryBuffer

    monkeypatch.setattr(compat, 'on_originals', lambda: True)
    path = tmp_path / 'x.pth'
    torch.save({'message_hub': HistoryBuffer([1.0, 2.0], [1, 1])}, path)
    before = torch.serialization.get_safe_globals()
    try:
        compat.allow_own_checkpoints()
        loaded = torch.load(path, weights_only=True)['message_hub']
        assert loaded.mean() == 1.5
    finally:
        torch.serialization.clear_safe_globals()
        torch.serialization.add_safe_globals(before)


LIGHT = (
    'wsolzoo',
    'wsolzoo.registry',
    'wsolzoo.maps',
    'wsolzoo.evaluation',
    'wsolzoo.evaluation.functional',
    'wsolzoo.evaluation.localization.protocols',
    'wsolzoo.resources',
    'wsolzoo.run.launch',
    'wsolzoo.zoo.tables',
)


@pytest.mark.parametrize('module', LIGHT)
def test_light_modules_import_no_torch_and_do_not_warn(module):
    code = f'import {module}, sys; print(*{{"torch", "torchvision", "mmpretrain", "numba"}} & set(sys.modules))'
    env = os.environ | {'PYTHONPATH': str(REPO)}
    done = subprocess.run([sys.executable, '-W', 'error', '-c', code], env=env, capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, '', '')
