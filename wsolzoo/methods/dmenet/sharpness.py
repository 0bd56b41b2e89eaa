"""S, the sharpness calibration network: it turns a map of a real image into sharp or blurred."""

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from wsolzoo.methods.dmenet.bricks import chain, conv
from wsolzoo.methods.dmenet.losses import ERRORS
from wsolzoo.registry import MODELS


@MODELS.register_module()
class SharpnessNet(BaseModule):
    """Ten 1x1 convolutions on a predicted map; high logits say blurred.

    Its receptive field is one pixel, so that the gradient of a pixel's loss reaches that pixel of the map alone. In
    training mode the batch statistics of the normalisation couple pixels through two numbers a channel; that cannot
    smear.

    Args:
        error: ``squared`` (equation 6) or ``cross_entropy`` (the released code).
        widths: channels of the three groups of three layers.
        init_cfg: weights.
    """

    def __init__(
        self, error: str = 'squared', widths: tuple[int, ...] = (64, 32, 16), init_cfg: dict | None = None
    ) -> None:
        super().__init__(init_cfg)
        if error not in ERRORS:
            raise ValueError(f'error must be one of {", ".join(ERRORS)}; got {error!r}')
        self.error = error
        self.layers = nn.Sequential(
            chain(1, *(width for width in widths for _ in range(3)), kernel=1), conv(widths[-1], 1, 1, last=True)
        )

    def forward(self, maps: Tensor) -> Tensor:
        """(N, 1, h, w) in [0, 1] to logits (N, 1, h, w)."""
        return self.layers(maps)

    @property
    def updates(self) -> int:
        """Batches the normalisation has seen."""
        return int(self.layers[0][0][1].num_batches_tracked)

    @torch.no_grad()
    def polarity(self) -> float:
        """P(blurred | map 1) - P(blurred | map 0), in [-1, 1], under the running statistics.

        Below 0 the net has learned that a high map value means sharp, and teaches B to invert its maps.
        """
        training = self.training
        self.eval()
        ends = torch.tensor([0.0, 1.0], device=self.layers[1].weight.device).view(2, 1, 1, 1)
        sharp, blurred = self(ends).sigmoid().flatten().tolist()
        self.train(training)
        return blurred - sharp
