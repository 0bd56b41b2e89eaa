"""Shared by all tests: one thread, the data folder, markers that need it."""

import gc
import os
from pathlib import Path

for name in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS'):  # before torch is imported
    os.environ.setdefault(name, '1')
os.environ.setdefault('HF_HUB_OFFLINE', '1')

import figures
import pytest
import strict_skips
import torch

torch.set_num_threads(1)

REPO = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get('WSOLZOO_DATA', REPO.parent / 'shared' / 'data'))


def pytest_addoption(parser):
    for plugin in (figures, strict_skips):
        plugin.pytest_addoption(parser)


def pytest_configure(config):
    for plugin in (figures, strict_skips):
        plugin.pytest_configure(config)


def pytest_collection_modifyitems(items):
    if DATA.is_dir():
        return
    skip = pytest.mark.skip(reason=f'needs the data folder; there is none at {DATA} (set WSOLZOO_DATA)')
    for item in items:
        if item.get_closest_marker('data'):
            item.add_marker(skip)


@pytest.fixture(scope='session')
def data_dir() -> Path:
    """The folder with real data and weights; tests that ask for it are skipped where it is absent."""
    if not DATA.is_dir():
        pytest.skip(f'needs the data folder; there is none at {DATA} (set WSOLZOO_DATA)')
    return DATA


@pytest.fixture(scope='session')
def repo() -> Path:
    """The top of the checkout."""
    return REPO


@pytest.fixture(scope='module', autouse=True)
def little_to_collect():
    """MMEngine collects garbage with every data set it makes: half a second, unless what is imported is left alone."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def no_scope_left():
    """A Runner sets the scope in which bare type names are looked up, for the whole process."""
    from mmengine.registry import DefaultScope

    DefaultScope._instance_dict.clear()
    yield
    DefaultScope._instance_dict.clear()


@pytest.fixture
def zoo_scope():
    """Bare type names are those of the zoo."""
    from mmengine.registry import DefaultScope

    with DefaultScope.overwrite_default_scope('wsolzoo'):
        yield
