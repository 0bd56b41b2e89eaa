"""TokenCut against its reference values and a general solver."""

import pytest
import torch

from wsolzoo.methods.token_cut import TokenCutHead, normalised_cut
from wsolzoo.models.heads import component_of

TOKENS = [(1, 0.1), (1, 0.2), (0, 1), (1, 0), (0.9, 0.1), (0.1, 1), (0, 1), (0.1, 0.9), (0, 1.1)]
FEAT = torch.tensor(TOKENS).T.reshape(1, 2, 3, 3)


def test_the_eigenvector_of_nine_tokens():
    expected = [0.170408, 0.125846, -0.167699, 0.223980, 0.125846, -0.069925, -0.167699, -0.031646, -0.167699]
    found = normalised_cut(FEAT, 0.2)
    torch.testing.assert_close(found.flatten(), torch.tensor(expected).double(), rtol=0, atol=1e-6)


def test_it_solves_the_generalised_problem():
    from scipy.linalg import eigh

    torch.manual_seed(0)
    feat = torch.randn(2, 6, 3, 5)
    for image, found in zip(feat, normalised_cut(feat, 0.1), strict=True):
        k = torch.nn.functional.normalize(image.flatten(1).T.double(), dim=1)
        weights = torch.where(k @ k.T > 0.1, 1.0, 1e-5).double()
        degrees = weights.sum(1).diag()
        v = torch.from_numpy(eigh(degrees - weights, degrees)[1][:, 1])
        torch.testing.assert_close(found.flatten().abs(), v.abs())


def test_the_object_is_on_the_side_of_the_seed():
    whole = TokenCutHead(3, (2,), threshold=0.2, whole=True)((FEAT,)).maps[0, 0]
    assert whole.tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 0]]
    v = normalised_cut(FEAT.flip(2, 3), 0.2)
    assert v.flatten()[v.abs().argmax()] > v.mean()


def test_features_that_are_never_negative_are_centred():
    feat = FEAT.abs() + 2
    tokens = torch.nn.functional.normalize(feat.flatten(2), dim=1)
    assert (tokens.mT @ tokens).min() > 0.2, 'all of them agree: there is nothing to cut'
    centred = feat - feat.mean((2, 3), keepdim=True)
    torch.testing.assert_close(normalised_cut(feat, 0.2, centre=True), normalised_cut(centred, 0.2), atol=1e-5, rtol=0)


def test_a_component_is_connected_side_by_side():
    mask = torch.tensor([[1, 1, 0, 1], [0, 1, 0, 1], [1, 0, 1, 1]]).bool()[None].expand(3, -1, -1)
    found = component_of(mask, torch.tensor([0, 3, 2]))
    assert found[0].int().tolist() == [[1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]], 'corners do not connect'
    assert found[1].int().tolist() == [[0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 1, 1]]
    assert not found[2].any(), 'a seed outside the mask'


@pytest.mark.parametrize('classified', [(FEAT,), (FEAT, torch.ones(1, 4, 1, 1), torch.randn(1, 5, 3, 3))])
def test_the_classifier_reads_all_but_the_first_feature(classified):
    head = TokenCutHead(3, tuple(feat.shape[1] for feat in classified))
    output = head(classified)
    read = classified[1:] or classified
    torch.testing.assert_close(output.logits, head.fc(torch.cat([feat.mean((2, 3)) for feat in read], 1)))
    torch.testing.assert_close(output.maps_of(torch.tensor([[2, 0]]))[0, 1], normalised_cut(FEAT, 0.2)[0].float())


def test_half_precision_and_tokens_of_zero():
    feat = FEAT.clone().half()
    feat[..., 0, 2] = 0
    assert normalised_cut(feat, 0.2).isfinite().all()
