"""CutMix: the box by hand, labels by the area that was really pasted, and what it does not go with."""

import pytest
import torch
from mmengine.config import Config
from torch.nn import functional as F

from wsolzoo.methods.cutmix import CutMix, box_around
from wsolzoo.models.tasks.localizer import CombinationError
from wsolzoo.testing import build_model, tiny_batch

CONFIG = 'configs/cutmix/cutmix_plainnet_1xb32-15e_scenes-96px.py'
BAS = 'configs/_base_/models/bas_plainnet.py'


@pytest.mark.parametrize(
    ('center', 'share', 'size', 'box'),
    [
        ((5, 4), 0.25, (10, 8), (2, 3, 6, 7)),  # sides 5 -> 2 + 2 and 4 -> 2 + 2: halves are rounded down
        ((0, 0), 0.25, (10, 8), (0, 0, 2, 2)),
        ((9, 7), 0.25, (10, 8), (5, 7, 8, 10)),
        ((5, 4), 1.0, (10, 8), (0, 0, 8, 10)),
        ((5, 4), 0.0, (10, 8), (4, 5, 4, 5)),
    ],
)
def test_boxes_by_hand(center, share, size, box):
    assert box_around(center, share, size) == box


def mixed(beta: float = 1.0, seed: int = 0, count: int = 5) -> tuple:
    torch.manual_seed(seed)
    inputs = torch.arange(count).float()[:, None, None, None].expand(-1, 3, 12, 20).clone()
    labels = torch.arange(count)
    return (inputs, labels, *CutMix(num_classes=count, beta=beta)(inputs, labels))


def test_label_shares_are_the_pixels_of_each_image():
    shares = []
    for seed in range(8):
        _, _, images, soft = mixed(seed=seed)
        for image, label in zip(images, soft, strict=True):
            counted = torch.bincount(image[0].flatten().long(), minlength=5) / image[0].numel()
            torch.testing.assert_close(label, counted)
        shares.append(soft.diagonal().min().item())
    assert min(shares) < 0.7 and len(set(shares)) > 4, 'it does mix'


def test_what_is_pasted_was_read_before_it_was_written():
    torch.manual_seed(2)
    inputs = torch.randn(6, 3, 16, 16)
    before = inputs.clone()
    images, soft = CutMix(num_classes=6)(inputs, torch.arange(6))
    others = (soft - torch.eye(6) * 2).argmax(1)
    changed = images != before
    assert changed.any() and torch.equal(inputs, before), 'the batch that came is not changed'
    assert torch.equal(images[changed], before[others][changed])


def test_cross_entropy_with_soft_labels_is_the_mixture():
    _, labels, _, soft = mixed(seed=3)
    logits = torch.randn(5, 5)
    partner = (soft - torch.eye(5) * 2).argmax(1)
    share = 1 - soft.diagonal()
    each = F.cross_entropy(logits, labels, reduction='none'), F.cross_entropy(logits, partner, reduction='none')
    mixture = ((1 - share) * each[0] + share * each[1]).mean()
    assert F.cross_entropy(logits, soft).item() == pytest.approx(mixture.item())


def test_a_batch_that_is_not_mixed_keeps_its_labels():
    inputs, labels = torch.randn(3, 3, 8, 8), torch.arange(3)
    same = CutMix(num_classes=3, prob=0.0)(inputs, labels)
    assert same[0] is inputs and same[1] is labels


def test_labels_that_are_mixed_already_are_mixed_again():
    torch.manual_seed(0)
    soft = torch.rand(4, 3).softmax(1)
    _, again = CutMix(num_classes=3)(torch.randn(4, 3, 8, 8), soft)
    torch.testing.assert_close(again.sum(1), torch.ones(4))


def test_small_beta_gives_nearly_nothing_or_nearly_everything_and_never_nan():
    torch.manual_seed(0)
    draws = torch.tensor([CutMix(2, beta=0.04).draw_lambda() for _ in range(1000)])
    assert draws.isfinite().all()
    assert ((draws < 0.01) | (draws > 0.99)).float().mean() > 0.75
    assert draws.mean().item() == pytest.approx(0.5, abs=0.06)


def test_the_localizer_fills_in_the_classes_and_trains_with_soft_labels():
    model = build_model(Config.fromfile(CONFIG))
    assert model.batch_augments[0].num_classes == model.head.num_classes
    model.batch_augments[0].prob = 1.0
    batch = model.data_preprocessor(tiny_batch(model, 64), training=True)
    scalars = model.train().loss(batch['inputs'], batch['data_samples'])
    assert scalars['loss_cls'].isfinite() and 0 <= scalars['top1'] <= 100


def test_heads_that_need_one_class_an_image_are_refused():
    with pytest.raises(CombinationError, match='BASHead .* CutMix gives images a mixture of two'):
        build_model({'model': {**Config.fromfile(BAS).model, 'batch_augments': [{'type': 'CutMix'}]}})


@pytest.mark.parametrize(('wrong', 'said'), [({'beta': 0.0}, 'is positive'), ({'prob': -1}, 'probability')])
def test_impossible_settings_are_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        CutMix(2, **wrong)
