"""ACoL: Zhang, Wei, Feng, Yang, Huang. Adversarial Complementary Learning for WSOL. CVPR 2018.

Two classifiers of one form read the same feature. Where the first one's map of the class is high, the feature is
erased, and the second one must tell the class from what is left: it finds the parts that the first one does not need.

``A = minmax(S_A[y])``, ``S_B = head_B(F [A < threshold])``, ``L = CE(mean S_A) + CE(mean S_B)``; the map of a class is
the larger of its two normalised maps.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from wsolzoo.models.heads import ConvClassifier, MaskHead, top1
from wsolzoo.models.outputs import HeadOutput
from wsolzoo.models.scaling import minmax
from wsolzoo.models.trunk import TrunkPass
from wsolzoo.registry import MODELS


@MODELS.register_module()
class ACoLHead(MaskHead):
    """Classifier, eraser, and a second classifier of what is left.

    The form of Choe et al. (CVPR 2020), which keeps the original's: class scores are those of the first classifier
    alone; erasing goes on at test time, by the map of the given class or, without one, of the predicted class. The
    erased region is a constant: the second classifier teaches the backbone on the positions that are kept and the
    first one nothing.

    ``loss = loss_cls + loss_weight loss_complement``, two cross-entropies. Also logged: ``erased_ratio``, the share of
    positions that are erased, and ``top1_complement``.

    Args:
        num_classes: K.
        in_channels: channels of the backbone's features.
        threshold: in (0, 1], of the min-max normalised map of the class; positions at or above it are erased.
        mid_channels: channels of the 3x3 convolutions of each classifier.
        pool: size of an average pooling of stride 1 before the classifiers, odd; 1 for none. It counts the zeros of its
            padding, as the published one.
        loss_weight: of the second classifier's loss; 1 in the paper.
        init_cfg: defaults to Xavier-uniform convolutions with zero bias.

    Raises:
        ValueError: a threshold outside (0, 1], or an even ``pool``.
    """

    one_label = True

    def __init__(
        self,
        num_classes: int,
        in_channels: tuple[int, ...],
        threshold: float = 0.7,
        mid_channels: Sequence[int] = (1024, 1024),
        pool: int = 1,
        loss_weight: float = 1.0,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            num_classes, in_channels, init_cfg or {'type': 'Xavier', 'layer': 'Conv2d', 'distribution': 'uniform'}
        )
        if not 0 < threshold <= 1:
            raise ValueError(f'threshold must be in (0, 1], 0 would erase every position; got {threshold}')
        if pool < 1 or pool % 2 == 0:
            raise ValueError(f'pool must be odd, so that the maps keep their size; got {pool}')
        self.threshold, self.loss_weight = threshold, loss_weight
        self.pool = nn.AvgPool2d(pool, stride=1, padding=pool // 2) if pool > 1 else nn.Identity()
        self.classifier = ConvClassifier(self.in_channels[-1], mid_channels, num_classes)
        self.complement = ConvClassifier(self.in_channels[-1], mid_channels, num_classes)

    def forward(
        self, feats: tuple[Tensor, ...], labels: Tensor | None = None, trunk: TrunkPass | None = None
    ) -> HeadOutput:
        """Logits (N, K) of the first classifier, and merged maps; ``extras`` holds ``complement`` (N, K), the logits of
        the second one, and ``kept`` (N, 1, h, w), where the feature was not erased."""
        feat = self.pool(feats[-1])
        scores = self.classifier(feat)
        logits = scores.mean((2, 3))
        kept = keep_mask(scores, logits.argmax(1) if labels is None else labels, self.threshold)
        other = self.complement(feat * kept.to(feat.dtype))
        extras = {'complement': other.mean((2, 3)), 'kept': kept}
        return HeadOutput(logits, MergedMaps(scores.detach(), other.detach()), extras)

    def loss(self, feats: tuple[Tensor, ...], labels: Tensor, trunk: TrunkPass) -> tuple[HeadOutput, dict[str, Tensor]]:
        """The losses of the class docstring."""
        output = self(feats, labels, trunk)
        complement = output.extras['complement']
        return output, {
            'loss_cls': F.cross_entropy(output.logits, labels),
            'loss_complement': self.loss_weight * F.cross_entropy(complement, labels),
            'erased_ratio': 1 - output.extras['kept'].float().mean(),
            'top1': top1(output.logits, labels),
            'top1_complement': top1(complement, labels),
        }


def keep_mask(scores: Tensor, labels: Tensor, threshold: float) -> Tensor:
    """Where the min-max normalised map of the class is below the threshold.

    A constant map normalises to 0 and erases nothing.

    Args:
        scores: (N, K, h, w) class score maps; no gradient flows into them.
        labels: (N,) whose map.
        threshold: positions at or above it are erased.

    Returns:
        (N, 1, h, w) bool.
    """
    images = torch.arange(len(labels), device=labels.device)
    return minmax(scores.detach()[images, labels][:, None]) < threshold


class MergedMaps(NamedTuple):
    """The larger of two min-max normalised maps at each position, in [0, 1], normalised for the classes asked for.

    Attributes:
        scores: (N, K, h, w) score maps of the first classifier.
        complement: (N, K, h, w) score maps of the second one.
    """

    scores: Tensor
    complement: Tensor

    def of(self, classes: Tensor) -> Tensor:
        """Maps (N, M, h, w) of the ``classes`` (N, M)."""
        index = classes[:, :, None, None].expand(-1, -1, *self.scores.shape[2:])
        return torch.maximum(minmax(self.scores.gather(1, index)), minmax(self.complement.gather(1, index)))

    def all(self) -> Tensor:
        """Maps (N, K, h, w) of all classes."""
        return torch.maximum(minmax(self.scores), minmax(self.complement))
