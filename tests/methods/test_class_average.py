"""Class-average maps: the loss by hand, exact averages whatever the split over processes, and the two phases."""

import pytest
import torch

from wsolzoo.methods.class_average import ClassAverageLoss, class_sums
from wsolzoo.models.outputs import HeadOutput, LocOutputs
from wsolzoo.structures import LocSample


def outputs(maps, labels, flips=None) -> LocOutputs:
    maps = torch.as_tensor(maps)[:, None]
    samples = [LocSample(metainfo={'flip': flip}) for flip in flips or [False] * len(maps)]
    head = HeadOutput(torch.zeros(len(maps), 3), maps, {'label_map': maps})
    return LocOutputs(maps, (maps,), (), head, torch.tensor(labels), samples)


def filled(**kwargs) -> ClassAverageLoss:
    loss = ClassAverageLoss(num_classes=3, map_size=(1, 2), weight=1.0, **kwargs)
    loss.mean_maps.copy_(torch.tensor([[[0.0, 1.0]], [[0.5, 0.5]], [[9.0, 9.0]]]))
    loss.counts.copy_(torch.tensor([4, 2, 0]))
    loss.active = True
    return loss


def test_nothing_before_the_late_phase():
    assert ClassAverageLoss(3, (1, 2))(outputs([[[0.0, 0.0]]], [0])) == {}


def test_loss_by_hand():
    batch = outputs([[[0.5, 0.5]], [[0.0, 1.0]], [[0.0, 0.0]]], [0, 1, 2])
    assert filled()(batch)['loss_avg'].item() == pytest.approx((0.5 + 0.5 + 0.0) / 3)
    assert filled(reduction='sum')(batch)['loss_avg'].item() == pytest.approx((1.0 + 1.0 + 0.0) / 3)


def test_target_flips_with_the_image():
    batch = outputs([[[1.0, 0.0]], [[1.0, 0.0]]], [0, 0], flips=[True, False])
    assert filled(flip_target=True)(batch)['loss_avg'].item() == pytest.approx(0.5)


def test_averages_are_constants_and_travel_in_the_state_dict():
    loss = filled()
    maps = torch.rand(2, 1, 2, requires_grad=True)
    batch = outputs(maps, [0, 1])
    loss(batch)['loss_avg'].backward()
    assert maps.grad.abs().sum() > 0
    assert set(loss.state_dict()) == {'mean_maps', 'counts'}
    assert not list(loss.parameters())


def test_sums_do_not_depend_on_how_images_are_split():
    torch.manual_seed(0)
    maps, labels = torch.rand(11, 4, 4), torch.randint(3, (11,))
    whole_sums, whole_counts = class_sums(maps, labels, 3)
    parts = [class_sums(maps[i::3], labels[i::3], 3) for i in range(3)]
    torch.testing.assert_close(sum(sums for sums, _ in parts), whole_sums, rtol=1e-15, atol=1e-15)
    assert torch.equal(sum(counts for _, counts in parts), whole_counts)
    for label in range(3):
        torch.testing.assert_close(whole_sums[label], maps[labels == label].double().sum(0))


def test_wrong_size_and_wrong_head_say_what_to_do():
    with pytest.raises(ValueError, match='map_size'):
        filled()(outputs(torch.zeros(1, 3, 3), [0]))
    bare = outputs([[[0.0, 0.0]]], [0])
    bare.head.extras.clear()
    with pytest.raises(ValueError, match='BASHead'):
        filled()(bare)
