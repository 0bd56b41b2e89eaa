"""BAS: Wu, Zhai, Cao. Background Activation Suppression for Weakly Supervised Object Localization. CVPR 2022.

A generator on an intermediate feature paints a foreground map of the image's class. The class activation that
survives where the map says *background* is suppressed, and the map's area is kept small; the two balance at the
object's outline.
The formulas follow the two published code bases, *v1* (CVPR) and *v2* (the journal extension), as named variants.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from wsolzoo.models.class_conv import class_conv3x3
from wsolzoo.models.frozen import frozen_call
from wsolzoo.models.heads import MaskHead, top1
from wsolzoo.models.loss_weights import loss_weights
from wsolzoo.models.outputs import HeadOutput
from wsolzoo.models.trunk import TrunkPass
from wsolzoo.registry import MODELS


def suppression(activation_bg: Tensor, activation: Tensor, variant: 'Variant') -> tuple[Tensor, Tensor]:
    """Background activation suppression of each image, and where its constant branch was taken.

    ``r = S_bg / (sg(S) + 1e-8)``, replaced by the constant of the variant where the background activation exceeds
    (``v1-cub``: reaches) that of the whole image, which keeps the beginning of training stable. Half-precision inputs
    are promoted.

    Args:
        activation_bg: (N,) activation S_bg of the class on the background.
        activation: (N,) activation S of the class on the whole image; no gradient flows into it.
        variant: see :class:`Variant`.

    Returns:
        Ratios (N,), at least 0, and a bool mask (N,) of the constant branch.
    """
    at_least_float32 = torch.promote_types(activation_bg.dtype, torch.float32)
    activation_bg, activation = activation_bg.to(at_least_float32), activation.detach().to(at_least_float32)
    if not variant.relu_scores:
        activation_bg, activation = activation_bg.relu(), activation.relu()
    ratio = activation_bg / (activation + 1e-8)
    constant = activation_bg > activation if variant.strict else activation_bg >= activation
    return torch.where(constant, torch.full_like(ratio, variant.constant), ratio), constant


@MODELS.register_module()
class BASHead(MaskHead):
    """Classifier, foreground map generator, and the four losses of BAS.

    The backbone returns two features: the tap the generator reads (28x28 in the paper) and its last one (14x14):
    ``backbone=dict(out_stages=(tap, last))``. The mask is applied at the tap, before anything that follows it.

    ``loss = loss_cls + frg loss_frg + bas loss_bas + ac loss_ac``

    * ``loss_cls``: cross-entropy of the image.
    * ``loss_frg``: cross-entropy of the classifier's score maps inside the foreground.
    * ``loss_bas``: :func:`suppression`; the background pass goes through a frozen copy of everything after the tap, so
      it moves the generator and the stages before the tap, never the ones after it.
    * ``loss_ac``: mean of the map, in [0, 1].

    Also logged: ``map_area`` (mean of the map) and ``bas_const_ratio`` (share of images in the constant branch).

    Args:
        num_classes: K.
        in_channels: channels of the backbone's two features.
        tap: name of the backbone stage the generator reads, the first of ``out_stages``.
        mid_channels: channels of the classifier's two 3x3 convolutions.
        loss_weight: of the losses, ``dict(frg=…, bas=…, ac=…)``; a missing one is 1, and 0 skips the computation.
        variant: one of ``v1-cub``, ``v1-ilsvrc``, ``v2``, ``v2-vgg``, see :class:`Variant`.
        generator_bias: initial bias of the generator; 0 starts from maps of 0.5.
        init_cfg: defaults to Xavier-uniform convolutions with zero bias.
    """

    one_label = True
    label_map = True
    resumes = True

    def __init__(
        self,
        num_classes: int,
        in_channels: tuple[int, ...],
        tap: str,
        mid_channels: int = 1024,
        loss_weight: dict[str, float] | None = None,
        variant: str = 'v1-cub',
        generator_bias: float = 0.0,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            num_classes, in_channels, init_cfg or {'type': 'Xavier', 'layer': 'Conv2d', 'distribution': 'uniform'}
        )
        if len(self.in_channels) != 2:
            raise ValueError(
                f'BASHead reads two features, backbone.out_stages=(tap, last); got {len(self.in_channels)}'
            )
        if variant not in VARIANTS:
            raise ValueError(f'variant must be one of {", ".join(VARIANTS)}; got {variant!r}')
        self.tap = tap
        self.loss_weight = loss_weights(self, {'frg': 1.0, 'bas': 1.0, 'ac': 1.0}, loss_weight)
        self.variant = VARIANTS[variant]
        self.generator_bias = generator_bias
        self.generator = nn.Conv2d(self.in_channels[0], num_classes, 3, padding=1)
        self.hidden = nn.Sequential(
            nn.Conv2d(self.in_channels[1], mid_channels, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(mid_channels, mid_channels, 3, padding=1),
            nn.ReLU(inplace=True),
        )
        self.score = nn.Conv2d(mid_channels, num_classes, 1)

    def forward(
        self, feats: tuple[Tensor, ...], labels: Tensor | None = None, trunk: TrunkPass | None = None
    ) -> HeadOutput:
        """Logits (N, K) and sigmoid foreground maps (N, K, h, w) of all classes; a test needs no masked pass."""
        tap, last = feats
        return HeadOutput(self.score_maps(last).mean((2, 3)), self.generator(tap).sigmoid())

    def score_maps(self, last: Tensor) -> Tensor:
        """(N, K, h, w) class score maps."""
        scores = self.score(self.hidden(last))
        return scores.relu() if self.variant.relu_scores else scores

    def loss(self, feats: tuple[Tensor, ...], labels: Tensor, trunk: TrunkPass) -> tuple[HeadOutput, dict[str, Tensor]]:
        """The losses of the class docstring; the output holds the ground-truth class's map only, (N, 1, h, w)."""
        tap, last = feats
        scores = self.score_maps(last)
        logits = scores.mean((2, 3))
        foreground = class_conv3x3(tap, self.generator.weight, self.generator.bias, labels).sigmoid()
        area = foreground.mean()
        scalars = {
            'loss_cls': F.cross_entropy(logits, labels),
            'loss_ac': self.loss_weight['ac'] * area,
            'map_area': area.detach(),
            'top1': top1(logits, labels),
        }
        if self.loss_weight['frg']:
            inside = scores * F.adaptive_avg_pool2d(foreground, scores.shape[2:])
            scalars['loss_frg'] = self.loss_weight['frg'] * F.cross_entropy(inside.mean((2, 3)), labels)
        if self.loss_weight['bas']:
            activation = logits.gather(1, labels[:, None])[:, 0]
            background = self.background_activation(tap, foreground, labels, trunk)
            ratio, constant = suppression(background, activation, self.variant)
            scalars['loss_bas'] = self.loss_weight['bas'] * ratio.mean()
            scalars['bas_const_ratio'] = constant.float().mean()
        return HeadOutput(logits, foreground, {'label_map': foreground}), scalars

    def background_activation(self, tap: Tensor, foreground: Tensor, labels: Tensor, trunk: TrunkPass) -> Tensor:
        """(N,) mean score of the class on the image with its foreground masked out, by frozen later stages."""
        last = trunk.resume(tap.detach() * (1 - foreground), after=self.tap, frozen=True)[-1]
        hidden = frozen_call(self.hidden, last)
        weight, bias = self.score.weight.detach()[labels, :, 0, 0], self.score.bias.detach()[labels]
        scores = torch.einsum('nc,nchw->nhw', weight, hidden) + bias[:, None, None]
        return (scores.relu() if self.variant.relu_scores else scores).mean((1, 2))

    def init_weights(self) -> None:
        """Initialise, then set the generator's bias."""
        super().init_weights()
        nn.init.constant_(self.generator.bias, self.generator_bias)


@dataclass(frozen=True)
class Variant:
    """Where the published code bases differ.

    Attributes:
        relu_scores: a ReLU ends the class score maps (v1); otherwise the two activations are rectified instead (v2).
        constant: value of the suppression ratio, without gradient, where the background is more active than the whole
            image.
        strict: two equal activations have their ratio and its gradient; otherwise they take the constant (v1 on CUB).
    """

    relu_scores: bool
    constant: float
    strict: bool = False


VARIANTS = {
    'v1-cub': Variant(relu_scores=True, constant=0.0),
    'v1-ilsvrc': Variant(relu_scores=True, constant=0.0, strict=True),
    'v2': Variant(relu_scores=False, constant=1.0, strict=True),
    'v2-vgg': Variant(relu_scores=False, constant=0.0, strict=True),
}
