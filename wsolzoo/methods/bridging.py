"""Kim, Kim, Lee, Kim, Yoon. Bridging the Gap between Classification and Localization for WSOL. CVPR 2022.

A CAM value is ``|f| |w| cos(f, w)``. Classification is content when the *norm* of the features tells the object's
position; localization by CAM wants their *direction* to do it as well. So the direction is aligned with the weight of
the class where the norm is high, and the norm with the direction. A second pass, with the most attentive positions of
an intermediate feature dropped at random, must make the same features, so that they spread over the object.

Written from a description of the method alone, since its code may not be used commercially. Ours: means are taken image
by image and an empty region has none; both passes learn from their difference; the place of the drop in ResNet.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from wsolzoo.models.heads import MaskHead
from wsolzoo.models.loss_weights import loss_weights
from wsolzoo.models.outputs import HeadOutput, LinearMaps
from wsolzoo.models.scaling import minmax, wide
from wsolzoo.models.trunk import TrunkPass
from wsolzoo.registry import MODELS

TERMS = {'drop': 1.0, 'sim': 1.0, 'norm': 1.0}
SIGNS = ('gt', 'max')


def attentive_positions(feat: Tensor, threshold: float, drop_prob: float) -> Tensor:
    """Which positions are dropped: some of the most attentive ones.

    Those whose channel mean is above ``threshold`` times the largest one of the image, each with probability
    ``drop_prob``.

    Args:
        feat: (N, C, h, w).
        threshold: in [0, 1].
        drop_prob: in [0, 1].

    Returns:
        (N, 1, h, w) bool.
    """
    attention = wide(feat.detach()).mean(1, keepdim=True)
    attentive = attention > threshold * attention.amax((2, 3), keepdim=True)
    return attentive & (torch.rand(attention.shape) < drop_prob).to(feat.device)


def region_mean(values: Tensor, region: Tensor) -> Tensor:
    """Mean of ``values`` (N, h, w) over a bool ``region`` (N, h, w) of each image, 0 where that is empty: (N,)."""
    inside = torch.where(region, values, values.new_zeros(()))
    return inside.sum((1, 2)) / region.sum((1, 2)).clamp(min=1)


def cosines(feat: Tensor, weight: Tensor) -> Tensor:
    """Cosine (N, h, w) of a feature (N, C, h, w) at every position with the weight of the image's class (N, C)."""
    direction, length = F.normalize(wide(weight), dim=1), wide(feat).norm(dim=1)
    return torch.einsum('nc,nchw->nhw', direction, wide(feat)) / length.clamp(min=1e-12)


def largest_cosines(feat: Tensor, weight: Tensor) -> Tensor:
    """Largest cosine (N, h, w) of a feature (N, C, h, w) at every position with the weights of all classes (K, C)."""
    scores = torch.einsum('kc,nchw->nkhw', F.normalize(wide(weight), dim=1), wide(feat)).amax(1)
    return scores / wide(feat).norm(dim=1).clamp(min=1e-12)


def similarity_loss(cosine: Tensor, norm: Tensor, fg: float, bg: float) -> Tensor:
    """The direction follows the norm: mean cosine where the norm is below ``bg`` less that where it is above ``fg``.

    Args:
        cosine: (N, h, w) with the class.
        norm: (N, h, w) min-max normalised norm of the features; no gradient flows into it.
        fg: threshold of the foreground.
        bg: threshold of the background.
    """
    return (region_mean(cosine, norm < bg) - region_mean(cosine, norm > fg)).mean()


def norm_loss(cosine: Tensor, norm: Tensor) -> Tensor:
    """The norm follows the direction: its mean where the cosine is negative less that where it is positive."""
    return (region_mean(norm, cosine < 0) - region_mean(norm, cosine > 0)).mean()


@MODELS.register_module()
class BridgingHead(MaskHead):
    """CAM whose features are aligned with the weights of the classes.

    ``loss = loss_cls + drop mean|F - F_dropped| + sim loss_sim + norm loss_norm``, see :func:`attentive_positions`,
    :func:`similarity_loss`, :func:`norm_loss`. The last two begin after a warm-up: ``LossWeightHook(name='sim', …)``.
    The backbone returns two features, the tap and its last one: ``backbone=dict(out_stages=(tap, last))``; the drop
    happens at the tap, in a second pass through all that follows it. Terms of weight 0 are not computed.

    Also logged: ``dropped`` (share of the tap's positions), ``cos_fg`` and ``cos_bg`` (mean cosine in both regions).

    Args:
        num_classes: K.
        in_channels: channels of the backbone's two features.
        tap: name of the backbone stage after which positions are dropped, the first of ``out_stages``.
        drop: ``dict(threshold=…, drop_prob=…)`` of :func:`attentive_positions`.
        regions: ``dict(fg=…, bg=…)``, thresholds of the normalised norm.
        sign: whose cosine says what the norm should follow: of the image's class, ``'gt'``, or the largest one,
            ``'max'`` (for CUB, where every class is a bird).
        loss_weight: ``dict(drop=…, sim=…, norm=…)``; a missing one is 1.
        init_cfg: defaults to N(0, 0.01) weights and zero bias, as CAM.

    Raises:
        ValueError: unknown terms, regions that overlap, or another number of features than two.
    """

    one_label = True
    resumes = True

    def __init__(
        self,
        num_classes: int,
        in_channels: tuple[int, ...],
        tap: str,
        drop: dict[str, float],
        regions: dict[str, float],
        sign: str = 'gt',
        loss_weight: dict[str, float] | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(num_classes, in_channels, init_cfg or {'type': 'Normal', 'layer': 'Linear', 'std': 0.01})
        if len(self.in_channels) != 2:
            raise ValueError(
                f'BridgingHead reads two features, backbone.out_stages=(tap, last); got {len(in_channels)}'
            )
        if sign not in SIGNS:
            raise ValueError(f'sign must be one of {", ".join(SIGNS)}; got {sign!r}')
        if not 0 <= regions['bg'] <= regions['fg'] <= 1:
            raise ValueError(f'regions need 0 <= bg <= fg <= 1; got {regions}')
        self.tap, self.drop, self.regions, self.sign = tap, dict(drop), dict(regions), sign
        self.loss_weight = loss_weights(self, TERMS, loss_weight)
        self.fc = nn.Linear(self.in_channels[-1], num_classes)

    def forward(
        self, feats: tuple[Tensor, ...], labels: Tensor | None = None, trunk: TrunkPass | None = None
    ) -> HeadOutput:
        """Logits (N, K) and class maps as CAM has them."""
        feat = feats[-1]
        return HeadOutput(self.fc(feat.mean((2, 3))), LinearMaps(feat.detach(), self.fc.weight.detach()))

    def loss(self, feats: tuple[Tensor, ...], labels: Tensor, trunk: TrunkPass) -> tuple[HeadOutput, dict[str, Tensor]]:
        """The losses of the class docstring."""
        output, scalars = super().loss(feats, labels, trunk)
        if self.loss_weight['drop']:
            scalars |= self.drop_terms(feats, trunk)
        if self.loss_weight['sim'] or self.loss_weight['norm']:
            scalars |= self.alignment_terms(feats[-1], labels)
        return output, scalars

    def drop_terms(self, feats: tuple[Tensor, ...], trunk: TrunkPass) -> dict[str, Tensor]:
        """The difference that the drop makes to the last feature."""
        tap, last = feats
        dropped = attentive_positions(tap, **self.drop)
        again = trunk.resume(torch.where(dropped, tap.new_zeros(()), tap), after=self.tap)[-1]
        difference = wide(last - again).abs().mean()
        return {'loss_drop': self.loss_weight['drop'] * difference, 'dropped': dropped.float().mean()}

    def alignment_terms(self, feat: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Direction and norm of the features, each held against the other."""
        norm, fg, bg = minmax(wide(feat).norm(dim=1)), self.regions['fg'], self.regions['bg']
        cosine = cosines(feat, self.fc.weight[labels])
        scalars = {
            'cos_fg': region_mean(cosine.detach(), norm > fg).mean(),
            'cos_bg': region_mean(cosine.detach(), norm < bg).mean(),
        }
        if self.loss_weight['sim']:
            scalars['loss_sim'] = self.loss_weight['sim'] * similarity_loss(cosine, norm, fg, bg)
        if self.loss_weight['norm']:
            sign = cosine if self.sign == 'gt' else largest_cosines(feat, self.fc.weight)
            scalars['loss_norm'] = self.loss_weight['norm'] * norm_loss(sign.detach(), norm)
        return scalars
