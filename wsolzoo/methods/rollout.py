"""Attention rollout: Abnar, Zuidema. Quantifying Attention Flow in Transformers. ACL 2020.

What the class token sees of each patch when attention is followed through all blocks, half of every token coming from
itself by the residual connection: ``r = e_class A'_L … A'_1`` with ``A' = (A + I) / 2``, A the mean over heads.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from wsolzoo.models.heads import SharedMapHead
from wsolzoo.registry import MODELS


def rollout(matrices: Tensor) -> Tensor:
    """What the first token sees through all blocks.

    One row is multiplied from the last block down, O(L T^2); the product of the matrices would be O(L T^3).

    Args:
        matrices: (N, L, T, T) attention, first block first; each row sums to 1.

    Returns:
        (N, T), which sums to 1.
    """
    row = F.one_hot(matrices.new_zeros(len(matrices), 1, dtype=torch.int64), matrices.shape[-1]).to(matrices.dtype)
    for matrix in matrices.unbind(1)[::-1]:
        row = (row + row @ matrix) / 2
    return row[:, 0]


@MODELS.register_module()
class RolloutHead(SharedMapHead):
    """Rollout of the class token's attention as the map of every class, beside a linear classifier.

    The backbone returns all of its attention, and the patches last: ``out_stages=('matrices', 'norm')``, or
    ``('matrices', 'cls', 'norm')`` to classify the class token too.
    """

    def conflicts(self, model: nn.Module) -> Iterator[str]:
        """A backbone that does not return its attention first and the patches last."""
        yield from super().conflicts(model)
        stages = model.backbone.out_stages
        if stages[0] != 'matrices' or stages[-1] != 'norm' or not model.backbone.class_token:
            yield (
                "follows attention from a class token, backbone.out_stages=('matrices', 'norm') of TimmViT, "
                f'MMPretrainViT or PlainViT; {type(model.backbone).__name__} returns {", ".join(stages)}'
            )

    def locate(self, feats: Sequence[Tensor]) -> Tensor:
        """Rollout (N, 1, h, w)."""
        grid = feats[-1].shape[2:]
        return rollout(feats[0])[:, None, -grid[0] * grid[1] :].unflatten(2, tuple(grid))
