"""F-CAM, NEGEV and PixelCAM: who learns, where the seeds come from, what the map is."""

import types

import pytest
import torch

from wsolzoo.methods.fcam import BarrierHook, FCAMHead
from wsolzoo.methods.negev import NEGEVHead
from wsolzoo.methods.pixelcam import PixelCAMHead
from wsolzoo.models.heads.seeded import UNetDecoder
from wsolzoo.models.tasks.localizer import CombinationError
from wsolzoo.models.trunk import TrunkPass
from wsolzoo.structures import DataSample
from wsolzoo.testing import build_model, scope

CHANNELS = (4, 6, 8)


def make(kind=FCAMHead, widths=(8, 6, 4), **loss_weight):
    torch.manual_seed(0)
    with scope():
        return kind(5, CHANNELS, {'type': 'CAMHead'}, loss_weight, widths).train()


def step(head, samples=()):
    torch.manual_seed(1)
    feats = tuple(torch.rand(2, channels, 32 // 2**i, 32 // 2**i) for i, channels in enumerate(CHANNELS))
    trunk = TrunkPass(None, torch.rand(2, 3, 64, 64), samples)
    return head.loss(feats, torch.tensor([0, 3]), trunk)


def learning(head, scalars) -> set[str]:
    sum(value for name, value in scalars.items() if 'loss' in name).backward()
    return {name.partition('.')[0] for name, p in head.named_parameters() if p.grad is not None and p.grad.any()}


def test_the_decoder_learns_alone():
    head = make(seeds=1.0, size=0.1, colour=0.1)
    output, scalars = step(head)
    assert {'loss_seeds', 'loss_size', 'loss_colour'} == {name for name in scalars if 'loss' in name}
    assert scalars['loss_size'] < 0, 'an area is a number of pixels'
    assert learning(head, scalars) == {'decoder'}
    assert not head.classifier.training and head.decoder.training, 'the classifier stays as in a test'
    assert output.maps.shape == (2, 5, 32, 32) and output.maps.min() > 0 and output.maps.max() < 1
    assert 0 < scalars['seeded'] <= 18 / 64**2


def test_an_image_classifier_learns_beside_where_its_term_has_a_weight():
    map = torch.zeros(1, 64, 64)
    map[0, 16:48, 16:48] = 1
    samples = [DataSample(pseudo_map=map + 0.0), DataSample(pseudo_map=map + 0.0)]
    head = make(PixelCAMHead, (), seeds=1.0, cls=1.0)
    output, scalars = step(head, samples)
    assert learning(head, scalars) == {'decoder', 'classifier'} and head.classifier.training
    assert output.maps.shape == (2, 5, 8, 8), 'at the resolution of the last feature'
    assert scalars['seeded'] <= 10 / 64**2
    with pytest.raises(ValueError, match='has no pseudo_map'):
        step(head, [DataSample(), DataSample()])


def test_seeds_of_the_image_s_own_class():
    head = make(NEGEVHead)
    feats = tuple(torch.rand(2, channels, 8, 8) for channels in CHANNELS)
    told = head.classifier(feats)
    trunk = TrunkPass(None, torch.rand(2, 3, 16, 16))
    said = head.said(told, torch.tensor([1, 4]), trunk)
    assert said.shape == (2, 16, 16) and said.amin((1, 2)).tolist() == [0, 0] and said.amax((1, 2)).tolist() == [1, 1]
    assert not torch.equal(said, head.said(told, torch.tensor([4, 1]), trunk))
    assert head.sampler.background['share'] == 1 and head.sampler.object['pool'] == 'all'


def test_a_decoder_needs_a_width_for_each_feature():
    with pytest.raises(ValueError, match='each of 3 features'):
        UNetDecoder(CHANNELS, (8, 4))


def test_a_backbone_that_learns_below_a_held_classifier_is_refused():
    model = {
        'type': 'Localizer',
        'backbone': {'type': 'PlainNet', 'base_channels': 4},
        'head': {'type': 'FCAMHead', 'num_classes': 5, 'classifier': {'type': 'CAMHead'}, 'widths': (4,)},
    }
    with pytest.raises(CombinationError, match='freeze=True'):
        build_model({'model': model})
    model['head'] |= {'loss_weight': {'cls': 1.0}}
    assert build_model({'model': model}).head.held is False


def test_the_barrier_sharpens_with_the_epochs():
    head = make()
    runner = types.SimpleNamespace(model=types.SimpleNamespace(head=head), epoch=2)
    BarrierHook(rate=2.0, most=3.0).before_train_epoch(runner)
    assert head.barrier == 3.0
    runner.epoch = 0
    BarrierHook().before_train_epoch(runner)
    assert head.barrier == 1.0
