"""TriLite against hand arithmetic."""

import math

import pytest
import torch
from torch.nn import functional as F

from wsolzoo.methods.trilite import TriHead, background_loss, share_mean

TOKENS = torch.tensor([[1.0, 0], [0, 1], [1, 1], [0, 0]]).T.reshape(1, 2, 2, 2)
SHARES = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.6, 0.3, 0.1], [0.1, 0.1, 0.8]]).T.reshape(1, 3, 2, 2)
ROUGHLY = {'rtol': 0, 'atol': 1e-6}


def test_means_of_four_tokens_and_their_losses():
    fg, bg = share_mean(TOKENS, SHARES[:, 0]), share_mean(TOKENS, SHARES[:, 1])
    torch.testing.assert_close(fg, torch.tensor([[0.866666, 0.466666]]), **ROUGHLY)
    torch.testing.assert_close(bg, torch.tensor([[0.357143, 0.785714]]), **ROUGHLY)
    label = torch.tensor([0])
    assert F.cross_entropy(2 * fg, label).item() == pytest.approx(0.371101, abs=1e-6)
    assert (2 * bg).softmax(1)[0, 0].item() == pytest.approx(0.297937, abs=1e-6)
    assert background_loss(2 * bg, label).item() == pytest.approx(0.353732, abs=1e-6)


def test_a_sure_answer_has_a_finite_loss_in_half_precision():
    sure = torch.tensor([[30.0, 0.0, 0.0]]).half().requires_grad_()
    found = background_loss(sure, torch.tensor([0]))
    assert found.item() == pytest.approx(-math.log(1e-7 + 2 * math.exp(-30)), rel=1e-4)
    found.backward()
    assert sure.grad.isfinite().all()


def test_the_head_is_these_formulas():
    torch.manual_seed(0)
    head = TriHead(3, (2, 5), {'background': 10.0}, dropout=(0.0, 0.0)).train()
    token, labels = torch.randn(4, 5, 1, 1), torch.tensor([0, 1, 2, 0])
    feat = torch.randn(4, 2, 3, 5)
    output, scalars = head.loss((feat, token), labels, None)
    shares = output.extras['shares']
    torch.testing.assert_close(shares.sum(1), torch.ones(4, 3, 5))
    torch.testing.assert_close(output.logits, head.fc_cls(token[..., 0, 0]))
    torch.testing.assert_close(output.maps[:, 1], shares[:, 0].detach())
    bg = head.fc_patch(share_mean(feat, shares[:, 1]))
    torch.testing.assert_close(scalars['loss_bg'], 10 * background_loss(bg, labels))
    assert scalars['map_area'].item() == pytest.approx(shares[:, 0].mean().item())
    scalars['loss_bg'].backward()
    assert head.divide[0].weight.grad.any(), 'the background moves the division'
    assert head.fc_patch.weight.grad.any(), 'and the classifier'
    assert head.fc_cls.weight.grad is None


def test_one_feature_serves_for_both():
    head = TriHead(3, (4,)).eval()
    feat = torch.randn(2, 4, 3, 3)
    torch.testing.assert_close(head((feat,)).logits, head.fc_cls(feat.mean((2, 3))))


def test_the_published_number_of_weights():
    head = TriHead(1000, (384, 384))
    assert sum(parameter.numel() for parameter in head.parameters()) == 780_374
