"""A trunk that many networks have in common, stored once.

Networks whose backbone was held as it was pretrained differ in their heads alone. The first is published whole; a file
of the others holds what is its own, and in ``meta['trunk']`` the name of the first, by whose hash it is known.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from wsolzoo.engine.weights.mismatch import state_dict_of
from wsolzoo.engine.weights.reading import CheckpointError, hash_in_name, read_file

KEY = 'trunk'
PREFIX = 'backbone.'


def without_trunk(weights: Mapping[str, Tensor], trunk: Path, folder: Path) -> tuple[dict[str, Tensor], str]:
    """What is left of the weights where another file has a backbone that is bit by bit the same.

    Args:
        weights: a ``state_dict``, in the precision it is stored in.
        trunk: the published file that holds the backbone.
        folder: where what is left will lie.

    Returns:
        What is left, and the name of ``trunk`` as seen from ``folder``, for ``meta[KEY]``.

    Raises:
        CheckpointError: the name of ``trunk`` holds no hash, it has weights in its backbone that these have not, or
            none that are the same.
    """
    if not hash_in_name(trunk.name):
        raise CheckpointError(f'{trunk} has no hash in its name, by which it could be known: publish it first')
    shared = _backbone(read_file(trunk))
    if foreign := [name for name in shared if name not in weights]:
        raise CheckpointError(f'{trunk} has another backbone: {", ".join(foreign[:4])} and others are not known here')
    own = {name: value for name, value in weights.items() if not _same(value, shared.get(name))}
    if len(own) == len(weights):
        raise CheckpointError(f'nothing in the backbone of {trunk} is as it is here; is one in half precision?')
    return own, Path(os.path.relpath(trunk, folder)).as_posix()


def with_trunk(checkpoint: Mapping[str, Any], path: Path, map_location: Any = None) -> Mapping[str, Any]:
    """The checkpoint with the weights it left to another file; one that has all its own is returned as it is.

    Args:
        checkpoint: what ``path`` holds.
        path: where the checkpoint lies. The other file is looked for where it was when this was published, and beside.
        map_location: as for :func:`torch.load`.

    Raises:
        CheckpointError: the other file is not there, or is none whose name holds its hash; or there are no weights in
            ``checkpoint``.
    """
    meta = checkpoint.get('meta')
    name = meta.get(KEY) if isinstance(meta, Mapping) else None
    if name is None:
        return checkpoint
    if not isinstance(name, str) or not hash_in_name(Path(name).name):
        raise CheckpointError(f'{path} takes its backbone from {name!r}, a name without a hash. Publish it again.')
    places = [path.parent / name, path.parent / Path(name).name]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise CheckpointError(
            f'{path} holds what was trained; its backbone is that of {Path(name).name}, which is neither at '
            f'{places[0]} nor beside it. Get that file from where this one came from.'
        )
    weights = {**_backbone(read_file(found, map_location)), **state_dict_of(checkpoint)}
    return {**checkpoint, 'state_dict': weights}


def _backbone(checkpoint: Mapping[str, Any]) -> dict[str, Tensor]:
    return {name: value for name, value in state_dict_of(checkpoint).items() if name.startswith(PREFIX)}


def _same(own: Tensor, other: Tensor | None) -> bool:
    return other is not None and own.dtype == other.dtype and torch.equal(own, other)
