"""C2AM: the contrast by hand, who learns, and which of the two parts the map is."""

import pytest
import torch

from wsolzoo.methods.c2am import C2AMHead, apart, similarities, together
from wsolzoo.models.trunk import TrunkPass

FRONT = torch.tensor([[1.0, 0.0], [0.8, 0.6], [0.6, 0.8]])
BACK = torch.tensor([[0.0, 1.0], [0.1, 1.0], [0.5, 0.5]])


def test_the_contrast_by_hand():
    assert apart(BACK, FRONT).item() == pytest.approx(1.791587, abs=1e-6)
    assert together(FRONT, 0.25).item() == pytest.approx(0.141796, abs=1e-6)
    assert together(BACK, 0.25).item() == pytest.approx(0.111944, abs=1e-6)
    assert similarities(FRONT, -FRONT).max() == pytest.approx(0.0005), 'opposite vectors have a finite logarithm'


def test_equal_vectors_and_half_precision_are_finite():
    vectors = torch.ones(4, 3, dtype=torch.float16, requires_grad=True)
    value = together(vectors, 0.05) + apart(vectors, torch.zeros(4, 3, dtype=torch.float16))
    value.backward()
    assert value.dtype == torch.float32 and torch.isfinite(value) and torch.isfinite(vectors.grad).all()


def make(**settings):
    torch.manual_seed(0)
    return C2AMHead(5, (4, 8), loss_weight={'apart': 1.0, 'fg': 1.0, 'bg': 1.0}, **settings).train()


def step(head, labels=(0, 1, 2)):
    torch.manual_seed(1)
    feats = (torch.rand(3, 4, 8, 8, requires_grad=True), torch.rand(3, 8, 4, 4, requires_grad=True))
    output, scalars = head.loss(feats, torch.tensor(labels), TrunkPass(None, torch.zeros(3, 3, 32, 32)))
    return feats, output, scalars


def test_both_features_and_the_map_learn_and_labels_do_not_matter():
    head = make()
    feats, output, scalars = step(head)
    assert output.maps.shape == (3, 5, 8, 8), 'on the grid of the finer feature'
    sum(value for name, value in scalars.items() if 'loss' in name).backward()
    assert all(feat.grad.any() for feat in feats) and head.part[0].weight.grad.any()
    others = step(make(), labels=(4, 4, 4))[2]
    assert all(torch.equal(others[name], scalars[name]) for name in scalars)


def test_a_part_that_covers_the_border_is_the_background():
    head = make(momentum=0.5).eval()
    feats = (torch.rand(1, 4, 8, 8), torch.rand(1, 8, 4, 4))
    part, _ = head.split(feats)
    torch.testing.assert_close(head(feats).maps[:, :1], part)
    covered = torch.zeros(1, 1, 8, 8)
    covered[..., 0, :] = covered[..., -1, :] = covered[..., 0] = covered[..., -1] = 1
    head.look_at_border(covered)
    torch.testing.assert_close(head(feats).maps[:, :1], 1 - part)
    assert 'border' in head.state_dict(), 'it is remembered'
    head.look_at_border(1 - covered)
    head.look_at_border(1 - covered)
    torch.testing.assert_close(head(feats).maps[:, :1], part)


def test_an_unknown_term_is_refused():
    with pytest.raises(ValueError, match='apart, fg, bg'):
        C2AMHead(5, (4,), loss_weight={'sim': 1.0})


def test_equal_parts_have_a_finite_loss_in_half_precision():
    vectors = torch.ones(3, 4)
    with torch.autocast('cpu', torch.bfloat16):
        assert apart(vectors, vectors).isfinite(), '0.9995 is 1 in bfloat16'
