"""A method written by the tool is sound at once: in the zoo, and as a wheel in an environment of its own."""

import importlib
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from wsolzoo.registry import MODELS
from wsolzoo.testing import check_method
from wsolzoo.zoo import config_rules
from wsolzoo.zoo.metafile import read_metafile
from wsolzoo.zoo.scaffold import ScaffoldError, check_name, write_method, write_package

NAME, HEAD, MODULE = 'sharp_pooling', 'SharpPoolingHead', 'wsolzoo_sharp_pooling'
CONFIG = 'sharp-pooling_plainnet_1xb32-15e_scenes-96px.py'
CHECKOUT = ('wsolzoo', 'configs', 'tools', 'docs', 'tests', 'model-index.yml', 'pyproject.toml')


@pytest.fixture
def checkout(repo, tmp_path):
    """What the tool needs of a checkout, in miniature."""
    root = tmp_path / 'zoo'
    (root / 'wsolzoo/methods').mkdir(parents=True)
    (root / 'docs/methods').mkdir(parents=True)
    shutil.copy(repo / 'docs/methods/index.md', root / 'docs/methods')
    shutil.copytree(repo / 'configs/_base_', root / 'configs/_base_')
    return root


@pytest.fixture
def forget():
    """What a generated package registers is not there for the next test."""
    yield
    MODELS.module_dict.pop(HEAD, None)
    for name in [name for name in sys.modules if name.partition('.')[0] == MODULE]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ('name', 'says'),
    [
        ('SharpPooling', 'no name for a Python module'),
        ('sharp-pooling', 'no name for a Python module'),
        ('sharp__pooling', 'no name for a Python module'),
        ('../sharp', 'no name for a Python module'),
        ('class', 'no name for a Python module'),
        ('json', 'something in Python itself'),
        ('print', 'something in Python itself'),
        ('a' * 31, 'has 31 letters; at most 30'),
        ('mask', 'MaskHead is registered already'),
    ],
)
def test_names_that_will_not_do(monkeypatch, name, says):
    monkeypatch.setitem(MODELS.module_dict, 'MaskHead', object)
    with pytest.raises(ScaffoldError, match=says):
        check_name(name)


def test_nothing_is_overwritten(checkout, tmp_path, in_process):
    write_method(NAME, checkout)
    before = {path: path.read_bytes() for path in checkout.rglob('*') if path.is_file()}
    with pytest.raises(ScaffoldError, match='exists already; nothing was written'):
        write_method(NAME, checkout)
    assert before == {path: path.read_bytes() for path in checkout.rglob('*') if path.is_file()}

    package = tmp_path / 'package'
    (package / 'tests').mkdir(parents=True)
    (package / 'README.md').write_text('mine')
    status, out = in_process('new_method.py', NAME, '--package', str(package))
    assert status == 2
    assert f'{package / "README.md"} exists already; nothing was written' in out
    assert [path.name for path in package.iterdir() if path.is_file()] == ['README.md']
    with pytest.raises(ScaffoldError, match='is no checkout of the zoo; .* --package DIR'):
        write_method(NAME, package)


def test_a_method_in_the_zoo_keeps_its_rules(checkout):
    written = write_method(NAME, checkout)
    assert all(path.is_file() for path in written)
    metafile = read_metafile(checkout / 'configs' / NAME / 'metafile.yml', checkout)
    assert not metafile.errors
    leaf = checkout / 'configs' / NAME / CONFIG
    cfg = config_rules.load(leaf)
    assert not list(config_rules.check_file(leaf, checkout))
    assert not list(config_rules.check_said(leaf, cfg, leaf.name))
    assert not list(config_rules.check_model(metafile.models[0], cfg, leaf.name))
    pages = (checkout / 'docs/methods/index.md').read_text().splitlines()
    assert pages[pages.index(NAME) - 1] == 'class_average'


def test_a_package_passes_the_kit(tmp_path, monkeypatch, forget):
    write_package(NAME, tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.import_module(MODULE)
    assert check_method(str(tmp_path / MODULE / 'configs' / CONFIG))


def run(*command, cwd: Path, **env: str) -> str:
    """Output of a command that succeeds, without this checkout on the path."""
    clean = {key: value for key, value in os.environ.items() if key != 'PYTHONPATH'}
    done = subprocess.run([*map(str, command)], cwd=cwd, env=clean | env, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, f'{command}\n{done.stdout}\n{done.stderr}'
    return done.stdout


@pytest.mark.slow
def test_a_method_in_the_zoo_is_sound_at_once(repo, tmp_path):
    """In a copy of the checkout: the books are kept, the rules hold, its tests pass, and so does the linter."""
    root = tmp_path / 'zoo'
    for part in CHECKOUT:
        if (repo / part).is_dir():
            ignored = shutil.ignore_patterns('__pycache__', '_build', 'work_dirs')
            shutil.copytree(repo / part, root / part, symlinks=True, ignore=ignored)
        else:
            shutil.copy(repo / part, root / part)
    env = {'PYTHONPATH': str(root)}
    run(sys.executable, 'tools/new_method.py', NAME, cwd=root, **env)
    assert ' 0 problems' in run(sys.executable, 'tools/zoo.py', 'check', cwd=root, **env)
    tests = ('tests/test_resolved_configs.py', f'tests/methods/test_{NAME}.py')
    run(sys.executable, '-m', 'pytest', '-p', 'no:cacheprovider', *tests, cwd=root, **env)
    mine = [f'wsolzoo/methods/{NAME}.py', f'configs/{NAME}', f'tests/methods/test_{NAME}.py']
    run(sys.executable, '-m', 'ruff', 'check', *mine, cwd=root)
    run(sys.executable, '-m', 'ruff', 'format', '--check', *mine, cwd=root)


@pytest.mark.slow
def test_a_wheel_installs_trains_and_leaves(repo, tmp_path):
    """Build, install into a fresh environment, train by short names, uninstall: the type is known, then it is not."""
    package, fresh = tmp_path / 'package', tmp_path / 'fresh'
    write_package(NAME, package)
    pip = (sys.executable, '-m', 'pip', '--disable-pip-version-check', '-q')
    run(*pip, 'wheel', '--no-deps', '--no-build-isolation', '-w', tmp_path, package, cwd=tmp_path)
    (wheel,) = tmp_path.glob('*.whl')

    run(sys.executable, '-m', 'venv', '--without-pip', fresh, cwd=tmp_path)
    python = fresh / 'bin/python'
    site = Path(run(python, '-c', 'import sysconfig; print(sysconfig.get_path("purelib"))', cwd=tmp_path).strip())
    (site / 'shared.pth').write_text(f'{sysconfig.get_path("purelib")}\n{repo}\n')  # torch and the zoo, not a download
    run(*pip, '--python', python, 'install', '--no-deps', '--no-index', wheel, cwd=tmp_path)
    known = f"from wsolzoo.registry import MODELS, load_plugins; print('{HEAD}' in MODELS, load_plugins().loaded)"
    assert run(python, '-c', known, cwd=tmp_path).startswith(f"True ['{NAME}'")

    small = ['train_cfg.max_epochs=1', 'train_dataloader.batch_size=8', 'model.backbone.base_channels=4']
    small += [f'{split}_dataloader.dataset.{key}' for split in ('train', 'val') for key in ('count=8', 'cache=memory')]
    config = site / MODULE / 'configs' / CONFIG
    train = (python, repo / 'tools/train.py', config, '--work-dir', tmp_path / 'run', '--cfg-options', *small)
    run(*train, cwd=tmp_path)
    assert (tmp_path / 'run/epoch_1.pth').is_file()
    assert len(list((package / 'tests').glob('test_*.py'))) == 1
    run(python, '-m', 'pytest', '-p', 'no:cacheprovider', package / 'tests', cwd=tmp_path)

    run(*pip, '--python', python, 'uninstall', '-y', MODULE.replace('_', '-'), cwd=tmp_path)
    assert run(python, '-c', known, cwd=tmp_path).startswith('False [')
    assert not config.exists()
