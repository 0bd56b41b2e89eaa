"""SCM: Bai, Zhang, Wang, Wan. Weakly Supervised Object Localization via Transformer with Implicit Spatial Calibration.
ECCV 2022.

In training a small diffusion over the grid of patches sharpens the score maps and the attention of TS-CAM together, and
the class is told from the sharpened maps; in a test it is taken away, and the transformer must have learned it.

A layer has two scalars, lambda and theta. With the scores of a patch as its vector s, L the Laplacian of the grid and
``M = L * (lambda cos(s_i, s_j) - 1)``: ``f = (inverse of M)^T F``, by some iterations of Newton and Schulz;
``f <- tanhshrink(f / (theta max F))``, stretched to [0, 1]; ``S <- S + S f``, ``F <- F + f``.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from wsolzoo.models.heads import MaskHead, top1
from wsolzoo.models.outputs import CoupledMaps, HeadOutput
from wsolzoo.models.scaling import minmax, wide
from wsolzoo.models.trunk import TrunkPass
from wsolzoo.registry import MODELS


def grid_laplacian(grid: Sequence[int]) -> Tensor:
    """Degrees less links (hw, hw) of the patches of a grid (h, w), each linked with its neighbours side by side."""
    height, width = grid
    index = torch.arange(height * width).view(height, width)
    links = torch.zeros(height * width, height * width)
    for one, other in ((index[:, :-1], index[:, 1:]), (index[:-1], index[1:])):
        links[one.flatten(), other.flatten()] = links[other.flatten(), one.flatten()] = 1
    return links.sum(1).diag() - links


def newton_schulz(matrix: Tensor, iterations: int) -> Tensor:
    """``V <- V (2 I - M V)`` from ``V = 0.002 M^T``, so many times; the inverse where that converges.

    At lambda = 1 it is far from converged: the diagonal of M is 0, and other numbers of iterations give other maps. The
    published numbers belong to the method.

    Args:
        matrix: (..., T, T).
        iterations: how many.
    """
    found, twice = 0.002 * matrix.mT, 2 * torch.eye(matrix.shape[-1]).to(matrix)
    for _ in range(iterations):
        found = found @ (twice - matrix @ found)
    return found


class Diffusion(nn.Module):
    """One layer, in float32: half precision overflows.

    Args:
        iterations: of :func:`newton_schulz`.
    """

    def __init__(self, iterations: int) -> None:
        super().__init__()
        self.iterations = iterations
        self.lam, self.theta = nn.Parameter(torch.ones(())), nn.Parameter(torch.full((), 0.5))

    def forward(self, scores: Tensor, attention: Tensor) -> tuple[Tensor, Tensor]:
        """Score maps (N, K, h, w) and attention (N, 1, h, w), both sharpened."""
        grid = scores.shape[2:]
        vectors = F.normalize(scores.flatten(2), dim=1, eps=1e-6)
        laplacian = grid_laplacian(grid).to(scores)
        matrix = laplacian * (self.lam * (vectors.mT @ vectors) - 1)
        flow = newton_schulz(matrix, self.iterations).mT @ attention.flatten(2).mT
        flow = flow.mT.unflatten(2, tuple(grid))
        largest = attention.amax((2, 3), keepdim=True).clamp(min=1e-6)
        flow = minmax(F.tanhshrink(flow / (self.theta * largest)))
        return scores + scores * flow, attention + flow


@MODELS.register_module()
class SCMHead(MaskHead):
    """TS-CAM's score maps, classified after four layers of diffusion in training and as they are in a test.

    ``out_stages=('attn', 'norm')`` of a transformer. The map of a class is the attention of the class token, stretched
    to [0, 1], times the score map. A constant attention, on which the published code divides by zero, stays 0 (ours).

    Args:
        num_classes: K.
        in_channels: channels of the backbone's two features.
        iterations: of the inverse, layer by layer.
        init_cfg: torch's own initialisation by default.

    Raises:
        ValueError: another number of features than two.
    """

    reads = ('attn',)

    def __init__(
        self,
        num_classes: int,
        in_channels: tuple[int, ...],
        iterations: Sequence[int] = (16, 4, 4, 4),
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(num_classes, in_channels, init_cfg)
        if len(self.in_channels) != 2:
            raise ValueError(
                f"SCMHead reads attention and patches, backbone.out_stages=('attn', 'norm'); got {in_channels}"
            )
        self.score = nn.Conv2d(self.in_channels[-1], num_classes, 3, padding=1)
        self.layers = nn.ModuleList(map(Diffusion, iterations))

    def forward(
        self, feats: tuple[Tensor, ...], labels: Tensor | None = None, trunk: TrunkPass | None = None
    ) -> HeadOutput:
        """Logits (N, K) without diffusion, and maps; ``extras`` has what it begins from, ``scores``, ``attention``."""
        scores, attention = self.score(feats[-1]), minmax(feats[0].sum(1, keepdim=True))
        extras = {'scores': scores, 'attention': attention}
        return HeadOutput(scores.mean((2, 3)), CoupledMaps(scores.detach(), attention.detach()), extras)

    def loss(self, feats: tuple[Tensor, ...], labels: Tensor, trunk: TrunkPass) -> tuple[HeadOutput, dict[str, Tensor]]:
        """Cross-entropy after the diffusion. ``top1`` is that of the test's scores, ``top1_calibrated`` of these."""
        output = self(feats, labels, trunk)
        scores, attention = wide(output.extras['scores']), wide(output.extras['attention'])
        with torch.autocast(scores.device.type, enabled=False):
            for layer in self.layers:
                scores, attention = layer(scores, attention)
        logits = scores.mean((2, 3))
        return output, {
            'loss_cls': F.cross_entropy(logits, labels),
            'top1': top1(output.logits, labels),
            'top1_calibrated': top1(logits, labels),
        }
