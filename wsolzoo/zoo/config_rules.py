"""The rules for shipped configs: names, size, depth, and that a metafile tells the truth about its config."""

import ast
import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from mmengine.config import Config

from wsolzoo.registry import MODELS

LEAF_LINES = 24
LEAF_BASES = 4  # model, data set, schedule, runtime
STEPS = 3  # leaf -> data set with a protocol -> data set -> what data sets share
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
    yield from _inheritance(path, root, place)
    if _is_base(path, root):
        return
    lines = len(source.splitlines())
    if lines > LEAF_LINES:
        yield f'{place}: {lines} lines; a leaf has at most {LEAF_LINES} and says only the difference'
    match = NAME.fullmatch(path.stem)
    if not match:
        yield f'{place}: the name does not follow {GRAMMAR}'
    elif match['method'] != path.parent.name.replace('_', '-'):
        yield f'{place}: the name begins with {match["method"]!r}, but the folder is {path.parent.name!r}'


def _is_base(path: Path, root: Path) -> bool:
    return path.is_relative_to(root / 'configs' / '_base_')


def _inheritance(path: Path, root: Path, place: str) -> Iterator[str]:
    bases = _bases(path)
    if _is_base(path, root):
        if len(bases) > 1:
            yield f'{place}: {len(bases)} bases; a base inherits from one other base at the most'
        for base in bases:
            if not _is_base(base, root):
                yield f'{place}: inherits from {base.name}, a leaf; a base inherits from bases only'
    elif len(bases) > LEAF_BASES:
        yield f'{place}: {len(bases)} bases; {LEAF_BASES} are allowed (model, data set, schedule, runtime)'
    chain = _longest_chain(path)
    if len(chain) > STEPS + 1:
        names = ' -> '.join(file.stem for file in chain)
        yield f'{place}: {names}: more than {STEPS} steps; list bases in place of a config that has come far itself'


def _longest_chain(path: Path, most: int = STEPS + 2) -> list[Path]:
    """The config and what it inherits from, along the longest way; ``most`` files, so that a circle has an end."""
    further = [_longest_chain(base, most - 1) for base in _bases(path)] if most > 1 else []
    return [path, *max(further, key=len, default=[])]


def _bases(path: Path) -> list[Path]:
    """The files a config names in ``_base_``."""
    tree = ast.parse(path.read_text(encoding='utf-8')) if path.is_file() else ast.Module([], [])
    assigned = [node.value for node in tree.body if isinstance(node, ast.Assign) and _target(node) == '_base_']
    listed = [ast.literal_eval(value) for value in assigned]
    names = [name for value in listed for name in ([value] if isinstance(value, str) else value)]
    return [(path.parent / name).resolve() for name in names]


def _target(node: ast.Assign) -> str:
    return node.targets[0].id if isinstance(node.targets[0], ast.Name) else ''


def load(path: Path) -> Config:
    """Parse a config without importing what it names."""
    return Config.fromfile(str(path), import_custom_modules=False)


def check_said(path: Path, cfg: Config, place: str) -> Iterator[str]:
    """What a config must state.

    A leaf states batch size and, where there are any, classes itself, although a base may say them too. Loss weights
    stand in the leaf or in its bases: the default of a class never decides.
    """
    tree = ast.parse(path.read_text(encoding='utf-8'))
    said: set = {node.arg for node in ast.walk(tree) if isinstance(node, ast.keyword)}
    said |= {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    model = cfg.get('model') or {}
    classes = any(True for _ in find(model, 'num_classes'))
    for key in ['batch_size', *(['num_classes'] if classes else [])]:
        if key not in said:
            yield f'{place}: a leaf always states {key}'
    yield from _unsaid_weights(model, place)


def _unsaid_weights(value, place: str) -> Iterator[str]:
    """Components somewhere inside ``value`` that take a loss weight and are not given it."""
    children: Iterable = value if isinstance(value, list | tuple) else []
    if isinstance(value, Mapping):
        children = value.values()
        kind = value.get('type')
        component = MODELS.get(kind) if isinstance(kind, str) and kind in MODELS else None
        taken = inspect.signature(component).parameters if component else {}
        if 'loss_weight' in taken and 'loss_weight' not in value:
            yield f'{place}: {kind} without loss_weight; a config or its bases state every loss weight'
    for child in children:
        yield from _unsaid_weights(child, place)


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
        base = (cfg.get('auto_scale_lr') or {}).get('base_batch_size', total)
        yield from _same(base, total, 'batch size over all GPUs', 'auto_scale_lr', place)
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
