"""The nets of the lectures: sizes and counts by hand, the table of C3, normalisation, layers that slide."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from wsolzoo.methods.lenet import SlidingHead
from wsolzoo.models.backbones import AlexNetPaper, LeNet5
from wsolzoo.models.backbones.alexnet import LocalResponseNorm
from wsolzoo.models.backbones.lenet import TABLE, ScaledTanh, TableConv2d
from wsolzoo.registry import MODELS
from wsolzoo.testing import build_model, tiny_batch


def count(*modules: nn.Module) -> int:
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


def test_the_table_of_c3():
    assert sum(map(len, TABLE)) == 60
    assert [sum(into in inputs for inputs in TABLE) for into in range(6)] == [10] * 6
    assert count(TableConv2d(TABLE, 5)) == 60 * 25 + 16 == 1516


def test_a_map_of_c3_sees_the_maps_of_its_row_alone():
    conv = TableConv2d(TABLE, 5)
    x = torch.randn(1, 6, 5, 5, requires_grad=True)
    for out, inputs in enumerate(TABLE):
        (slope,) = torch.autograd.grad(conv(x)[0, out].sum(), x)
        assert tuple(torch.nonzero(slope[0].abs().sum((1, 2))).flatten().tolist()) == inputs
    by_hand = sum((x[0, into] * conv.weight[link]).sum() for link, into in enumerate(TABLE[0])) + conv.bias[0]
    assert torch.isclose(conv(x)[0, 0, 0, 0], by_hand, atol=1e-5)


@pytest.mark.parametrize(
    ('kwargs', 'expected'),
    [({}, 60806), ({'partial': False}, 61706), ({'pool': 'trainable'}, 60000 + 84 * 10 + 10)],
)
def test_parameters_of_lenet5(kwargs, expected):
    backbone = LeNet5(**kwargs)
    assert count(backbone, SlidingHead(10, backbone.out_channels)) == expected


def test_sides_of_lenet5():
    backbone = LeNet5(out_stages=('c1', 's2', 'c3', 's4'))
    assert [feat.shape[2] for feat in backbone(torch.randn(1, 1, 32, 32))[0]] == [28, 14, 10, 5]
    grey = torch.rand(1, 1, 32, 32)
    assert torch.allclose(backbone(grey)[0][-1], backbone(grey.expand(-1, 3, -1, -1))[0][-1], atol=1e-6)


def test_subsampling_takes_the_mean():
    block = torch.tensor([[37.0, 7.0], [22.0, 12.0]])[None, None]
    pool = LeNet5(pool='trainable').s2
    assert pool(block.expand(1, 6, 2, 2)).flatten().tolist() == [19.5] * 6
    assert float(ScaledTanh()(torch.tensor(1.0))) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(('groups', 'expected'), [(1, 62_378_344), (2, 60_965_224)])
def test_parameters_of_alexnet(groups, expected):
    with torch.device('meta'):
        backbone = AlexNetPaper(groups=groups)
        head = SlidingHead(1000, backbone.out_channels, 6, (4096, 4096), 'relu', 0.5)
    assert count(backbone, head) == expected


@pytest.mark.parametrize(('size', 'padding'), [(224, 2), (227, 0)])
def test_sides_of_alexnet(size, padding):
    with torch.device('meta'):
        backbone = AlexNetPaper(stem_padding=padding)
        backbone.out_stages = backbone.stage_names
        feats, _ = backbone(torch.empty(1, 3, size, size))
    assert [feat.shape[2] for feat in feats] == [55, 27, 27, 13, 13, 13, 13, 6]


def test_normalisation_sums_squares_where_torch_takes_their_mean():
    x = torch.full((1, 5, 1, 1), 10.0)
    expected = 10 / (2 + 1e-4 * 5 * 100) ** 0.75  # the middle channel has all five neighbours
    assert float(LocalResponseNorm()(x)[0, 2]) == pytest.approx(expected)
    assert float(LocalResponseNorm()(x)[0, 0]) == pytest.approx(10 / (2 + 1e-4 * 3 * 100) ** 0.75)


def test_the_order_of_pool_and_normalisation():
    torch.manual_seed(0)
    x = torch.rand(1, 3, 64, 64)
    for first, paths in ((True, 'conv1'), (False, 'pool1')):
        backbone = AlexNetPaper(width=0.1, norm_first=first)
        assert any('norm1' in path for path in backbone._stage_paths[paths])
        assert backbone(x)[0][0].shape[2] == 1


def test_sliding_layers_are_the_flat_ones():
    torch.manual_seed(0)
    head = SlidingHead(3, (4,), 5, (6,), 'tanh')
    feat = torch.randn(2, 4, 5, 5)
    first, _, last = head.layers
    hidden = torch.tanh(F.linear(feat.flatten(1), first.weight.flatten(1), first.bias))
    expected = F.linear(hidden, last.weight.flatten(1), last.bias)
    output = head((feat,))
    assert torch.allclose(output.logits, expected, atol=1e-5)
    assert output.maps.shape == (2, 3, 5, 5)
    assert torch.allclose(output.maps[:, :, 2, 2], expected, atol=1e-5), 'centred: the whole feature is seen'
    classes = torch.tensor([[2], [0]])
    assert torch.equal(output.maps_of(classes)[0, 0], output.maps[0, 2])


def test_a_feature_that_is_too_small_is_explained():
    with pytest.raises(ValueError, match='larger images'):
        SlidingHead(3, (4,), 5)((torch.zeros(1, 4, 4, 4),))


@pytest.mark.parametrize(
    'backbone',
    [
        {'type': 'LeNet5'},
        {'type': 'AlexNetPaper', 'width': 0.25, 'lrn': True},
    ],
    ids=lambda backbone: backbone['type'],
)
def test_a_cam_learns_on_them(backbone):
    """Four plain pictures, four classes: the loss falls, and maps come out. For VGG, ResNet: test_combinations.py."""
    torch.manual_seed(0)
    settings = {
        'type': 'Localizer',
        'backbone': backbone,
        'head': {'type': 'CAMHead', 'num_classes': 4},
        'data_preprocessor': {'type': 'ImgDataPreprocessor', 'mean': [127.5] * 3, 'std': [64.0] * 3},
    }
    model = build_model({'model': settings}).train()
    batch = tiny_batch(model, 64, batch_size=4)
    for index, (image, sample) in enumerate(zip(batch['inputs'], batch['data_samples'], strict=True)):
        image[:] = torch.tensor([0, 80, 160, 240], dtype=torch.uint8).roll(index)[:3, None, None]
        sample.gt_label = torch.tensor([index])
    optimizer, course = torch.optim.Adam(model.parameters(), lr=5e-3), []
    for _ in range(25):
        loss = model(**model.data_preprocessor(batch, training=True), mode='loss')['loss_cls']
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        course.append(float(loss.detach()))
    assert course[-1] < 0.7 * course[0], course
    (sample, *_) = model.eval().test_step(batch)
    assert sample.pred_raw_map.ndim == 2 and sample.pred_scores.shape == (4,)


@pytest.mark.parametrize(
    'backbone',
    [{'type': 'LeNet5', 'out_stages': ['c3']}, {'type': 'AlexNetPaper', 'width': 0.1, 'out_stages': ['conv5']}],
)
def test_they_are_backbones_of_a_cam(backbone):
    model = MODELS.build(
        {
            'type': 'Localizer',
            'backbone': backbone,
            'head': {'type': 'CAMHead', 'num_classes': 4},
            'necks': {backbone['out_stages'][0]: {'type': 'ADLNeck'}},
            '_scope_': 'wsolzoo',
        }
    ).eval()
    with torch.no_grad():
        (sample,) = model.predict(torch.rand(1, 3, 64, 64), cam_class='pred')
    assert min(sample.pred_raw_map.shape) >= 2 and sample.pred_scores.shape == (4,)
