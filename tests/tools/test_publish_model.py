"""Weights as they are published."""

from hashlib import sha256

import pytest
import torch

from wsolzoo.engine.weights.atomic import save_named_after_hash
from wsolzoo.engine.weights.sources import load_from_local


def publish(in_process, tmp_path, content: bytes, *more: str) -> tuple[int, str]:
    (tmp_path / 'epoch_3.pth').write_bytes(content)
    words = (tmp_path / 'epoch_3.pth', 'cam/cam_x.py', '--out-dir', tmp_path / 'out', '--date', 20260102)
    return in_process('model_converters/publish_model.py', *map(str, (*words, *more)))


@pytest.fixture
def checkpoint(tmp_path) -> bytes:
    weights = {'fc.weight': torch.arange(6.0).view(2, 3).t(), 'fc.bias': torch.ones(3)}
    torch.save({'state_dict': weights, 'optimizer': {'lr': 1}, 'meta': {'epoch': 3}}, tmp_path / 'whole.pth')
    return (tmp_path / 'whole.pth').read_bytes()


def test_the_weights_alone_named_after_their_hash(in_process, tmp_path, checkpoint):
    for _ in range(2):
        assert publish(in_process, tmp_path, checkpoint)[0] == 0
    (path,) = (tmp_path / 'out').iterdir()
    assert path.name == f'cam_x_20260102-{sha256(path.read_bytes()).hexdigest()[:8]}.pth'
    assert set(load_from_local(str(path))) == {'fc.weight', 'fc.bias'}


def test_half_precision_is_half_the_weights(in_process, tmp_path, checkpoint):
    assert publish(in_process, tmp_path, checkpoint, '--half')[0] == 0
    (path,) = (tmp_path / 'out').iterdir()
    stored = load_from_local(str(path))
    assert stored['fc.weight'].dtype == torch.float16 and torch.equal(stored['fc.bias'].float(), torch.ones(3))


def test_a_held_backbone_is_left_to_the_file_that_has_it(in_process, tmp_path, checkpoint):
    weights = {'backbone.a': torch.ones(9), 'head.b': torch.zeros(2)}
    trunk = save_named_after_hash(weights, tmp_path / 'bas_x')
    torch.save({'state_dict': weights | {'head.b': torch.ones(2)}}, tmp_path / 'whole.pth')
    assert publish(in_process, tmp_path, (tmp_path / 'whole.pth').read_bytes(), '--trunk', trunk)[0] == 0
    (path,) = (tmp_path / 'out').iterdir()
    assert set(torch.load(path, weights_only=True)['state_dict']) == {'head.b'}
    assert load_from_local(str(path))['state_dict'].keys() == weights.keys()
    status, said = publish(in_process, tmp_path, checkpoint, '--trunk', trunk)
    assert status == 2 and 'has another backbone' in said


@pytest.mark.parametrize(
    ('damage', 'message'),
    [
        (lambda content: content[:-300], 'is damaged'),
        (lambda content: content[:900] + b'x' + content[901:], 'is damaged'),
        (lambda content: b'<html>', 'not a checkpoint'),
        (lambda content: b'', 'it is empty'),
    ],
)
def test_nothing_damaged_is_published(in_process, tmp_path, checkpoint, damage, message):
    status, said = publish(in_process, tmp_path, damage(checkpoint))
    assert status == 2
    assert said.startswith(f'error: {tmp_path}/epoch_3.pth ') and message in said
    assert not (tmp_path / 'out').exists()
