"""The import table and the sizes that keep the house in order."""

import ast
import re
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]
PACKAGE = REPO / 'wsolzoo'
FILES = sorted(PACKAGE.rglob('*.py'))
SOURCES = sorted([*FILES, *(REPO / 'tools').rglob('*.py'), *(REPO / 'benchmarks').rglob('*.py')])

# Who may import whom. A part may import lower levels; level 1 parts never each other, a method never another method.
LEVEL = {
    'compat': 0,
    'digest': 0,
    'errors': 0,
    'maps': 0,
    'registry': 0,
    'resources': 0,
    'structures': 0,
    'synthetic': 0,
    'datasets': 1,
    'engine': 1,
    'evaluation': 1,
    'models': 1,
    'visualization': 1,
    'methods': 2,
    'zoo': 2,
    'apis': 3,
    'cli': 3,
    'run': 3,
    'testing': 3,
}
BELOW_METHODS = {'errors', 'maps', 'registry', 'structures', 'models'}
# These work in a notebook: no registry, no config, no Runner, no torch.
PURE = ('maps', 'evaluation.functional', 'synthetic')
FRAMEWORK = {'mmengine', 'mmcv', 'mmpretrain', 'torch', 'torchvision'}
HEAVY = {'torchvision', 'timm', 'mmpretrain', 'numba', 'matplotlib'}
FORBIDDEN_NAMES = {'utils', 'util', 'core', 'common', 'helpers', 'misc'}

MAX_FILE, MAX_FUNCTION, MAX_ARGUMENTS = 400, 50, 8
# Words that belong to somebody's workplace, not to a project.
FORBIDDEN_WORDS = re.compile(r'/work/|/tmp/|/home/|\bTODO\b|\bFIXME\b|\bXXX\b|\b[Cc]lean[- ]room\b')


def name_of(path: Path) -> str:
    """Dotted name below the package: models/heads/base.py -> models.heads.base; '' for the package itself."""
    return '.'.join(path.relative_to(PACKAGE).with_suffix('').parts).removesuffix('__init__').rstrip('.')


def imports(path: Path, top_only: bool = False) -> list[tuple[int, str]]:
    """Line and dotted name of every import, relative ones resolved; `top_only`: those that run when it is imported."""
    tree = ast.parse(path.read_text())
    nodes = _executed(tree.body) if top_only else ast.walk(tree)
    package = ['wsolzoo', *path.relative_to(PACKAGE).parent.parts] if path.is_relative_to(PACKAGE) else []
    found = []
    for node in nodes:
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            prefix = package[: len(package) - node.level + 1] if node.level else []
            module = '.'.join([*prefix, *([node.module] if node.module else [])])
            found += [(node.lineno, f'{module}.{alias.name}') for alias in node.names]
    return found


def _executed(body: list[ast.stmt]):
    for node in body:
        if isinstance(node, ast.If) and 'TYPE_CHECKING' in ast.unparse(node.test):
            continue
        yield node
        for inner in ('body', 'orelse', 'finalbody', 'handlers'):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from _executed([child for child in getattr(node, inner, []) if isinstance(child, ast.stmt)])


def part(dotted: str) -> str:
    return dotted.partition('.')[0]


def allowed(importer: str, imported: str) -> bool:
    """Whether the module `importer` may import `imported` (dotted names below the package)."""
    own, other = part(importer), part(imported)
    if own == 'methods' and other == 'methods':
        return '.' not in importer or importer.split('.')[:2] == imported.split('.')[:2] or imported == 'methods'
    if own == other or own == '':
        return True
    if own == 'methods':
        return other in BELOW_METHODS
    if own == 'run' and other in ('apis', 'testing'):
        return False
    if other == 'errors' or LEVEL[own] == 3:
        return own != 'errors'
    return LEVEL[other] < LEVEL[own]


def test_import_rule_tells_right_from_wrong():
    assert allowed('models.tasks.localizer', 'registry')
    assert allowed('apis.inferencer', 'methods')
    assert allowed('methods.bas', 'models.heads')
    assert not allowed('models.tasks.localizer', 'datasets.base')
    assert not allowed('methods.bas', 'methods.acol')
    assert not allowed('methods.bas', 'evaluation')
    assert not allowed('maps', 'registry')
    assert not allowed('engine.hooks', 'apis')
    assert not allowed('run.preflight', 'testing')
    assert not allowed('synthetic.scenes', 'maps')


def test_every_part_has_a_level():
    parts = {part(name_of(path)) for path in FILES} - {''}
    assert parts <= set(LEVEL), f'give these a level in house order: {sorted(parts - set(LEVEL))}'


@pytest.mark.parametrize('path', FILES, ids=name_of)
def test_imports_follow_the_table(path):
    importer = name_of(path)
    wrong = [
        f'{path.relative_to(REPO)}:{line} imports {name}'
        for line, name in imports(path)
        if name.startswith('wsolzoo.') and part(name[8:]) in LEVEL and not allowed(importer, name[8:])
    ]
    assert not wrong, '\n'.join(wrong)


@pytest.mark.parametrize('path', [p for p in FILES if name_of(p).startswith(PURE)], ids=name_of)
def test_maps_and_measures_need_no_framework(path):
    wrong = [f'{path.name}:{line} {name}' for line, name in imports(path) if part(name) in FRAMEWORK]
    assert not wrong, wrong


@pytest.mark.parametrize('path', FILES, ids=name_of)
def test_heavy_packages_are_imported_where_they_are_needed(path):
    kernels = path.stem.endswith('_kernels')  # compiled by decorators, so these import numba; they are imported lazily
    wrong = [
        f'{path.name}:{line} {name}'
        for line, name in imports(path, top_only=True)
        if part(name) in HEAVY - ({'numba'} if kernels else set()) or ('_kernels' in name and not kernels)
    ]
    assert not wrong, f'move into the function that needs it: {wrong}'


@pytest.mark.parametrize('path', FILES, ids=name_of)
def test_mmcv_ops_are_never_used(path):
    assert not [name for _, name in imports(path) if name.startswith('mmcv.ops')]


@pytest.mark.parametrize('path', SOURCES, ids=lambda path: path.relative_to(REPO).as_posix())
def test_sizes(path):
    source = path.read_text()
    lines = len(source.splitlines())
    assert lines <= MAX_FILE, f'{path.relative_to(REPO)} has {lines} lines'
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        place = f'{path.relative_to(REPO)}:{node.lineno} {node.name}'
        length = _code_lines(node)
        assert length < MAX_FUNCTION, f'{place} has {length} lines'
        if node.name == '__init__':
            arguments = [a for a in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs] if a.arg != 'self']
            assert len(arguments) <= MAX_ARGUMENTS, f'{place} takes {len(arguments)} arguments'


def _code_lines(node: ast.FunctionDef) -> int:
    """Lines of a function, its docstring and decorators not counted."""
    length = node.end_lineno - node.lineno + 1
    if ast.get_docstring(node) is not None:
        length -= node.body[0].end_lineno - node.body[0].lineno + 1
    return length


def test_no_module_is_named_after_nothing():
    named = [path for path in FILES if set(name_of(path).split('.')) & FORBIDDEN_NAMES]
    assert not named, named
    folders = {path.name for path in REPO.iterdir() if path.is_dir()}
    assert not folders & (FORBIDDEN_NAMES | {'projects', 'mmlab'})


@pytest.mark.parametrize(
    'path',
    [
        *SOURCES,
        *sorted((REPO / 'configs').rglob('*.py')),
        *sorted(p for ending in ('*.md', '*.yml') for p in [*REPO.glob(ending), *(REPO / 'docs').glob(ending)]),
        *sorted(path for path in (REPO / 'Makefile', REPO / 'setup.py', REPO / '.ci/run') if path.exists()),
    ],
    ids=lambda path: path.relative_to(REPO).as_posix(),
)
def test_no_forbidden_words(path):
    found = [
        f'{n}: {line.strip()}'
        for n, line in enumerate(path.read_text().splitlines(), 1)
        if FORBIDDEN_WORDS.search(line)
    ]
    assert not found, f'{path.relative_to(REPO)}\n' + '\n'.join(found)


def test_losses_are_the_only_keys_with_loss_in_them():
    """MMEngine sums every key that contains 'loss'; a logged quantity must not be called so by accident."""
    wrong = []
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Dict):
                keys = [k.value for k in node.keys if isinstance(k, ast.Constant) and isinstance(k.value, str)]
                wrong += [f'{path.name}:{node.lineno} {k}' for k in keys if re.fullmatch(r'\w+_loss', k)]
    assert not wrong, wrong


def test_the_picture_of_the_house_shows_it_as_it_is():
    """The same rooms and the same arrows; how thick they are may lag behind."""
    import importlib.util

    spec = importlib.util.spec_from_file_location('house', REPO / 'tools/visualization/house.py')
    house = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(house)
    arrows = [set(re.findall(r'<title>(\w+ imports \w+)', text)) for text in
              (house.svg(), (REPO / 'docs/_static/house.svg').read_text())]  # fmt: skip
    assert arrows[0] == arrows[1], 'python tools/visualization/house.py docs/_static/house.svg'
