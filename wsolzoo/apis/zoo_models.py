"""The models of the zoo by name, as its metafiles list them."""

import sys
from collections.abc import Iterator
from difflib import get_close_matches
from fnmatch import fnmatch
from pathlib import Path

import yaml
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.registry import DefaultScope

from wsolzoo.errors import UserError
from wsolzoo.models.initial import has_parameters, without_weights
from wsolzoo.registry import MODELS
from wsolzoo.resources import find_config, model_index
from wsolzoo.run.launch import load_config, prepare_environment


class NoWeightsError(UserError, ValueError):
    """A model is to be used, and there are no weights for it."""


def list_models(pattern: str = '*') -> list[str]:
    """Names of the zoo's models that match a shell pattern, sorted.

    Example:
        >>> list_models('cam_plainnet_*')
        ['cam_plainnet_1xb32-15e_scenes-96px']
    """
    return sorted({entry['Name'] for _, entry in _entries() if fnmatch(entry['Name'], pattern)})


def model_entry(name: str) -> dict:
    """What the metafile says about a model: config, metadata, results and, where they are published, ``Weights``.

    ``Config`` is a path, ``Weights`` a path or an address.

    Raises:
        KeyError: no model has that name; close names are listed.
        FileNotFoundError: the metafile names weights that are not there.
    """
    for metafile, entry in _entries():
        if entry['Name'] == name:
            entry = dict(entry)
            if entry.get('Weights'):
                entry['Weights'] = _weights(entry['Weights'], metafile)
            return entry
    raise KeyError(f'no model {name!r} in the zoo. {_close(name)}')


def _close(name: str) -> str:
    known = list_models()
    near = get_close_matches(name, known, n=3, cutoff=0.4)
    return f'Close names: {", ".join(near)}' if near else f'There are: {", ".join(known) or "none"}'


def find_model(model: str | Config, weights: bool | str = True) -> tuple[Config, str | None]:
    """Config and checkpoint of what a user named: a name means the zoo's model with its published weights.

    Args:
        model: one of :func:`list_models`, a config's path or shipped name, or a loaded config.
        weights: ``True`` for the published weights, ``False`` for none, a string for a checkpoint.

    Returns:
        The config, and the checkpoint; ``None`` where ``weights`` is ``False``.

    Raises:
        FileNotFoundError: no such model and no such config.
        NoWeightsError: published weights were asked of a model that has none, although it has parameters.
    """
    if isinstance(model, Config):
        cfg, published = model, model.get('load_from')
    else:
        cfg = load_config(_config_of(model))
        published = _published(cfg) if weights is True else None
    if weights is True and not published and has_parameters(cfg.model):
        name = model if isinstance(model, str) else model.filename or 'the config'
        raise NoWeightsError(
            f'{name} has no published weights, and an untrained network says nothing about an image. Name a '
            'checkpoint; or take weights=False in Python if random weights are what you want.'
        )
    return cfg, (published if weights is True else weights) or None


def _config_of(name: str) -> str:
    """The config of a zoo model, or ``name`` where it is a config itself."""
    found = next((entry['Config'] for _, entry in _entries() if entry['Name'] == name), name)
    try:
        return str(find_config(found))
    except FileNotFoundError as error:
        raise FileNotFoundError(f'{error} Nor is it a model of the zoo. {_close(name)}') from None


def _published(cfg: Config) -> str | None:
    """The weights that the zoo publishes for a config: for that very file, not for one of the same name."""
    for _, entry in _entries():
        if entry.get('Weights') and find_config(entry['Config']).resolve() == Path(cfg.filename).resolve():
            return model_entry(entry['Name'])['Weights']
    return None


def get_model(name: str | Config, weights: bool | str = True, device: str = 'cpu') -> BaseModel:
    """A model of the zoo in evaluation mode; see :func:`find_model` for the arguments.

    Args:
        name: one of :func:`list_models`, or a config.
        weights: ``True`` loads the published weights, ``False`` none, a string names a checkpoint.
        device: where the model goes.

    Raises:
        FileNotFoundError: no such model and no such config.
        NoWeightsError: published weights were asked of a model that has none.
    """
    prepare_environment()
    cfg, checkpoint = find_model(name, weights)
    return build(cfg, checkpoint, device)


def build(cfg: Config, weights: str | None, device: str, allow_partial: bool = False) -> BaseModel:
    """The model of a config in evaluation mode; what its checkpoint tells of the data is its ``dataset_meta``.

    Args:
        cfg: a config.
        weights: a checkpoint: path, address or scheme; ``None`` leaves the model as its config initialises it.
        device: where it goes.
        allow_partial: whether the checkpoint may fit in part only; what does not is then printed.

    Raises:
        ValueError: the checkpoint does not fit.
    """
    from wsolzoo.engine.weights.checkpoint import load_weights
    from wsolzoo.engine.weights.sources import read_checkpoint

    with DefaultScope.overwrite_default_scope('wsolzoo'):
        if weights is None:
            model = MODELS.build(cfg.model)
            model.init_weights()
            return model.to(device).eval()
        model = MODELS.build(without_weights(cfg.model))
    checkpoint = read_checkpoint(weights, 'cpu')
    mismatch = load_weights(model, weights, strict=not allow_partial, checkpoint=checkpoint)
    if mismatch:
        print(f'{weights}: {mismatch.summary()}', file=sys.stderr)
    model.dataset_meta = (checkpoint.get('meta') or {}).get('dataset_meta') or {}
    return model.to(device).eval()


def _entries() -> Iterator[tuple[Path, dict]]:
    """Every model's entry and the metafile it stands in."""
    index = model_index()
    for place in yaml.safe_load(index.read_text(encoding='utf-8')).get('Import') or []:
        metafile = index.parent / place
        for entry in yaml.safe_load(metafile.read_text(encoding='utf-8')).get('Models') or []:
            yield metafile, entry


def _weights(place: str, metafile: Path) -> str:
    """A path from where the metafile or the index lies, or the address as it is."""
    if '://' in place:
        return place
    root = metafile.parents[2]
    for folder in (metafile.parent, root):
        if (folder / place).is_file():
            return str(folder / place)
    raise FileNotFoundError(f'{metafile} names the weights {place}, which are neither beside it nor in {root}')
