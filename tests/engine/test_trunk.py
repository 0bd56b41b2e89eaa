"""A checkpoint that takes its backbone from another file: the same weights, less to store, and no other backbone."""

from pathlib import Path

import pytest
import torch

from wsolzoo.engine.weights.atomic import save_named_after_hash
from wsolzoo.engine.weights.reading import CheckpointError
from wsolzoo.engine.weights.sources import load_from_local
from wsolzoo.engine.weights.trunk import KEY, without_trunk

BACKBONE = {'backbone.a.weight': torch.arange(6.0), 'backbone.b.weight': torch.ones(3)}


@pytest.fixture
def trunk(tmp_path) -> Path:
    (tmp_path / 'bas').mkdir()
    return save_named_after_hash(BACKBONE | {'head.weight': torch.zeros(2)}, tmp_path / 'bas' / 'bas_x')


def store(weights: dict, trunk: Path, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    own, name = without_trunk(weights, trunk, folder)
    return save_named_after_hash({'state_dict': own, 'meta': {KEY: name}}, folder / 'cam_x')


def test_what_is_shared_is_stored_once_and_read_with_the_rest(trunk, tmp_path):
    weights = BACKBONE | {'backbone.b.weight': torch.full((3,), 2.0), 'head.score': torch.ones(5)}
    path = store(weights, trunk, tmp_path / 'cam')
    stored = torch.load(path, weights_only=True)
    assert stored['meta'] == {KEY: f'../bas/{trunk.name}'}
    assert set(stored['state_dict']) == {'backbone.b.weight', 'head.score'}  # b has learned
    found = load_from_local(str(path))['state_dict']
    assert found.keys() == weights.keys() and all(torch.equal(found[name], weights[name]) for name in weights)


def test_a_download_finds_it_beside_itself(trunk, tmp_path):
    path = store(BACKBONE | {'head.score': torch.ones(5)}, trunk, tmp_path / 'cam')
    downloads = tmp_path / 'home' / 'downloads'
    downloads.mkdir(parents=True)
    moved = path.rename(downloads / path.name)
    with pytest.raises(
        CheckpointError, match=rf'its backbone is that of {trunk.name}, which is neither at .* nor beside'
    ):
        load_from_local(str(moved))
    trunk.rename(downloads / trunk.name)
    assert set(load_from_local(str(moved))['state_dict']) == {*BACKBONE, 'head.score'}


def test_another_backbone_is_not_taken_for_it(trunk, tmp_path):
    path = store(BACKBONE | {'head.score': torch.ones(5)}, trunk, tmp_path / 'cam')
    torch.save({name: value + 1 for name, value in BACKBONE.items()}, trunk)
    with pytest.raises(CheckpointError, match='is not the file it is named after'):
        load_from_local(str(path))


@pytest.mark.parametrize('name', ['../bas/bas_x.pth', '../bas', '', 3, ['../bas/bas_x-01234567.pth']])
def test_a_name_without_a_hash_is_refused(tmp_path, name):
    torch.save({'state_dict': {'head.score': torch.ones(5)}, 'meta': {KEY: name}}, tmp_path / 'cam.pth')
    with pytest.raises(CheckpointError, match='a name without a hash'):
        load_from_local(str(tmp_path / 'cam.pth'))


def test_a_file_of_nothing_but_a_name_is_no_checkpoint(trunk, tmp_path):
    torch.save({'meta': {KEY: f'bas/{trunk.name}'}}, tmp_path / 'cam.pth')
    with pytest.raises(CheckpointError, match='expected a state_dict'):
        load_from_local(str(tmp_path / 'cam.pth'))


def test_only_a_backbone_that_is_the_same_can_be_left_out(trunk, tmp_path):
    with pytest.raises(CheckpointError, match='nothing in the backbone of .* in half precision?'):
        without_trunk({name: value.half() for name, value in BACKBONE.items()}, trunk, tmp_path)
    with pytest.raises(CheckpointError, match='has another backbone: backbone.b.weight'):
        without_trunk({'backbone.a.weight': BACKBONE['backbone.a.weight']}, trunk, tmp_path)
    nameless = trunk.rename(tmp_path / 'epoch_10.pth')
    with pytest.raises(CheckpointError, match='has no hash in its name'):
        without_trunk(BACKBONE, nameless, tmp_path)
