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


CHANGES = """
import importlib, sys, warnings
from mmengine.config import config
from mmengine.config.utils import MODULE2PACKAGE
from mmengine.fileio.backends import backends
from mmengine.runner import CheckpointLoader
import torch

def state():
    return (
        list(warnings.filters), dict(MODULE2PACKAGE), config.get_installed_path, dict(backends), list(sys.path),
        dict(CheckpointLoader._schemes), torch.serialization.get_safe_globals(), torch.get_num_threads(),
    )

before = state()
for module in ('wsolzoo', 'wsolzoo.run.launch', 'wsolzoo.registry', 'wsolzoo.engine'):
    importlib.import_module(module)
    print(module, [i for i, (a, b) in enumerate(zip(before, state())) if a != b])
"""


def test_importing_changes_nothing():
    """Not even where torch and MMEngine are there to be changed."""
    env = os.environ | {'PYTHONPATH': str(REPO)}
    done = subprocess.run([sys.executable, '-c', CHANGES], env=env, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    assert len(lines) == 4 and all(line.endswith(' []') for line in lines), done.stdout + done.stderr


def test_the_package_imports_the_standard_library_alone():
    code = (
        'import sys, wsolzoo; print(*{name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names))'
    )
    env = os.environ | {'PYTHONPATH': str(REPO)}
    command = [sys.executable, '-S', '-c', code]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert set(done.stdout.split()) <= {'wsolzoo', '__main__'}, done.stderr


def test_the_originals_find_our_configs_in_an_editable_install(monkeypatch):
    from mmengine.config import config

    def nowhere(package):
        return f'/nowhere/{package}'

    monkeypatch.setattr(compat, 'on_originals', lambda: True)
    monkeypatch.setattr(config, 'get_installed_path', nowhere)
    compat.allow_package_configs()
    compat.allow_package_configs()
    assert config.get_installed_path('wsolzoo') == str(REPO / 'wsolzoo')
    assert config.get_installed_path('mmdet') == '/nowhere/mmdet'
    assert config.get_installed_path.asked_before is nowhere


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
