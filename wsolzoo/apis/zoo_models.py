"""The models of the zoo by name, as its metafiles list them."""

from collections.abc import Iterator
from difflib import get_close_matches
from fnmatch import fnmatch
from pathlib import Path

import yaml
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.registry import DefaultScope

from wsolzoo.registry import MODELS
from wsolzoo.resources import model_index
from wsolzoo.run.launch import load_config, prepare_environment


def list_models(pattern: str = '*') -> list[str]:
    """Names of the zoo's models that match a shell pattern, sorted.

    Example:
        >>> list_models('cam_*')
    """
    return sorted({entry['Name'] for _, entry in _entries() if fnmatch(entry['Name'], pattern)})


def model_entry(name: str) -> dict:
    """What the metafile says about a model: config, metadata, results and, where they are published, ``Weights``.

    ``Config`` is a path, ``Weights`` a path or an address.

    Raises:
        KeyError: no model has that name; close names are listed.
    """
    for metafile, entry in _entries():
        if entry['Name'] == name:
            entry = dict(entry)
            if entry.get('Weights'):
                entry['Weights'] = _weights(entry['Weights'], metafile)
            return entry
    known = list_models()
    near = get_close_matches(name, known, n=3, cutoff=0.4)
    hint = f'Close names: {", ".join(near)}' if near else f'There are: {", ".join(known) or "none"}'
    raise KeyError(f'no model {name!r} in the zoo. {hint}')


def get_model(name: str, weights: bool | str = True, device: str = 'cpu') -> BaseModel:
    """A model of the zoo in evaluation mode.

    Args:
        name: one of :func:`list_models`, or a config: a path or the name of a shipped one.
        weights: ``True`` loads the published weights, ``False`` none, a string names a checkpoint.
        device: where the model goes.

    Raises:
        KeyError: no such model and no such config.
        ValueError: published weights were asked of a model that has none.
    """
    prepare_environment()
    entry = {'Config': name} if _is_config(name) else model_entry(name)
    if weights is True:
        weights = entry.get('Weights') or ''
        if not weights:
            raise ValueError(f'{name} has no published weights. Name a checkpoint, or take weights=False.')
    return build(load_config(entry['Config']), weights or None, device)


def build(cfg: Config, weights: str | None, device: str) -> BaseModel:
    """The model of a config in evaluation mode.

    Args:
        cfg: a config.
        weights: a checkpoint: path, address or scheme; ``None`` leaves the model as its config initialises it.
        device: where it goes.
    """
    from wsolzoo.engine.weights.checkpoint import load_weights

    with DefaultScope.overwrite_default_scope('wsolzoo'):
        model = MODELS.build(cfg.model)
        if weights is None:
            model.init_weights()
    if weights is not None:
        mismatch = load_weights(model, weights)
        if mismatch:
            print(f'{weights}: {mismatch.summary()}')
    return model.to(device).eval()


def _is_config(name: str) -> bool:
    return name.endswith('.py') or name.startswith('wsolzoo::')


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
