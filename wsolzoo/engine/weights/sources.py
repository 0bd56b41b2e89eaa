"""Where weights come from: a path, an address, or a list of published ones such as ``torchvision://vgg16``."""

import difflib
import os
import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import barrier, get_dist_info
from mmengine.runner import CheckpointLoader
from mmengine.runner.checkpoint import get_external_models, get_mmcls_models, get_torchvision_models

from wsolzoo.compat import without_retries
from wsolzoo.engine.weights.mismatch import only_prefix, state_dict_of
from wsolzoo.engine.weights.reading import CheckpointError, hash_in_name, read_file
from wsolzoo.engine.weights.trunk import with_trunk

Reader = Callable[..., Mapping[str, Any]]


def read_checkpoint(source: str, map_location: Any = None) -> Mapping[str, Any]:
    """Read a path, an address, or a name under one of :data:`SCHEMES`.

    Raises:
        FileNotFoundError: no such file.
        CheckpointError: what is there cannot be used; see :func:`load_from_local`.
    """
    prefix = next(prefix for prefix in sorted(SCHEMES, reverse=True) if re.match(prefix, source))
    return SCHEMES[prefix](source, map_location)


def load_from_local(filename: str, map_location: Any = None) -> Mapping[str, Any]:
    """Read a file, and the one it names where it takes its backbone from another.

    Raises:
        FileNotFoundError: no such file.
        CheckpointError: it cannot be used (:func:`wsolzoo.engine.weights.reading.read_file`), or that other file is
            not there (:mod:`wsolzoo.engine.weights.trunk`).
    """
    return with_trunk(read_file(filename, map_location), Path(filename).expanduser(), map_location)


def cache_file(url: str) -> Path:
    """Where a download is kept: torch's own place if the name holds its hash, else a folder for that address alone.

    Many addresses end in ``model.pth``; one file for all of them would hand out the weights of the first.
    """
    name = url.partition('?')[0].rstrip('/').rpartition('/')[2]
    folder = Path(torch.hub.get_dir()) / 'checkpoints'
    return folder / name if hash_in_name(name) else folder / sha256(url.encode()).hexdigest()[:16] / name


def load_from_url(url: str, map_location: Any = None) -> Mapping[str, Any]:
    """Download a checkpoint once, check the hash in its name if there is one, and read it.

    Raises:
        CheckpointError: the download failed, or the file is not what its name says.
    """
    return load_from_local(str(fetch(url)), map_location)


def fetch(url: str) -> Path:
    """The file of an address, downloaded once.

    On several machines one process of each looks after its disk; the others wait.

    Raises:
        CheckpointError: the download failed.
    """
    path = cache_file(url)
    try:
        if int(os.environ.get('LOCAL_RANK', get_dist_info()[0])) == 0 and not path.is_file():
            _download(url, path)
    finally:
        barrier()  # also after a failure, which the others then meet as a missing file
    return path


def _download(url: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        torch.hub.download_url_to_file(url, str(path), hash_in_name(path.name))
    except (OSError, RuntimeError) as error:
        raise CheckpointError(
            f'could not download {url} ({error}). Without network, put the file there by hand: {path}'
        ) from error


def _read_listed(name: str, urls: Mapping[str, str], scheme: str, map_location: Any) -> Mapping[str, Any]:
    if name not in urls:
        close = difflib.get_close_matches(name, urls, n=5)
        raise CheckpointError(
            f'{scheme}{name}: no such weights.' + (f' Did you mean {", ".join(close)}?' if close else '')
        )
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
        raise CheckpointError(f'{filename}: timm lists no such weights. Close names: {", ".join(close) or "none"}')
    if not listed.hf_hub_id:
        return load_from_url(listed.url, map_location)
    try:
        with without_retries():
            return timm.models.load_state_dict_from_hf(listed.hf_hub_id, weights_only=True)
    except Exception as error:  # no network, no such file, a damaged one: each library between has its own
        raise CheckpointError(f'could not get {filename} from {listed.hf_hub_id} ({error})') from error


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
    raise CheckpointError(f'{filename}: this storage is not supported. Copy the file here and name its path.')


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


def install() -> None:
    """Make MMEngine's ``Runner`` (``load_from``, ``resume``), ``load_checkpoint`` and ``init_cfg`` read our way."""
    for prefix, reader in SCHEMES.items():
        CheckpointLoader.register_scheme(prefix, reader, force=True)
