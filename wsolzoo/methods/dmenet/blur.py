"""B, the blur estimation network: the only one of the four that is used at test time."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from wsolzoo.methods.dmenet.bricks import BetaNorm, Pixels, chain, conv, unit
from wsolzoo.registry import MODELS

STRIDES = (1, 2, 4, 8, 16)


class BlurOutput(NamedTuple):
    """What B gives.

    Attributes:
        map: (N, 1, h, w) defocus in [0, 1], in the unit of the data set.
        last: (N, C, h, w) features of the last decoder stage, what the domain discriminator looks at.
        aux: maps of the auxiliary heads, coarse to fine: strides 16, 8, 4, 2, 1. Empty where they were not asked for.
    """

    map: Tensor
    last: Tensor
    aux: tuple[Tensor, ...]


class Residual(nn.Module):
    """Two 3x3 units beside one 1x1 unit; both branches are activated before the sum, nothing after it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.long = chain(channels, channels, channels)
        self.short = unit(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) to (N, C, h, w)."""
        return self.long(x) + self.short(x)


def aux_head(in_channels: int, channels: int) -> nn.Sequential:
    """A map from one decoder level; batch normalisation sits between the last convolution and the sigmoid."""
    return nn.Sequential(unit(in_channels, channels), conv(channels, 1, last=True), BetaNorm(1), nn.Sigmoid())


@MODELS.register_module()
class BlurNet(BaseModule):
    """Encoder taps, a decoder with skips, seven residual units at full resolution, a sigmoid.

    Args:
        encoder: a staged backbone with out stages at strides 1, 2, 4, 8, 16; default VGG19.
        base: channels of the finest decoder stage; 64 as published.
        residuals: number of residual units.
        aux: build the auxiliary heads (training only).
        pixels: what the encoder was trained on, see :class:`~wsolzoo.methods.dmenet.bricks.Pixels`.
        init_cfg: weights of the whole network.

    Raises:
        ValueError: the encoder's strides are others.
    """

    divisor = 16

    def __init__(
        self,
        encoder: dict | None = None,
        base: int = 64,
        residuals: int = 7,
        aux: bool = True,
        pixels: str = 'caffe',
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.pixels = Pixels(pixels)
        self.encoder = MODELS.build(encoder or {'type': 'VGG19'})
        if tuple(self.encoder.strides) != STRIDES:
            raise ValueError(
                f'BlurNet needs encoder out_stages at strides {STRIDES}; {type(self.encoder).__name__} gives '
                f'{tuple(self.encoder.strides)} at {self.encoder.out_stages}'
            )
        c0, c1, c2, c3, c4 = self.encoder.out_channels
        b = base
        self.up3 = chain(c4 + c3, 4 * b, 4 * b, 4 * b)
        self.up2 = chain(4 * b + c2, 2 * b, 2 * b, 2 * b)
        self.up1 = chain(2 * b + c1, b, b, b)
        self.up0 = chain(b + c0, b)
        self.refine = nn.Sequential(*(Residual(b) for _ in range(residuals)))
        self.final = nn.Sequential(chain(b, b, b // 2), conv(b // 2, 1, last=True), nn.Sigmoid())
        sizes = ((c4, 4 * b), (4 * b, 2 * b), (2 * b, b), (b, b // 2), (b, b // 2)) if aux else ()
        self.aux = nn.ModuleList(aux_head(channels, middle) for channels, middle in sizes)
        self.last_channels = b

    def forward(self, images: Tensor, aux: bool | None = None) -> BlurOutput:
        """Maps of RGB images.

        Args:
            images: (N, 3, h, w) RGB in [0, 1], h and w multiples of 16.
            aux: also give the auxiliary maps; default: in training mode.
        """
        pixels = self.pixels(images).contiguous(memory_format=torch.channels_last)  # a third faster on CPUs
        (d0, d1, d2, d3, d4), _ = self.encoder(pixels)
        u3 = self.up3(torch.cat([_double(d4), d3], 1))
        u2 = self.up2(torch.cat([_double(u3), d2], 1))
        u1 = self.up1(torch.cat([_double(u2), d1], 1))
        u0 = self.up0(torch.cat([_double(u1), d0], 1))
        levels = zip(self.aux, (d4, u3, u2, u1, u0)) if (self.training if aux is None else aux) else ()
        return BlurOutput(self.final(self.refine(u0)), u0, tuple(head(level) for head, level in levels))


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode='nearest')
