"""PaS: Bae, Noh, Kim. Rethinking Class Activation Mapping for WSOL. ECCV 2020.

Three faults of CAM and a cure for each:

* The average divides by the whole area, so that a channel which is active on a small part gets a large weight.
  *Thresholded average pooling* (TAP) averages over the active positions alone.
* Parts of the object whose channels count against the class are blanked. *Negative weight clamping* (NWC) leaves those
  channels out of the map.
* A threshold relative to the maximum hangs on a few pixels. *Percentile as a standard* (PaS) takes a percentile; that
  is the protocol ``pas2020``, and the normaliser :func:`wsolzoo.maps.pas` for a threshold that is swept.
"""

import torch
from torch import Tensor, nn

from wsolzoo.models.heads import MaskHead
from wsolzoo.models.outputs import HeadOutput, LinearMaps
from wsolzoo.models.trunk import TrunkPass
from wsolzoo.registry import MODELS


def thresholded_average(feat: Tensor, threshold: float) -> Tensor:
    """Mean over the positions of a channel that lie above a share of its maximum.

    ``P_c = sum_{F_c > t_c} F_c / max(1, #{F_c > t_c})``, ``t_c = threshold max_ij F_c``. Which positions count is a
    constant for the gradient. A channel without a positive value becomes 0.

    Args:
        feat: (N, C, h, w).
        threshold: share of the maximum, in [0, 1).

    Returns:
        (N, C), in the type of the feature; sums are made in float32 at least.

    Example:
        >>> thresholded_average(torch.tensor([[[[0.0, 4.0], [0.4, 2.0]]]]), 0.1)
        tensor([[3.]])
    """
    fixed = feat.detach()
    active = (fixed > threshold * fixed.amax((2, 3), keepdim=True)).to(feat.dtype)
    wide = torch.promote_types(feat.dtype, torch.float32)
    total, count = (feat * active).sum((2, 3), dtype=wide), active.sum((2, 3), dtype=wide)
    return (total / count.clamp(min=1)).to(feat.dtype)


@MODELS.register_module()
class PaSHead(MaskHead):
    """Thresholded average pooling and a linear classifier; the map is CAM's, read out with the positive weights alone.

    ``logits = W TAP(F) + b`` and ``map_y(i, j) = 1/C sum_c max(W[y, c], 0) F[c, i, j]``, of the whole feature and
    without the bias. The clamp changes maps only; scores and training keep all weights. Maps are detached from the
    graph. (The paper has the sum over channels; the mean, as in CAM, differs by a factor that min-max takes out.)

    Args:
        num_classes: K.
        in_channels: channels of the backbone's features.
        threshold: of the pooling, relative to a channel's maximum; 0 averages what is positive.
        clamp: leave negative weights out of the maps (the ablation: ``False``).
        init_cfg: defaults to N(0, 0.01) weights and zero bias.

    Raises:
        ValueError: a threshold outside [0, 1).
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: tuple[int, ...],
        threshold: float = 0.1,
        clamp: bool = True,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(num_classes, in_channels, init_cfg or {'type': 'Normal', 'layer': 'Linear', 'std': 0.01})
        if not 0 <= threshold < 1:
            raise ValueError(f'threshold of the pooling is a share of the maximum, in [0, 1); got {threshold}')
        self.fc = nn.Linear(self.in_channels[-1], num_classes)
        self.threshold, self.clamp = threshold, clamp

    def forward(
        self, feats: tuple[Tensor, ...], labels: Tensor | None = None, trunk: TrunkPass | None = None
    ) -> HeadOutput:
        feat = feats[-1]
        weight = self.fc.weight.detach() / feat.shape[1]
        maps = LinearMaps(feat.detach(), weight.clamp(min=0) if self.clamp else weight)
        return HeadOutput(self.fc(thresholded_average(feat, self.threshold)), maps)
