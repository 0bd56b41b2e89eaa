"""Reading one file of weights: nothing in it is ever executed, and a damaged one is not believed."""

import difflib
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from torch import Tensor

from wsolzoo.digest import sha256_of
from wsolzoo.errors import UserError

_HASH = re.compile(r'.*-([0-9a-f]{8,64})\.\w+')
_DATE = re.compile(r'(19|20)\d\d(0[1-9]|1[0-2])([0-2]\d|3[01])')


class CheckpointError(UserError, ValueError):
    """A file of weights cannot be read, is damaged, or is not what is needed here."""


class UnsafeCheckpointError(CheckpointError, RuntimeError):
    """A checkpoint asks for code to be run while it is read."""


def read_file(filename: str | Path, map_location: Any = None) -> Mapping[str, Any]:
    """Read a ``.pth``, ``.safetensors`` or ``.npz`` file without running anything it contains.

    The check sums of zip files (``.npz``, and ``.pth`` since torch 1.6) are compared with what they hold, and a file
    named ``…-<8 or more hexadecimal digits>.<ending>`` with the beginning of its SHA-256. Other files hold nothing that
    would betray a changed weight.

    Args:
        filename: a local path; ``~`` is expanded.
        map_location: as for :func:`torch.load`.

    Returns:
        A ``state_dict``, or the dict of a training checkpoint that holds one.

    Raises:
        FileNotFoundError: no such file; similar names beside it are listed.
        UnsafeCheckpointError: the file holds more than tensors and plain values.
        CheckpointError: the file is damaged, or no checkpoint.
    """
    path = Path(filename).expanduser()
    if not path.is_file():
        beside = [p.name for p in path.parent.glob('*')] if path.parent.is_dir() else []
        close = difflib.get_close_matches(path.name, beside, n=3)
        raise FileNotFoundError(f'no checkpoint {path}.' + (f' Did you mean {", ".join(close)}?' if close else ''))
    try:
        check_hash(path)
        check_sums(path)
        loaded = _read(path, map_location)
    except CheckpointError:
        raise
    except UnpicklingError as error:
        raise _refusal(path, str(error)) from None
    except Exception as error:  # what a damaged file makes its reader stumble over has no common name
        reason = (str(error).splitlines() or ['it is empty'])[0]
        raise CheckpointError(f'{path} is no readable checkpoint ({reason}). {AGAIN}') from error
    if not isinstance(loaded, Mapping):
        raise CheckpointError(f'{path} holds a {type(loaded).__name__}, not weights by name. {AGAIN}')
    return _without_source(loaded)


AGAIN = 'Is it the file you meant, and complete? Copy or download it again, or take another checkpoint.'


def _read(path: Path, map_location: Any) -> Any:
    if path.suffix == '.npz':
        return _read_npz(path)
    if path.suffix == '.safetensors':
        from safetensors.torch import load_file

        return load_file(path)
    with _only_allowed():
        return torch.load(path, map_location=map_location, weights_only=True)


def _read_npz(path: Path) -> dict[str, Tensor]:
    with np.load(path, allow_pickle=False) as arrays:
        if 'graph_json' in arrays:
            raise CheckpointError(
                f'{path} holds quantised weights, not a state_dict. Convert it first: '
                f'python tools/model_converters/convert_npz.py {path} OUT_DIR'
            )
        tensors = {name: torch.from_numpy(arrays[name]) for name in arrays.files}
    return {name: t.float() if t.dtype == torch.float16 else t for name, t in tensors.items()}


def hash_in_name(name: str) -> str | None:
    """The beginning of a SHA-256 that a file is named after: ``deadbeef`` of ``cam-deadbeef.pth``; a day is none."""
    found = _HASH.fullmatch(name)
    return found[1] if found and not _DATE.fullmatch(found[1]) else None


def check_hash(path: Path, expected: str | None = None) -> None:
    """Compare a file with the hash in its name, or with ``expected``.

    Raises:
        CheckpointError: they differ.
    """
    expected = expected or hash_in_name(path.name)
    if not expected:
        return
    digest = sha256_of(path)
    if not digest.startswith(expected):
        raise CheckpointError(
            f'{path} is not the file it is named after: its SHA-256 begins with {digest[: len(expected)]}, '
            f'not {expected}. It is damaged or was changed: copy or download it again. If you changed it on purpose, '
            'give it another name.'
        )


def check_sums(path: Path) -> None:
    """Compare what a zip file holds with its check sums, which torch does not do. Other files have none.

    Raises:
        CheckpointError: they differ, or the file cannot be taken apart.
    """
    with open(path, 'rb') as file:
        if file.read(4) != b'PK\x03\x04':
            return
    try:
        with zipfile.ZipFile(path) as archive:
            if min((member.header_offset for member in archive.infolist()), default=-1) != 0:
                raise zipfile.BadZipFile('its table of contents does not begin where the file does')
            for member in archive.infolist():
                if member.CRC == 0:  # written without a sum: torch.serialization.set_crc32_options(False)
                    continue
                with archive.open(member) as file:
                    while file.read(2**20):
                        pass
    except Exception as error:  # the module raises half a dozen kinds for broken files
        raise CheckpointError(f'{path} is damaged ({error}). {AGAIN}') from error


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


def _without_source(checkpoint: Any) -> Any:
    """The checkpoint without ``meta['config']``: MMEngine's ``Runner.resume`` would run that text as Python."""
    meta = checkpoint.get('meta')
    if isinstance(meta, dict):
        meta.pop('config', None)
    return checkpoint


def _refusal(path: Path, error: str) -> CheckpointError:
    """Which file, what was found in it, and what to do."""
    found = re.findall(r'GLOBAL (\S+)|function (<[^>]+>)|but got (<[^>]+>)', error)
    names = list(dict.fromkeys(name for groups in found for name in groups if name))
    if not names:
        reason = next(
            (line.strip() for line in reversed(error.splitlines()) if 'Check the doc' not in line and line), ''
        )
        return UnsafeCheckpointError(f'{path} is not a checkpoint that torch can read safely ({reason}). {AGAIN}')
    return UnsafeCheckpointError(
        f'{path} was refused: beside weights it holds {", ".join(names)}, and reading that would run code of '
        'whoever made the file. Nothing was run. Get the weights as a bare state_dict or as .safetensors; or, if you '
        'trust where the file comes from, open it once where nothing can be lost and keep only its tensors: '
        "torch.save(torch.load('in.pth', weights_only=False)['state_dict'], 'out.pth')."
    )
