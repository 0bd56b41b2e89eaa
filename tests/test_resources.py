import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.config.utils import MODULE2PACKAGE

import wsolzoo
from wsolzoo import cli, resources
from wsolzoo.run.environment import prepare_environment

REPO = Path(__file__).resolve().parents[1]


def test_resources_of_the_checkout():
    assert resources.config_dir() == REPO / 'configs'
    assert resources.tools_dir() == REPO / 'tools'
    assert resources.model_index() == REPO / 'model-index.yml'


def test_resources_without_links(monkeypatch, tmp_path):
    """A platform that does not make links: the folder above the package is looked at."""
    package = tmp_path / 'wsolzoo'
    (package / '.mim').mkdir(parents=True)
    (package / '.mim' / 'configs').write_text('../../configs')  # what git writes there
    (tmp_path / 'configs').mkdir()
    monkeypatch.setattr(resources, 'files', lambda name: package)
    assert resources.config_dir() == tmp_path / 'configs'
    with pytest.raises(FileNotFoundError, match='Reinstall wsolzoo'):
        resources.tools_dir()


def test_find_config_by_path_and_by_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'mine.py').write_text('')
    assert resources.find_config('mine.py') == Path('mine.py')
    runtime = REPO / 'configs' / '_base_' / 'default_runtime.py'
    for name in ('_base_/default_runtime.py', 'wsolzoo::_base_/default_runtime.py', 'configs/_base_/default_runtime'):
        assert resources.find_config(name) == runtime


def test_a_missing_config_names_near_ones(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    root = tmp_path / 'shipped'
    (root / 'cam').mkdir(parents=True)
    (root / 'cam' / 'cam_vgg16_cub.py').write_text('')
    monkeypatch.setattr(resources, 'config_dir', lambda: root)
    assert resources.find_config('cam_vgg16_cub') == root / 'cam' / 'cam_vgg16_cub.py'
    with pytest.raises(FileNotFoundError, match='similar name: .*cam_vgg16_cub'):
        resources.find_config('cam_vgg16_cup.py')


def test_configs_inherit_from_the_package(tmp_path):
    """`_base_ = 'wsolzoo::…'` needs an entry in a private table of MMEngine's, which a release may move."""
    prepare_environment()
    assert MODULE2PACKAGE['wsolzoo'] == 'wsolzoo'
    leaf = tmp_path / 'leaf.py'
    leaf.write_text("_base_ = 'wsolzoo::_base_/default_runtime.py'\nload_from = 'x.pth'\n")
    cfg = Config.fromfile(str(leaf))
    assert cfg.default_scope == 'wsolzoo'
    assert cfg.load_from == 'x.pth'


def test_console_script_lists_and_runs_tools(capsys):
    assert cli.main(['--help']) == 0
    listed = capsys.readouterr().out
    assert re.search(r'^  train +Train a model from a config\.$', listed, re.M)
    assert all(name in listed for name in ('test', 'zoo', 'print_config', 'list', 'download', 'infer'))
    assert cli.main([]) == 2
    assert cli.main(['no-such-tool']) == 2
    capsys.readouterr()
    assert cli.main(['lisst']) == 2
    assert "no command 'lisst'; did you mean 'list'?" in capsys.readouterr().err
    assert cli.main(['--version']) == 0
    assert capsys.readouterr().out == f'wsolzoo {wsolzoo.__version__}\n'
    with pytest.raises(SystemExit) as stop:
        cli.main(['list', 'cam_plain*'])
    assert stop.value.code == 0
    assert capsys.readouterr().out.startswith('cam_plainnet_1xb32-15e_scenes-96px  weights')
    with pytest.raises(SystemExit) as stop:
        cli.main(['train', '--help'])
    assert stop.value.code == 0
    assert '--auto-scale-lr' in capsys.readouterr().out


@pytest.mark.slow
def test_a_wheel_holds_configs_tools_and_index(tmp_path):
    """Built without a network; the installed tree then answers like the checkout."""
    build = [sys.executable, '-m', 'pip', 'wheel', '-q', '--no-deps', '--no-build-isolation', '-w', str(tmp_path), REPO]
    subprocess.run(build, check=True, capture_output=True, cwd=tmp_path)
    [wheel] = tmp_path.glob('*.whl')
    names = set(zipfile.ZipFile(wheel).namelist())
    shipped = [p for p in (REPO / 'configs').rglob('*') if p.suffix in ('.py', '.yml', '.md', '.pth')]
    assert {f'wsolzoo/.mim/configs/{p.relative_to(REPO / "configs").as_posix()}' for p in shipped} <= names
    assert {'wsolzoo/.mim/model-index.yml', 'wsolzoo/.mim/tools/train.py', 'wsolzoo/.mim/tools/dist_train.sh'} <= names
    assert 'wsolzoo/py.typed' in names
    assert not [name for name in names if name.startswith(('configs/', 'tools/', 'tests/')) or name.endswith('.pyc')]
    site = tmp_path / 'site'
    zipfile.ZipFile(wheel).extractall(site)
    code = 'from wsolzoo import resources as r; print(r.config_dir(), r.tools_dir(), r.model_index())'
    done = subprocess.run(
        [sys.executable, '-c', code], env={'PYTHONPATH': str(site)}, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout.split() == [
        str(site / 'wsolzoo' / '.mim' / name) for name in ('configs', 'tools', 'model-index.yml')
    ]
    check = 'import sys; from wsolzoo.cli import main; sys.exit(main(["zoo", "check"]))'
    env = {'PYTHONPATH': str(site)}
    done = subprocess.run([sys.executable, '-c', check], env=env, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr  # there are no docs in a wheel to be out of date


def test_version_is_written_once():
    assert wsolzoo.__version__.count('.') == 2
    assert wsolzoo.__version__ not in (REPO / 'setup.py').read_text()
