"""Attention rollout against the product of matrices."""

import torch

from wsolzoo.methods.rollout import RolloutHead, rollout


def test_one_row_times_matrices_is_the_row_of_their_product():
    torch.manual_seed(0)
    matrices = torch.rand(2, 3, 5, 5).softmax(-1)
    product = torch.eye(5)
    for matrix in matrices.unbind(1):
        product = (matrix + torch.eye(5)) / 2 @ product
    torch.testing.assert_close(rollout(matrices), product[:, 0])
    torch.testing.assert_close(rollout(matrices).sum(1), torch.ones(2))


def test_by_hand():
    """A class token and two patches, in two blocks, and in the same two the other way round."""
    first = torch.tensor([[0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    second = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 1.0]])
    torch.testing.assert_close(rollout(torch.stack((first, second))[None])[0], torch.tensor([0.5, 0.5, 0.0]))
    torch.testing.assert_close(rollout(torch.stack((second, first))[None])[0], torch.tensor([0.5, 0.25, 0.25]))


def test_the_prefix_is_left_out_and_the_grid_need_not_be_square():
    torch.manual_seed(0)
    matrices, patches = torch.rand(1, 2, 8, 8).softmax(-1), torch.randn(1, 4, 3, 2)
    head = RolloutHead(5, (2, 4))
    output = head((matrices, patches))
    torch.testing.assert_close(output.logits, head.fc(patches.mean((2, 3))))
    torch.testing.assert_close(output.maps[0, 4].flatten(), rollout(matrices)[0, 2:])
    assert output.maps.shape == (1, 5, 3, 2)
