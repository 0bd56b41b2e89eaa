"""VGG16 in the forms that localization papers use."""

from collections.abc import Sequence

from torch import nn

from wsolzoo.models.backbones.staged import StagedBackbone
from wsolzoo.registry import MODELS

Pool = int | tuple[int, int] | None
POOLS = {8: (2, 2, 2, None, None), 16: (2, 2, 2, 2, None), 32: (2, 2, 2, 2, 2)}
"""Strides of the five max-pools by output stride (Choe et al., CVPR 2020: no pool5 at 14x14, nor pool4 at 28x28)."""


@MODELS.register_module()
class VGG16(StagedBackbone):
    """torchvision's ``vgg16`` (or ``vgg16_bn``) up to its last convolution.

    Stages ``conv1_1`` … ``conv5_3`` (each with its ReLU), ``pool1`` … ``pool5`` where the pool is kept, ``smooth`` and
    ``conv6``.
    State-dict keys are torchvision's ``features.*``, whichever pools are kept.

    Args:
        output_stride: 16 (14x14 at 224 pixels), 8 (28x28) or 32 (all five pools).
        pools: each of the five max-pools in full instead: ``None`` (left out), its stride (kernel 2), or
            ``(kernel, stride)``; ACoL has ``(2, 2, 2, (3, 2), (3, 1))``. Overrides ``output_stride``.
        conv6: add the 3x3 convolution 512 → 1024 with ReLU of VGG16-CAM.
        smooth: average 3x3 positions after the last convolution or pool, at stride 1, as I2C does.
        batch_norm: after every convolution, as ``vgg16_bn``.
        width: multiplies all channels; 1 for published weights.
        out_stages: the stages to return, the last one by default.
        init_cfg: for published weights ``dict(type='Pretrained', checkpoint='torchvision://vgg16')``; defaults to
            Kaiming-normal convolutions (fan-out).
    """

    def __init__(
        self,
        output_stride: int = 16,
        pools: Sequence[Pool] | None = None,
        conv6: bool = False,
        smooth: bool = False,
        batch_norm: bool = False,
        width: float = 1.0,
        out_stages: Sequence[str] | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        from torchvision.models.vgg import cfgs, make_layers

        if pools is None and output_stride not in POOLS:
            raise ValueError(f'VGG16 has output_stride 8, 16 or 32 (or pools=...); got {output_stride}')
        pools = tuple(POOLS[output_stride] if pools is None else pools)
        if len(pools) != 5:
            raise ValueError(f'pools must say something for each of the five max-pools; got {len(pools)}: {pools}')
        plan = [entry if entry == 'M' else max(1, round(int(entry) * width)) for entry in cfgs['D']]
        self.features = make_layers(plan, batch_norm)
        stages = self._name_stages(pools)
        if smooth:
            self.smooth = nn.AvgPool2d(3, 1, padding=1)
            stages['smooth'] = ('smooth',)
        if conv6:
            channels = round(512 * width)
            self.conv6 = nn.Sequential(nn.Conv2d(channels, 2 * channels, 3, padding=1), nn.ReLU(inplace=True))
            stages['conv6'] = ('conv6',)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode='fan_out', nonlinearity='relu')
                nn.init.zeros_(module.bias)
        self.cut(stages, out_stages)

    def _name_stages(self, pools: Sequence[Pool]) -> dict[str, tuple[str, ...]]:
        stages: dict[str, tuple[str, ...]] = {}
        block, conv, parts = 1, 1, []
        for index, layer in enumerate(self.features):
            parts.append(f'features.{index}')
            if isinstance(layer, nn.ReLU):
                stages[f'conv{block}_{conv}'] = tuple(parts)
                conv, parts = conv + 1, []
            elif isinstance(layer, nn.MaxPool2d):
                pool = pools[block - 1]
                if pool is not None:
                    kernel, stride = (2, pool) if isinstance(pool, int) else pool
                    self.features[index] = nn.MaxPool2d(kernel, stride, padding=kernel // 2 if kernel % 2 else 0)
                    stages[f'pool{block}'] = tuple(parts)
                block, conv, parts = block + 1, 1, []
        return stages
