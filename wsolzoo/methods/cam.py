"""CAM: Zhou, Khosla, Lapedriza, Oliva, Torralba. Learning Deep Features for Discriminative Localization. CVPR 2016."""

from collections.abc import Sequence

from torch import Tensor, nn

from wsolzoo.models.heads import ConvClassifier, MaskHead
from wsolzoo.models.outputs import HeadOutput, LinearMaps
from wsolzoo.models.trunk import TrunkPass
from wsolzoo.registry import MODELS


@MODELS.register_module()
class CAMHead(MaskHead):
    """Global average pooling and a linear classifier; the map of a class is its linear read-out before pooling.

    ``logits = W mean_ij(F) + b`` and ``map_y(i, j) = 1/C sum_c W[y, c] F[c, i, j]``: no bias and no ReLU in the map, as
    in the evaluation of Choe et al. (CVPR 2020). Maps are detached from the graph.

    Args:
        num_classes: K.
        in_channels: channels of the backbone's features.
        init_cfg: defaults to N(0, 0.01) weights and zero bias. ``dict(type='Pretrained', checkpoint=…)`` with the
            backbone's checkpoint begins from its published classifier, ``fc``, which must have these K classes.
    """

    def __init__(self, num_classes: int, in_channels: tuple[int, ...], init_cfg: dict | None = None) -> None:
        super().__init__(num_classes, in_channels, init_cfg or {'type': 'Normal', 'layer': 'Linear', 'std': 0.01})
        self.fc = nn.Linear(self.in_channels[-1], num_classes)

    def forward(
        self, feats: tuple[Tensor, ...], labels: Tensor | None = None, trunk: TrunkPass | None = None
    ) -> HeadOutput:
        feat = feats[-1]
        maps = LinearMaps(feat.detach(), self.fc.weight.detach() / feat.shape[1])
        return HeadOutput(self.fc(feat.mean((2, 3))), maps)


@MODELS.register_module()
class ConvCAMHead(MaskHead):
    """Score maps by convolutions, class scores by their spatial mean; the map of a class is its score map.

    The read-out of InceptionV3 in Choe et al. (CVPR 2020) and of SqueezeNet. The bias is inside the map. Necks may
    stand after its 3x3 convolutions: ``necks={'head.conv1': …}``.

    Args:
        num_classes: K.
        in_channels: channels of the backbone's features.
        mid_channels: channels of the 3x3 convolutions before the last one.
        dropout: before every convolution.
        relu: after the last convolution (SqueezeNet); the logits then are non-negative.
        padding: of the last convolution; the ring of scores that it adds is cut from the maps.
        init_cfg: defaults to Xavier-uniform convolutions.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: tuple[int, ...],
        mid_channels: Sequence[int] = (1024, 1024),
        dropout: float = 0.5,
        relu: bool = False,
        padding: int = 0,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            num_classes, in_channels, init_cfg or {'type': 'Xavier', 'layer': 'Conv2d', 'distribution': 'uniform'}
        )
        self.classifier = ConvClassifier(self.in_channels[-1], mid_channels, num_classes, dropout, padding)
        self.places = {f'conv{count}': channels for count, channels in enumerate(mid_channels, 1)}
        self.relu = relu
        self.padding = padding

    def forward(
        self, feats: tuple[Tensor, ...], labels: Tensor | None = None, trunk: TrunkPass | None = None
    ) -> HeadOutput:
        scores = self.classifier(feats[-1], trunk)
        scores = scores.relu() if self.relu else scores
        ring = self.padding
        maps = scores[:, :, ring:-ring, ring:-ring] if ring else scores
        return HeadOutput(scores.mean((2, 3)), maps.detach())
