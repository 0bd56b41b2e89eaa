"""A small hybrid: convolutions to a map, then transformer blocks on it."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from wsolzoo.models.backbones.plain import add_plain_stages
from wsolzoo.models.backbones.tokens import TokenBackbone, split_heads
from wsolzoo.registry import MODELS

GRID = (12, 12)
"""Cells that positions are learned for: 96 pixels at stride 8. On another grid they are resized (bicubic)."""


class Attention(nn.Module):
    """Multi-head self-attention.

    Args:
        dim: D.
        num_heads: divides D.
    """

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor, looking: int | None = None) -> Tensor:
        """(N, T, D) of the first tokens that are ``looking`` at all of them; by default all are."""
        q, k, v = split_heads(self.qkv(x), self)
        seen = F.scaled_dot_product_attention(q[:, :, :looking], k, v)
        return self.proj(seen.transpose(1, 2).flatten(2))


class Block(nn.Module):
    """``x + attention(norm x)``, then ``x + mlp(norm x)``.

    Both begin as the identity: their last layers are zero, so that a network of convolutions with blocks on top starts
    as that network, and the blocks take part as far as they help.

    Args:
        dim: D.
        num_heads: divides D.

    Attributes:
        looking: how many of the first tokens take part; the others go on as they are. ``None`` for all.
    """

    looking: int | None = None

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attn = Attention(dim, num_heads)
        self.mlp = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))

    def forward(self, x: Tensor) -> Tensor:
        """(N, T, D)."""
        y = x[:, : self.looking] + self.attn(self.norm1(x), self.looking)
        y = y + self.mlp(self.norm2(y))
        return y if self.looking is None else torch.cat((y, x[:, self.looking :]), 1)


@MODELS.register_module()
class PlainViT(TokenBackbone):
    """Convolutions to a small map, then a few transformer blocks with a class token: learns small images.

    A transformer on patches of pixels learns the 96-pixel scenes slowly; on the map of a small convolutional network,
    as which this begins (:class:`Block`), it does so in minutes on a CPU. First come the stages of
    :class:`~wsolzoo.models.backbones.PlainNet` with their names and weights' names, so that its checkpoints load, then
    those of :class:`TokenBackbone`.

    Args:
        base_channels, strides: of the convolutions, see :class:`~wsolzoo.models.backbones.PlainNet`; the last one has D
            channels.
        blocks: how many.
        num_heads: divides D.
        out_stages: stages and readings to return; the normalised patches by default.
        looked_at: blocks whose attention is read; all by default.
        freeze: nothing in it learns (:meth:`~wsolzoo.models.backbones.StagedBackbone.hold`).
        init_cfg: defaults to Kaiming-normal convolutions.

    Raises:
        ValueError: heads that do not divide D.

    Attributes:
        mixing: patches attend to each other.
    """

    mixing = True

    def __init__(
        self,
        base_channels: int = 16,
        strides: Sequence[int] = (2, 1, 2, 2),
        blocks: int = 3,
        num_heads: int = 4,
        out_stages: Sequence[str] | None = None,
        looked_at: Sequence[int] | None = None,
        freeze: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg or {'type': 'Kaiming', 'layer': 'Conv2d'})
        stages, dim = add_plain_stages(self, base_channels, strides, depth=2)
        if dim % num_heads:
            raise ValueError(f'num_heads must divide the {dim} channels of the last convolution; got {num_heads}')
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, dim, *GRID))
        self.blocks = nn.ModuleList(Block(dim, num_heads) for _ in range(blocks))
        self.norm = nn.LayerNorm(dim)
        stages |= {'embed': (), **self.set_blocks('blocks', blocks, 'norm', 1, dim, looked_at)}
        for block in self.blocks:
            block.looking = None if self.mixing else self.num_prefix
        self.cut(stages, out_stages)
        if freeze:
            self.hold()

    def embed(self, x: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """The class token and the positions of a map (N, D, h, w) with their places, and (h, w)."""
        grid = (x.shape[2], x.shape[3])
        places = self.pos_embed if grid == GRID else F.interpolate(self.pos_embed, grid, mode='bicubic')
        return torch.cat((self.cls_token.expand(len(x), -1, -1), (x + places).flatten(2).mT), 1), grid

    def init_weights(self) -> None:
        """Tokens and positions from N(0, 0.02), each block ends in 0, then ``init_cfg``: its checkpoint may be that of
        the convolutions alone, of a :class:`~wsolzoo.models.backbones.PlainNet`.
        """
        nn.init.normal_(self.cls_token, std=0.02)
        nn.init.normal_(self.pos_embed, std=0.02)
        for block in self.blocks:
            for last in (block.attn.proj, block.mlp[-1]):
                nn.init.zeros_(last.weight)
                nn.init.zeros_(last.bias)
        super().init_weights()


@MODELS.register_module()
class PlainCaiT(PlainViT):
    """:class:`PlainViT` with class attention: the class token looks at the patches, and nothing else looks.

    Where patches attend to each other and class labels teach them, from random weights, each comes to know the class of
    the image and none where it is. Here a patch stays what the convolutions around it made, so that its score says
    something about its place, and the class token learns where to look by being classified.

    Source: Touvron, Cord, Sablayrolles, Synnaeve, Jegou. Going deeper with Image Transformers. ICCV 2021, section 3;
    without layers of self-attention before it.
    """

    mixing = False

    def cut(self, stages: Mapping[str, Sequence[str]], out_stages: Sequence[str] | None) -> None:
        """As in any transformer; matrices of what does not attend are refused."""
        super().cut(stages, out_stages)
        if 'matrices' in self.out_stages:
            raise ValueError(
                'patches of PlainCaiT attend to nothing, so there are no matrices to read: read attn, the row of the '
                'class token, or take PlainViT'
            )
