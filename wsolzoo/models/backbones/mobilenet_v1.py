"""MobileNetV1."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from wsolzoo.models.backbones.staged import StagedBackbone
from wsolzoo.registry import MODELS

GROUPS = (((64, 1),), ((128, 2), (128, 1)), ((256, 2), (256, 1)), ((512, 2), *((512, 1),) * 5), ((1024, 2), (1024, 1)))
"""Output channels and stride of the depthwise-separable blocks (Howard et al., 2017, table 1)."""
FLATTENED = {8: (3, 4), 16: (3,), 32: ()}
"""Groups whose first block has stride 1 instead of 2, by output stride."""


class SamePadConv2d(nn.Conv2d):
    """Convolution padded as TensorFlow's ``SAME``: at stride 2 an even input is padded right and below only.

    Its cells then lie half a pixel right of and below the middle of what they stand for; ``mirrored`` pads left and
    above, and they lie half a pixel on the other side.
    """

    mirrored = False

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) → (N, C', ceil(h / stride), ceil(w / stride))."""
        pads = []
        for size, kernel, stride in zip(reversed(x.shape[2:]), reversed(self.kernel_size), reversed(self.stride)):
            total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            pads += [total // 2, total - total // 2][:: -1 if self.mirrored else 1]
        return F.conv2d(F.pad(x, pads), self.weight, self.bias, self.stride, 0, self.dilation, self.groups)


class SeparableBlock(nn.Module):
    """3x3 depthwise and 1x1 convolution, each with batch norm and activation."""

    def __init__(
        self, in_channels: int, out_channels: int, stride: int, activation: type[nn.Module], conv: type
    ) -> None:
        super().__init__()
        self.conv_dw = conv(in_channels, in_channels, 3, stride, padding=1, groups=in_channels, bias=False)
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.act1 = activation(inplace=True)
        self.conv_pw = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.act2 = activation(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) → (N, C', h', w')."""
        x = self.act1(self.bn1(self.conv_dw(x)))
        return self.act2(self.bn2(self.conv_pw(x)))


@MODELS.register_module()
class MobileNetV1(StagedBackbone):
    """MobileNetV1 without its classifier.

    Stages ``stem`` and ``blocks.G.I``, one a depthwise-separable block: 1, 2, 2, 6 and 2 of them with 64, 128, 256, 512
    and 1024 channels. ``blocks.3`` (after its five 512 → 512 blocks) is the 28x28 tap of BAS at ``output_stride=16``.
    State-dict keys are those of timm's ``mobilenetv1_100``.

    Args:
        output_stride: 16 (256 → 512 with stride 1, as BAS: 14x14 at 224 pixels), 8 (512 → 1024 too), or 32 (as
            published).
        width: multiplies all channels.
        relu6: activation ReLU6 as published, instead of the ReLU of BAS.
        tf_padding: pad the strided convolutions as TensorFlow does, for weights that were trained there. From stage to
            stage the cells drift right and down against the image, by 15.5 pixels at stride 32 and 7.5 at 16, and a map
            enlarged to the image lies as far up and left of what it means. ``'centred'`` pads the last strided
            convolution before the first of ``out_stages`` on the other side, which brings that map back into place and
            changes nothing else: a convolution looks alike wherever it stands.
        norm_eval: keep batch norm in evaluation mode, for weights it was folded into.
        out_stages: the stages to return, the last one by default.
        freeze: nothing in it learns; the name of a stage (``'blocks.2'``): nothing up to that one
            (:meth:`~wsolzoo.models.backbones.StagedBackbone.hold`).
        init_cfg: weights; defaults to Xavier-uniform convolutions.
    """

    def __init__(
        self,
        output_stride: int = 16,
        width: float = 1.0,
        relu6: bool = False,
        tf_padding: bool | str = False,
        norm_eval: bool = False,
        out_stages: Sequence[str] | None = None,
        freeze: bool | str = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg or {'type': 'Xavier', 'layer': 'Conv2d', 'distribution': 'uniform'})
        if output_stride not in FLATTENED:
            raise ValueError(f'MobileNetV1 has output_stride {", ".join(map(str, FLATTENED))}; got {output_stride}')
        if tf_padding not in (True, False, 'centred'):
            raise ValueError(f"tf_padding is True, False or 'centred'; got {tf_padding!r}")
        activation: type[nn.Module] = nn.ReLU6 if relu6 else nn.ReLU
        self.norm_eval = norm_eval
        conv = SamePadConv2d if tf_padding else nn.Conv2d
        channels = round(32 * width)
        self.conv_stem = conv(3, channels, 3, 2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.act1 = activation(inplace=True)
        stages: dict[str, tuple[str, ...]] = {'stem': ('conv_stem', 'bn1', 'act1')}
        self.blocks = nn.Sequential()
        for number, group in enumerate(GROUPS):
            blocks = nn.Sequential()
            for index, (planes, stride) in enumerate(group):
                stride = 1 if number in FLATTENED[output_stride] else stride
                blocks.append(SeparableBlock(channels, round(planes * width), stride, activation, conv))
                stages[f'blocks.{number}.{index}'] = (f'blocks.{number}.{index}',)
                channels = round(planes * width)
            self.blocks.append(blocks)
        self.cut(stages, out_stages)
        if tf_padding == 'centred':
            self._centre()
        if freeze:
            self.hold(None if freeze is True else freeze)

    def _centre(self) -> None:
        """Turn the padding of the last strided convolution before the first out stage."""
        stages = self.stage_names[: self.stage_index(self.out_stages[0]) + 1]
        paths = [path for name in stages for path in self._stage_paths[name]]
        convs = [conv for path in paths for conv in self.get_submodule(path).modules()]
        [conv for conv in convs if isinstance(conv, SamePadConv2d) and conv.stride[0] > 1][-1].mirrored = True
