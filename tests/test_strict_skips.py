import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
SUITE = """
import pytest

def test_absent():
    pytest.importorskip('no_such_module')

@pytest.mark.skip(reason='needs the data folder; there is none at nowhere')
def test_data():
    pass

@pytest.mark.xfail
def test_known_failure():
    assert False
"""
MODULE = "import pytest\npytest.skip('not today', allow_module_level=True)\n"


def run(folder, *arguments, **environment):
    environment = {
        **os.environ,
        'PYTHONPATH': str(TESTS),
        'PYTEST_DISABLE_PLUGIN_AUTOLOAD': '1',
        'CI': '',
        **environment,
    }
    command = [sys.executable, '-m', 'pytest', '-p', 'strict_skips', '-p', 'no:cacheprovider', '--rootdir', str(folder)]
    return subprocess.run([*command, *arguments, str(folder)], env=environment, capture_output=True, text=True)


@pytest.mark.parametrize(
    'arguments, environment',
    [(['--strict-skips'], {}), ([], {'CI': 'true'}), (['--strict-skips', '-p', 'xdist', '-n', '2'], {})],
)
def test_an_unexplained_skip_fails_the_run_by_name(tmp_path, arguments, environment):
    (tmp_path / 'test_inside.py').write_text(SUITE)
    (tmp_path / 'test_whole.py').write_text(MODULE)
    done = run(tmp_path, *arguments, **environment)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    assert "test_inside.py::test_absent: could not import 'no_such_module'" in done.stdout
    assert 'test_whole.py: not today' in done.stdout
    assert 'test_data:' not in done.stdout
    assert 'test_known_failure:' not in done.stdout


def test_only_where_asked(tmp_path):
    (tmp_path / 'test_inside.py').write_text(SUITE)
    done = run(tmp_path)
    assert done.returncode == pytest.ExitCode.OK
    assert 'accepted reason' not in done.stdout
