"""What the code imports is what setup.py declares; pins and lock name the same versions."""

import ast
import functools
import re
import sys
from pathlib import Path

import pytest

import wsolzoo

REPO = Path(__file__).resolve().parents[1]
IMPORTED_AS = {  # where a distribution and its module have different names
    'PIL': 'pillow',
    'cv2': 'opencv-python',
    'mmcv': 'onedl-mmcv',
    'mmengine': 'onedl-mmengine',
    'mmpretrain': 'onedl-mmpretrain',
    'py_sod_metrics': 'pysodmetrics',
    'pytorch_grad_cam': 'grad-cam',
    'torch_pruning': 'torch-pruning',
    'yaml': 'pyyaml',
}
NOT_IMPORTED = {
    'pytest-xdist': 'the option -n of `make test`',
    'pytest-cov': 'the option --cov; its settings are in pyproject.toml',
    'ruff': 'a command of `make lint`',
    'mypy': 'a command of `make lint`',
    'pre-commit': 'a command; its hooks are in .pre-commit-config.yaml',
    'uv': 'a command of `make lock`',
    'pip-audit': 'a command of `make audit`',
}
NOT_DECLARED = {
    'pysodmetrics': 'needs NumPy 1: make_saliency_fixture.py runs in an environment of its own',
}
OPTIONAL = ('timm', 'posthoc', 'search', 'prune')  # extras of users: imported where needed, never with a module


def declared() -> dict[str, set[str]]:
    """Distributions by extra, as setup.py has them; '' is what everybody gets."""
    call = next(
        node
        for node in ast.walk(ast.parse((REPO / 'setup.py').read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, 'id', '') == 'setup'
    )
    arguments = {keyword.arg: keyword.value for keyword in call.keywords}
    wanted = {'': ast.literal_eval(arguments['install_requires']), **ast.literal_eval(arguments['extras_require'])}
    return {extra: {re.match(r'[\w.-]+', line)[0].lower() for line in lines} for extra, lines in wanted.items()}


def modules_named(node: ast.AST) -> list[str]:
    """Top-level names that a node imports; ``importorskip('x')`` counts."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and not node.level:
        names = [node.module]
    elif isinstance(node, ast.Call) and getattr(node.func, 'attr', '') == 'importorskip':
        names = [node.args[0].value]
    else:
        names = []
    return [name.split('.')[0] for name in names]


@functools.cache
def imports(folder: str, deferred: bool = True) -> dict[str, str]:
    """Third-party distributions imported below ``folder``, with one file each; ``deferred``: inside functions too."""
    files = sorted(path for path in (REPO / folder).rglob('*.py') if '.mim' not in path.parts)
    ours = {path.stem for top in ('tests', 'tools', 'benchmarks') for path in (REPO / top).rglob('*.py')}
    ours |= {'wsolzoo', 'tests', *sys.stdlib_module_names}
    ours |= {path.name for path in (REPO / 'tests').iterdir() if path.is_dir()}
    found = {}
    for path in files:
        stack = [ast.parse(path.read_text())]
        while stack:
            node = stack.pop()
            for module in set(modules_named(node)) - ours:
                found.setdefault(IMPORTED_AS.get(module, module.lower().replace('_', '-')), str(path.relative_to(REPO)))
            if deferred or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                stack.extend(ast.iter_child_nodes(node))
    return found


def pins(name: str) -> dict[str, set[str]]:
    """Exact versions by distribution, as a requirements file has them."""
    found = {}
    for distribution, version in re.findall(r'^([\w.-]+)==([^\s;]+)', (REPO / name).read_text(), re.M):
        found.setdefault(distribution.lower(), set()).add(version)
    return found


@pytest.mark.parametrize('folder', ['wsolzoo', 'tools'])
def test_what_a_user_runs_is_declared(folder):
    extras = declared()
    at_import = set(imports(folder, deferred=False)) - extras['']
    assert not at_import, f'{folder} cannot be imported without {at_import}: declare it in install_requires'
    known = extras[''].union(*(extras[extra] for extra in OPTIONAL))
    missing = {name: path for name, path in imports(folder).items() if name not in known}
    assert not missing, f'imported but not declared in setup.py: {missing}'


@pytest.mark.parametrize('folder', ['tests', 'benchmarks'])
def test_what_a_developer_runs_is_declared(folder):
    extras = declared()
    known = extras[''] | extras['test'] | set(NOT_DECLARED)
    missing = {name: path for name, path in imports(folder).items() if name not in known}
    assert not missing, f'imported but not in install_requires or the test extra: {missing}'


def test_what_is_declared_is_used():
    extras = declared()
    run, develop = {**imports('wsolzoo'), **imports('tools')}, {**imports('tests'), **imports('benchmarks')}
    sphinx = ast.walk(ast.parse((REPO / 'docs' / 'conf.py').read_text()))
    named = {node.value for node in sphinx if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    docs = {name.split('.')[0].replace('_', '-') for name in named} | set(imports('docs/_ext'))
    used = {'': run, 'timm': run, 'posthoc': run, 'search': run, 'prune': run, 'test': develop, 'docs': docs}
    for extra, names in extras.items():
        idle = names - set(used.get(extra, ())) - set(NOT_IMPORTED)
        assert not idle, f'declared in {extra or "install_requires"} and never imported: {idle}'
    assert set(NOT_IMPORTED) <= set.union(*extras.values()), 'a reason for something that nobody declares'


def test_every_extra_is_pinned_and_locked():
    names = set.union(*declared().values())
    pinned, locked = pins('constraints.txt'), pins('requirements.lock')
    assert names <= set(pinned), f'no version in constraints.txt: {names - set(pinned)}'
    assert set(pinned) <= set(locked), f'pinned but needed by nothing (or run `make lock`): {set(pinned) - set(locked)}'
    other = {name: (pinned[name], locked[name]) for name in pinned if not locked[name] <= pinned[name]}
    assert not other, f'the lock has other versions than constraints.txt (run `make lock`): {other}'


def test_the_lock_has_a_hash_for_everything():
    text = (REPO / 'requirements.lock').read_text()
    for entry in re.split(r'^(?=[\w.-]+==)', text, flags=re.M)[1:]:
        assert '--hash=sha256:' in entry, f'no hash: {entry.splitlines()[0]}'


def test_one_version_everywhere():
    """The citation and the newest release in the changelog are those of ``__version__``."""
    citation = (REPO / 'CITATION.cff').read_text()
    cited = re.search(r"^version: (\S+)\ndate-released: '(\S+)'$", citation, re.M).groups()
    releases = re.findall(r'^## (\d\S*) \((\S+)\)$', (REPO / 'docs' / 'changelog.md').read_text(), re.M)
    assert cited[0] == wsolzoo.__version__
    assert releases[0] == cited
