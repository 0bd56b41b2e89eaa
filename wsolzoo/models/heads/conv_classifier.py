"""Score maps by convolutions, as several methods put them after a backbone."""

from collections.abc import Sequence

from torch import Tensor, nn

from wsolzoo.models.trunk import TrunkPass


class ConvClassifier(nn.Sequential):
    """3x3 convolutions with ReLU, each after a dropout, then a 1x1 convolution to one score map a class.

    Args:
        in_channels: C.
        mid_channels: channels of the 3x3 convolutions; empty for the 1x1 convolution alone.
        num_classes: K.
        dropout: probability before every convolution; 0 leaves the layers out.
        padding: of the 1x1 convolution (1 in the published SqueezeNet).
    """

    def __init__(
        self, in_channels: int, mid_channels: Sequence[int], num_classes: int, dropout: float = 0.0, padding: int = 0
    ) -> None:
        layers: list[nn.Module] = []
        for channels in mid_channels:
            layers += [nn.Dropout(dropout)] if dropout else []
            layers += [nn.Conv2d(in_channels, channels, 3, padding=1), nn.ReLU(inplace=True)]
            in_channels = channels
        layers += [nn.Dropout(dropout)] if dropout else []
        super().__init__(*layers, nn.Conv2d(in_channels, num_classes, 1, padding=padding))

    def forward(self, feat: Tensor, trunk: TrunkPass | None = None) -> Tensor:
        """Score maps (N, K, h, w); ``trunk`` as for :meth:`hidden`."""
        return self[-1](self.hidden(feat, trunk))

    def hidden(self, feat: Tensor, trunk: TrunkPass | None = None) -> Tensor:
        """What the last convolution reads; necks in ``trunk`` see each ReLU's output, ``conv1``, ``conv2``, …."""
        count = 0
        for layer in list(self)[:-1]:
            feat = layer(feat)
            if isinstance(layer, nn.ReLU):
                count += 1
                feat = feat if trunk is None else trunk.neck(f'conv{count}', feat)
        return feat
