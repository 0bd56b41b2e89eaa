"""D, the domain discriminator: it tells synthetic from real features."""

import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from wsolzoo.methods.dmenet.bricks import SLOPE, BetaNorm, init_conv
from wsolzoo.registry import MODELS


class SameConv(nn.Conv2d):
    """4x4 convolution of stride 2 without bias under TensorFlow's SAME rule: an odd side gets 1 before, 2 after."""

    def __init__(self, in_channels: int, out_channels: int, last: bool = False) -> None:
        super().__init__(in_channels, out_channels, 4, stride=2, bias=False)
        init_conv(self, last)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) to (N, C', ceil(h / 2), ceil(w / 2))."""
        bottom, right = 1 + x.shape[-2] % 2, 1 + x.shape[-1] % 2
        return super().forward(F.pad(x, (1, right, 1, bottom)))


@MODELS.register_module()
class DomainNet(BaseModule):
    """Patch discriminator on the last decoder features; high logits say synthetic.

    Args:
        in_channels: of the features, ``BlurNet.base``.
        base: channels of the first layer; 64 as published.
        init_cfg: weights.
    """

    def __init__(self, in_channels: int = 64, base: int = 64, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        ends = (in_channels, base, 2 * base, 4 * base, 8 * base)
        layers: list[nn.Module] = []
        for a, b in zip(ends[:-1], ends[1:]):
            layers += [SameConv(a, b), BetaNorm(b), nn.LeakyReLU(SLOPE)]
        self.layers = nn.Sequential(*layers, SameConv(ends[-1], 1, last=True))

    def forward(self, feats: Tensor) -> Tensor:
        """(N, C, h, w) to logits (N, 1, ceil(h / 32), ceil(w / 32))."""
        return self.layers(feats)
