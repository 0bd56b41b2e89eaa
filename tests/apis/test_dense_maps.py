"""Dense maps of any image, through Python and tools/infer.py."""

import importlib.util
import json

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from wsolzoo.apis import Inferencer
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
        assert result['unit'] == 'sigma7' and result['sigma'].max() == 7
    else:
        assert 'sigma' not in result
    assert result['picture'].shape[1] > 100 and result['picture'].dtype == np.uint8


def test_bar_ends_where_the_unit_ends():
    from wsolzoo.models.tasks import DenseMaps

    drawing = DenseMaps().drawing({'map': None, 'sigma': np.full((8, 200), 9.0)})
    assert drawing.map.max() == 1 and drawing.full_scale == 7


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
