"""SPG: seeds by hand with their precedence, the losses from their definition, and who learns from which branch."""

import pytest
import torch
from torch.nn import functional as F

from wsolzoo.methods.spg import IGNORED, SPGHead, seed_loss, seeds
from wsolzoo.models.heads import ConvClassifier
from wsolzoo.run.launch import load_config
from wsolzoo.testing import build_model, tiny_batch


def make(**head):
    torch.manual_seed(0)
    settings = {'num_classes': 5, 'mid_channels': (8,), 'side_channels': (6, 7), 'seeds': {'fewest': 2}}
    return build_model({
        'model': {
            'type': 'Localizer',
            'data_preprocessor': {'type': 'ImgDataPreprocessor', 'mean': [128.0] * 3, 'std': [64.0] * 3},
            'backbone': {'type': 'PlainNet', 'base_channels': 4, 'out_stages': ('stage2', 'stage3.0', 'stage3.1')},
            'head': {'type': 'SPGHead', **settings, **head},
        }
    }).train()  # fmt: skip


def batch_of(model):
    data = model.data_preprocessor(tiny_batch(model, 32, batch_size=3), training=True)
    return data['inputs'], data['data_samples']


def test_seeds_by_hand():
    map = torch.tensor([[0.9, 0.71, 0.7], [0.3, 0.05, 0.04]])[None, None]
    assert seeds(map, high=0.7, low=0.05, fewest=2).tolist() == [[[[1, 1, 255], [255, 255, 0]]]]


def test_background_is_written_last():
    """Tuned thresholds may lie close to each other, and a weak map's own threshold below both."""
    map = torch.tensor([[0.010, 0.009], [0.002, 0.0]])[None, None]
    assert seeds(map, high=0.7, low=0.05, fewest=1).unique().tolist() == [0], 'though two of them are above 0.7 max'
    assert seeds(map, high=0.7, low=0.0, fewest=1).tolist() == [[[[1, 1], [255, 255]]]]


def test_only_the_images_with_few_seeds_take_a_threshold_of_their_own():
    strong, weak = [[0.9, 0.8], [0.71, 0.5]], [[0.9, 0.65], [0.6, 0.1]]
    found = seeds(torch.tensor([weak, strong, strong])[:, None], high=0.7, low=0.2, fewest=3)
    assert found[:, 0].tolist() == [[[1, 1], [255, 0]], [[1, 1], [1, 255]], [[1, 1], [1, 255]]]


def test_the_seed_loss_is_the_mean_over_the_seeds_of_the_batch():
    logits = torch.tensor([[0.0, 2.0], [-1.0, 50.0]])[:, None, None].requires_grad_()
    targets = torch.tensor([[1, 0], [255, 255]], dtype=torch.uint8)[:, None, None]
    loss = seed_loss(logits, targets)
    expected = (torch.tensor(2.0).log() + (1 + torch.tensor(2.0).exp()).log()) / 2
    torch.testing.assert_close(loss, expected)
    loss.backward()
    torch.testing.assert_close(logits.grad[0, 0, 0], torch.tensor([-0.25, torch.tensor(2.0).sigmoid() / 2]))
    assert logits.grad[1].tolist() == [[[0.0, 0.0]]]


def test_no_seed_at_all_is_no_loss_and_no_nan():
    logits = torch.full((1, 1, 2, 2), float('inf')).requires_grad_()
    loss = seed_loss(logits, torch.full((1, 1, 2, 2), IGNORED, dtype=torch.uint8))
    assert loss.item() == 0
    loss.backward()
    assert logits.grad.isfinite().all()


def test_losses_are_those_of_the_definition():
    weights, pairs = {'b2': 0.5, 'b1': 2.0}, {'high': 0.6, 'low': 0.2}
    model = make(loss_weight=weights, seeds={'b2': pairs, 'b1': {'high': 0.51, 'low': 0.49}, 'fewest': 5})
    head = model.head
    inputs, samples = batch_of(model)
    labels = torch.tensor([int(sample.gt_label) for sample in samples])
    scalars = model(inputs, samples, mode='loss')
    one, two, last = model.extract_feat(inputs)[0]
    hidden = last
    for layer in list(head.classifier)[:-1]:
        hidden = layer(hidden)
    scores = head.classifier[-1](hidden)
    up = {'size': (32, 32), 'mode': 'bilinear', 'align_corners': False}
    b1 = F.interpolate(head.shared(head.side1(one)), **up)
    b2 = F.interpolate(head.shared(head.side2(two)), **up)
    c = F.interpolate(head.guided(hidden), **up)
    attention = torch.stack([F.interpolate(scores[i : i + 1, y : y + 1], **up)[0] for i, y in enumerate(labels)])
    low, high = attention.amin((1, 2, 3), keepdim=True), attention.amax((1, 2, 3), keepdim=True)
    attention = (attention - low) / (high - low)
    fused = (b1.sigmoid() + b2.sigmoid()) / 2
    expected = {
        'b2': 0.5 * seed_loss(b2, seeds(attention, 0.6, 0.2, 5)),
        'b1': 2.0 * seed_loss(b1, seeds(b2.sigmoid(), 0.51, 0.49, 5)),
        'c': seed_loss(c, seeds(fused, 0.7, 0.1, 5)),
    }
    torch.testing.assert_close(scalars['loss_cls'], F.cross_entropy(scores.mean((2, 3)), labels))
    for name, value in expected.items():
        assert value > 0
        torch.testing.assert_close(scalars[f'loss_{name}'], value, msg=name)


BRANCH = {
    'loss_b2': ('head.side2', 'head.shared', 'backbone.stage3.0'),
    'loss_b1': ('head.side1', 'head.shared', 'backbone.stage2'),
    'loss_c': ('head.guided', 'head.classifier.0', 'backbone.stage3.1'),
}


@pytest.mark.parametrize('loss', BRANCH)
def test_a_branch_teaches_itself_and_what_it_reads_never_its_teacher(loss):
    model = make()
    model(*batch_of(model), mode='loss')[loss].backward()
    learned = {name for name, p in model.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
    for part in BRANCH[loss]:
        assert any(name.startswith(part) for name in learned), part
    others = {'head.side1', 'head.side2', 'head.shared', 'head.guided', 'head.classifier'}
    own = {'.'.join(part.split('.')[:2]) for part in BRANCH[loss]}
    assert not [name for name in learned if name.startswith(tuple(others - own))]
    assert 'head.classifier.2.weight' not in learned, 'the class maps are a teacher, never taught by a branch'


def test_a_test_reads_the_classifier_alone():
    model = make(dropout=0.5).eval()
    for part in (model.head.side1, model.head.side2, model.head.shared, model.head.guided):
        for parameter in part.parameters():
            torch.nn.init.constant_(parameter, float('nan'))
    inputs, samples = batch_of(model)
    first, second = (model(inputs, samples, mode='tensor') for _ in range(2))
    assert first.maps.isfinite().all()
    torch.testing.assert_close(first.maps, second.maps, msg='dropout ends with training')
    torch.testing.assert_close(first.maps.mean((2, 3)), first.logits)


def test_with_two_features_the_second_branch_reads_the_last():
    head = SPGHead(3, (4, 6), mid_channels=(), side_channels=(5, 5))
    assert head.side1[0].in_channels == 4
    assert head.side2[0].in_channels == head.classifier[-1].in_channels == head.guided[0].in_channels == 6


def test_the_hidden_feature_is_what_the_last_convolution_reads():
    classifier, feat = ConvClassifier(4, (6,), 3), torch.randn(1, 4, 5, 5)
    torch.testing.assert_close(classifier[-1](classifier.hidden(feat)), classifier(feat))
    assert ConvClassifier(4, (), 3).hidden(feat) is feat


TUNED = {
    'vgg16': (1.2558923e-4, (0.29, 0.23), (0.03, 0.02), (0.82, 0.59)),
    'inceptionv3': (3.360682e-4, (0.28, 0.02), (0.17, 0.03), (0.47, 0.31)),
    'resnet50': (4.521947e-5, (0.41, 0.35), (0.24, 0.21), (0.12, 0.08)),
}
"""Learning rate and the thresholds of the seeds that teach B2, B1 and C on CUB, by Choe et al."""


@pytest.mark.parametrize('backbone', TUNED)
def test_the_full_size_configs_carry_the_published_settings(backbone):
    cfg = load_config(f'spg/spg_{backbone}_1xb32-50e_cub-224px.py')
    pairs = [(cfg.model.head.seeds[name].high, cfg.model.head.seeds[name].low) for name in ('b2', 'b1', 'c')]
    assert (cfg.optim_wrapper.optimizer.lr, *pairs) == TUNED[backbone]
    stages = {
        'vgg16': ('pool4', 'conv5_3'),
        'inceptionv3': ('Mixed_5d', 'Mixed_6d', 'Mixed_6e'),
        'resnet50': ('layer3.0', 'layer3', 'layer4'),
    }
    assert tuple(cfg.model.backbone.out_stages) == stages[backbone]


def test_bad_arguments_say_what_to_do():
    with pytest.raises(ValueError, match='out_stages'):
        SPGHead(3, (4,))
    with pytest.raises(ValueError, match='b4'):
        SPGHead(3, (4, 6), seeds={'b4': {'high': 0.5}})
    with pytest.raises(ValueError, match='low <= high'):
        SPGHead(3, (4, 6), seeds={'c': {'high': 0.05}})
    with pytest.raises(ValueError, match='b9'):
        SPGHead(3, (4, 6), loss_weight={'b9': 1.0})
