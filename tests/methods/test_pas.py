"""PaS: pooling by hand, its gradient, clamped read-out, the percentile as a standard, and the schedule's gradients."""

import copy

import numpy as np
import pytest
import torch
from mmengine.config import Config
from torch import nn

from wsolzoo import maps
from wsolzoo.engine.optim.paramwise import RegexOptimWrapperConstructor
from wsolzoo.evaluation.localization import protocols
from wsolzoo.methods.pas import PaSHead, thresholded_average
from wsolzoo.testing import scope


def head(**kwargs) -> PaSHead:
    return PaSHead(num_classes=2, in_channels=(2,), **kwargs)


def test_pooling_by_hand_is_strict_and_per_channel():
    feat = torch.tensor([[[[0.0, 10.0], [1.0, 4.0]], [[0.0, 0.0], [0.0, 8.0]]]])
    assert thresholded_average(feat, 0.1).tolist() == [[7.0, 8.0]], '1 > 0.1 * 10 does not hold'
    assert thresholded_average(feat, 0.0).tolist() == [[5.0, 8.0]]


def test_a_map_of_one_level_pools_to_the_average_times_the_area_over_the_active_part():
    feat = torch.zeros(1, 1, 7, 9)
    feat[..., :3, :5] = 2.5
    assert thresholded_average(feat, 0.1).item() == pytest.approx((feat.mean() * 63 / 15).item()) == 2.5


def test_a_channel_without_a_positive_value_is_0_and_has_no_gradient():
    feat = torch.tensor([[[[0.0, 0.0]], [[-1.0, -2.0]]]], requires_grad=True)
    pooled = thresholded_average(feat, 0.1)
    pooled.sum().backward()
    assert pooled.tolist() == [[0.0, 0.0]] and feat.grad.abs().sum() == 0


def test_threshold_and_count_are_constants_for_the_gradient():
    feat = torch.tensor([[[[0.0, 10.0], [0.5, 4.0]]]], requires_grad=True)
    thresholded_average(feat, 0.1).sum().backward()
    assert feat.grad.tolist() == [[[[0.0, 0.5], [0.0, 0.5]]]]


def test_half_precision_does_not_overflow():
    pooled = thresholded_average(torch.full((1, 3, 28, 28), 300.0, dtype=torch.half), 0.1)
    assert pooled.dtype == torch.half and pooled.tolist() == [[300.0] * 3]


def test_maps_use_positive_weights_of_the_whole_feature_and_scores_all_weights():
    made = head()
    feat = torch.tensor([[[[0.0, 10.0], [1.0, 4.0]], [[6.0, 6.0], [6.0, 6.0]]]])
    with torch.no_grad():
        made.fc.weight.copy_(torch.tensor([[1.0, -1.0], [-1.0, 2.0]]))
        made.fc.bias.copy_(torch.tensor([3.0, 4.0]))
    out = made((feat,))
    assert out.logits.tolist() == [[7.0 - 6.0 + 3.0, -7.0 + 12.0 + 4.0]]
    assert (out.maps * 2)[0].tolist() == [[[0.0, 10.0], [1.0, 4.0]], [[12.0, 12.0], [12.0, 12.0]]]
    assert not out.maps.requires_grad
    made.clamp = False
    assert (made((feat,)).maps * 2)[0, 0].tolist() == [[-6.0, 4.0], [-5.0, -2.0]]


def test_negative_weights_go_on_learning():
    made = head()
    with torch.no_grad():
        made.fc.weight.fill_(-1.0)
    _, scalars = made.loss((torch.rand(3, 2, 4, 4),), torch.tensor([0, 1, 0]), None)
    scalars['loss_cls'].backward()
    assert (made.fc.weight.grad != 0).all()


def test_the_percentile_is_the_standard_where_a_few_pixels_are_huge():
    """0.35 of the 90th percentile finds the object that 0.2 of the maximum loses behind one bright pixel."""
    map = np.zeros((20, 20))
    map[4:14, 4:14] = 1.0
    map[8, 8] = 12.0
    levels = maps.quantise(maps.minmax(map))
    rule = protocols.get('pas2020').threshold
    assert (rule.reference, rule.fixed) == ('p90', 0.35)
    assert levels[5, 5] == 21 == np.percentile(levels, 90)
    assert (levels > int(0.2 * levels.max())).sum() == 1
    assert (levels > int(rule.fixed * np.percentile(levels, 90))).sum() == 100


def test_scaled_gradients_are_a_smaller_rate_with_more_decay():
    """The source multiplies gradients by 0.1 and leaves weight decay alone; to SGD with momentum that is the same."""
    cfg = Config.fromfile('configs/_base_/schedules/pas_200e.py').optim_wrapper
    settings = {**cfg.optimizer, 'weight_decay': 0.1}  # so large that it would be seen
    torch.manual_seed(0)
    model = nn.ModuleDict({'backbone': nn.ModuleDict({'features': nn.Linear(4, 4), 'conv6': nn.Linear(4, 4)})})
    twin = copy.deepcopy(model)
    with scope():
        ours = RegexOptimWrapperConstructor({'optimizer': settings}, dict(cfg.paramwise_cfg))(model)
    theirs = torch.optim.SGD(twin.parameters(), **{k: v for k, v in settings.items() if k != 'type'})
    for _ in range(5):
        x = torch.randn(8, 4)
        for net in (model, twin):
            net.zero_grad()
            net['backbone']['conv6'](net['backbone']['features'](x)).square().sum().backward()
        for parameter in twin['backbone']['features'].parameters():
            parameter.grad *= 0.1
        ours.step()
        theirs.step()
    for one, other in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_impossible_settings_are_refused():
    with pytest.raises(ValueError, match=r'in \[0, 1\)'):
        head(threshold=1.0)
