"""The rules for shipped configs: names, size, depth, and that a metafile tells the truth about its config."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from mmengine.config import Config

LEAF_LINES = 30
NAME = re.compile(
    r'(?P<method>[a-z0-9-]+)_(?P<backbone>[a-z0-9-]+)'
    r'(_(?P<gpus>\d+)xb(?P<batch>\d+)-(?P<length>\d+)(?P<unit>e|k))?'
    r'_(?P<dataset>[a-z0-9-]+)-(?P<size>\d+)px'
)
GRAMMAR = '{method}_{backbone}[-{variant}]_{gpus}xb{batch}-{epochs}e_{dataset}-{size}px.py (schedule only if it trains)'
FORBIDDEN = {
    ast.If: 'an if',
    ast.FunctionDef: 'a function',
    ast.Lambda: 'a lambda',
    ast.Import: 'an import',
    ast.ImportFrom: 'an import',
}


def leaf_paths(root: Path) -> list[Path]:
    """Every config that is not a base, sorted."""
    return [path for path in sorted((root / 'configs').glob('*/*.py')) if path.parent.name != '_base_']


def base_paths(root: Path) -> list[Path]:
    """Every base config, sorted."""
    return sorted((root / 'configs' / '_base_').rglob('*.py'))


def check_file(path: Path, root: Path) -> Iterator[str]:
    """What the text of one config, base or leaf, does against the rules."""
    source = path.read_text(encoding='utf-8')
    tree = ast.parse(source)
    place = path.relative_to(root).as_posix()
    for node in ast.walk(tree):
        for kind, what in FORBIDDEN.items():
            if isinstance(node, kind):
                line = getattr(node, 'lineno', 0)
                yield f'{place}:{line}: configs hold no logic, but there is {what}'
    bases = [node for node in tree.body if isinstance(node, ast.Assign) and _target(node) == '_base_']
    if path.is_relative_to(root / 'configs' / '_base_'):
        if bases:
            yield f'{place}: a base must not inherit from another config'
        return
    lines = len(source.splitlines())
    if lines > LEAF_LINES:
        yield f'{place}: {lines} lines; a leaf has at most {LEAF_LINES} and says only the difference'
    yield from _leaf(path, place, tree, bases)


def _target(node: ast.Assign) -> str:
    return node.targets[0].id if isinstance(node.targets[0], ast.Name) else ''


def _leaf(path: Path, place: str, tree: ast.AST, bases: list[ast.Assign]) -> Iterator[str]:
    match = NAME.fullmatch(path.stem)
    if not match:
        yield f'{place}: the name does not follow {GRAMMAR}'
    elif match['method'] != path.parent.name.replace('_', '-'):
        yield f'{place}: the name begins with {match["method"]!r}, but the folder is {path.parent.name!r}'
    for base in _listed(bases):
        if '_base_/' not in base and not _inherits_from_bases_only((path.parent / base).resolve()):
            yield f'{place}: inherits from {base}, which inherits from another leaf; a chain has two steps at the most'
    if len(_listed(bases)) > 4:
        yield f'{place}: {len(_listed(bases))} bases; four are allowed (dataset, model, schedule, runtime)'


def _inherits_from_bases_only(leaf: Path) -> bool:
    tree = ast.parse(leaf.read_text(encoding='utf-8')) if leaf.is_file() else ast.Module([], [])
    bases = [node for node in ast.walk(tree) if isinstance(node, ast.Assign) and _target(node) == '_base_']
    return all('_base_/' in base for base in _listed(bases))


def _listed(bases: list[ast.Assign]) -> list[str]:
    found: list[str] = []
    for node in bases:
        value = ast.literal_eval(node.value)
        found += [value] if isinstance(value, str) else list(value)
    return found


def load(path: Path) -> Config:
    """Parse a config without importing what it names."""
    return Config.fromfile(str(path), import_custom_modules=False)


def check_said(path: Path, cfg: Config, place: str) -> Iterator[str]:
    """What a leaf states itself although a base may say it too: batch size and, where there are any, classes."""
    tree = ast.parse(path.read_text(encoding='utf-8'))
    said: set = {node.arg for node in ast.walk(tree) if isinstance(node, ast.keyword)}
    said |= {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    classes = any(True for _ in find(cfg.get('model') or {}, 'num_classes'))
    for key in ['batch_size', *(['num_classes'] if classes else [])]:
        if key not in said:
            yield f'{place}: a leaf always states {key}'


def check_model(model: Mapping, cfg: Config, place: str) -> Iterator[str]:
    """Where a metafile's entry and the name of its config disagree with the config itself."""
    said = model['Metadata']
    match = NAME.fullmatch(Path(model['Config']).stem)
    trains = bool(cfg.get('train_cfg'))
    batch = (cfg.get('train_dataloader' if trains else 'test_dataloader') or {}).get('batch_size')
    epochs = (cfg.get('train_cfg') or {}).get('max_epochs')
    if match and trains and not match['batch']:
        yield f'{place}: the config trains, so its name must say {{gpus}}xb{{batch}}-{{epochs}}e'
    if match and match['batch']:
        yield from _same(int(match['batch']), batch, 'batch size', 'its name', place)
        if match['unit'] == 'e':
            yield from _same(int(match['length']), epochs, 'epochs', 'its name', place)
    if trains:
        total = batch * int(match['gpus']) if match and match['gpus'] and batch else batch
        yield from _same(said.get('Batch Size'), total, 'batch size over all GPUs', 'Metadata', place)
        if epochs is not None:
            yield from _same(said.get('Epochs'), epochs, 'epochs', 'Metadata', place)
    for value in sorted(set(find(cfg.get('model') or {}, 'num_classes')), key=str):
        yield from _same(said.get('Num Classes'), value, 'num_classes', 'Metadata', place)


def _same(told, real, what: str, where: str, place: str) -> Iterator[str]:
    if told != real:
        yield f'{place}: {what} is {real} in the config, {told} in {where}'


def find(value, key: str) -> Iterator:
    """Every value stored under ``key`` anywhere inside ``value``."""
    if isinstance(value, Mapping):
        for name, child in value.items():
            if name == key:
                yield child
            yield from find(child, key)
    elif isinstance(value, list | tuple):
        for child in value:
            yield from find(child, key)
