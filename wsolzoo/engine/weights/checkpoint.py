"""Reading weights: nothing in a file is ever executed, and what did not fit the model is said in plain words.

Importing this module makes MMEngine's ``Runner`` (``load_from``, ``resume``), ``load_checkpoint`` and ``init_cfg`` read
every scheme through :func:`load_from_local`.
"""

import difflib
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from mmengine.dist import get_dist_info
from mmengine.hooks import Hook
from mmengine.logging import HistoryBuffer, print_log
from mmengine.model import is_model_wrapper
from mmengine.model.weight_init import PretrainedInit, update_init_info
from mmengine.runner import CheckpointLoader
from mmengine.runner.checkpoint import get_external_models, get_mmcls_models, get_torchvision_models
from torch import Tensor, nn

from wsolzoo.engine.weights.mismatch import Mismatch, compare, only_prefix, state_dict_of
from wsolzoo.errors import UserError
from wsolzoo.registry import HOOKS, WEIGHT_INITIALIZERS

Reader = Callable[..., Mapping[str, Any]]


class UnsafeCheckpointError(UserError, RuntimeError):
    """A checkpoint asks for code to be run while it is read."""


def _history_method(owner: Any, name: str) -> Any:
    """What a Runner's log history needs of ``getattr``, and no more: its own four statistics."""
    if owner is HistoryBuffer and name in ('min', 'max', 'mean', 'current'):
        return getattr(HistoryBuffer, name)
    raise UnpicklingError(f'GLOBAL getattr is only read as a method of HistoryBuffer, not {name!r} of {owner!r}')


def _named(function: Callable, full_name: str) -> Callable:
    """A copy of ``function`` under the name that a file calls it by."""

    def call(*args):
        return function(*args)

    call.__module__, call.__qualname__ = full_name.rsplit('.', 1)
    call.__name__ = call.__qualname__
    return call


def _allowed() -> list[Any]:
    """What the files of a Runner hold beside tensors and plain Python: its log history, in arrays of NumPy 1 or 2."""
    core = np._core if hasattr(np, '_core') else np.core
    arrays = [
        _named(getattr(core.multiarray, name), f'numpy.{module}.multiarray.{name}')
        for module in ('core', '_core')
        for name in ('_reconstruct', 'scalar')
    ]
    dtypes = {type(np.dtype(code)) for code in np.typecodes['AllInteger'] + np.typecodes['AllFloat'] + '?'}
    return [HistoryBuffer, _named(_history_method, 'builtins.getattr'), slice, np.ndarray, np.dtype, *arrays, *dtypes]


@contextmanager
def _only_allowed() -> Iterator[None]:
    before = torch.serialization.get_safe_globals()
    torch.serialization.clear_safe_globals()
    torch.serialization.add_safe_globals(_allowed())
    try:
        yield
    finally:
        torch.serialization.clear_safe_globals()
        torch.serialization.add_safe_globals(before)


def load_from_local(filename: str, map_location: Any = None) -> Mapping[str, Any]:
    """Read a ``.pth``, ``.safetensors`` or ``.npz`` file without running anything it contains.

    Args:
        filename: a local path; ``~`` is expanded.
        map_location: as for :func:`torch.load`.

    Returns:
        A ``state_dict``, or the dict of a training checkpoint that holds one.

    Raises:
        FileNotFoundError: no such file; similar names beside it are listed.
        UnsafeCheckpointError: the file holds more than tensors and plain values.
    """
    path = Path(filename).expanduser()
    if not path.is_file():
        beside = [p.name for p in path.parent.glob('*')] if path.parent.is_dir() else []
        close = difflib.get_close_matches(path.name, beside, n=3)
        raise FileNotFoundError(f'no checkpoint {path}.' + (f' Did you mean {", ".join(close)}?' if close else ''))
    if path.suffix == '.npz':
        return _read_npz(path)
    if path.suffix == '.safetensors':
        from safetensors.torch import load_file

        return load_file(path)
    try:
        with _only_allowed():
            return _without_source(torch.load(path, map_location=map_location, weights_only=True))
    except UnpicklingError as error:
        raise UnsafeCheckpointError(_explain_refusal(path, str(error))) from None
    except (RuntimeError, EOFError) as error:
        reason = str(error) or 'it is empty'
        raise ValueError(f'{path} is no readable checkpoint ({reason}). Is the file complete?') from error


def _without_source(checkpoint: Any) -> Any:
    """The checkpoint without ``meta['config']``: MMEngine's ``Runner.resume`` would run that text as Python."""
    meta = checkpoint.get('meta') if isinstance(checkpoint, dict) else None
    if isinstance(meta, dict):
        meta.pop('config', None)
    return checkpoint


def _explain_refusal(path: Path, error: str) -> str:
    """Which file, what was found in it, and what to do."""
    found = re.findall(r'GLOBAL (\S+)|function (<[^>]+>)|but got (<[^>]+>)', error)
    names = list(dict.fromkeys(name for groups in found for name in groups if name))
    if not names:
        reason = next(
            (line.strip() for line in reversed(error.splitlines()) if 'Check the doc' not in line and line), ''
        )
        return (
            f'{path} is not a checkpoint that torch can read safely ({reason}). Is it the file you meant, and complete?'
        )
    return (
        f'{path} was refused: beside weights it holds {", ".join(names)}, and reading that would run code of '
        'whoever made the file. Nothing was run. Get the weights as a bare state_dict or as .safetensors; or, if you '
        'trust where the file comes from, open it once where nothing can be lost and keep only its tensors: '
        "torch.save(torch.load('in.pth', weights_only=False)['state_dict'], 'out.pth')."
    )


def _read_npz(path: Path) -> dict[str, Tensor]:
    with np.load(path, allow_pickle=False) as arrays:
        if 'graph_json' in arrays:
            raise ValueError(
                f'{path} holds quantised weights, not a state_dict. Convert it first: '
                f'python tools/model_converters/convert_npz.py {path} OUT_DIR'
            )
        tensors = {name: torch.from_numpy(arrays[name]) for name in arrays.files}
    return {name: t.float() if t.dtype == torch.float16 else t for name, t in tensors.items()}


def load_from_url(url: str, map_location: Any = None) -> Mapping[str, Any]:
    """Download a checkpoint once into torch's cache, check the hash in its name if there is one, and read it.

    Raises:
        RuntimeError: the download failed or the hash is wrong.
    """
    path = Path(torch.hub.get_dir()) / 'checkpoints' / url.split('?')[0].rsplit('/', 1)[-1]
    rank, world_size = get_dist_info()
    if rank == 0 and not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        expected = re.search(r'-([0-9a-f]{8,64})\.', path.name)
        try:
            torch.hub.download_url_to_file(url, str(path), expected.group(1) if expected else None)
        except OSError as error:
            raise RuntimeError(
                f'could not download {url} ({error}). Without network, put the file there by hand: {path}'
            ) from error
    if world_size > 1:
        torch.distributed.barrier()
    return load_from_local(str(path), map_location)


def _read_listed(name: str, urls: Mapping[str, str], scheme: str, map_location: Any) -> Mapping[str, Any]:
    if name not in urls:
        close = difflib.get_close_matches(name, urls, n=5)
        raise ValueError(f'{scheme}{name}: no such weights.' + (f' Did you mean {", ".join(close)}?' if close else ''))
    return load_from_url(urls[name], map_location)


def load_from_torchvision(filename: str, map_location: Any = None) -> Mapping[str, Any]:
    """``torchvision://vgg16`` (the first published weights) or ``torchvision://resnet50.imagenet1k_v2``."""
    scheme, name = re.match(r'(\w+://)(.*)', filename).groups()
    return _read_listed(name, get_torchvision_models(), scheme, map_location)


def load_from_timm(filename: str, map_location: Any = None) -> Mapping[str, Any]:
    """``timm://mobilenetv1_100`` or ``timm://name.tag``: the weights timm lists, with timm's key names."""
    import timm

    name = filename.removeprefix('timm://')
    listed = timm.models.get_pretrained_cfg(name, allow_unregistered=False) if timm.is_model(name) else None
    if listed is None or not (listed.hf_hub_id or listed.url):
        close = difflib.get_close_matches(name, timm.list_models() + timm.list_pretrained(), n=5)
        raise ValueError(f'{filename}: timm lists no such weights. Close names: {", ".join(close) or "none"}')
    if listed.hf_hub_id:
        return timm.models.load_state_dict_from_hf(listed.hf_hub_id, weights_only=True)
    return load_from_url(listed.url, map_location)


def load_from_mmpretrain(filename: str, map_location: Any = None) -> Mapping[str, Any]:
    """``mmpretrain://resnet50_8xb32_in1k``: the backbone of a model in mmpretrain's zoo (other parts are left out)."""
    from mmpretrain.apis import ModelHub, list_models

    name = filename.removeprefix('mmpretrain://')
    listed = list_models()
    urls = {name: ModelHub.get(name).weights} if name in listed else dict.fromkeys(listed, '')
    checkpoint = _read_listed(name, urls, 'mmpretrain://', map_location)
    return {'state_dict': only_prefix(state_dict_of(checkpoint), 'backbone.')}


def load_from_openmmlab(filename: str, map_location: Any = None) -> Mapping[str, Any]:
    """``open-mmlab://…`` and ``mmcls://…`` of MMEngine's lists."""
    scheme, name = re.match(r'([\w-]+://)(.*)', filename).groups()
    if scheme != 'mmcls://':
        return _read_listed(name, get_external_models(), scheme, map_location)
    checkpoint = _read_listed(name, get_mmcls_models(), scheme, map_location)
    return {'state_dict': only_prefix(state_dict_of(checkpoint), 'backbone.')}


def _refuse_scheme(filename: str, map_location: Any = None) -> Mapping[str, Any]:
    raise ValueError(f'{filename}: this storage is not supported. Copy the file here and name its path.')


SCHEMES: dict[str, Reader] = {
    '': load_from_local,
    'http://': load_from_url,
    'https://': load_from_url,
    'torchvision://': load_from_torchvision,
    'modelzoo://': load_from_torchvision,
    'timm://': load_from_timm,
    'mmpretrain://': load_from_mmpretrain,
    'mmcls://': load_from_openmmlab,
    'open-mmlab://': load_from_openmmlab,
    'openmmlab://': load_from_openmmlab,
    'pavi://': _refuse_scheme,
    r'(\S+\:)?s3://': _refuse_scheme,
    r'(\S+\:)?petrel://': _refuse_scheme,
}
for _prefix, _reader in SCHEMES.items():
    CheckpointLoader.register_scheme(_prefix, _reader, force=True)


def load_weights(
    model: nn.Module,
    source: str,
    prefix: str = '',
    strict: bool = False,
    map_location: Any = 'cpu',
    checkpoint: Mapping[str, Any] | None = None,
) -> Mismatch:
    """Load the weights that fit from a path or a scheme such as ``torchvision://vgg16``; report the others.

    Args:
        model: receives the weights.
        source: what to read.
        prefix: load only the names under it, without it.
        strict: refuse anything that does not fit.
        map_location: as for :func:`torch.load`.
        checkpoint: what ``source`` holds, where it has been read already.

    Raises:
        ValueError: nothing fits, or with ``strict`` something does not.
    """
    if checkpoint is None:
        checkpoint = CheckpointLoader.load_checkpoint(source, map_location, logger='silent')
    state_dict = {name.removeprefix('module.'): value for name, value in state_dict_of(checkpoint).items()}
    state_dict = only_prefix(state_dict, prefix) if prefix else state_dict
    mismatch = compare(model, state_dict)
    if not mismatch.matched or (strict and mismatch):
        raise ValueError(f'{source} does not fit {type(model).__name__}:\n  {mismatch.summary()}')
    fitting = {name: value for name, value in state_dict.items() if name not in mismatch.shapes}
    model.load_state_dict(fitting, strict=False)
    return mismatch


@WEIGHT_INITIALIZERS.register_module(name='Pretrained')
class PretrainedWeights(PretrainedInit):
    """MMEngine's ``Pretrained`` with a readable report, that refuses weights of which none fits.

    Args:
        checkpoint: a path or a scheme such as ``torchvision://vgg16``.
        prefix: load only the names under it, without it, such as ``'backbone.'``.
        map_location: as for :func:`torch.load`.
    """

    def __call__(self, module: nn.Module) -> None:
        mismatch = load_weights(module, self.checkpoint, self.prefix or '', map_location=self.map_location)
        print_log(f'{type(module).__name__} from {self.checkpoint}:\n  {mismatch.summary()}', logger='current')
        if hasattr(module, '_params_init_info'):
            update_init_info(module, init_info=self._get_init_info())


@HOOKS.register_module()
class CheckpointReportHook(Hook):
    """Says in plain words what of a checkpoint fits the model, when a Runner loads or resumes one.

    A bare ``state_dict`` is put where other hooks look for it: MMEngine's moving average stops at one.
    """

    priority = 'VERY_HIGH'

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Compare, before the Runner loads the weights."""
        if 'state_dict' not in checkpoint:
            bare = dict(state_dict_of(checkpoint))
            checkpoint.clear()
            checkpoint['state_dict'] = bare
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        mismatch = compare(model, state_dict_of(checkpoint))
        if mismatch:
            runner.logger.log(logging.WARNING, f'the checkpoint does not fit the model:\n  {mismatch.summary()}')
        if not mismatch.matched:
            raise ValueError(f'no weight of the checkpoint fits the model:\n  {mismatch.summary()}')
