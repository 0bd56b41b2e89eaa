"""Style transfer: equations by hand, and that only the picture learns."""

import copy

import cv2
import numpy as np
import pytest
import torch

from tests import tiny_run
from wsolzoo.methods.neural_style import content_error, gram, style_error
from wsolzoo.registry import MODELS, OPTIM_WRAPPER_CONSTRUCTORS
from wsolzoo.testing import check_step, scope

FEAT = torch.tensor([[1.0, 2.0], [3.0, 4.0]]).view(1, 2, 1, 2)
ADAM = {'canvas': {'type': 'OptimWrapper', 'optimizer': {'type': 'Adam', 'lr': 0.05}}}


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def make(**kwargs):
    torch.manual_seed(0)
    model = MODELS.build(
        {
            'type': 'NeuralStyle',
            'features': {'type': 'PlainNet', 'base_channels': 4},
            'content': picture(32, 40),
            'style': picture(48, 32, 1),
            'content_stages': ['stage2.0'],
            'style_stages': ['stem', 'stage1.1'],
            'loss_weight': {'content': 1.0, 'style': 10.0},
            'pixels': {'mean': [128.0] * 3, 'std': [64.0] * 3, 'rgb': True},
            '_scope_': 'wsolzoo',
            **kwargs,
        }
    )
    model.init_weights()
    return model


def wrappers(model, settings=ADAM):
    with scope():
        kind = {'type': 'ChildOptimWrapperConstructor', 'optim_wrapper_cfg': settings}
        return OPTIM_WRAPPER_CONSTRUCTORS.build(kind)(model)


def test_by_hand():
    assert gram(FEAT)[0].tolist() == [[5, 11], [11, 25]]
    assert float(style_error(FEAT, torch.zeros(1, 2, 2))) == 892 / 64 == 13.9375
    assert float(content_error(FEAT, torch.zeros_like(FEAT))) == 15
    assert gram(FEAT.half()).dtype == torch.float32


def test_the_size_of_the_style_does_not_matter():
    """The same texture, twice as often: the same style."""
    twice = torch.cat([FEAT, FEAT], dim=3)
    assert float(style_error(FEAT, gram(twice), positions=4)) == pytest.approx(0, abs=1e-9)


def test_only_the_picture_learns():
    model = make()
    (parameters,) = [wrapper.optimizer.param_groups[0]['params'] for wrapper in wrappers(model).values()]
    assert [parameter.shape for parameter in parameters] == [(1, 3, 32, 40)], 'of the network nothing'
    before = copy.deepcopy(model.features.state_dict())
    for _ in range(2):
        model.train().train_step({}, wrappers(model))
    assert all(torch.equal(value, before[name]) for name, value in model.features.state_dict().items())
    assert not model.features.training


@pytest.mark.parametrize(
    'optimizer',
    [{'type': 'Adam', 'lr': 0.05}, {'type': 'LBFGS', 'lr': 1, 'max_iter': 4, 'line_search_fn': 'strong_wolfe'}],
)
def test_the_loss_falls_and_the_picture_stays_one(optimizer):
    model = make(noise=0.5)
    wrapper = wrappers(model, {'canvas': {'type': 'OptimWrapper', 'optimizer': optimizer}})
    course = [float(model.train_step({}, wrapper)['loss']) for _ in range(8)]
    assert course[-1] < 0.9 * course[0]
    assert model.canvas.pixels.abs().max() <= 1


def test_weights_mean_the_same_whatever_the_scale_of_the_network():
    model, louder = make(noise=0.5), make(noise=0.5)
    raw = louder.raw_feats
    louder.raw_feats = lambda pictures: {name: 20 * feat for name, feat in raw(pictures).items()}
    louder.look()
    for name, value in model.loss().items():
        assert float(louder.loss()[name].detach()) == pytest.approx(float(value.detach()), rel=1e-3)
    for pictures in (model.content, model.style):
        assert all(0.2 < float(feat.abs().mean()) < 5 for feat in model.feats(pictures).values())


def test_it_starts_with_the_content():
    model = make()
    assert float(model.loss()['loss_content'].detach()) == 0
    (sample,) = model.predict(torch.zeros(1, 3, 4, 4))
    assert np.array_equal(sample.pred_image.numpy()[::-1].transpose(1, 2, 0), picture(32, 40))


def test_it_keeps_the_contract():
    model = make()
    config = {'optim_wrapper': {'constructor': 'ChildOptimWrapperConstructor', **ADAM}}
    check_step(model, config, {})
    (sample,) = model.predict(torch.zeros(1, 3, 4, 4))
    model.task().check(model, sample, 32)


def test_mistakes_are_explained():
    with pytest.raises(ValueError, match='uint8 RGB'):
        make(content=np.zeros((4, 4), np.uint8))
    with pytest.raises(ValueError, match='noise'):
        make(noise=2)


@pytest.mark.parametrize('net', ['squeezenet', 'squeezenet-torchvision', 'mobilenetv1', 'vgg16'])
def test_the_stages_of_every_network_exist(net):
    settings = tiny_run.tool('stylize.py').NETS[net]
    settings = {name: value for name, value in settings.items() if name != 'weights'}
    model = make(**settings | {'features': settings['features'] | {'width': 0.125}})
    assert float(model.loss()['loss_style'].detach()) > 0


def test_the_tool(tmp_path, monkeypatch, capsys):
    tool = tiny_run.tool('stylize.py')
    for name, seed in (('content', 0), ('style', 1)):
        cv2.imwrite(str(tmp_path / f'{name}.png'), picture(40, 56, seed))
    net = MODELS.build({'type': 'SqueezeNet', 'width': 0.1, '_scope_': 'wsolzoo'})
    torch.save({f'backbone.{name}': value for name, value in net.state_dict().items()}, tmp_path / 'w.pth')
    monkeypatch.setitem(tool.NETS['squeezenet'], 'features', {'type': 'SqueezeNet', 'width': 0.1})
    pictures = [str(tmp_path / 'content.png'), str(tmp_path / 'style.png')]
    out = tmp_path / 'painted.png'
    arguments = ['--size', '48', '--steps', '2', '--out', str(out), '--beside', str(tmp_path / 'beside.jpg')]
    assert tool.main([*pictures, *arguments, '--weights', str(tmp_path / 'w.pth')]) == 0
    assert cv2.imread(str(out)).shape == (34, 48, 3)
    assert (tmp_path / 'painted_loss.png').is_file()
    assert cv2.imread(str(tmp_path / 'beside.jpg')).shape[0] == 34
    assert 'style' in capsys.readouterr().out
    assert tool.main([*pictures, *arguments, '--weights', str(tmp_path / 'none.pth')]) == 2
    assert 'convert_npz.py' in capsys.readouterr().err
