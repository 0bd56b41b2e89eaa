"""Fully connected layers that slide: LeCun, Bottou, Bengio, Haffner. Gradient-Based Learning Applied to Document
Recognition. Proceedings of the IEEE 86 (11), 1998; section VII, space displacement networks."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wsolzoo.models.backbones.lenet import ACTIVATIONS
from wsolzoo.models.heads import MaskHead
from wsolzoo.models.outputs import HeadOutput
from wsolzoo.models.trunk import TrunkPass
from wsolzoo.registry import MODELS


class SlidingMaps(NamedTuple):
    """What the layers say at every position of the feature, computed for whoever asks.

    Attributes:
        layers: from features to class scores; the first convolution is the one that needs room.
        feat: (N, C, h, w), detached.
    """

    layers: nn.Sequential
    feat: Tensor

    def of(self, classes: Tensor) -> Tensor:
        """Maps (N, M, h, w) of the ``classes`` (N, M)."""
        maps = self.all()
        return maps.gather(1, classes[:, :, None, None].expand(-1, -1, *maps.shape[2:]))

    @torch.no_grad()
    def all(self) -> Tensor:
        """Maps (N, K, h, w) of all classes: zeros around the feature, no dropout."""
        kept = [layer for layer in self.layers if not isinstance(layer, nn.Dropout)]
        kernel = kept[0].kernel_size[0]
        x = F.pad(self.feat, ((kernel - 1) // 2, kernel // 2) * 2)
        for layer in kept:
            x = layer(x)
        return x


@MODELS.register_module()
class SlidingHead(MaskHead):
    """The fully connected layers of LeNet-5, AlexNet or VGG as convolutions: their class scores where the feature has
    the size they were made for, and maps because they may look anywhere.

    The first layer is a convolution of the feature's whole size, so that the numbers are those of a flattened feature.
    A larger feature gives the mean over the positions where the layers fit. The map of a class is its score with the
    layers centred on each cell; outside of the feature there is nothing (zeros).

    Args:
        num_classes: K.
        in_channels: channels of the backbone's features.
        kernel: side of the feature that the first layer covers: 5 (LeNet-5), 6 (AlexNet), 7 (VGG).
        widths: of the hidden layers: (120, 84) are C5 and F6 of LeNet-5, (4096, 4096) fc6 and fc7 of AlexNet and VGG.
        act: of the hidden layers, see :data:`~wsolzoo.models.backbones.lenet.ACTIVATIONS`.
        dropout: before each hidden layer.
        init_cfg: defaults to N(0, 1 / fan-in) weights and zero bias.

    Raises:
        ValueError: an unknown ``act``; when called, a feature smaller than ``kernel``.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: tuple[int, ...],
        kernel: int = 5,
        widths: Sequence[int] = (120, 84),
        act: str = 'scaled_tanh',
        dropout: float = 0.0,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(num_classes, in_channels, init_cfg)
        if act not in ACTIVATIONS:
            raise ValueError(f'act must be one of {", ".join(ACTIVATIONS)}; got {act!r}')
        layers: list[nn.Module] = []
        channels, side = self.in_channels[-1], kernel
        for width in widths:
            layers += [nn.Dropout(dropout)] if dropout else []
            layers += [nn.Conv2d(channels, width, side), ACTIVATIONS[act]()]
            channels, side = width, 1
        self.layers = nn.Sequential(*layers, nn.Conv2d(channels, num_classes, side))
        self.kernel = kernel
        for layer in self.layers:
            if isinstance(layer, nn.Conv2d):
                nn.init.normal_(layer.weight, std=layer.weight[0].numel() ** -0.5)
                nn.init.zeros_(layer.bias)

    def forward(
        self, feats: tuple[Tensor, ...], labels: Tensor | None = None, trunk: TrunkPass | None = None
    ) -> HeadOutput:
        feat = feats[-1]
        if min(feat.shape[2:]) < self.kernel:
            raise ValueError(
                f'the feature is {feat.shape[2]}x{feat.shape[3]}, but the first layer of the head covers '
                f'{self.kernel}x{self.kernel}: larger images, or a smaller model.head.kernel'
            )
        return HeadOutput(self.layers(feat).mean((2, 3)), SlidingMaps(self.layers, feat.detach()))
