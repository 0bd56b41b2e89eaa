"""An import changes nothing outside this package; `install` does, once."""

import subprocess
import sys

from mmengine.fileio import get_file_backend
from mmengine.runner import CheckpointLoader

from wsolzoo.engine import weights
from wsolzoo.engine.weights.atomic import AtomicLocalBackend
from wsolzoo.engine.weights.sources import SCHEMES

BARE = """
from mmengine.fileio.backends import registry_utils
from mmengine.runner import CheckpointLoader
import torch
def state():
    return (dict(registry_utils.backends), dict(registry_utils.prefix_to_backends), dict(CheckpointLoader._schemes),
            list(torch.serialization.get_safe_globals()))
before = state()
import wsolzoo.engine, wsolzoo.apis, wsolzoo.run.launch
assert state() == before
"""


def test_an_import_leaves_mmengine_as_it_is():
    done = subprocess.run([sys.executable, '-c', BARE], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_installing_twice_is_installing_once(tmp_path):
    for _ in range(2):
        weights.install()
        assert {prefix: CheckpointLoader._schemes[prefix] for prefix in SCHEMES} == SCHEMES
        assert type(get_file_backend(str(tmp_path / 'a.pth'))) is AtomicLocalBackend
