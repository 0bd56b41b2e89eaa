"""SPOL: Wei, Wang, Li, Wang, Zhou, Cui. Shallow Feature Matters for Weakly Supervised Object Localization. CVPR 2021.

Three networks. A classifier; a second one whose maps read the *product* of shallow and deep features, so that
background survives only where every level is active; and a third one that learns object against background, whatever
the class, from the masks that the second one's maps make together with a Gaussian prior.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from wsolzoo.models.heads import ClassAgnosticHead, MaskHead, pseudo_field, top1
from wsolzoo.models.loss_weights import loss_weights
from wsolzoo.models.outputs import HeadOutput, SharedMap
from wsolzoo.models.scaling import wide
from wsolzoo.models.trunk import TrunkPass
from wsolzoo.registry import MODELS

UNKNOWN = 255


class GatedProduct(nn.Module):
    """Features of several levels, gated by what all of them agree on, reduced, and multiplied on the finest grid.

    ``v = prod_i ReLU(BN(W_i GAP(F_i)))``, ``F_i <- F_i sigmoid(U_i v)``, ``r_i = up(ReLU(BN(V_i F_i)))``, and the
    product of all r_i. Enlarging is bilinear with aligned corners. A training batch has two images at least.

    Args:
        in_channels: of the features, fine to coarse.
        mid_channels: of v, of r_i and of the product.
    """

    def __init__(self, in_channels: Sequence[int], mid_channels: int) -> None:
        super().__init__()
        self.squeeze = nn.ModuleList(_conv_bn_relu(channels, mid_channels) for channels in in_channels)
        self.gate = nn.ModuleList(nn.Conv2d(mid_channels, channels, 1) for channels in in_channels)
        self.reduce = nn.ModuleList(_conv_bn_relu(channels, mid_channels) for channels in in_channels)

    def forward(self, feats: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """The product (N, C, h, w), and the deepest of its factors (N, C, h, w)."""
        common = torch.ones((), device=feats[0].device)
        for squeeze, feat in zip(self.squeeze, feats, strict=True):
            common = common * squeeze(feat.mean((2, 3), keepdim=True))
        product, size = torch.ones((), device=feats[0].device), feats[0].shape[2:]
        for gate, reduce, feat in zip(self.gate, self.reduce, feats, strict=True):
            factor = reduce(feat * gate(common).sigmoid())
            factor = F.interpolate(factor, size, mode='bilinear', align_corners=True)
            product = product * factor
        return product, factor


def _conv_bn_relu(in_channels: int, out_channels: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(in_channels, out_channels, 1), nn.BatchNorm2d(out_channels), nn.ReLU())


@MODELS.register_module()
class SPOLHead(MaskHead):
    """Class maps on the product of shallow and deep features; see :class:`GatedProduct`.

    One 1x1 convolution with ReLU reads the product P and its deepest factor r; class scores are the mean of a map.

    ``loss = deep loss_deep + soft loss_soft + cls loss_cls``

    * ``loss_deep``: cross-entropy of the scores of r.
    * ``loss_soft``: cross-entropy of the scores of P against the softmax of those of r, which are a constant.
    * ``loss_cls``: cross-entropy of the scores of P.

    A term of weight 0 is not computed.

    Args:
        num_classes: K.
        in_channels: channels of the backbone's features, three in the paper.
        loss_weight: of the losses; 0.5, 0.5, 0 on CUB and 0, 0, 1 on ILSVRC in the paper.
        mid_channels: see :class:`GatedProduct`.
        dropout: of what the last convolution reads.
        init_cfg: torch's own by default.
    """

    one_label = True

    def __init__(
        self,
        num_classes: int,
        in_channels: tuple[int, ...],
        loss_weight: dict[str, float] | None = None,
        mid_channels: int = 128,
        dropout: float = 0.5,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(num_classes, in_channels, init_cfg)
        self.loss_weight = loss_weights(self, {'deep': 0.5, 'soft': 0.5, 'cls': 0.0}, loss_weight)
        self.product = GatedProduct(self.in_channels, mid_channels)
        self.score = nn.Sequential(nn.Dropout(dropout), nn.Conv2d(mid_channels, num_classes, 1), nn.ReLU())

    def forward(
        self, feats: tuple[Tensor, ...], labels: Tensor | None = None, trunk: TrunkPass | None = None
    ) -> HeadOutput:
        maps = self.score(self.product(feats)[0])
        return HeadOutput(maps.mean((2, 3)), maps)

    def loss(self, feats: tuple[Tensor, ...], labels: Tensor, trunk: TrunkPass) -> tuple[HeadOutput, dict[str, Tensor]]:
        """The losses of the class docstring."""
        product, deepest = self.product(feats)
        maps, weight = self.score(product), self.loss_weight
        logits, deep = maps.mean((2, 3)), self.score(deepest).mean((2, 3))
        scalars = {'top1': top1(logits, labels)}
        if weight['deep']:
            scalars['loss_deep'] = weight['deep'] * F.cross_entropy(deep, labels)
        if weight['soft']:
            scalars['loss_soft'] = weight['soft'] * F.cross_entropy(logits, deep.detach().softmax(1))
        if weight['cls']:
            scalars['loss_cls'] = weight['cls'] * F.cross_entropy(logits, labels)
        return HeadOutput(logits, maps), scalars


@MODELS.register_module()
class SPOLMaskHead(ClassAgnosticHead):
    """Object against background on the product of shallow and deep features, taught by pseudo-masks.

    ``loss_mask = loss_weight BCE(up(map), mask)``, a mean over the pixels of the batch of which the mask says anything;
    0 where it says nothing. The map is the sigmoid, to be used as it is.

    Args:
        num_classes: K.
        in_channels: channels of the backbone's features.
        loss_weight: of the loss.
        mid_channels: see :class:`GatedProduct`.
        dropout: of what the last convolution reads.
        classifier: see :class:`~wsolzoo.models.heads.ClassAgnosticHead`.
        init_cfg: torch's own by default.
    """

    one_label = True

    def __init__(
        self,
        num_classes: int,
        in_channels: tuple[int, ...],
        loss_weight: float = 1.0,
        mid_channels: int = 128,
        dropout: float = 0.5,
        classifier: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(num_classes, in_channels, classifier, init_cfg)
        self.loss_weight = loss_weight
        self.product = GatedProduct(self.in_channels, mid_channels)
        self.score = nn.Sequential(nn.Dropout(dropout), nn.Conv2d(mid_channels, 1, 1))

    def forward(
        self, feats: tuple[Tensor, ...], labels: Tensor | None = None, trunk: TrunkPass | None = None
    ) -> HeadOutput:
        return self.output(self.score(self.product(feats)[0]), feats, trunk)

    def output(self, logits: Tensor, feats: tuple[Tensor, ...], trunk: TrunkPass | None) -> HeadOutput:
        """The output for ``logits`` (N, 1, h, w) of the object."""
        map = SharedMap(wide(logits).sigmoid().detach(), self.num_classes)
        return HeadOutput(self.class_scores(feats, trunk), map)

    def loss(self, feats: tuple[Tensor, ...], labels: Tensor, trunk: TrunkPass) -> tuple[HeadOutput, dict[str, Tensor]]:
        """``loss_mask``; also logged: ``map_area``, the mean of the map."""
        logits = self.score(self.product(feats)[0])
        masks = pseudo_field(trunk.samples, 'pseudo_mask', 'masks')
        target = torch.stack([torch.as_tensor(mask) for mask in masks]).to(logits.device)
        large = F.interpolate(wide(logits), target.shape[1:], mode='bilinear', align_corners=False)[:, 0]
        known = (target != UNKNOWN).to(large.dtype)
        cost = F.binary_cross_entropy_with_logits(large, (target == 1).to(large.dtype), known, reduction='sum')
        output = self.output(logits, feats, trunk)
        return output, {
            'loss_mask': self.loss_weight * cost / known.sum().clamp(min=1),
            'map_area': output.maps[:, 0].mean(),
        }
