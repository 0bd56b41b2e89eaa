"""The sheet of several models: columns of one width, maps as the models are tested."""

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config

from tests import tiny_run
from wsolzoo.testing import build_model

CLASSES = 'model = dict(cam_class={cam_class!r}, backbone=dict(base_channels=4), head=dict(num_classes=10))'


@pytest.fixture
def models(tmp_path, monkeypatch):
    """``--model NAME CONFIG CHECKPOINT`` of a model tested with the true class and of one tested with all classes."""
    tiny_run.hurry(monkeypatch, tmp_path)
    arguments = []
    for name, cam_class in (('true', 'gt'), ('all', 10)):
        (tmp_path / name).mkdir()
        config = tiny_run.write_config(tmp_path / name, extra=CLASSES.format(cam_class=cam_class))
        config = config.rename(config.with_name('tiny-64px.py'))
        torch.manual_seed(0)
        torch.save(build_model(Config.fromfile(config)).state_dict(), tmp_path / f'{name}.pth')
        arguments += ['--model', name, str(config), str(tmp_path / f'{name}.pth')]
    return arguments


def test_a_seeded_sample_with_one_column_a_model(models, tmp_path):
    compare = tiny_run.tool('visualization/compare.py')
    sheets = []
    for seed in ('0', '0', '1'):
        out = tmp_path / 'sheet.png'
        assert compare.main(['--sample', '2', '--seed', seed, '--height', '64', '--out', str(out), *models]) == 0
        sheets.append(cv2.imread(str(out)))
    assert sheets[0].shape == (24 + 2 * 68, 3 * 68, 3)
    assert np.array_equal(sheets[0], sheets[1]) and not np.array_equal(sheets[0], sheets[2])
    columns = [sheets[0][24:88, 68 * k : 68 * k + 64] for k in range(3)]
    assert not np.array_equal(columns[1], columns[2]), 'the map of one class and the mean over all of them'


def test_pictures_of_different_shapes_stay_under_their_names(models, tmp_path):
    paths = []
    for index, size in enumerate([(40, 80), (80, 40)]):
        paths.append(str(tmp_path / f'{index}.png'))
        cv2.imwrite(paths[-1], np.random.default_rng(0).integers(0, 255, (*size, 3), np.uint8))
    out = tmp_path / 'sheet.png'
    compare = tiny_run.tool('visualization/compare.py')
    assert compare.main([*paths, '--height', '50', '--out', str(out), *models]) == 0
    assert cv2.imread(str(out)).shape == (24 + 2 * 54, 3 * 104, 3)


def test_a_missing_checkpoint_is_named(models, capsys):
    compare = tiny_run.tool('visualization/compare.py')
    assert compare.main(['--sample', '1', *models[:-1], 'nothing.pth']) == 2
    assert 'nothing.pth' in capsys.readouterr().err


def test_models_of_dense_maps_have_a_column_of_the_truth(repo, tmp_path, monkeypatch):
    tiny_run.hurry(monkeypatch, tmp_path)
    config = tmp_path / 'dense-64px.py'
    config.write_text(
        f"_base_ = '{repo}/configs/fcn_saliency/fcn-saliency_vgg16-eighth_1xb16-6e_saliency-scenes-96px.py'\n"
        'model = dict(network=dict(width=0.0625, mid_channels=(16, 12)))\n'
        "test_dataloader = dict(dataset=dict(count=4, cache='memory', scene=dict(size=64)))\n"
    )
    torch.save(build_model(Config.fromfile(config)).state_dict(), tmp_path / 'dense.pth')
    model = ['--model', 'dense', str(config), str(tmp_path / 'dense.pth')]
    compare, out = tiny_run.tool('visualization/compare.py'), tmp_path / 'sheet.png'
    assert compare.main(['--sample', '1', '--height', '64', '--out', str(out), *model, *model]) == 0
    image, truth, *maps = np.split(cv2.imread(str(out))[24:88].astype(int), 4, axis=1)
    assert np.array_equal(*maps) and np.abs(truth - maps[0]).max() > 30 < np.abs(image - truth).max()
