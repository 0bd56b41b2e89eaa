"""What a search may change in a config: a file of places and of what may stand there, held against the config."""

import math
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from mmengine.config import Config

from wsolzoo import registry
from wsolzoo.errors import UserError, arguments, meant, nearest
from wsolzoo.run.mistakes import parts_of
from wsolzoo.run.names import runner_names
from wsolzoo.run.options import nest

REPORTS = ('test_dataloader', 'test_evaluator', 'test_cfg', 'tta_model', 'tta_pipeline', 'allow_test_selection')
RULERS = ('val_dataloader', 'val_evaluator', 'val_cfg')
KEYS = {'low', 'high', 'log', 'int', 'choices'}


class SpaceError(UserError, ValueError):
    """A space file asks for something that cannot be searched."""


@dataclass(frozen=True)
class Parameter:
    """One thing to draw.

    Attributes:
        name: its key in the file, which may have a ``*``.
        places: where its value goes, in the notation of ``--cfg-options``.
        low: lower bound, or the name of the earlier parameter whose value it is.
        high: upper bound, likewise.
        log: drawn in the logarithm.
        whole: whole numbers only.
        choices: what to choose from, instead of bounds.
    """

    name: str
    places: tuple[str, ...]
    low: float | str | None = None
    high: float | str | None = None
    log: bool = False
    whole: bool = False
    choices: tuple = ()

    def draw(self, trial: Any, drawn: Mapping[str, Any]) -> Any:
        """Let an Optuna trial choose a value, or say again which one it chose.

        Args:
            trial: an ``optuna.Trial``.
            drawn: values of the earlier parameters by name.
        """
        if self.choices:
            return trial.suggest_categorical(self.name, self.choices)
        low, high = self._bounds(drawn)
        suggest = trial.suggest_int if self.whole else trial.suggest_float
        return suggest(self.name, low, high, log=self.log)

    def holds(self, value: Any, drawn: Mapping[str, Any]) -> bool:
        """Whether a value could be drawn, beside those of the earlier parameters."""
        if self.choices:
            return value in self.choices
        low, high = self._bounds(drawn)
        return isinstance(value, int if self.whole else (int, float)) and low <= value <= high

    def _bounds(self, drawn: Mapping[str, Any]) -> tuple[Any, Any]:
        low, high = (drawn[bound] if isinstance(bound, str) else bound for bound in (self.low, self.high))
        return low, high


def read_space(path: str | Path, cfg: Config) -> list[Parameter]:
    """Read a space file and find its places in a config.

    Raises:
        FileNotFoundError: there is no such file.
        SpaceError: it is no space, or names a place that does not exist or must stay as it is.
    """
    path = Path(path)
    if not path.is_file():
        near = ', '.join(str(file) for file in sorted(path.parent.glob('*.yml')) if file.name != 'metafile.yml')
        raise FileNotFoundError(f'there is no space file {path}; beside it are: {near or "none"}')
    try:
        entries = yaml.safe_load(path.read_text(encoding='utf-8'))
    except yaml.YAMLError as error:
        raise SpaceError(f'{path} is no YAML: {" ".join(str(error).split())}') from error
    if not isinstance(entries, dict) or not entries:
        raise SpaceError(f'{path} must map places of the config to what may stand there (docs/search.md)')
    space: list[Parameter] = []
    for name, entry in entries.items():
        try:
            check_place(str(name))
            space.append(read_parameter(str(name), entry, [known.name for known in space], cfg))
        except SpaceError as error:
            raise SpaceError(f'{path}: {name}: {error}') from None
    return space


def check_place(name: str) -> None:
    """Refuse what would let the test split choose, or measure each trial with a ruler of its own.

    Raises:
        SpaceError: the place is one of those.
    """
    top = name.partition('.')[0]
    if top in REPORTS:
        raise SpaceError(f'{top} belongs to the test split, which reports and never selects; search over the training')
    if top in RULERS:
        raise SpaceError(f'{top} is what all trials are measured by; trials that change it cannot be compared')


def read_parameter(name: str, entry: Any, earlier: Sequence[str], cfg: Config) -> Parameter:
    """One entry of a space file.

    Raises:
        SpaceError: it is incomplete or contradicts itself, or its place does not exist.
    """
    if not isinstance(entry, dict) or not ({'low', 'high'} <= set(entry) or 'choices' in entry):
        raise SpaceError(f'takes {{low: …, high: …}} or {{choices: […]}}; got {entry!r}')
    for key in set(entry) - KEYS:
        raise SpaceError(f'takes no {key!r}; {meant(key, KEYS)}')
    places = tuple(find_places(cfg._cfg_dict, name))
    if 'choices' in entry:
        choices = entry['choices']
        plain = isinstance(choices, list) and all(c is None or isinstance(c, (bool, int, float, str)) for c in choices)
        if not plain or not choices or set(entry) != {'choices'}:
            raise SpaceError(f'choices is a list of numbers, words, true, false or null, and stands alone; got {entry}')
        return Parameter(name, places, choices=tuple(choices))
    whole, log = bool(entry.get('int')), bool(entry.get('log'))
    low, high = (_bound(entry[key], key, whole, earlier) for key in ('low', 'high'))
    if not isinstance(low, str) and (log and low <= 0 or not isinstance(high, str) and low > high):
        raise SpaceError(f'low must be at most high, and above 0 with log; got low={low}, high={high}')
    return Parameter(name, places, low, high, log, whole)


def _bound(value: Any, key: str, whole: bool, earlier: Sequence[str]) -> float | str:
    """A number, also where YAML reads ``1e-5`` as a word, or the name of an earlier parameter."""
    if value in earlier:
        return value
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise SpaceError(f'{key} is a number or the key of an earlier parameter; got {value!r}') from None
    if not math.isfinite(number) or isinstance(value, bool) or (whole and number != int(number)):
        raise SpaceError(f'{key} is a {"whole" if whole else "finite"} number; got {value!r}')
    return int(number) if whole else number


def find_places(cfg: dict, name: str) -> list[str]:
    """Every place that a name with ``*`` stands for.

    Raises:
        SpaceError: there is none; with the nearest one that is there.
    """
    found = ['.'.join(keys) for keys in _matches(cfg, name.split('.'))]
    if found:
        return found
    known = sorted(_every_place({key: cfg[key] for key in runner_names() & set(cfg)}))
    near = nearest(name, (place for place in known if place.partition('.')[0] not in (*REPORTS, *RULERS)))
    if near:
        raise SpaceError(f'the config has no such place; did you mean {near!r}?')
    parts = name.split('.')
    there = max(length for length in range(len(parts)) if any(True for _ in _matches(cfg, parts[:length])))
    raise SpaceError(f'the config has no such place; {".".join(parts[:there]) or "nothing of it"} is all that is there')


def _matches(value: Any, parts: list[str]) -> Iterator[list[str]]:
    if not parts:
        yield []
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            if parts[0] in ('*', str(index)):
                yield from ([str(index), *rest] for rest in _matches(inner, parts[1:]))
    elif isinstance(value, dict) and parts[0] == '*':
        for key, inner in value.items():
            yield from ([str(key), *rest] for rest in _matches(inner, parts[1:]))
    elif isinstance(value, dict):
        length = next((n for n in range(len(parts), 0, -1) if '.'.join(parts[:n]) in value), 0)
        key = '.'.join(parts[:length])
        if length:
            yield from ([key, *rest] for rest in _matches(value[key], parts[length:]))
        elif len(parts) == 1 and parts[0] in _taken(value.get('type')):
            yield parts


def _taken(kind: Any) -> set[str]:
    """The keywords of a component, which a config may leave out and a search still set."""
    for known in vars(registry).values():
        if isinstance(kind, str) and isinstance(known, registry.ZooRegistry) and kind in known:
            return arguments(known.get(kind))
    return set()


def _every_place(value: Any, place: str = '') -> Iterator[str]:
    for where, part in parts_of(value, place):
        yield from (f'{where}.{key}' if where else str(key) for key in part)


def own_values(space: Sequence[Parameter], cfg: Config) -> dict[str, Any] | None:
    """What the config itself says at the places of a space, by name; ``None`` where that is not one point of it."""
    own: dict[str, Any] = {}
    for parameter in space:
        said = [_value_at(cfg._cfg_dict, place.split('.')) for place in parameter.places]
        if not parameter.holds(said[0], own) or any(value != said[0] for value in said):
            return None
        own[parameter.name] = said[0]
    return own


def _value_at(value: Any, parts: list[str]) -> Any:
    for length in range(len(parts), 0, -1):
        key = '.'.join(parts[:length])
        if isinstance(value, list) and length == 1:
            return _value_at(value[int(key)], parts[1:])
        if isinstance(value, dict) and key in value:
            return _value_at(value[key], parts[length:])
    return None if parts else value


def values_at(space: Sequence[Parameter], drawn: Mapping[str, Any]) -> dict[str, Any]:
    """Drawn values by place rather than by name."""
    return {place: drawn[parameter.name] for parameter in space for place in parameter.places}


def with_values(cfg: Config, values: Mapping[str, Any]) -> Config:
    """A copy of a config with values at some of its places."""
    changed = deepcopy(cfg)
    changed.merge_from_dict(nest(dict(values), changed._cfg_dict))
    return changed
