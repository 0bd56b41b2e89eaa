"""SPG: Zhang, Wei, Kang, Yang, Huang. Self-Produced Guidance for Weakly Supervised Object Localization. ECCV 2018.

The confident pixels of the class's map, high ones and low ones, are seeds of foreground and background. They teach a
side branch B2 on an earlier feature, its own confident pixels a branch B1 on a still earlier one, and those of both a
branch C on the feature in front of the class maps. So that feature learns where the object ends.

With seeds s(P), 1 where P is high, 0 where it is low, ignored in between:

``L = CE(mean S) + BCE(b2 | s(A)) + BCE(b1 | s(sigma(b2))) + BCE(c | s((sigma(b1) + sigma(b2)) / 2))``,
``A = minmax(up(S[y]))``; the map of a class is its channel of S. All of it at the size of the images.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from wsolzoo.models.heads import ConvClassifier, MaskHead, top1
from wsolzoo.models.loss_weights import loss_weights
from wsolzoo.models.outputs import HeadOutput
from wsolzoo.models.scaling import minmax, wide
from wsolzoo.models.trunk import TrunkPass
from wsolzoo.registry import MODELS

BRANCHES = ('b2', 'b1', 'c')
"""In the order in which they teach each other."""
IGNORED = 255
DEFAULTS = {'b2': {'high': 0.7, 'low': 0.01}, 'b1': {'high': 0.5, 'low': 0.05}, 'c': {'high': 0.7, 'low': 0.1}}
"""Thresholds of the seeds that teach each branch, by Choe et al.; the original has 0.05 for the lower one of B2."""


@MODELS.register_module()
class SPGHead(MaskHead):
    """Classifier with three branches that teach each other in training; a test reads the classifier alone.

    The backbone returns three features, of B1, of B2, and of the classifier: ``backbone=dict(out_stages=(…))``. Where
    it returns two, B2 reads the classifier's (VGG16).
    The form of Choe et al. (CVPR 2020): dropout ends with training, and every image has its own threshold where it has
    too few seeds.

    ``loss = loss_cls + sum_branch loss_weight[branch] loss_branch``. Also logged: ``seed_ratio``, the share of pixels
    that the class's map makes seeds.

    Args:
        num_classes: K.
        in_channels: channels of the backbone's features.
        mid_channels: channels of the classifier's 3x3 convolutions; none for ResNet.
        dropout: before every convolution of the classifier.
        side_channels: of B1 and B2, and of C.
        seeds: thresholds ``dict(b2=dict(high=…, low=…), b1=…, c=…)`` of the seeds that teach each branch; missing ones
            are :data:`DEFAULTS`. ``fewest`` beside them is the number of foreground pixels below which an image's
            threshold is 0.7 of its maximum instead; 30 by default, out of 224x224.
        loss_weight: ``dict(b2=…, b1=…, c=…)``; a missing one is 1, as all of them in the paper.
        init_cfg: defaults to Xavier-uniform convolutions with zero bias.

    Raises:
        ValueError: fewer than two or more than three features, an unknown branch or threshold, or ``low`` above
            ``high``.
    """

    one_label = True

    def __init__(
        self,
        num_classes: int,
        in_channels: tuple[int, ...],
        mid_channels: Sequence[int] = (1024, 1024),
        dropout: float = 0.0,
        side_channels: tuple[int, int] = (512, 512),
        seeds: Mapping | None = None,
        loss_weight: dict[str, float] | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            num_classes, in_channels, init_cfg or {'type': 'Xavier', 'layer': 'Conv2d', 'distribution': 'uniform'}
        )
        if len(self.in_channels) not in (2, 3):
            raise ValueError(
                'SPGHead reads three features, backbone.out_stages=(of B1, of B2, last), or two, where B2 reads the '
                f'last; got {len(self.in_channels)}'
            )
        self.loss_weight = loss_weights(self, dict.fromkeys(BRANCHES, 1.0), loss_weight)
        self.fewest, self.thresholds = checked_seeds(seeds or {})
        first, second, last = self.in_channels[0], self.in_channels[1], self.in_channels[-1]
        side, guided = side_channels
        self.side1 = nn.Sequential(nn.Conv2d(first, side, 3, padding=1), nn.ReLU(inplace=True))
        self.side2 = nn.Sequential(nn.Conv2d(second, side, 3, padding=1), nn.ReLU(inplace=True))
        self.shared = ConvClassifier(side, [side], 1)
        self.classifier = ConvClassifier(last, mid_channels, num_classes, dropout)
        self.guided = ConvClassifier(self.classifier[-1].in_channels, [guided], 1)
        self.places = {f'conv{count}': channels for count, channels in enumerate(mid_channels, 1)}

    def forward(
        self, feats: tuple[Tensor, ...], labels: Tensor | None = None, trunk: TrunkPass | None = None
    ) -> HeadOutput:
        """Logits (N, K) and class score maps (N, K, h, w)."""
        scores = self.classifier(feats[-1], trunk)
        return HeadOutput(scores.mean((2, 3)), scores.detach())

    def loss(self, feats: tuple[Tensor, ...], labels: Tensor, trunk: TrunkPass) -> tuple[HeadOutput, dict[str, Tensor]]:
        """The losses of the class docstring."""
        hidden = self.classifier.hidden(feats[-1], trunk)
        scores = self.classifier[-1](hidden)
        output = HeadOutput(scores.mean((2, 3)), scores.detach())
        size = trunk.inputs.shape[2:]
        logits = {
            'b2': enlarged(self.shared(self.side2(feats[1])), size),
            'b1': enlarged(self.shared(self.side1(feats[0])), size),
            'c': enlarged(self.guided(hidden), size),
        }
        with torch.no_grad():
            one, two = logits['b1'].sigmoid(), logits['b2'].sigmoid()
            attention = minmax(enlarged(output.maps_of(labels[:, None]), size))
            teachers = {'b2': attention, 'b1': two, 'c': (one + two) / 2}
            targets = {name: seeds(teachers[name], **self.thresholds[name], fewest=self.fewest) for name in BRANCHES}
        losses = {f'loss_{name}': self.loss_weight[name] * seed_loss(logits[name], targets[name]) for name in BRANCHES}
        return output, {
            'loss_cls': F.cross_entropy(output.logits, labels),
            **losses,
            'seed_ratio': (targets['b2'] != IGNORED).float().mean(),
            'top1': top1(output.logits, labels),
        }


def enlarged(maps: Tensor, size: Sequence[int]) -> Tensor:
    """Maps resized bilinearly (corners not aligned), in float32 at least."""
    return F.interpolate(wide(maps), tuple(size), mode='bilinear', align_corners=False)


def seeds(maps: Tensor, high: float, low: float, fewest: int = 30) -> Tensor:
    """Confident pixels: 1 above ``high``, 0 below ``low``, 255 in between.

    An image with fewer than ``fewest`` pixels above ``high`` takes those above 0.7 of its maximum. The background is
    written last: a pixel that is both, as in a map that is low everywhere, is background.

    Args:
        maps: (N, 1, H, W) in [0, 1].
        high, low: thresholds.
        fewest: pixels.

    Returns:
        (N, 1, H, W) uint8.
    """
    foreground = maps > high
    few = foreground.sum((1, 2, 3), keepdim=True) < fewest
    foreground = torch.where(few, maps > 0.7 * maps.amax((1, 2, 3), keepdim=True), foreground)
    targets = torch.where(foreground, 1, IGNORED)
    return torch.where(maps < low, 0, targets).to(torch.uint8)


def seed_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Binary cross-entropy, the mean over all seeds of the batch; 0 where there is none.

    Args:
        logits: (N, 1, H, W).
        targets: (N, 1, H, W) of :func:`seeds`.

    Returns:
        A scalar, at least 0.
    """
    known = targets != IGNORED
    losses = F.binary_cross_entropy_with_logits(logits, (targets == 1).to(logits.dtype), reduction='none')
    return torch.where(known, losses, 0).sum() / known.sum().clamp(min=1)


def checked_seeds(asked: Mapping) -> tuple[int, dict[str, dict[str, float]]]:
    """Fewest pixels, and the thresholds of every branch.

    Raises:
        ValueError: an unknown branch or threshold, or ``low`` above ``high``.
    """
    unknown = sorted(set(asked) - {*BRANCHES, 'fewest'})
    if unknown:
        raise ValueError(f'seeds has unknown keys {unknown}; expected some of b1, b2, c, fewest')
    thresholds = {name: {**DEFAULTS[name], **asked.get(name, {})} for name in BRANCHES}
    for name, pair in thresholds.items():
        if set(pair) != {'high', 'low'} or not 0 <= pair['low'] <= pair['high'] <= 1:
            raise ValueError(f'seeds[{name!r}] must be dict(high=…, low=…) with 0 <= low <= high <= 1; got {pair}')
    return asked.get('fewest', 30), thresholds
