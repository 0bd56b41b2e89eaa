"""SqueezeNet 1.1."""

from collections.abc import Sequence

from torch import nn

from wsolzoo.models.backbones.staged import StagedBackbone
from wsolzoo.registry import MODELS

FIRES = ((16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256))
"""Squeeze and expand channels of fire2 … fire9 (Iandola et al., 2016, version 1.1)."""


@MODELS.register_module()
class SqueezeNet(StagedBackbone):
    """torchvision's ``squeezenet1_1`` without its classifier.

    Stages ``conv1`` (with ReLU), ``pool1``, ``fire2``, ``fire3``, ``pool3``, ``fire4``, ``fire5``, ``pool5`` and
    ``fire6`` … ``fire9``. State-dict keys are torchvision's ``features.*``. Pools are in ceil mode: 14x14 out of 227
    pixels, 13x13 out of 224.

    Args:
        output_stride: 16, or 8 (pool5 with stride 1).
        stem_padding: of the first convolution; 0 for published weights, 1 for 14x14 at 224 pixels.
        width: multiplies all channels; 1 for published weights.
        out_stages: the stages to return, the last one by default.
        init_cfg: for published weights ``dict(type='Pretrained', checkpoint='torchvision://squeezenet1_1')``.
    """

    def __init__(
        self,
        output_stride: int = 16,
        stem_padding: int = 0,
        width: float = 1.0,
        out_stages: Sequence[str] | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        from torchvision.models.squeezenet import Fire

        if output_stride not in (8, 16):
            raise ValueError(f'SqueezeNet has output_stride 8 or 16; got {output_stride}')
        channels = round(64 * width)
        layers = [nn.Conv2d(3, channels, 3, stride=2, padding=stem_padding), nn.ReLU(inplace=True)]
        stages: dict[str, tuple[str, ...]] = {'conv1': ('features.0', 'features.1')}
        for number, (squeeze, expand) in enumerate(FIRES, start=2):
            if number in (2, 4, 6):
                stages[f'pool{number - 1}'] = (f'features.{len(layers)}',)
                kept = number == 6 and output_stride == 8
                layers.append(nn.MaxPool2d(3, 1, padding=1) if kept else nn.MaxPool2d(3, 2, ceil_mode=True))
            stages[f'fire{number}'] = (f'features.{len(layers)}',)
            layers.append(Fire(channels, round(squeeze * width), round(expand * width), round(expand * width)))
            channels = 2 * round(expand * width)
        self.features = nn.Sequential(*layers)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_uniform_(module.weight)
                nn.init.zeros_(module.bias)
        self.cut(stages, out_stages)
