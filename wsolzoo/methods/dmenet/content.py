"""C, the frozen features whose distance keeps the map's outlines."""

from mmengine.model import BaseModule
from torch import Tensor

from wsolzoo.methods.dmenet.bricks import Pixels
from wsolzoo.registry import MODELS


@MODELS.register_module()
class ContentNet(BaseModule):
    """One tap of a frozen VGG19 on a map shown as a grey image.

    Args:
        encoder: a staged backbone; its last out stage is the feature. Default: VGG19 up to ``conv4_4`` (the layer of
            the released code; the source leaves it open). Give it pretrained weights: untrained features are only a
            random projection.
        pixels: what the encoder was trained on.
        init_cfg: weights.
    """

    def __init__(self, encoder: dict | None = None, pixels: str = 'caffe', init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.pixels = Pixels(pixels)
        default = {'type': 'VGG19', 'padding': 'zeros', 'out_stages': ('conv4_4',)}
        self.encoder = MODELS.build(encoder or default)
        self.requires_grad_(False)

    def train(self, mode: bool = True) -> 'ContentNet':
        """Stays in evaluation mode."""
        return super().train(False)

    def forward(self, maps: Tensor) -> Tensor:
        """(N, 1, h, w) in [0, 1] to (N, C, h', w')."""
        feats, _ = self.encoder(self.pixels(maps.expand(-1, 3, -1, -1)))
        return feats[-1]
