"""Random damage to maps on disk: refused in one sentence that names the file, or real numbers of a plausible size."""

import io

import numpy as np
import pytest
from fuzz.damage import damaged, try_many

from wsolzoo import maps
from wsolzoo.evaluation.offline.annotations import InputError
from wsolzoo.evaluation.offline.map_files import MAX_PIXELS, MapFiles


def written(kind: str) -> bytes:
    buffer, array = io.BytesIO(), np.linspace(0, 1, 48, dtype=np.float32).reshape(6, 8)
    if kind == 'npy':
        np.save(buffer, array)
    else:
        (np.savez_compressed if kind == 'compressed' else np.savez)(buffer, a=array, b=array.astype(np.float64))
    return buffer.getvalue()


FILES = {kind: written(kind) for kind in ('npy', 'npz', 'compressed')}


def look_at(kind: str):
    def check(broken: bytes, folder) -> None:
        path = folder / ('a.npy' if kind == 'npy' else 'maps.npz')
        path.write_bytes(broken)
        try:
            files = MapFiles(folder if kind == 'npy' else path)
            for name in ('a', 'b'):
                array = files.read(name)
                if array is not None:
                    assert array.ndim == 2 and 0 < array.size <= MAX_PIXELS
                    assert (np.abs(array.astype(np.float64)) < maps.LIMIT).all()
        except InputError as error:
            assert str(path) in str(error) and '\n' not in str(error)

    return check


BODIES = {f'maps: {kind}': (damaged(content), look_at(kind)) for kind, content in FILES.items()}


@pytest.mark.parametrize('name', BODIES)
def test_random_damage(tmp_path, name, record_property):
    try_many(BODIES[name], 100, tmp_path)
    record_property('damaged files refused by name or read as they were', 100)
