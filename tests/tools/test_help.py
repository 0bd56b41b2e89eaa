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


def run(*arguments: str, limit: float = 0.0) -> tuple[float, str]:
    """CPU seconds and output of Python with these arguments: the least of three, or the first within the limit."""
    least = float('inf')
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([sys.executable, *arguments], env=ENV, check=True, capture_output=True, text=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        least = min(least, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        if least <= limit:
            break
    return least, done.stdout


@pytest.fixture(scope='module')
def torch_cost() -> float:
    return run('-c', 'import torch')[0]


@pytest.mark.parametrize('tool', TOOLS, ids=lambda tool: tool.stem)
def test_help_is_cheap_and_explains(tool, torch_cost):
    cost, out = run(str(tool), '--help', limit=0.2 * torch_cost)
    assert cost <= 0.2 * torch_cost, (
        f'{tool.name} --help takes {cost:.2f} s of CPU time, import torch {torch_cost:.2f} s'
    )
    assert out.startswith('usage: ')
    assert 'show this help message' in out


def test_the_console_script_is_cheap(torch_cost):
    limit = 0.25 * torch_cost
    assert run('-c', 'from wsolzoo.cli import main; main(["--help"])', limit=limit)[0] <= limit


def test_importing_the_package_and_its_registries_is_cheap(torch_cost):
    limit = 1.1 * torch_cost
    assert run('-c', 'import wsolzoo, wsolzoo.registry', limit=limit)[0] <= limit


@pytest.mark.parametrize('script', sorted((REPO / 'tools').glob('*.sh')), ids=lambda script: script.stem)
def test_shell_scripts_are_sound_and_explain_themselves(script):
    assert os.access(script, os.X_OK)
    subprocess.run(['bash', '-n', script], check=True)
    done = subprocess.run(['bash', script], capture_output=True, text=True)
    assert done.returncode == 2
    assert f'tools/{script.name} ' in done.stdout
