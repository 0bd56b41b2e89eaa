"""Dense maps of any image, through Python and tools/infer.py."""

import importlib.util
import json
import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from wsolzoo.apis import Inferencer, get_model
from wsolzoo.apis.zoo_models import NoWeightsError
from wsolzoo.models.tasks.contract import TaskOptionError
from wsolzoo.registry import MODELS


class Darkness(nn.Module):
    """Dark pixels are blurred; sides must be multiples of 16."""

    divisor = 16
    last_channels = 1

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, images, aux=None):
        assert images.shape[-1] % 16 == images.shape[-2] % 16 == 0
        return ((1 - images.mean(1, keepdim=True)) * self.scale,)


CONFIG = """
default_scope = 'wsolzoo'
model = dict(
    type='{kind}',
    network=dict(type='Darkness'),
    data_preprocessor=dict(type='ImgDataPreprocessor', mean=[0] * 3, std=[255] * 3, bgr_to_rgb=True),
)
"""


@pytest.fixture(autouse=True)
def darkness():
    MODELS.register_module(module=Darkness, force=True)
    yield
    MODELS.module_dict.pop('Darkness')


@pytest.fixture(params=['DMENet', 'Estimator'])
def model(request, tmp_path):
    config, weights = tmp_path / f'{request.param}.py', tmp_path / 'weights.pth'
    config.write_text(CONFIG.format(kind=request.param))
    torch.save({'network.scale': torch.ones(())}, weights)
    return request.param, str(config), str(weights)


def test_map_covers_the_whole_image_and_the_model_is_left_as_it_was(model):
    kind, config, weights = model
    image = np.zeros((37, 50, 3), np.uint8)
    image[:, 25:] = 255
    inferencer = Inferencer(config, weights, 'cpu')
    before = inferencer.model.fit
    result = inferencer(image)[0]
    assert inferencer.model.fit == before
    assert result['map'].shape == (37, 50)
    assert (result['map'][:, :25] == 1).all() and (result['map'][:, 25:] == 0).all()
    if kind == 'DMENet':
        assert result['unit'] == 'sigma7' and result['sigma'].max() == 7 and result['max_sigma'] == 7
    else:
        assert 'sigma' not in result
    assert result['picture'].shape[1] > 100 and result['picture'].dtype == np.uint8


class Ramp(nn.Module):
    """From left to right, whatever is there."""

    def forward(self, images):
        n, _, h, w = images.shape
        return (torch.arange(w) / w).expand(n, 1, h, w)


def test_views_are_averaged_in_the_frame_of_the_image(monkeypatch):
    monkeypatch.setitem(MODELS.module_dict, 'Ramp', Ramp)
    x, y = torch.arange(8) / 8, torch.arange(4)[:, None] / 4
    right = {1: x + 0 * y, 2: 7 / 16 + 0 * x * y, 3: (x + 7 / 8) / 3 + 0 * y, 4: (x + 7 / 8 + y) / 4}
    for views, wanted in right.items():
        model = MODELS.build({'type': 'Estimator', 'network': {'type': 'Ramp'}, 'views': views})
        torch.testing.assert_close(model.predict(torch.zeros(1, 3, 4, 8))[0].pred_map, wanted)
    with pytest.raises(ValueError, match='views must be from 1 to 4; got 5'):
        MODELS.build({'type': 'Estimator', 'network': {'type': 'Ramp'}, 'views': 5})


def test_bar_ends_where_training_ended():
    from wsolzoo.models.tasks import DenseMaps

    drawing = DenseMaps().drawing({'map': None, 'sigma': np.full((8, 200), 9.0), 'max_sigma': 3.5})
    assert drawing.map.max() == 1 and drawing.full_scale == 3.5
    half = DenseMaps().drawing({'map': None, 'sigma': np.full((8, 200), 1.75), 'max_sigma': 3.5})
    assert half.map.max() == 0.5


def test_options_of_another_task_and_classes_are_refused(model):
    _, config, weights = model
    with pytest.raises(TaskOptionError, match="dense maps has no option 'threshold'"):
        Inferencer(config, weights, 'cpu', threshold=0.3)
    with pytest.raises(ValueError, match='knows no classes'):
        Inferencer(config, weights, 'cpu')(np.zeros((16, 16, 3), np.uint8), label=1)


def test_tool_writes_pixels_of_blur(model, tmp_path, repo):
    kind, config, weights = model
    cv2.imwrite(str(tmp_path / 'grey.png'), np.full((20, 33, 3), 51, np.uint8))
    spec = importlib.util.spec_from_file_location('infer', repo / 'tools' / 'infer.py')
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    out = tmp_path / 'out'
    arguments = [config, str(tmp_path / 'grey.png'), '--checkpoint', weights, '--out-dir', str(out), '--device', 'cpu']
    assert tool.main(arguments) == 0
    written = np.load(out / 'grey.png.npy')
    assert written.shape == (20, 33) and np.allclose(written, 0.8 * (7 if kind == 'DMENet' else 1))
    assert json.loads((out / 'grey.png.json').read_text())['unit'] == ('px (sigma)' if kind == 'DMENet' else 'share')
    assert cv2.imread(str(out / 'grey.png.png')) is not None


def test_a_model_of_blur_without_weights_refuses(tmp_path):
    """An untrained network says nothing about an image: Inferencer and get_model refuse alike, a config too."""
    name = 'dmenet_vgg19-eighth-bd_1xb8-6e_defocus-scenes2photos-64px'
    for ask in (Inferencer, get_model):
        for model in (name, f'configs/dmenet/{name}.py'):
            with pytest.raises(NoWeightsError, match='no published weights'):
                ask(model)


def test_help_speaks_of_both_tasks(repo):
    done = subprocess.run([sys.executable, str(repo / 'tools/infer.py'), '--help'], capture_output=True, text=True)
    assert (
        done.returncode == 0 and 'sigma of the blur in pixels' in done.stdout and 'class, score, boxes' in done.stdout
    )


def test_refocus_writes_three_pictures_in_a_row(model, tmp_path, repo):
    kind, config, weights = model
    cv2.imwrite(str(tmp_path / 'photo.png'), np.random.default_rng(0).integers(0, 256, (32, 48, 3)).astype(np.uint8))
    spec = importlib.util.spec_from_file_location('refocus', repo / 'tools' / 'refocus.py')
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    out = tmp_path / 'out.png'
    command = [str(tmp_path / 'photo.png'), '--model', config, '--checkpoint', weights, '--out', str(out)]
    assert tool.main([*command, '--focus', '200,5', '--device', 'cpu']) == 2  # outside
    wanted = 0 if kind == 'DMENet' else 2  # the other estimates no blur
    assert tool.main([*command, '--focus', '20,5', '--device', 'cpu']) == wanted
    if wanted == 0:
        assert cv2.imread(str(out)).shape == (32 + 40, 3 * 48, 3)
        assert tool.main([*command, '--focus', '20,5', '--device', 'cpu', '--width', '72']) == 0
        assert cv2.imread(str(out)).shape == (36, 72, 3)
