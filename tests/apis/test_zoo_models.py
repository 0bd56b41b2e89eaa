"""Models by name: a zoo of two in a folder, as the generated index describes it."""

import pytest
import torch

from wsolzoo.apis import get_model, list_models, model_entry, zoo_models

CONFIG = """
default_scope = 'wsolzoo'
backbone = dict(type='PlainNet', base_channels=2)
model = dict(type='Localizer', backbone=backbone, head=dict(type='CAMHead', num_classes=3))
"""
METAFILE = """
Collections: []
Models:
  - {{Name: cam_tiny, Config: '{config}', Weights: cam_tiny_weights.pth}}
  - {{Name: cam_bare, Config: '{bare}'}}
"""


@pytest.fixture
def zoo(tmp_path, monkeypatch):
    folder = tmp_path / 'configs' / 'cam'
    folder.mkdir(parents=True)
    (folder / 'cam_tiny.py').write_text(CONFIG)
    (folder / 'cam_bare.py').write_text(CONFIG)
    places = {'config': folder / 'cam_tiny.py', 'bare': folder / 'cam_bare.py'}
    (folder / 'metafile.yml').write_text(METAFILE.format(**places))
    index = tmp_path / 'model-index.yml'
    index.write_text('Import:\n  - configs/cam/metafile.yml\n')
    monkeypatch.setattr(zoo_models, 'model_index', lambda: index)
    return folder


def test_names_are_listed_by_pattern(zoo):
    assert list_models() == ['cam_bare', 'cam_tiny']
    assert list_models('*_tiny') == ['cam_tiny']


def test_an_empty_index_lists_nothing(tmp_path, monkeypatch):
    (tmp_path / 'model-index.yml').write_text('Import: []\n')
    monkeypatch.setattr(zoo_models, 'model_index', lambda: tmp_path / 'model-index.yml')
    assert list_models() == []
    with pytest.raises(KeyError, match='There are: none'):
        model_entry('cam_tiny')


def test_a_model_is_built_and_its_weights_loaded(zoo):
    bare = get_model(str(zoo / 'cam_tiny.py'), weights=False)
    assert not bare.training
    for parameter in bare.parameters():
        parameter.data.fill_(0.25)
    torch.save(bare.state_dict(), zoo / 'cam_tiny_weights.pth')
    model = get_model('cam_tiny')
    assert all((parameter == 0.25).all() for parameter in model.parameters())
    other = get_model('cam_bare', weights=str(zoo / 'cam_tiny_weights.pth'))
    assert all((parameter == 0.25).all() for parameter in other.parameters())


def test_what_is_missing_is_said(zoo):
    with pytest.raises(FileNotFoundError, match='Close names: cam_tiny'):
        get_model('cam_tinny')
    with pytest.raises(KeyError, match='Close names: cam_tiny'):
        model_entry('cam_tinny')
    with pytest.raises(ValueError, match='no published weights'):
        get_model('cam_bare')
    with pytest.raises(FileNotFoundError, match='cam_tiny_weights'):
        get_model('cam_tiny')
