"""Every tool answers `--help` without importing anything heavy: at most a fifth of what `import torch` costs."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
TOOLS = sorted(p for p in (REPO / 'tools').rglob('*.py') if "__name__ == '__main__'" in p.read_text())
ENV = os.environ | {'PYTHONPATH': str(REPO)}


def cpu_seconds(*arguments: str, repeat: int = 3) -> float:
    """Least CPU time of a Python process with these arguments."""
    spent = []
    for _ in range(repeat):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], env=ENV, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(spent)


@pytest.fixture(scope='module')
def torch_cost() -> float:
    return cpu_seconds('-c', 'import torch')


@pytest.mark.parametrize('tool', TOOLS, ids=lambda tool: tool.stem)
def test_help_is_cheap(tool, torch_cost):
    cost = cpu_seconds(str(tool), '--help')
    assert cost <= 0.2 * torch_cost, (
        f'{tool.name} --help takes {cost:.2f} s of CPU time, import torch {torch_cost:.2f} s'
    )


@pytest.mark.parametrize('tool', TOOLS, ids=lambda tool: tool.stem)
def test_help_explains(tool):
    done = subprocess.run([sys.executable, str(tool), '--help'], env=ENV, capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout.startswith('usage: ')
    assert 'show this help message' in done.stdout


def test_the_console_script_is_cheap(torch_cost):
    cost = cpu_seconds('-c', 'from wsolzoo.cli import main; main(["--help"])')
    assert cost <= 0.25 * torch_cost


def test_importing_the_package_and_its_registries_is_cheap(torch_cost):
    assert cpu_seconds('-c', 'import wsolzoo, wsolzoo.registry') <= 1.1 * torch_cost


@pytest.mark.parametrize('script', sorted((REPO / 'tools').glob('*.sh')), ids=lambda script: script.stem)
def test_shell_scripts_are_sound_and_explain_themselves(script):
    assert os.access(script, os.X_OK)
    subprocess.run(['bash', '-n', script], check=True)
    done = subprocess.run(['bash', script], capture_output=True, text=True)
    assert done.returncode == 2
    assert f'tools/{script.name} ' in done.stdout
