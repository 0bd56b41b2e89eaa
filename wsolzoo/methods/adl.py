"""ADL: Choe, Shim. Attention-based Dropout Layer for WSOL. CVPR 2019 (TPAMI 2020).

A layer without parameters, in several stages. It either hides the area that a stage finds most active, so that the
rest of the object must be enough, or stresses that area, so that the network goes on classifying well.

The form is that of Choe et al. (CVPR 2020): ``drop_rate`` is the probability of hiding, where the paper's own code has
the probability of keeping, ``1 - drop_rate``.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from wsolzoo.registry import MODELS


class ADLAttention(NamedTuple):
    """What one layer looked through.

    Attributes:
        map: (N, 1, h, w) mean over the channels.
        feat: (N, C, h, w) feature that entered.
    """

    map: Tensor
    feat: Tensor


def drop_mask(attention: Tensor, gamma: float) -> Tensor:
    """``[a < gamma max a]``, image by image: all but the most active area.

    A map whose maximum is negative keeps everything; one that is 0 everywhere keeps nothing.

    Args:
        attention: (N, 1, h, w).
        gamma: share of the maximum, in [0, 1].

    Returns:
        (N, 1, h, w) bool.
    """
    return attention < gamma * attention.amax((2, 3), keepdim=True)


@MODELS.register_module()
class ADLNeck(nn.Module):
    """In training the feature times the drop mask, with probability ``drop_rate``, or else times ``sigmoid(a)``.

    ``a`` is the mean over the channels. One draw serves the whole batch. Gradients flow through the importance map,
    none through the mask, which is not rescaled by the share that it keeps. In evaluation the feature passes unchanged.

    Args:
        drop_rate: probability of the mask.
        gamma: what is above this share of an image's maximum is dropped.

    Raises:
        ValueError: one of the two is not in [0, 1].
    """

    def __init__(self, drop_rate: float = 0.75, gamma: float = 0.9) -> None:
        super().__init__()
        for name, value in (('drop_rate', drop_rate), ('gamma', gamma)):
            if not 0 <= value <= 1:
                raise ValueError(f'{name} of ADLNeck must be in [0, 1]; got {value}')
        self.drop_rate, self.gamma = drop_rate, gamma

    def forward(self, feat: Tensor) -> tuple[Tensor, ADLAttention | None]:
        """The feature (N, C, h, w) for what follows, and in training the attention."""
        if not self.training:
            return feat, None
        attention = feat.mean(1, keepdim=True)
        if bool(torch.rand(()) < self.drop_rate):
            gate = drop_mask(attention.detach(), self.gamma).to(feat.dtype)
        else:
            gate = attention.sigmoid()
        return feat * gate, ADLAttention(attention, feat)

    def extra_repr(self) -> str:
        """The two settings."""
        return f'drop_rate={self.drop_rate}, gamma={self.gamma}'
