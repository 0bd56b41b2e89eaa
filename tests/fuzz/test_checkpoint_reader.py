"""Random damage to checkpoints of every kind: refused in one sentence that names the file, or harmless."""

import io
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from fuzz.damage import damaged, try_many
from mmengine.logging import HistoryBuffer
from torch import nn

from wsolzoo.engine.weights.checkpoint import load_weights
from wsolzoo.engine.weights.reading import CheckpointError
from wsolzoo.engine.weights.sources import load_from_local

pytestmark = pytest.mark.filterwarnings('ignore')  # of torch, about the damage
QUICK, LONG = 25, 1000


def content() -> dict:
    """A small training checkpoint."""
    torch.manual_seed(0)
    return {
        'meta': {'epoch': 3, 'iter': 30, 'seed': None},
        'state_dict': {'weight': torch.randn(8, 4), 'bias': torch.randn(8)},
        'message_hub': {'log_scalars': {'train/loss': HistoryBuffer([1.0, 2.0], [1, 1])}, 'runtime_info': {'lr': 0.1}},
        'optimizer': {'state': {0: {'exp_avg': torch.randn(8, 4)}}, 'param_groups': [{'lr': 0.1, 'params': [0]}]},
    }


def written(kind: str) -> bytes:
    """Bytes of a file of weights."""
    buffer, weights = io.BytesIO(), content()['state_dict']
    if kind == 'npz':
        np.savez(buffer, **{name: value.numpy() for name, value in weights.items()})
    elif kind == 'safetensors':
        from safetensors.torch import save

        return save(weights)
    else:
        torch.save(content(), buffer, _use_new_zipfile_serialization=kind == 'zip')
    return buffer.getvalue()


FILES = {kind: written(kind) for kind in ('zip', 'legacy', 'npz', 'safetensors')}
SUMMED = ('zip', 'npz')


def equal(one, other) -> bool:
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return list(one) == list(other) and all(equal(one[name], other[name]) for name in one)
    if isinstance(one, HistoryBuffer):
        return one.data[0].tolist() == other.data[0].tolist()
    return one == other


def look_at(path: Path, kind: str) -> None:
    """A damaged file is refused by name, or, where there are check sums, holds what was written."""
    try:
        loaded = load_from_local(str(path))
    except CheckpointError as error:
        assert str(path) in str(error)
        assert not isinstance(error.__cause__, (KeyboardInterrupt, SystemExit))
        return
    if kind in SUMMED:
        good = content() if kind == 'zip' else content()['state_dict']
        assert equal(dict(loaded), good)
    try:
        load_weights(nn.Linear(4, 8), str(path))
    except CheckpointError as error:
        assert str(path) in str(error)


def body(kind: str):
    def check(broken: bytes, folder: Path) -> None:
        path = folder / f'damaged.{"pth" if kind in ("zip", "legacy") else kind}'
        path.write_bytes(broken)
        look_at(path, kind)

    return damaged(FILES[kind]), check


BODIES = {f'checkpoint: {kind}': body(kind) for kind in FILES}


@pytest.mark.parametrize('name', BODIES)
def test_random_damage(tmp_path, name, record_property):
    try_many(BODIES[name], QUICK, tmp_path)
    record_property('damaged files refused by name or read as they were', QUICK)


@pytest.mark.slow
@pytest.mark.parametrize('name', BODIES)
def test_random_damage_for_a_minute(tmp_path, name, record_property):
    try_many(BODIES[name], LONG, tmp_path, repeatable=False)
    record_property('damaged files refused by name or read as they were', LONG)


@pytest.mark.parametrize('kind', FILES)
def test_the_undamaged_file_loads(tmp_path, kind):
    path = tmp_path / f'good.{"pth" if kind in ("zip", "legacy") else kind}'
    path.write_bytes(FILES[kind])
    look_at(path, kind)
    assert load_weights(nn.Linear(4, 8), str(path)).matched == 2


def test_an_empty_table_of_contents(tmp_path):
    """Found by the fuzzer: one stretch of zeros at the end made a file of nothing."""
    content = bytearray(FILES['npz'])
    end = content.rindex(b'PK\x05\x06') + 4
    content[end:] = bytes(len(content) - end)
    (tmp_path / 'empty.npz').write_bytes(content)
    with pytest.raises(CheckpointError, match='empty.npz is damaged'):
        load_from_local(str(tmp_path / 'empty.npz'))


@pytest.mark.parametrize('share', [0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
@pytest.mark.parametrize('kind', FILES)
def test_the_end_is_missing(tmp_path, kind, share):
    path = tmp_path / f'cut.{"pth" if kind in ("zip", "legacy") else kind}'
    path.write_bytes(FILES[kind][: int(share * len(FILES[kind]))])
    with pytest.raises(CheckpointError, match='cut'):
        load_from_local(str(path))


HOSTILE = {
    'a size beyond all memory': lambda: b'\x80\x02' + b'\x8e' + (2**62).to_bytes(8, 'little'),
    'a list': lambda: saved([1, 2]),
    'nothing': lambda: b'',
    'a plain pickle': lambda: pickle.dumps({'a': 1}),
    'a pickle of 2000 lists': lambda: b'\x80\x02' + b']' * 2000 + b'a' * 1999 + b'.',
    'weights that are words': lambda: saved({'state_dict': {'weight': 'w', 'bias': 3}}),
    'names that are numbers': lambda: saved({'state_dict': {1: torch.ones(1)}}),
    'weights that are not numbers': lambda: saved({'weight': torch.full((8, 4), float('nan')), 'bias': torch.ones(8)}),
    'weights without content': lambda: saved({'weight': torch.empty(8, 4, device='meta'), 'bias': torch.ones(8)}),
    'sparse weights': lambda: saved({'weight': torch.ones(8, 4).to_sparse(), 'bias': torch.ones(8)}),
    'no weights at all': lambda: saved({'meta': {}}),
}


def saved(value) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize('what', HOSTILE)
def test_hostile_files(tmp_path, what):
    (tmp_path / 'hostile.pth').write_bytes(HOSTILE[what]())
    with pytest.raises(CheckpointError, match='hostile.pth'):
        load_weights(nn.Linear(4, 8), str(tmp_path / 'hostile.pth'), strict=True)
