"""C2AM: Xie, Xiang, Chen, Hou, Zhao, Shen. C2AM: Contrastive Learning of Class-agnostic Activation Map. CVPR 2022.

No label at all: a map splits every image into two parts, and over a batch the features of the one part are pulled
together, those of the other likewise, and the two are pushed apart. Objects differ less from each other than from what
is behind them, so the parts are object and background; which is which the border of the images says.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from wsolzoo.models.heads import ClassAgnosticHead
from wsolzoo.models.loss_weights import loss_weights
from wsolzoo.models.outputs import HeadOutput, SharedMap
from wsolzoo.models.scaling import wide
from wsolzoo.models.trunk import TrunkPass
from wsolzoo.registry import MODELS

LOW, HIGH = 0.0005, 0.9995
TERMS = {'apart': 1.0, 'fg': 1.0, 'bg': 1.0}


def similarities(one: Tensor, other: Tensor) -> Tensor:
    """Cosines (N, M) of vectors (N, C) and (M, C), kept between 0.0005 and 0.9995; half precision would make that 1."""
    with torch.autocast(one.device.type, enabled=False):
        return (F.normalize(wide(one), dim=1) @ F.normalize(wide(other), dim=1).T).clamp(LOW, HIGH)


def apart(one: Tensor, other: Tensor) -> Tensor:
    """Mean of ``-log(1 - s)`` over all pairs of vectors (N, C) of the one part and (N, C) of the other."""
    return -(1 - similarities(one, other)).log().mean()


def together(vectors: Tensor, alpha: float) -> Tensor:
    """Mean of ``-exp(-alpha rank) log s`` over all pairs of vectors (N, C) of one part.

    The rank of a pair counts from the most similar *other* vector of the first one, which has 0; a vector with itself
    has -1, as in the published code. Ranks are constants.

    Args:
        vectors: (N, C).
        alpha: how fast the weight of less similar pairs falls.
    """
    similar = similarities(vectors, vectors)
    with torch.no_grad():
        own = torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
        order = similar.masked_fill(own, 2.0).argsort(dim=1, descending=True, stable=True)
        rank = order.argsort(dim=1) - 1
    return -((-alpha * rank).exp() * similar.log()).mean()


@MODELS.register_module()
class C2AMHead(ClassAgnosticHead):
    """A map ``P = sigmoid(BN(conv3x3(F)))`` learnt by contrast within the batch; labels are not looked at.

    F are all features that the backbone returns, on the grid of the finest: in the paper the last two groups of a
    ResNet50 whose last one keeps its stride, ``out_stages=('layer3', 'layer4')``. With ``f = mean(P F)`` and
    ``b = mean((1 - P) F)`` of every image

    ``loss = apart loss_apart + fg loss_fg + bg loss_bg``, see :func:`apart` and :func:`together`.

    The terms do not tell the parts from each other. A running mean of the share of the border that P covers does: above
    one half P is the background, and the map is 1 - P. (The published code asks one image, at the end of the first
    epoch.) Nothing forbids an empty or a full map; ``map_area``, the mean of the map, is logged.

    Args:
        num_classes: K.
        in_channels: channels of the backbone's features.
        alpha: see :func:`together`; 0.05 in the paper with weights from supervision, 0.75 without.
        loss_weight: of the losses, ``dict(apart=…, fg=…, bg=…)``; 1 each in the paper.
        momentum: of the running mean over the border.
        classifier: see :class:`~wsolzoo.models.heads.ClassAgnosticHead`.
        init_cfg: torch's own by default.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: tuple[int, ...],
        alpha: float = 0.05,
        loss_weight: dict[str, float] | None = None,
        momentum: float = 0.05,
        classifier: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(num_classes, in_channels, classifier, init_cfg)
        self.alpha, self.momentum = alpha, momentum
        self.loss_weight = loss_weights(self, TERMS, loss_weight)
        self.part = nn.Sequential(nn.Conv2d(sum(self.in_channels), 1, 3, padding=1, bias=False), nn.BatchNorm2d(1))
        self.register_buffer('border', torch.tensor(0.5))

    def split(self, feats: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        """P (N, 1, h, w), and the features (N, C, h, w) on one grid."""
        size = feats[0].shape[2:]
        same = [feat if feat.shape[2:] == size else F.interpolate(feat, size, mode='bilinear') for feat in feats]
        feat = torch.cat(same, 1)
        return self.part(feat).sigmoid(), feat

    def output(self, part: Tensor, feats: tuple[Tensor, ...], trunk: TrunkPass | None) -> HeadOutput:
        """The output for a part (N, 1, h, w), turned so that the border of the images is background."""
        map = torch.where(self.border > 0.5, 1 - part, part)
        return HeadOutput(self.class_scores(feats, trunk), SharedMap(map, self.num_classes))

    def forward(
        self, feats: tuple[Tensor, ...], labels: Tensor | None = None, trunk: TrunkPass | None = None
    ) -> HeadOutput:
        return self.output(self.split(feats)[0], feats, trunk)

    def loss(self, feats: tuple[Tensor, ...], labels: Tensor, trunk: TrunkPass) -> tuple[HeadOutput, dict[str, Tensor]]:
        """The losses of the class docstring."""
        part, feat = self.split(feats)
        self.look_at_border(part.detach())
        front, back = (wide(share * feat).mean((2, 3)) for share in (part, 1 - part))
        output = self.output(part, feats, trunk)
        weight = self.loss_weight
        return output, {
            'loss_apart': weight['apart'] * apart(back, front),
            'loss_fg': weight['fg'] * together(front, self.alpha),
            'loss_bg': weight['bg'] * together(back, self.alpha),
            'map_area': output.maps[:, 0].detach().mean(),
        }

    @torch.no_grad()
    def look_at_border(self, part: Tensor) -> None:
        """Move the running mean towards the share of the border of this batch where P is above one half."""
        lines = (part[..., 0, :], part[..., -1, :], part[..., 0], part[..., -1])
        share = torch.stack([(line > 0.5).float().mean() for line in lines]).mean()
        self.border.lerp_(share, self.momentum)
