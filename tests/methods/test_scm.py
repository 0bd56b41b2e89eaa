"""SCM against its reference values."""

import pytest
import torch
from torch.nn import functional as F

from wsolzoo.methods.scm import Diffusion, SCMHead, grid_laplacian, newton_schulz

SCORES = torch.tensor([[1.0, 0], [0.8, 0.6], [0, 1], [1, 1]]).T.reshape(1, 2, 2, 2)
ATTENTION = torch.tensor([1.0, 0.5, 0, 0.25]).view(1, 1, 2, 2)
ROUGHLY = {'rtol': 0, 'atol': 2e-6}


def test_the_matrix_of_four_tokens_and_its_inverse():
    directions = F.normalize(SCORES.flatten(2), dim=1)
    matrix = (grid_laplacian((2, 2)) * (directions.mT @ directions - 1))[0]
    expected = torch.tensor([[0, 0.2, 1, 0], [0.2, 0, 0, 0.010051], [1, 0, 0, 0.292893], [0, 0.010051, 0.292893, 0]])
    torch.testing.assert_close(matrix, expected, **ROUGHLY)
    flow = newton_schulz(matrix, 16).mT @ ATTENTION.flatten()
    torch.testing.assert_close(flow, torch.tensor([0.788256, 0.348215, 0.923538, -2.456594]), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ('iterations', 'added'),
    [(16, (0.950685, 0.833377, 1.0, 0.0)), (4, (0.000813, 0.006732, 1.0, 0.0))],
)
def test_one_layer(iterations, added):
    with torch.no_grad():
        scores, attention = Diffusion(iterations)(SCORES, ATTENTION)
    flow = torch.tensor(added).view(1, 1, 2, 2)
    torch.testing.assert_close(attention, ATTENTION + flow, rtol=0, atol=1e-5)
    torch.testing.assert_close(scores, SCORES * (1 + flow), rtol=0, atol=1e-5)


def test_neighbours_on_a_grid_that_is_not_square():
    laplacian = grid_laplacian((2, 3))
    assert laplacian.diagonal().tolist() == [2, 3, 2, 2, 3, 2]
    assert laplacian[1].tolist() == [-1, 3, -1, 0, -1, 0]
    assert not laplacian.sum(1).any()


def test_training_reads_the_calibrated_scores_and_a_test_the_plain_ones():
    torch.manual_seed(0)
    head = SCMHead(3, (2, 4))
    feats = (torch.rand(2, 2, 3, 4), torch.randn(2, 4, 3, 4))
    output, scalars = head.loss(feats, torch.tensor([0, 2]), None)
    plain = head.score(feats[1])
    torch.testing.assert_close(output.logits, plain.mean((2, 3)))
    assert scalars['loss_cls'] != F.cross_entropy(output.logits, torch.tensor([0, 2]))
    scalars['loss_cls'].backward()
    assert all(layer.lam.grad.isfinite() and layer.theta.grad.isfinite() for layer in head.layers)
    assert head.layers[0].lam.grad != 0
    attention = feats[0].sum(1, keepdim=True).flatten(2)
    low, high = attention.amin(2, keepdim=True), attention.amax(2, keepdim=True)
    torch.testing.assert_close(output.maps.flatten(2), (attention - low) / (high - low) * plain.flatten(2).detach())


def test_constant_attention_and_half_precision():
    head = SCMHead(3, (2, 4))
    feats = (torch.full((1, 2, 3, 4), 0.1), torch.zeros(1, 4, 3, 4, requires_grad=True))
    with torch.autocast('cpu', dtype=torch.bfloat16):
        loss = head.loss(feats, torch.tensor([1]), None)[1]['loss_cls']
    loss.backward()
    assert loss.isfinite()
    assert feats[1].grad.isfinite().all()
    with pytest.raises(ValueError, match='reads attention and patches'):
        SCMHead(3, (4,))
