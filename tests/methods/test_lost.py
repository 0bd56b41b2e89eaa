"""LOST against its reference values."""

import pytest
import torch

from wsolzoo.methods.lost import LOSTHead, seed_expansion

TOKENS = [(1, 0.1), (1, 0.2), (0, 1), (1, 0), (0.9, 0.1), (0.1, 1), (0, 1), (0.1, 0.9), (0, 1.1)]
FEAT = torch.tensor(TOKENS).T.reshape(1, 2, 3, 3)


def test_the_expansion_of_nine_tokens():
    votes, seed = seed_expansion(FEAT, candidates=4, centre=True)
    assert seed.tolist() == [0], 'of the degrees 3 3 4 / 3 3 4 / 4 4 4 the first of the lowest'
    expected = [2.131235, 1.931235, -1.746543, 2.331235, 1.923457, -1.538765]
    torch.testing.assert_close(votes.flatten()[:6], torch.tensor(expected).double(), rtol=0, atol=1e-6)


def test_features_that_are_never_negative_hide_the_object():
    assert seed_expansion(FEAT, 4)[1].tolist() == [3], 'degrees 8 8 7 / 5 8 8 / 7 8 7: found by accident'
    assert (seed_expansion(FEAT, 4)[0] >= 0).all()


def test_all_candidates_where_there_are_fewer():
    torch.testing.assert_close(seed_expansion(FEAT, 100, True)[0], seed_expansion(FEAT, 9, True)[0])


def test_the_object_and_fractions():
    head = LOSTHead(2, (2,), candidates=4 / 9, centre=True, whole=True)
    assert head((FEAT,)).maps[0, 1].tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 0]]
    head.whole = False
    torch.testing.assert_close(head((FEAT,)).maps[:, 0], seed_expansion(FEAT, 4, True)[0].float())
    with pytest.raises(ValueError, match='candidates must be'):
        LOSTHead(2, (2,), candidates=0)


def test_only_the_sign_of_the_product_counts_for_degrees():
    feat = torch.tensor([[3.0, -1.0, 2.0, 0.0], [1.0, 1.0, 0.0, 0.0]]).reshape(1, 2, 2, 2)
    votes, seed = seed_expansion(feat, candidates=4)
    assert seed.tolist() == [1], 'its products are -2, -2, 0; the zero token comes after it'
    torch.testing.assert_close(votes.flatten(), feat.new_tensor([-2.0, 2.0, -2.0, 0.0]).double())
