"""Post-hoc maps: the library's own answers, the principal component by hand, and nothing left behind."""

import copy

import numpy as np
import pytest
import torch

from wsolzoo.methods import posthoc
from wsolzoo.methods.posthoc import LIBRARY, METHODS, ScoresOfImages, cam_with_component, first_component, oriented
from wsolzoo.testing import build_model, check_method, tiny_batch

STAGES = ('stage2', 'stage3')


def config(head: dict | None = None, **options) -> dict:
    return {
        'model': {
            'type': 'PostHocCAM',
            'data_preprocessor': {'type': 'ImgDataPreprocessor', 'mean': [128.0] * 3, 'std': [64.0] * 3},
            'backbone': {'type': 'PlainNet', 'base_channels': 4, 'out_stages': ('stage3',)},
            'head': head or {'type': 'CAMHead', 'num_classes': 5},
            **options,
        },
        'optim_wrapper': {'type': 'OptimWrapper', 'optimizer': {'type': 'SGD', 'lr': 0.1}},
        'test_evaluator': {'type': 'LocalizationMetric', 'protocols': ['choe2020-v2']},
    }


def make(**options):
    torch.manual_seed(0)
    model = build_model(config(**options)).eval()
    torch.nn.init.normal_(model.head.fc.weight)
    return model


def looked_at(model, count: int = 3):
    inputs = model.data_preprocessor(tiny_batch(model, 32, count))['inputs']
    with torch.no_grad():
        return inputs, model.look(inputs)


def as_the_library(map: torch.Tensor, size: tuple[int, int]) -> np.ndarray:
    from pytorch_grad_cam.utils.image import scale_cam_image

    return scale_cam_image(scale_cam_image(map.clamp(min=0).numpy(), size[::-1]))


@pytest.mark.parametrize('stage', STAGES)
@pytest.mark.parametrize('method', LIBRARY)
def test_every_rule_is_what_the_library_makes_of_the_whole_network(method, stage):
    """The library, called as its users do: on images, with hooks, and everything it does to the model."""
    cams = pytest.importorskip('pytorch_grad_cam')
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    model = make(method=method, stage=stage)
    inputs, output = looked_at(model)
    labels = torch.tensor([4, 0, 2])
    own = output.maps_of(labels[:, None])[:, 0]
    plain = ScoresOfImages(copy.deepcopy(model))
    layer = plain.model.backbone.get_submodule(model.backbone._stage_paths[model.stage][-1])
    rule = getattr(cams, LIBRARY[method])(plain, [layer])
    expected = rule(inputs, [ClassifierOutputTarget(label) for label in labels.tolist()])
    np.testing.assert_allclose(as_the_library(own, inputs.shape[2:]), expected, atol=1e-4)
    assert own.std((1, 2)).max() > 0, 'the test needs a map that is not 0 everywhere'


def test_at_the_last_stage_grad_cam_is_cam():
    model = make(method='gradcam', stage='stage3', relu=False)
    inputs, output = looked_at(model)
    feats, passage = model.extract_feat(inputs)
    cam = model.head(feats, trunk=passage).maps
    size = feats[-1].shape[2] * feats[-1].shape[3]
    torch.testing.assert_close(output.maps, cam * feats[-1].shape[1] / size, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize('method', METHODS)
def test_nothing_is_left_and_every_class_may_be_asked(method):
    if method in LIBRARY:
        pytest.importorskip('pytorch_grad_cam')
    model = make(method=method, stage=None if method == 'cam' else 'stage2')
    names = {name: set(module.__dict__) for name, module in model.named_modules()}
    _, output = looked_at(model, 2)
    some = output.maps_of(torch.tensor([[1, 3], [0, 0]]))
    assert some.shape[:2] == (2, 2)
    assert not some.requires_grad
    assert not output.logits.requires_grad
    torch.testing.assert_close(some[0, 1], output.maps[0, 3], rtol=1e-4, atol=1e-6)
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(not m._forward_hooks and set(m.__dict__) == names[n] for n, m in model.named_modules())
    assert torch.is_grad_enabled()


@pytest.mark.parametrize('method', ['layercam', 'ablationcam', 'cam+component'])
def test_it_is_a_method_of_the_zoo(method):
    if method in LIBRARY:
        pytest.importorskip('pytorch_grad_cam')
    check_method(_config_object(method=method, stage='stage2'), size=32)


def test_it_reads_the_checkpoints_of_the_localizer_it_is_laid_upon():
    wrapped = config()['model'] | {'type': 'Localizer'}
    assert build_model({'model': wrapped}).state_dict().keys() == make().state_dict().keys()


def test_heads_that_read_several_stages_and_necks_are_passed():
    head = {'type': 'BASHead', 'num_classes': 5, 'tap': 'stage2', 'mid_channels': 8}
    settings = config(head, stage='stage1', method='gradcam++')
    settings['model']['backbone']['out_stages'] = ('stage2', 'stage3')
    settings['model']['necks'] = {'stage1': {'type': 'InCANeck'}}
    torch.manual_seed(0)
    model = build_model(settings).eval()
    for method in ('gradcam++', 'ablationcam'):
        model.method = method
        _, output = looked_at(model, 2)
        assert torch.isfinite(output.maps_of(torch.zeros(2, 1, dtype=torch.int64))).all()


def test_first_component_by_hand():
    """Four positions on the line (3, 4) t, t = -1, 0, 0, 1: the component is 5 t, positive where it is largest."""
    t = torch.tensor([[-1.0, 0.0], [0.0, 1.0]])
    feat = torch.stack([3 * t, 4 * t])[None] + torch.tensor([7.0, -2.0])[:, None, None]
    torch.testing.assert_close(first_component(feat).abs()[0], 5 * t.abs())
    torch.testing.assert_close(first_component(-2 * feat).abs()[0], 10 * t.abs())
    tall = torch.cat([feat, torch.zeros(1, 3, 2, 2)], 1)  # more channels than positions: the other matrix
    torch.testing.assert_close(first_component(tall).abs()[0], 5 * t.abs())
    assert first_component(torch.ones(1, 3, 2, 2)).abs().max() == 0


def test_cam_with_component_by_hand():
    t = torch.tensor([[-1.0, 0.0], [0.0, 1.0]])
    cam = torch.tensor([[4.0, 0.0], [2.0, 0.0]])
    feat = torch.stack([3 * t, 4 * t])[None]
    expected = torch.tensor([[1 + 1.0, 0.0 + 0.5], [0.5 + 0.5, 0.0 + 0.0]])
    torch.testing.assert_close(cam_with_component(cam[None], feat)[0], expected)
    torch.testing.assert_close(cam_with_component(cam[None], -feat)[0], expected)
    assert cam_with_component(cam[None], torch.randn(1, 3, 4, 6)).shape == (1, 4, 6)
    assert torch.equal(oriented(t[None], -t[None]), -t[None])


def test_mistakes_are_refused(monkeypatch):
    with pytest.raises(ValueError, match="did you mean 'layercam'"):
        build_model(config(method='layer-cam'))
    with pytest.raises(ValueError, match='no stage'):
        build_model(config(stage='layer4'))
    with pytest.raises(ValueError, match='last stage'):
        build_model(config(method='cam', stage='stage2'))
    with pytest.raises(ValueError, match='batch_size'):
        build_model(config(batch_size=0))
    with pytest.raises(TypeError, match='colour'):
        build_model(config(colour='red'))
    model = build_model(config()).train()
    with pytest.raises(RuntimeError, match='eval'):
        model.look(torch.zeros(1, 3, 32, 32))
    monkeypatch.setattr(posthoc, 'find_spec', lambda name: None)
    with pytest.raises(posthoc.NoGradCamError, match='posthoc'):
        build_model(config(method='gradcam'))
    build_model(config(method='cam+component'))


def _config_object(**options):
    from mmengine.config import Config

    return Config(config(**options))
