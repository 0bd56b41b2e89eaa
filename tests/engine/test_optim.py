"""Parameter groups by name, by hand."""

import pytest
import torch
from torch import nn

from wsolzoo.engine.optim.paramwise import RegexOptimWrapperConstructor, multipliers


def model() -> nn.Module:
    net = nn.Module()
    net.backbone, net.head = nn.Linear(2, 2), nn.Linear(2, 2)
    net.frozen = nn.Linear(2, 2).requires_grad_(False)
    return net


def build(*rules: dict, **optimizer) -> torch.optim.Optimizer:
    settings = {'type': 'SGD', 'lr': 0.1, 'weight_decay': 0.01, **optimizer}
    constructor = RegexOptimWrapperConstructor({'type': 'OptimWrapper', 'optimizer': settings}, {'rules': list(rules)})
    return constructor(model()).optimizer


def test_the_groups_of_bas():
    optimizer = build(
        {'pattern': '^head', 'lr_mult': 10, 'bias_lr_mult': 20}, {'pattern': '^backbone', 'bias_lr_mult': 2}
    )
    assert sorted(round(group['lr'], 9) for group in optimizer.param_groups) == [0.1, 0.2, 1.0, 2.0]
    assert {group['weight_decay'] for group in optimizer.param_groups} == {0.01}
    assert sum(len(group['params']) for group in optimizer.param_groups) == 4, 'frozen parameters are left out'


def test_first_rule_wins_and_the_rest_keeps_the_base_values():
    assert multipliers({'lr_mult': 3}, 'a.bias') == (3.0, 1.0)
    assert multipliers({}, 'a.weight') == (1.0, 1.0)
    optimizer = build({'pattern': 'weight', 'lr_mult': 2, 'decay_mult': 0}, {'pattern': '^head', 'lr_mult': 5})
    groups = {(round(g['lr'], 9), g['weight_decay']): len(g['params']) for g in optimizer.param_groups}
    assert groups == {(0.2, 0.0): 2, (0.5, 0.01): 1, (0.1, 0.01): 1}


def test_a_rule_that_matches_nothing_is_a_misspelling():
    with pytest.raises(ValueError, match=r"optimizer rules \['haed'\] match no parameter; parameter names look like"):
        build({'pattern': 'haed', 'lr_mult': 10})
