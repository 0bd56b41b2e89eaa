"""LOST: Simeoni, Puy, Vo, Roburin, Gidaris, Bursuc, Perez, Marlet, Ponce. Localizing Objects with Self-Supervised
Transformers and no Labels. BMVC 2021.

A patch of an object agrees with fewer patches than one of the background. The one with the fewest is the seed; of the
patches with few, those that agree with the seed vote with their similarity to every patch. Nothing is trained.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from wsolzoo.models.heads import SharedMapHead, component_of
from wsolzoo.registry import MODELS


def seed_expansion(feat: Tensor, candidates: int, centre: bool = False) -> tuple[Tensor, Tensor]:
    """Similarity of every patch to the seed and those that agree with it.

    ``A = F F^T``, not normalised; the degree of a patch is the number of others with ``A > 0``, the seed has the least.
    Of the candidates of lowest degree, those with ``A > 0`` to the seed are the set S (the seed is one of them), and
    ``M = sum over S of A``. Equal degrees, which are common, rank in raster order.

    Args:
        feat: (N, D, h, w); in the paper the keys of the last block.
        candidates: how many; all where there are fewer.
        centre: subtract the mean patch first (ours). Features after a ReLU have no negative product, so that nearly all
            degrees are equal without it.

    Returns:
        M (N, h, w) float32 at least, and the seeds (N,), positions in raster order.
    """
    tokens = feat.flatten(2).mT.double()
    tokens = tokens - tokens.mean(1, keepdim=True) if centre else tokens
    similarity = tokens @ tokens.mT
    agree = similarity > 0
    degree = agree.sum(2) - agree.diagonal(dim1=1, dim2=2).long()
    order = degree.argsort(dim=1, stable=True)
    seed = order[:, 0]
    few = torch.zeros_like(agree[:, 0]).scatter(1, order[:, :candidates], True)
    voting = few & agree.gather(1, seed[:, None, None].expand(-1, -1, agree.shape[2]))[:, 0]
    votes = (voting[:, None].to(similarity) @ similarity)[:, 0]
    return votes.unflatten(1, feat.shape[2:]), seed


@MODELS.register_module()
class LOSTHead(SharedMapHead):
    """The seed's expansion on the first feature as the map of every class, beside a linear classifier.

    ``backbone=dict(out_stages=('keys', 'cls'), freeze=True)`` of a transformer, as in the paper with DINO's; any map of
    a convolutional network serves with ``centre=True``.

    Args:
        num_classes: K.
        in_channels: channels of the backbone's features.
        candidates: how many patches of lowest degree may vote: a number, 100 in the paper for some 600 to 1000
            patches, or a fraction of them.
        centre: see :func:`seed_expansion`.
        whole: the map is 1 on the connected patches with ``M > 0`` that hold the seed, 0 elsewhere, which is the
            paper's object; by default it is M itself, which a protocol cuts as any map.
        init_cfg: defaults to N(0, 0.01) weights and zero bias.

    Raises:
        ValueError: no candidate at all.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: tuple[int, ...],
        candidates: float = 100,
        centre: bool = False,
        whole: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(num_classes, in_channels, init_cfg)
        if candidates <= 0:
            raise ValueError(f'candidates must be a number of patches or a fraction of them; got {candidates}')
        self.candidates, self.centre, self.whole = candidates, centre, whole

    def locate(self, feats: Sequence[Tensor]) -> Tensor:
        """M, or the object, (N, 1, h, w) float32."""
        feat = feats[0]
        count = self.candidates if self.candidates >= 1 else round(self.candidates * feat[0, 0].numel())
        votes, seeds = seed_expansion(feat, max(1, int(count)), self.centre)
        return (component_of(votes > 0, seeds) if self.whole else votes)[:, None].float()
