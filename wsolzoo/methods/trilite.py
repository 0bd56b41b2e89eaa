"""TriLite: Sabaghi, Oramas. Efficient Weakly Supervised Object Localization with Universal Visual Features and
Tri-Region Disentanglement. CVPR 2026.

A small head on a frozen self-supervised transformer. Every patch is divided between foreground, background and neither,
by a convolution and a softmax. The class must be told from the mean foreground patch, and must not be told from the
mean background patch:

``f_c = sum_p P_c x_p / (sum_p P_c + 1e-6)``,
``L = CE(fc_cls(class token)) + CE(fc_patch(f_fg)) + background mean(-log(1 - softmax(fc_patch(f_bg))_y + 1e-7))``.

The map is P_fg; class scores are those of the class token.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from wsolzoo.models.heads import MaskHead, top1
from wsolzoo.models.loss_weights import loss_weights
from wsolzoo.models.outputs import HeadOutput, SharedMap
from wsolzoo.models.scaling import wide
from wsolzoo.models.trunk import TrunkPass
from wsolzoo.registry import MODELS

FOREGROUND, BACKGROUND = 0, 1
"""Channels of the division; the third is of what is undecided."""


def share_mean(feat: Tensor, share: Tensor) -> Tensor:
    """Mean patch (N, D) of ``feat`` (N, D, h, w), weighed by ``share`` (N, h, w); in float32 at least."""
    feat, share = wide(feat), wide(share)
    return torch.einsum('ndhw,nhw->nd', feat, share) / (share.sum((1, 2)) + 1e-6)[:, None]


def background_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean of ``-log(1 - p_y + 1e-7)``: the class must not be told from these logits (N, K).

    ``1 - p_y`` is summed from the other classes in float32, so that a sure answer still has its loss in half precision.
    """
    others = F.one_hot(labels, logits.shape[1]) == 0
    rest = torch.where(others, wide(logits).softmax(1), 0).sum(1)
    return -(rest + 1e-7).log().mean()


@MODELS.register_module()
class TriHead(MaskHead):
    """Foreground, background and neither, on any trunk, which is meant to be frozen.

    In the paper the patches and the class token before the last normalisation of DINOv2:
    ``backbone=dict(type='TimmViT', out_stages=('blocks.11', 'cls'), freeze=True)``. The first feature is divided, the
    last one's mean over positions is the class token; a convolutional trunk returns one feature for both.
    ``loss = loss_cls + loss_fg + background loss_bg``. Also logged: ``map_area`` and ``undecided``, mean shares.

    Args:
        num_classes: K.
        in_channels: channels of the backbone's features.
        loss_weight: ``dict(background=…)``: 100 on CUB, 500 on ILSVRC, 3 on OpenImages.
        dropout: of the mean patches and of the class token, ``(.5, .5)`` on CUB.
        init_cfg: torch's own initialisation by default.
    """

    one_label = True
    label_map = True

    def __init__(
        self,
        num_classes: int,
        in_channels: tuple[int, ...],
        loss_weight: dict[str, float] | None = None,
        dropout: tuple[float, float] = (0.5, 0.5),
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(num_classes, in_channels, init_cfg)
        self.loss_weight = loss_weights(self, {'background': 100.0}, loss_weight)
        first, last = self.in_channels[0], self.in_channels[-1]
        self.divide = nn.Sequential(nn.Conv2d(first, 3, 3, padding=1, bias=False), nn.BatchNorm2d(3))
        self.fc_patch, self.fc_cls = nn.Linear(first, num_classes), nn.Linear(last, num_classes)
        self.drop_patch, self.drop_cls = nn.Dropout(dropout[0]), nn.Dropout(dropout[1])

    def forward(
        self, feats: tuple[Tensor, ...], labels: Tensor | None = None, trunk: TrunkPass | None = None
    ) -> HeadOutput:
        """Logits (N, K) of the class token, and the foreground's share; ``extras`` has all ``shares`` (N, 3, h, w)."""
        shares = wide(self.divide(feats[0])).softmax(1)
        foreground = shares[:, FOREGROUND, None]
        logits = self.fc_cls(self.drop_cls(feats[-1].mean((2, 3))))
        extras = {'shares': shares, 'label_map': foreground}
        return HeadOutput(logits, SharedMap(foreground.detach(), self.num_classes), extras)

    def loss(self, feats: tuple[Tensor, ...], labels: Tensor, trunk: TrunkPass) -> tuple[HeadOutput, dict[str, Tensor]]:
        """The losses of the class docstring."""
        output, scalars = super().loss(feats, labels, trunk)
        shares = output.extras['shares']
        of_fg, of_bg = (
            self.fc_patch(self.drop_patch(share_mean(feats[0], shares[:, part]))) for part in (FOREGROUND, BACKGROUND)
        )
        scalars['loss_fg'] = F.cross_entropy(of_fg, labels)
        scalars['loss_bg'] = self.loss_weight['background'] * background_loss(of_bg, labels)
        scalars['top1_fg'] = top1(of_fg, labels)
        scalars['map_area'], _, scalars['undecided'] = shares.detach().mean((0, 2, 3)).unbind()
        return output, scalars
