"""A task is a contract: a third one, written here in a few lines, is tested, answered and drawn like the first two."""

import importlib.util
import json
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from torch import nn

from wsolzoo.apis import Inferencer
from wsolzoo.errors import UserError
from wsolzoo.models.tasks import DenseMaps, Localization, Task, task_of
from wsolzoo.registry import METRICS, MODELS
from wsolzoo.structures import Drawing
from wsolzoo.testing import check_method


@dataclass(frozen=True)
class Segmentation(Task):
    """Class indices of every pixel in training and prediction."""

    name: ClassVar[str] = 'segmentation'
    reads: ClassVar[tuple[str, ...]] = ('gt_mask',)
    writes: ClassVar[tuple[str, ...]] = ('pred_mask',)
    learns: ClassVar[tuple[str, ...]] = ('net',)
    own_size: ClassVar[bool] = True

    def truth(self, model, image, index, rng):
        return {'gt_mask': rng.integers(0, 3, image.shape[1:]).astype(np.uint8)}

    def answer(self, sample, size, window, asked):
        return {'mask': sample.pred_mask.cpu().numpy()}

    def drawing(self, answer):
        return Drawing(mask=answer['mask'])

    def saved(self, answer):
        return answer['mask'], {'classes': np.unique(answer['mask']).tolist()}


class Segmenter(BaseModel):
    task = Segmentation

    def __init__(self, data_preprocessor=None):
        super().__init__(data_preprocessor=data_preprocessor)
        self.net = nn.Conv2d(3, 3, 1)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        logits = self.net(inputs.float())
        if mode == 'loss':
            masks = torch.stack([torch.as_tensor(sample.gt_mask).long() for sample in data_samples])
            return {'loss_mask': nn.functional.cross_entropy(logits, masks)}
        if mode == 'predict':
            for sample, one in zip(data_samples, logits):
                sample.pred_mask = one.argmax(0)
            return data_samples
        return logits


class PixelAccuracy:
    required_fields = ('pred_mask', 'gt_mask')

    def __init__(self):
        self.hits = []

    def process(self, batch, samples):
        self.hits += [float((torch.as_tensor(s['gt_mask']) == s['pred_mask']).float().mean()) for s in samples]

    def evaluate(self, size):
        return {'accuracy': 100 * sum(sorted(self.hits)) / size}


CONFIG = """
default_scope = 'wsolzoo'
model = dict(type='Segmenter', data_preprocessor=dict(type='ImgDataPreprocessor', mean=[128] * 3, std=[64] * 3))
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1))
test_evaluator = dict(type='PixelAccuracy')
"""


@pytest.fixture(autouse=True)
def third_task():
    MODELS.register_module(module=Segmenter, force=True)
    METRICS.register_module(module=PixelAccuracy, force=True)
    yield
    MODELS.module_dict.pop('Segmenter')
    METRICS.module_dict.pop('PixelAccuracy')


@pytest.fixture
def config(tmp_path):
    path = tmp_path / 'segmenter.py'
    path.write_text(CONFIG)
    return str(path)


def test_the_kit_judges_it(config):
    assert 0 <= check_method(config)['accuracy'] <= 100


def test_the_kit_finds_a_broken_promise(config, monkeypatch):
    monkeypatch.setattr(Segmentation, 'writes', ('pred_mask', 'pred_scores'))
    with pytest.raises(AssertionError, match='segmentation: a prediction has pred_scores'):
        check_method(config)


def test_the_inferencer_and_the_tool_answer_with_it(config, tmp_path, repo):
    torch.manual_seed(0)
    weights = tmp_path / 'w.pth'
    torch.save(Segmenter().state_dict(), weights)
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    result = Inferencer(config, str(weights), 'cpu')(image)[0]
    assert result['mask'].shape == (20, 30) and result['picture'].dtype == np.uint8
    cv2.imwrite(str(tmp_path / 'a.png'), image[..., ::-1])
    spec = importlib.util.spec_from_file_location('infer', repo / 'tools' / 'infer.py')
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    arguments = [config, str(tmp_path / 'a.png'), '--checkpoint', str(weights), '--device', 'cpu']
    assert tool.main([*arguments, '--out-dir', str(tmp_path / 'out')]) == 0
    np.testing.assert_array_equal(np.load(tmp_path / 'out/a.png.npy'), result['mask'])
    assert json.loads((tmp_path / 'out/a.png.json').read_text())['classes'] == np.unique(result['mask']).tolist()


def test_a_model_names_its_task():
    assert task_of(MODELS.get('Localizer')) is Localization
    assert issubclass(task_of(MODELS.get('DMENet')), DenseMaps)
    with pytest.raises(UserError, match='Linear names no task'):
        task_of(nn.Linear(1, 1))


def test_another_number_of_classes_is_a_misfit_unless_predicted_classes_are_tested():
    model = MODELS.build(
        Config(
            {
                'type': 'Localizer',
                '_scope_': 'wsolzoo',
                'backbone': {'type': 'PlainNet', 'base_channels': 2},
                'head': {'type': 'CAMHead', 'num_classes': 4},
            }
        )._cfg_dict
    )
    meta = {'classes': ['a', 'b', 'c']}
    task = Localization()
    for place, cam_class, count in (
        ('test_dataloader', 'gt', 1),
        ('test_dataloader', 'pred', 0),
        ('test_dataloader', 2, 0),
        ('val_dataloader', 'pred', 0),
        ('train_dataloader', 'pred', 1),
    ):
        model.cam_class = cam_class
        assert len(list(task.misfits(model, meta, place))) == count
