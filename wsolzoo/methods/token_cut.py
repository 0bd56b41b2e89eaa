"""TokenCut: Wang, Shen, Hu, Yuan, Crowley, Vaufreydaz. Self-supervised Transformers for Object Discovery. CVPR 2022.

Patches are nodes of a graph, linked where their features agree. The normalised cut that divides it best is the object
and the rest: the eigenvector of the second smallest eigenvalue of ``(D - W) v = lambda D v``. Nothing is trained.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from wsolzoo.models.heads import SharedMapHead, component_of
from wsolzoo.registry import MODELS

WEAK = 1e-5
"""Weight between patches that do not agree."""


def normalised_cut(feat: Tensor, threshold: float, centre: bool = False) -> Tensor:
    """The second eigenvector of the graph of patches, with the sign that makes the object positive.

    ``W = 1`` where the cosine of two features is above the threshold, else 1e-5; ``v`` is scaled to ``v^T D v = 1``.
    Its sign is arbitrary in itself: the entry of the largest size, the seed, must lie above the mean, on the object.

    Args:
        feat: (N, D, h, w); in the paper the keys of the last block.
        threshold: of the cosine.
        centre: subtract the mean patch first (ours). Features after a ReLU all agree without it, and there is nothing
            to cut.

    Returns:
        (N, h, w) float64. O((hw)^3) an image: milliseconds for 196 patches, a second for 1024.
    """
    tokens = feat.flatten(2).double()
    directions = F.normalize(tokens - tokens.mean(2, keepdim=True) if centre else tokens, dim=1)
    linked = directions.mT @ directions > threshold
    weights = torch.where(linked, 1.0, WEAK).to(directions)
    scale = weights.sum(2).rsqrt()
    laplacian = torch.eye(weights.shape[1]).to(weights) - scale[:, :, None] * weights * scale[:, None]
    v = torch.linalg.eigh(laplacian).eigenvectors[..., 1] * scale
    seed = v.gather(1, v.abs().argmax(1, keepdim=True))
    return torch.where(seed > v.mean(1, keepdim=True), v, -v).unflatten(1, feat.shape[2:])


@MODELS.register_module()
class TokenCutHead(SharedMapHead):
    """The normalised cut of the first feature as the map of every class, beside a linear classifier.

    ``backbone=dict(out_stages=('keys', 'cls'), freeze=True)`` of a transformer, as in the paper with DINO's; any map of
    a convolutional network serves too, with ``centre=True``.

    Args:
        num_classes: K.
        in_channels: channels of the backbone's features.
        threshold: of the cosine; 0.2 for any photographs, 0.05 for CUB and ImageNet.
        centre: see :func:`normalised_cut`.
        whole: the map is 1 on the connected patches above the mean that hold the seed, 0 elsewhere, which is the
            paper's object; by default it is the eigenvector itself, which a protocol cuts as any map.
        init_cfg: defaults to N(0, 0.01) weights and zero bias.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: tuple[int, ...],
        threshold: float = 0.2,
        centre: bool = False,
        whole: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(num_classes, in_channels, init_cfg)
        self.threshold, self.centre, self.whole = threshold, centre, whole

    def locate(self, feats: Sequence[Tensor]) -> Tensor:
        """The eigenvector, or the object, (N, 1, h, w) float32."""
        v = normalised_cut(feats[0], self.threshold, self.centre)
        if not self.whole:
            return v.float()[:, None]
        seeds = v.flatten(1).abs().argmax(1)
        return component_of(v > v.mean((1, 2), keepdim=True), seeds)[:, None].float()
