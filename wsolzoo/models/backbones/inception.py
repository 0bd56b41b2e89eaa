"""InceptionV3 in the forms that localization papers use."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wsolzoo.models.backbones.staged import StagedBackbone
from wsolzoo.registry import MODELS

STEM = ('Conv2d_1a_3x3', 'Conv2d_2a_3x3', 'Conv2d_2b_3x3', 'maxpool1', 'Conv2d_3b_1x1', 'Conv2d_4a_3x3', 'maxpool2')
MIXED_5 = ('Mixed_5b', 'Mixed_5c', 'Mixed_5d')
MIXED_6 = ('Mixed_6a', 'Mixed_6b', 'Mixed_6c', 'Mixed_6d', 'Mixed_6e')
MIXED_7 = ('Mixed_7a', 'Mixed_7b', 'Mixed_7c')


class Reduction(nn.Module):
    """One of torchvision's two reduction blocks, padded by 1, with a stride of choice.

    Args:
        block: ``Mixed_6a`` or ``Mixed_7a``; its children, and so its state-dict keys, are taken over.
        branches: names of the children in each convolutional branch, in order; the last one is strided.
        stride: of the last convolution of each branch and of the pool branch.
    """

    def __init__(self, block: nn.Module, branches: Sequence[Sequence[str]], stride: int) -> None:
        super().__init__()
        for name, child in block.named_children():
            self.add_module(name, child)
        self.branches = tuple(tuple(branch) for branch in branches)
        self.stride = stride
        for branch in branches:
            conv = self.get_submodule(branch[-1]).conv
            conv.stride, conv.padding = (stride, stride), (1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) → (N, C', h', w')."""
        outputs = []
        for branch in self.branches:
            y = x
            for name in branch:
                y = self.get_submodule(name)(y)
            outputs.append(y)
        return torch.cat([*outputs, F.max_pool2d(x, 3, self.stride, padding=1)], 1)


@MODELS.register_module()
class InceptionV3(StagedBackbone):
    """torchvision's ``inception_v3`` as SPG, ADL and BAS change it, without classifiers.

    The first convolution and the two stem pools are padded and ``Mixed_6a`` has stride 1, which makes 28x28 at 224
    pixels. Stages are torchvision's module names (and ``maxpool3`` where present), by default up to ``Mixed_6e``; with
    ``out_stages=('Mixed_6e', 'Mixed_7c')`` they go on to the 14x14 of BAS (``Mixed_7a`` padded). Any pool in front of
    ``Mixed_6a`` comes after ``Mixed_5d``. State-dict keys are torchvision's. Inputs are not re-scaled.

    Args:
        output_stride: of ``Mixed_6e``: 8 (28x28) or 16 (14x14, by a 3x3 max-pool, ``maxpool3``, before ``Mixed_6a``).
        out_stages: the stages to return, ``Mixed_6e`` by default.
        init_cfg: for published weights ``dict(type='Pretrained', checkpoint='torchvision://inception_v3_google')``;
            defaults to Xavier-uniform convolutions.
    """

    def __init__(
        self, output_stride: int = 8, out_stages: Sequence[str] | None = None, init_cfg: dict | None = None
    ) -> None:
        super().__init__(init_cfg or {'type': 'Xavier', 'layer': 'Conv2d', 'distribution': 'uniform'})
        from torchvision.models.inception import Inception3

        if output_stride not in (8, 16):
            raise ValueError(f'InceptionV3 has output_stride 8 or 16; got {output_stride}')
        net = Inception3(num_classes=1, aux_logits=False, init_weights=False)
        order = STEM + MIXED_5 + (('maxpool3',) if output_stride == 16 else ()) + MIXED_6 + MIXED_7
        net.Conv2d_1a_3x3.conv.padding = (1, 1)
        net.maxpool1 = nn.MaxPool2d(3, stride=2, padding=1, ceil_mode=True)
        net.maxpool2 = nn.MaxPool2d(3, stride=2, padding=1, ceil_mode=True)
        net.maxpool3 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        net.Mixed_6a = Reduction(
            net.Mixed_6a, [['branch3x3'], ['branch3x3dbl_1', 'branch3x3dbl_2', 'branch3x3dbl_3']], stride=1
        )
        long = [f'branch7x7x3_{i}' for i in (1, 2, 3, 4)]
        net.Mixed_7a = Reduction(net.Mixed_7a, [['branch3x3_1', 'branch3x3_2'], long], stride=2)
        for name in order:
            self.add_module(name, net.get_submodule(name))
        self.cut({name: (name,) for name in order}, out_stages or ('Mixed_6e',))
