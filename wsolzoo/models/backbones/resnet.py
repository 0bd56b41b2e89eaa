"""ResNet in the forms that localization papers use."""

from collections.abc import Sequence
from typing import Any

from torch import nn

from wsolzoo.models.backbones.staged import StagedBackbone
from wsolzoo.registry import MODELS

LAYERS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
STRIDES = {8: (1, 2, 1, 1), 16: (1, 2, 2, 1), 32: (1, 2, 2, 2)}


@MODELS.register_module()
class ResNet(StagedBackbone):
    """torchvision's ``resnet18`` … ``resnet152`` without its classifier.

    Stages ``stem`` (convolution, norm, ReLU), ``maxpool``, ``layer1.0`` … ``layer4.2``: one a residual block.
    State-dict keys are torchvision's. Strides are changed without dilation (Choe et al., CVPR 2020): they sit on the
    3x3 convolution and on the 1x1 shortcut, which have the same weights at any stride.

    Args:
        depth: 18, 34, 50, 101 or 152.
        output_stride: 16 (layer4 with stride 1: 14x14 at 224 pixels), 8 (layer3 too: 28x28), or 32 (as published).
        pool_layer4: a 2x2 max-pool before layer4, stage ``pool``; with ``output_stride=8`` the ResNet50 of BAS
            (28x28 out of layer3, 14x14 out of layer4).
        width: multiplies all channels; 1 for published weights.
        out_stages: the stages to return, the last one by default.
        freeze: nothing in it learns (:meth:`~wsolzoo.models.backbones.StagedBackbone.hold`).
        init_cfg: for published weights ``dict(type='Pretrained', checkpoint='torchvision://resnet50')``.
    """

    def __init__(
        self,
        depth: int = 50,
        output_stride: int = 16,
        pool_layer4: bool = False,
        width: float = 1.0,
        out_stages: Sequence[str] | None = None,
        freeze: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        from torchvision.models.resnet import BasicBlock, Bottleneck

        if depth not in LAYERS or output_stride not in STRIDES:
            raise ValueError(
                f'ResNet has depth {", ".join(map(str, LAYERS))} and output_stride {", ".join(map(str, STRIDES))}; '
                f'got depth={depth}, output_stride={output_stride}'
            )
        block = BasicBlock if depth < 50 else Bottleneck
        channels = round(64 * width)
        self.conv1 = nn.Conv2d(3, channels, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        stages = {'stem': ('conv1', 'bn1', 'relu'), 'maxpool': ('maxpool',)}
        for number, (count, stride) in enumerate(zip(LAYERS[depth], STRIDES[output_stride], strict=True), start=1):
            planes = round(64 * width) * 2 ** (number - 1)
            self.add_module(f'layer{number}', _make_layer(block, channels, planes, count, stride))
            channels = planes * block.expansion
            if number == 4 and pool_layer4:
                self.pool = nn.MaxPool2d(2)
                stages['pool'] = ('pool',)
            stages |= {f'layer{number}.{i}': (f'layer{number}.{i}',) for i in range(count)}
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode='fan_out', nonlinearity='relu')
        self.cut(stages, out_stages)
        if freeze:
            self.hold()


def _make_layer(block: Any, channels: int, planes: int, count: int, stride: int) -> nn.Sequential:
    """``count`` residual blocks, the first with the stride and, where shapes change, a 1x1 shortcut."""
    out_channels = planes * block.expansion
    shortcut = None
    if stride != 1 or channels != out_channels:
        shortcut = nn.Sequential(nn.Conv2d(channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels))
    blocks = [block(channels, planes, stride, shortcut)]
    blocks += [block(out_channels, planes) for _ in range(count - 1)]
    return nn.Sequential(*blocks)
