"""A small plain network for small images."""

from collections.abc import Sequence

from torch import nn

from wsolzoo.models.backbones.staged import StagedBackbone
from wsolzoo.registry import MODELS


@MODELS.register_module()
class PlainNet(StagedBackbone):
    """Convolution, batch norm, ReLU, nothing else: made to learn quickly from images of 32-96 pixels.

    Stage ``stageI.J`` is the J-th 3x3 convolution of group I (``stem`` comes before them); the first one of a group
    has the group's stride, and each group with a stride of 2 has twice the channels of the one before.

    Args:
        base_channels: channels of the stem and of the first group.
        strides: of the stem and of each group. The default reaches 4 in group 2 and 8 in group 3.
        depth: convolutions in each group.
        out_stages: the stages to return, the last one by default.
        freeze: nothing in it learns (:meth:`~wsolzoo.models.backbones.StagedBackbone.hold`).
        init_cfg: defaults to Kaiming-normal convolutions.
    """

    def __init__(
        self,
        base_channels: int = 16,
        strides: Sequence[int] = (1, 2, 2, 2),
        depth: int = 2,
        out_stages: Sequence[str] | None = None,
        freeze: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg or {'type': 'Kaiming', 'layer': 'Conv2d'})
        stages, _ = add_plain_stages(self, base_channels, strides, depth)
        self.cut(stages, out_stages)
        if freeze:
            self.hold()


def add_plain_stages(
    net: nn.Module, base_channels: int, strides: Sequence[int], depth: int
) -> tuple[dict[str, tuple[str, ...]], int]:
    """Give ``net`` the convolutions of a :class:`PlainNet`; returns its stages and the channels of the last one.

    Raises:
        ValueError: no convolution in a group, or strides of fewer than the stem and a group.
    """
    if depth < 1 or len(strides) < 2:
        raise ValueError(f'PlainNet needs depth >= 1 and strides of the stem and a group; got {depth}, {strides}')
    net.add_module('stem', _conv_bn_relu(3, base_channels, strides[0]))
    stages: dict[str, tuple[str, ...]] = {'stem': ('stem',)}
    channels = base_channels
    for number, stride in enumerate(strides[1:], start=1):
        width = channels * 2 if stride > 1 else channels
        convs = [_conv_bn_relu(channels if j == 0 else width, width, stride if j == 0 else 1) for j in range(depth)]
        net.add_module(f'stage{number}', nn.Sequential(*convs))
        stages |= {f'stage{number}.{j}': (f'stage{number}.{j}',) for j in range(depth)}
        channels = width
    return stages, channels


def _conv_bn_relu(in_channels: int, out_channels: int, stride: int) -> nn.Sequential:
    conv = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out_channels), nn.ReLU(inplace=True))
