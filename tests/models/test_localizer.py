"""The localizer against the definitions, and its messages."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from wsolzoo.models.heads import MaskHead
from wsolzoo.models.outputs import HeadOutput, LinearMaps, SharedMap
from wsolzoo.models.tasks.localizer import Localization
from wsolzoo.registry import MODELS
from wsolzoo.structures import DataSample
from wsolzoo.testing import build_model, tiny_batch
from wsolzoo.visualization import draw


def config(**changes) -> dict:
    model = {
        'type': 'Localizer',
        'data_preprocessor': {'type': 'ImgDataPreprocessor', 'mean': [100.0] * 3, 'std': [50.0] * 3},
        'backbone': {'type': 'PlainNet', 'base_channels': 4, 'strides': (2, 2)},
        'head': {'type': 'CAMHead', 'num_classes': 5},
    }
    return {'model': model | changes}


def prepared(model, **kwargs):
    return model.data_preprocessor(tiny_batch(model, 32, **kwargs), training=False)


@pytest.mark.parametrize('kind', ['tensor', 'linear'])
def test_maps_of_picks_the_classes_asked_for(kind):
    torch.manual_seed(0)
    linear = LinearMaps(torch.randn(2, 3, 4, 4), torch.randn(5, 3))
    output = HeadOutput(torch.zeros(2, 5), linear if kind == 'linear' else linear.all())
    classes = torch.tensor([[4, 0], [2, 2]])
    expected = torch.stack([linear.all()[n, classes[n]] for n in range(2)])
    torch.testing.assert_close(output.maps_of(classes), expected)


def test_a_linear_read_out_keeps_what_half_precision_can_hold():
    """Weights over thousands of channels are too small for a half once they are divided by their number."""
    torch.manual_seed(0)
    feat, weight = torch.rand(1, 2048, 5, 5), 0.01 * torch.randn(3, 2048)
    exact = torch.einsum('kc,nchw->nkhw', weight.double(), feat.double()) / 2048
    maps = LinearMaps(feat.half(), weight.half())
    span = exact.amax() - exact.amin()
    for found in (maps.all(), maps.of(torch.tensor([[0, 1, 2]]))):
        assert found.dtype == torch.float32
        assert (found - exact).abs().max() < 1e-3 * span


def test_three_modes():
    torch.manual_seed(0)
    model = build_model(config())
    batch = prepared(model)
    scalars = model(batch['inputs'], batch['data_samples'], mode='loss')
    assert set(scalars) == {'loss_cls', 'top1'}
    assert isinstance(model(batch['inputs']), HeadOutput)
    samples = model(batch['inputs'], batch['data_samples'], mode='predict')
    assert samples[0].pred_raw_map.shape == (8, 8)
    with pytest.raises(ValueError, match='mode must be'):
        model(batch['inputs'], mode='train')


@pytest.mark.parametrize('cam_class', ['gt', 'pred', 3])
def test_whose_map_is_predicted(cam_class):
    torch.manual_seed(0)
    model = build_model(config(cam_class=cam_class)).eval()
    batch = prepared(model)
    output = model(batch['inputs'])
    for n, sample in enumerate(model(batch['inputs'], batch['data_samples'], mode='predict')):
        ranked = output.logits[n].argsort(descending=True)
        classes = {'gt': [sample.gt_label], 'pred': [ranked[0]], 3: ranked[:3]}[cam_class]
        expected = torch.stack([output.maps[n, int(c)] for c in classes]).mean(0)
        torch.testing.assert_close(sample.pred_raw_map, expected)
        torch.testing.assert_close(sample.pred_scores, output.logits[n].softmax(0))
        assert sample.cam_class == cam_class


def test_a_map_for_each_of_several_classes():
    torch.manual_seed(0)
    model = build_model(config(cam_class='top3')).eval()
    batch = tiny_batch(model, 32, batch_size=2)
    views = torch.randint(0, 256, (10, 3, 32, 32), dtype=torch.uint8)
    batch['data_samples'][0].score_views = views  # the classes are those of the score that is reported
    output = model(model.data_preprocessor(copy.deepcopy(batch))['inputs'])
    for n, sample in enumerate(model.test_step(batch)):
        labels = sample.pred_scores.topk(3).indices
        assert torch.equal(sample.pred_map_labels, labels)
        torch.testing.assert_close(sample.pred_raw_maps, output.maps[n, labels])
        assert torch.equal(sample.pred_raw_map, sample.pred_raw_maps[0])


def test_an_answer_has_the_box_of_each_class():
    maps = torch.zeros(2, 8, 8)
    maps[0, 1:3, 1:4], maps[1, 5:7, 2:8] = 1, 1
    scores = torch.tensor([0.1, 0.6, 0.3])
    sample = DataSample(
        pred_scores=scores, pred_raw_map=maps[0], pred_raw_maps=maps, pred_map_labels=scores.argsort()[1:].flip(0)
    )
    asked = {'label': None, 'classes': ['cat', 'dog', 'fox']}
    answer = Localization(threshold=0.5).answer(sample, (8, 8), np.array([0.0, 0, 8, 8]), asked)
    assert answer['boxes'].tolist() == [[1, 1, 4, 3], [2, 5, 8, 7]]
    assert answer['box_labels'].tolist() == [1, 2]
    assert (answer['name'], answer['box_names']) == ('dog', ['dog', 'fox'])
    drawing = Localization().drawing(answer)
    assert drawing.box_names == ('dog', 'fox')
    picture, unnamed = (draw(np.zeros((64, 64, 3), np.uint8), one) for one in (drawing, replace(drawing, box_names=())))
    assert picture.shape == unnamed.shape and (picture != unnamed).any()


def test_class_scores_are_the_mean_softmax_of_the_views():
    torch.manual_seed(0)
    model = build_model(config()).eval()
    batch = tiny_batch(model, 32, batch_size=1)
    views = torch.randint(0, 256, (10, 3, 32, 32), dtype=torch.uint8)
    batch['data_samples'][0].score_views = views
    sample = model.test_step(batch)[0]
    expected = model((views.float() - 100) / 50).logits.softmax(1).mean(0)
    torch.testing.assert_close(sample.pred_scores, expected)


class Neck(nn.Module):
    def forward(self, feat):
        return feat * 2, None


def test_resuming_runs_the_rest_with_its_necks_and_frozen_teaches_nothing():
    torch.manual_seed(0)
    MODELS.register_module(name='TestDoublingNeck', module=Neck, force=True)
    model = build_model(config(necks={'stage1.1': {'type': 'TestDoublingNeck'}})).train()
    x = torch.randn(2, 3, 32, 32)
    (whole,), passage = model.extract_feat(x)
    stem = model.backbone.run_stage('stem', x)
    model.eval()
    torch.testing.assert_close(passage.resume(stem.detach(), after='stem')[0], 2 * model.backbone(stem, start=1)[0][0])
    model.train()
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    feature = stem.detach().requires_grad_()
    passage.resume(feature, after='stem', frozen=True)[0].sum().backward()
    assert feature.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(before[name], buffer) for name, buffer in model.named_buffers())
    assert whole.shape == (2, 8, 8, 8)


class RandomGate(nn.Module):
    """Hides positions at random, as an erasing neck does."""

    def forward(self, feat):
        return feat * (torch.rand(feat.shape[2:]) < 0.5), None


@pytest.mark.parametrize('frozen', [False, True])
def test_a_resumed_pass_draws_what_the_first_one_drew(frozen):
    MODELS.register_module(name='TestRandomGate', module=RandomGate, force=True)
    torch.manual_seed(0)
    backbone = config()['model']['backbone'] | {'out_stages': ('stem', 'stage1')}
    head = {'type': 'BASHead', 'num_classes': 5, 'tap': 'stem', 'mid_channels': 4}
    necks = {'stage1.0': {'type': 'TestRandomGate'}, 'stage1.1': {'type': 'TestRandomGate'}}
    model = build_model(config(backbone=backbone, head=head, necks=necks)).train()
    (stem, last), passage = model.extract_feat(torch.randn(2, 3, 32, 32))
    state = torch.get_rng_state()
    again = passage.resume(stem, after='stem', frozen=frozen)[-1]
    assert (last == 0).any() and torch.equal(again, last)
    assert torch.equal(torch.get_rng_state(), state), 'the resumed pass must not move the generator'
    (_, other), _ = model.extract_feat(passage.inputs)
    assert not torch.equal(other, last)


@pytest.mark.parametrize('place', ['stage1', 'stage1.1'])
def test_a_neck_named_by_its_group_stands_there_in_training_too(place):
    """A head that resumes the trunk has the random state kept after every stage; the necks must stay."""
    MODELS.register_module(name='TestDoublingNeck', module=Neck, force=True)
    backbone = config()['model']['backbone'] | {'out_stages': ('stem', 'stage1')}
    head = {'type': 'BASHead', 'num_classes': 5, 'tap': 'stem', 'mid_channels': 4}
    model = build_model(config(backbone=backbone, head=head, necks={place: {'type': 'TestDoublingNeck'}})).train()
    x = torch.randn(2, 3, 32, 32)
    (_, last), _ = model.extract_feat(x)
    torch.testing.assert_close(last, 2 * model.backbone(x)[0][1])


class Looking(nn.Module):
    """Doubles the feature and hands the channels it was built for to the losses."""

    needs_channels = True

    def __init__(self, in_channels):
        super().__init__()
        self.in_channels = in_channels

    def forward(self, feat):
        return feat * 2, self.in_channels


def test_necks_stand_inside_a_head_too():
    MODELS.register_module(name='TestLooking', module=Looking, force=True)
    torch.manual_seed(0)
    head = {'type': 'ConvCAMHead', 'num_classes': 5, 'mid_channels': (6, 7), 'dropout': 0.0}
    neck = {'type': 'TestLooking'}
    model = build_model(config(head=head, necks={'head.conv2': neck, 'head.conv1': neck, 'stage1.0': neck}))
    x = torch.randn(2, 3, 32, 32)
    feats, passage = model.extract_feat(x)
    assert passage.attentions == [8]
    got = model.head(feats, trunk=passage)
    assert passage.attentions == [8, 6, 7]
    conv1, _, conv2, _, last = model.head.classifier
    torch.testing.assert_close(got.maps, last(2 * conv2(2 * conv1(feats[0]).relu()).relu()))
    alone = model.head(feats)
    torch.testing.assert_close(alone.maps, last(conv2(conv1(feats[0]).relu()).relu()))
    with pytest.raises(ValueError, match=r"no place 'head.conv3'.*head.conv1, head.conv2.*stage1.0"):
        build_model(config(head=head, necks={'head.conv3': neck}))


def test_a_class_agnostic_map_is_the_map_of_every_class():
    shared = SharedMap(torch.randn(2, 1, 3, 4), num_classes=5)
    output = HeadOutput(torch.zeros(2, 5), shared)
    assert output.maps.shape == (2, 5, 3, 4)
    assert torch.equal(output.maps_of(torch.tensor([[4, 0], [2, 2]])), shared.map.expand(2, 2, 3, 4))


class Mixing(nn.Module):
    mixes_labels = True

    def forward(self, inputs, labels):
        return inputs, F.one_hot(labels, 5).float()


def test_augmentations_may_soften_labels_unless_the_head_needs_one():
    MODELS.register_module(name='TestMixing', module=Mixing, force=True)
    model = build_model(config(batch_augments=[{'type': 'TestMixing'}]))
    batch = prepared(model)
    assert torch.isfinite(model(batch['inputs'], batch['data_samples'], mode='loss')['loss_cls'])
    head = {'type': 'BASHead', 'num_classes': 5, 'tap': 'stem', 'mid_channels': 4}
    backbone = {'type': 'PlainNet', 'base_channels': 4, 'strides': (2, 2), 'out_stages': ('stem', 'stage1')}
    with pytest.raises(ValueError, match='mixture of two'):
        build_model(config(backbone=backbone, head=head, batch_augments=[{'type': 'TestMixing'}]))


def test_messages_say_what_to_do():
    with pytest.raises(
        ValueError, match="cam_class must be 'gt', 'pred', a positive integer or such as 'top5'; got 'top'"
    ):
        build_model(config(cam_class='top'))
    with pytest.raises(ValueError, match='num_classes must be at least 1'):
        MaskHead(0, (3,))
    with pytest.raises(ValueError, match='stage1'):
        build_model(config(necks={'stage9': {'type': 'InCANeck'}}))
    model = build_model(config())
    with pytest.raises(ValueError, match=r'cam_class="pred"'):
        model(torch.zeros(1, 3, 32, 32), [DataSample(metainfo={'img_id': 'a.jpg'})], mode='predict')
    with pytest.raises(ValueError, match=r"'a.jpg' has label 7, but head.num_classes=5 allows 0..4"):
        model(torch.zeros(1, 3, 32, 32), [DataSample(metainfo={'img_id': 'a.jpg'}, gt_label=7)], mode='loss')
