"""What docstrings show is what happens. An example that needs weights or a file says so: ``# doctest: +SKIP``."""

import ast
import doctest
import importlib
import inspect
import re
from pathlib import Path

import pytest

import wsolzoo

PACKAGE = Path(wsolzoo.__file__).parent
SHOWN = ['maps', *(f'evaluation.functional.{name}' for name in (
    'boxes', 'pxap', 'saliency', 'segmentation', 'detection', 'defocus', 'bootstrap'))]  # fmt: skip


def dotted(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix('').parts
    return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


def modules_with_examples() -> list[str]:
    paths = sorted(path for path in PACKAGE.rglob('*.py') if '.mim' not in path.parts)
    return [dotted(path) for path in paths if '>>>' in path.read_text(encoding='utf-8')]


@pytest.mark.parametrize('name', modules_with_examples())
def test_examples_say_what_happens(name):
    module = importlib.import_module(name)
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    failed, tried = doctest.testmod(module, optionflags=options)
    assert not failed
    assert tried or '+SKIP' in inspect.getsource(module)


@pytest.mark.parametrize('name', SHOWN)
def test_every_public_function_is_shown(name):
    module = importlib.import_module(f'wsolzoo.{name}')
    tour = ' '.join(re.findall(r'>>> (.*)', module.__doc__))
    functions = [node for node in ast.parse(inspect.getsource(module)).body if isinstance(node, ast.FunctionDef)]
    missing = [
        node.name
        for node in functions
        if not node.name.startswith('_')
        and '>>>' not in ast.get_docstring(node)
        and not re.search(rf'\b{node.name}\(', tour)
    ]
    assert not missing, f'no example of {", ".join(missing)}'
