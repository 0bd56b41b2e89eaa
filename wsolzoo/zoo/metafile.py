"""Metafiles: every number of the zoo, written once, with what made it.

A ``metafile.yml`` lies in each folder of ``configs/`` and lists ``Collections`` (papers) and ``Models`` (configs), in
OpenMMLab's layout with two additions: each entry of ``Results`` has a ``Provenance``, and numbers from a paper stand in
``Published``, never in ``Metrics``. ``docs/contributing-metafile.md`` explains every key.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import yaml

from wsolzoo.digest import sha256_of
from wsolzoo.errors import nearest

# For each mapping: the keys it must have, the keys it may have.
KEYS = {
    'metafile': ({'Collections', 'Models'}, set()),
    'collection': ({'Name', 'Paper', 'README', 'Summary'}, {'Code', 'Metadata'}),
    'paper': ({'Title', 'URL'}, {'Venue', 'Year'}),
    'model': ({'Name', 'In Collection', 'Config', 'Metadata'}, {'Results', 'Weights', 'Training'}),
    'metadata': (
        set(),
        {
            'Num Classes',
            'Training Data',
            'Training Data Terms',
            'Epochs',
            'Iterations',
            'Batch Size',
            'Architecture',
            'Parameters',
            'FLOPs',
        },
    ),
    'result': (
        {'Task', 'Dataset', 'Protocol'},
        {
            'Metrics',
            'Provenance',
            'Centered Box',
            'Published',
            'Tolerance',
            'Deviation',
            'Section',
            'Notes',
        },
    ),
    'provenance': ({'Command', 'Seed', 'Commit', 'Date', 'Hardware'}, {'Versions', 'Duration'}),
    'training': ({'Command', 'Seed', 'Date', 'Hardware'}, {'Commit', 'Versions', 'Duration'}),
    'published': ({'Source', 'Metrics'}, {'Notes'}),
}
WEIGHTS = re.compile(r'(?P<config>.+)_(?P<date>\d{8})-(?P<sha>[0-9a-f]{8})\.pth')


@dataclass
class Metafile:
    """A file as read, and what is wrong with it."""

    path: Path
    collections: list[dict] = field(default_factory=list)
    models: list[dict] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """The method's folder."""
        return self.path.parent


def metafile_paths(root: Path) -> list[Path]:
    """Every metafile under ``root/configs``, sorted."""
    return sorted((root / 'configs').glob('*/metafile.yml'))


def read_metafile(path: Path, root: Path) -> Metafile:
    """Read and check one metafile; problems are collected in ``errors``, each naming its place."""
    found = Metafile(path)
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
    except yaml.YAMLError as error:
        found.errors.append(f'{path.relative_to(root)}: not YAML: {error}')
        return found
    problems = list(_keys(content, 'metafile', 'the file'))
    if not problems:
        found.collections, found.models = content['Collections'] or [], content['Models'] or []
        for collection in found.collections:
            problems += _collection(collection, found, root)
        names = [collection.get('Name') for collection in found.collections if isinstance(collection, Mapping)]
        for model in found.models:
            problems += _model(model, names, found, root)
    found.errors += [f'{path.relative_to(root)}: {problem}' for problem in problems]
    return found


def _keys(value, kind: str, place: str) -> Iterator[str]:
    """Missing and unknown keys of one mapping."""
    needed, allowed = KEYS[kind]
    if not isinstance(value, Mapping):
        yield f'{place} must be a mapping with {", ".join(sorted(needed))}; it is {value!r}'
        return
    for key in sorted(needed - set(value)):
        yield f'{place} has no {key!r}'
    for key in sorted(map(str, set(value) - needed - allowed)):
        near = nearest(key, needed | allowed, cutoff=0.6)
        yield f'{place} has an unknown key {key!r}' + (f'; did you mean {near!r}?' if near else '')
    for key in sorted(needed & set(value)):
        if value[key] is None or value[key] == '':
            yield f'{place}: {key!r} is empty'


def _collection(collection: dict, file: Metafile, root: Path) -> Iterator[str]:
    name = collection.get('Name', '?') if isinstance(collection, Mapping) else '?'
    place = f'collection {name}'
    problems = list(_keys(collection, 'collection', place))
    yield from problems
    if problems:
        return
    yield from _keys(collection['Paper'], 'paper', f'{place}, Paper')
    readme = (file.folder / 'README.md').relative_to(root).as_posix()
    if collection['README'] != readme:
        yield f'{place}: README must be {readme}, where it is generated'


def _model(model: dict, collections: list, file: Metafile, root: Path) -> Iterator[str]:
    name = model.get('Name', '?') if isinstance(model, Mapping) else '?'
    place = f'model {name}'
    problems = [*_keys(model, 'model', place)]
    yield from problems
    if problems:
        return
    yield from _keys(model['Metadata'], 'metadata', f'{place}, Metadata')
    if model['In Collection'] not in collections:
        yield f'{place}: In Collection {model["In Collection"]!r} is not a collection of this file'
    config = root / model['Config']
    if not config.is_file():
        yield f'{place}: Config {model["Config"]} does not exist'
    elif config.stem != name or config.parent != file.folder:
        yield f'{place}: Name must be that of its config, which lies beside the metafile; it is {model["Config"]}'
    if 'Weights' in model:
        yield from _weights(str(model['Weights']), name, place, root)
    if 'Training' in model:
        yield from _provenance(model['Training'], f'{place}, Training', model['Config'], 'training')
    for index, result in enumerate(model.get('Results') or []):
        yield from _result(result, f'{place}, result {index + 1}', model['Config'])


def _weights(weights: str, name: str, place: str, root: Path) -> Iterator[str]:
    """The file's name follows the grammar, and a file in the repository has the hash it is named after."""
    match = WEIGHTS.fullmatch(weights.rpartition('/')[2])
    if not match or match['config'] != name:
        yield f'{place}: Weights must be called {name}_<yyyymmdd>-<first 8 digits of the SHA-256>.pth; got {weights}'
        return
    if '://' in weights:
        return
    file = root / weights
    if not file.is_file():
        yield f'{place}: Weights {weights} does not exist'
    elif not sha256_of(file).startswith(match['sha']):
        yield f'{place}: the SHA-256 of {weights} does not begin with {match["sha"]}'


def _result(result: dict, place: str, config: str) -> Iterator[str]:
    problems = list(_keys(result, 'result', place))
    yield from problems
    if problems:
        return
    if not result.get('Metrics') and not result.get('Published'):
        yield f'{place} has neither Metrics (measured here) nor Published (from a paper)'
    for key in ('Metrics', 'Centered Box', 'Deviation'):
        yield from _numbers(result.get(key, {}), f'{place}, {key}')
    tolerance = result.get('Tolerance', 0)
    yield from _numbers(tolerance if isinstance(tolerance, Mapping) else {'it': tolerance}, f'{place}, Tolerance')
    for key in ('Tolerance', 'Deviation'):
        named = result[key] if isinstance(result.get(key), Mapping) else {}
        for metric in sorted(set(map(str, named)) - set(map(str, result.get('Metrics') or {}))):
            yield f'{place}, {key}: {metric} is none of its Metrics'
    if 'Published' in result:
        problems = list(_keys(result['Published'], 'published', f'{place}, Published'))
        yield from problems or _numbers(result['Published']['Metrics'], f'{place}, Published')
    if result.get('Metrics') or result.get('Centered Box'):
        yield from _provenance(result.get('Provenance'), f'{place}, Provenance', config)


def _numbers(values, place: str) -> Iterator[str]:
    if not isinstance(values, Mapping):
        yield f'{place} must map names to numbers; it is {values!r}'
        return
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            yield f'{place}: {name} must be a number; it is {value!r}'


def _provenance(value, place: str, config: str, kind: str = 'provenance') -> Iterator[str]:
    problems = list(_keys(value, kind, place))
    yield from problems
    if problems:
        return
    if Path(config).stem not in str(value['Command']):
        yield f'{place}: Command does not name the config {Path(config).name}'
    if not isinstance(value['Seed'], int):
        yield f'{place}: Seed must be an integer; it is {value["Seed"]!r}'
    if not re.fullmatch(r'[0-9a-f]{7,40}', str(value.get('Commit', '0' * 7))):
        yield f'{place}: Commit must be 7 to 40 hexadecimal digits, quoted; it is {value["Commit"]!r}'
    try:
        date.fromisoformat(str(value['Date']))
    except ValueError:
        yield f'{place}: Date must be yyyy-mm-dd; it is {value["Date"]!r}'
