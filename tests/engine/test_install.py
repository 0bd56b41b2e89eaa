"""What `install` changes; that an import changes nothing is in tests/test_compat.py."""

from mmengine.fileio import get_file_backend
from mmengine.runner import CheckpointLoader

from wsolzoo.engine import weights
from wsolzoo.engine.weights.atomic import AtomicLocalBackend
from wsolzoo.engine.weights.sources import SCHEMES


def test_installing_twice_is_installing_once(tmp_path):
    for _ in range(2):
        weights.install()
        assert {prefix: CheckpointLoader._schemes[prefix] for prefix in SCHEMES} == SCHEMES
        assert type(get_file_backend(str(tmp_path / 'a.pth'))) is AtomicLocalBackend
