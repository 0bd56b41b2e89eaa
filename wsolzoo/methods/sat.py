"""SAT: Wu, Zhai, Cao, Luo, Zha. Spatial-Aware Token for Weakly Supervised Object Localization. ICCV 2023.

A second learned token asks where the object is. Its logits against the keys of all tokens, through a sigmoid, are a
mask in each block; in the last blocks the mask gates what every token attends to, so that the class must be told from
the foreground:

``m = sigmoid(mean over heads of q_spatial k^T / sqrt d)``, ``attention <- attention * m`` (every row, not normalised
again), map ``M = mean over the gated blocks of m on the patches``.

``L = CE + area |mean M - tau| + norm mean(M' (1 - M'))``, M' = M smoothed a little.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from mmengine.dist import all_reduce
from torch import Tensor, nn
from torch.nn import functional as F

from wsolzoo.models.backbones import PlainCaiT, PlainViT, TimmViT, TokenBackbone, Tokens
from wsolzoo.models.backbones.tokens import hooked, split_heads
from wsolzoo.models.heads import MaskHead, top1
from wsolzoo.models.loss_weights import loss_weights
from wsolzoo.models.outputs import HeadOutput, SharedMap
from wsolzoo.models.scaling import wide
from wsolzoo.models.trunk import TrunkPass
from wsolzoo.registry import MODELS


def spatial_mask(query: Tensor, keys: Tensor) -> Tensor:
    """Where the spatial token looks: the sigmoid of its mean logit over heads.

    Args:
        query: (N, H, d) of the spatial token.
        keys: (N, H, T, d) of all tokens.

    Returns:
        (N, T) in (0, 1), in float32 at least.
    """
    logits = torch.einsum('nhd,nhtd->nht', wide(query), wide(keys)) * query.shape[-1] ** -0.5
    return logits.mean(1).sigmoid()


class SpatialToken(TokenBackbone):
    """A transformer with a spatial token, which gates the last blocks; mixed into one of the zoo's.

    The token goes with the prefix (its place in the sequence means nothing to attention). The reading ``attn`` is
    (N, L, h, w), the masks of the gated blocks instead of what the class token attends to. To multiply the columns of
    the attention is to multiply the values, so the attention stays fused.

    ``looked_at`` names the gated blocks: the last quarter by default, 3 of 12 as in the paper.
    """

    def set_blocks(
        self, path: str, count: int, norm: str, prefix: int, dim: int, looked_at: Sequence[int] | None
    ) -> dict[str, tuple[str, ...]]:
        """As without the spatial token, which comes last of the prefix."""
        self.spatial_token = nn.Parameter(torch.empty(1, 1, dim))
        self.spatial_pos = nn.Parameter(torch.empty(1, 1, dim))
        for parameter in (self.spatial_token, self.spatial_pos):
            nn.init.trunc_normal_(parameter, std=0.02)
        gated = range(count - max(1, count // 4), count) if looked_at is None else looked_at
        return super().set_blocks(path, count, norm, prefix + 1, dim, gated)

    def embed(self, x: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Tokens with the spatial one, and the grid."""
        tokens, grid = super().embed(x)
        before, patches = tokens.tensor_split([self.num_prefix - 1], 1)
        spatial = (self.spatial_token + self.spatial_pos).to(tokens.dtype).expand(len(tokens), -1, -1)
        return torch.cat((before, spatial, patches), 1), grid

    def run_block(self, name: str, tokens: Tensor, grid: Sequence[int], side: Tokens) -> tuple[Tensor, Tokens]:
        """A block, gated where it is one of the last."""
        if name not in {f'blocks.{index}' for index in self.looked_at}:
            return super().run_block(name, tokens, grid, side)
        attn = self.get_submodule(self._stage_paths[name][0]).attn
        masks: list[Tensor] = []

        def gate(qkv: Tensor) -> Tensor:
            queries, keys, _ = split_heads(qkv, attn)
            masks.append(spatial_mask(queries[:, :, self.num_prefix - 1], keys))
            rest, values = qkv.tensor_split([2 * qkv.shape[2] // 3], 2)
            return torch.cat((rest, values * masks[0][..., None].to(values.dtype)), 2)

        with hooked(attn.qkv, gate):
            x, side = super().run_block(name, tokens, grid, side)
        mask = masks[0][:, None, self.num_prefix :].unflatten(2, tuple(grid))
        return x, side._replace(rows=(*side.rows[: self.looked_at.index(int(name.partition('.')[2]))], mask))


@MODELS.register_module()
class SpatialTokenTimmViT(SpatialToken, TimmViT):
    """:class:`~wsolzoo.models.backbones.TimmViT` with a :class:`SpatialToken`."""


@MODELS.register_module()
class SpatialTokenPlainViT(SpatialToken, PlainViT):
    """:class:`~wsolzoo.models.backbones.PlainViT` with a :class:`SpatialToken`."""


@MODELS.register_module()
class SpatialTokenPlainCaiT(SpatialToken, PlainCaiT):
    """:class:`~wsolzoo.models.backbones.PlainCaiT` with a :class:`SpatialToken`, which looks too."""


def published_kernel(size: int = 3, deviations: float = 6.0) -> Tensor:
    """The smoothing of the published code, (size, size), which sums to 1; nearly a delta.

    Square roots of the masses of a normal distribution between equidistant points, half an interval beyond
    ``deviations``; the product of a column and a row of them.
    """
    reach = deviations + (2 * deviations + 1) / size / 2
    points = [-reach + 2 * reach * i / size for i in range(size + 1)]
    below = [(1 + math.erf(point / math.sqrt(2))) / 2 for point in points]
    sides = torch.tensor([math.sqrt(high - low) for low, high in zip(below, below[1:], strict=False)])
    return torch.outer(sides, sides) / sides.sum() ** 2


def batch_area_loss(masks: Tensor, area: float) -> Tensor:
    """Distance of the mean mask of the whole batch, of all processes, to ``area``.

    A mean per image would be another method: here a large object may make up for a small one.

    Args:
        masks: (N, 1, h, w) in [0, 1].
        area: share of the positions, in (0, 1).
    """
    mean = masks.mean()
    everywhere = mean.detach().clone()
    all_reduce(everywhere, op='mean')
    return (mean + (everywhere - mean.detach()) - area).abs()


def certainty_loss(masks: Tensor, kernel: Tensor) -> Tensor:
    """Mean of ``M' (1 - M')``, M' the masks (N, 1, h, w) smoothed by ``kernel`` (k, k) with zeros around them."""
    smooth = F.conv2d(masks, kernel[None, None].to(masks.dtype), padding=kernel.shape[0] // 2)
    return (smooth * (1 - smooth)).mean()


@MODELS.register_module()
class SATHead(MaskHead):
    """Class scores from the patches, the mean mask of the gated blocks as the map of every class.

    The backbone is one with a spatial token, ``dict(type='SpatialTokenTimmViT', out_stages=('attn', 'norm'), …)``.
    ``loss = loss_cls + area loss_area + norm loss_norm``. Also logged: ``map_area``.

    A patch has its own feature whatever the gate lets through, so that a trunk whose patches can tell the class by
    themselves leaves the gate to the other two terms. With ``out_stages=('attn', 'cls', 'norm')`` a linear classifier
    of the class token, which has nothing but what passed the gate, is trained besides: ``+ token loss_token`` (ours).

    Args:
        num_classes: K.
        in_channels: channels of the backbone's features.
        area: the mean of the masks that is asked for; 0.25 for CUB, 0.35 for ILSVRC.
        loss_weight: ``dict(area=…, norm=…)``, 1 in the paper, and ``token`` where the class token is classified.
        init_cfg: torch's own initialisation by default.

    Raises:
        ValueError: an area outside (0, 1), or another number of features than two or three.
    """

    label_map = True

    def __init__(
        self,
        num_classes: int,
        in_channels: tuple[int, ...],
        area: float,
        loss_weight: dict[str, float] | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(num_classes, in_channels, init_cfg)
        if len(self.in_channels) not in (2, 3):
            raise ValueError(
                "SATHead reads masks and patches, backbone.out_stages=('attn', 'norm'), and the class token where that "
                f"is classified too, ('attn', 'cls', 'norm'); got {len(self.in_channels)} features"
            )
        if not 0 < area < 1:
            raise ValueError(f'area is a share of the image, in (0, 1); got {area}')
        self.area, self.loss_weight = area, loss_weights(self, {'area': 1.0, 'norm': 1.0, 'token': 1.0}, loss_weight)
        self.score = nn.Conv2d(self.in_channels[-1], num_classes, 3, padding=1)
        self.token = nn.Linear(self.in_channels[1], num_classes) if len(self.in_channels) == 3 else None
        self.register_buffer('kernel', published_kernel(), persistent=False)

    def conflicts(self, model: nn.Module) -> Iterator[str]:
        """A backbone without a spatial token."""
        yield from super().conflicts(model)
        backbone = model.backbone
        if not isinstance(backbone, SpatialToken) or backbone.out_stages[0] != 'attn':
            yield (
                "reads the masks of a spatial token: type='SpatialTokenTimmViT' or 'SpatialTokenPlainViT' with "
                f"out_stages=('attn', 'norm'); {type(backbone).__name__} returns {', '.join(backbone.out_stages)}"
            )

    def forward(
        self, feats: tuple[Tensor, ...], labels: Tensor | None = None, trunk: TrunkPass | None = None
    ) -> HeadOutput:
        """Logits (N, K), and the map in (0, 1)."""
        mask = feats[0].mean(1, keepdim=True)
        logits = self.score(feats[-1]).mean((2, 3))
        return HeadOutput(logits, SharedMap(mask.detach(), self.num_classes), {'label_map': mask})

    def loss(self, feats: tuple[Tensor, ...], labels: Tensor, trunk: TrunkPass) -> tuple[HeadOutput, dict[str, Any]]:
        """The losses of the class docstring."""
        output, scalars = super().loss(feats, labels, trunk)
        mask = output.extras['label_map']
        scalars['loss_area'] = self.loss_weight['area'] * batch_area_loss(mask, self.area)
        scalars['loss_norm'] = self.loss_weight['norm'] * certainty_loss(mask, self.kernel)
        scalars['map_area'] = mask.detach().mean()
        if self.token is not None:
            token = self.token(feats[1].flatten(1))
            scalars['loss_token'] = self.loss_weight['token'] * F.cross_entropy(token, labels)
            scalars['top1_token'] = top1(token, labels)
        return output, scalars
