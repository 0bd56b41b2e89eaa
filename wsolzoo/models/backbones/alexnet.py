"""The AlexNet of the paper."""

from collections.abc import Sequence

from torch import Tensor, nn

from wsolzoo.models.backbones.staged import StagedBackbone
from wsolzoo.registry import MODELS

# name: input and output channels, kernel, stride, padding, whether it is split among the groups, bias at the start
CONVS = {
    'conv1': (3, 96, 11, 4, 0, False, 0.0),
    'conv2': (96, 256, 5, 1, 2, True, 1.0),
    'conv3': (256, 384, 3, 1, 1, False, 0.0),
    'conv4': (384, 384, 3, 1, 1, True, 1.0),
    'conv5': (384, 256, 3, 1, 1, True, 1.0),
}
POOLED = ('conv1', 'conv2', 'conv5')
NORMALISED = ('conv1', 'conv2')


class LocalResponseNorm(nn.LocalResponseNorm):
    """``b_c = a_c / (k + alpha sum a_j^2)^beta`` over ``size`` neighbouring channels (section 3.3 of the paper).

    torch takes the mean of the squares where the paper takes their sum: the same ``alpha`` there is ``size`` times
    weaker. Computed in single precision, for squares.
    """

    def __init__(self, size: int = 5, alpha: float = 1e-4, beta: float = 0.75, k: float = 2.0) -> None:
        super().__init__(size, size * alpha, beta, k)

    def forward(self, x: Tensor) -> Tensor:
        """The shape stays."""
        return super().forward(x.float()).to(x.dtype)


@MODELS.register_module()
class AlexNetPaper(StagedBackbone):
    """AlexNet up to pool5: Krizhevsky, Sutskever, Hinton, *ImageNet Classification with Deep Convolutional Neural
    Networks*, NeurIPS 2012. torchvision's and mmpretrain's nets of this name are a later, narrower one.

    Stages ``conv1`` (with ReLU, and with its normalisation), ``pool1``, ``conv2``, ``pool2``, ``conv3``, ``conv4``,
    ``conv5``, ``pool5``; 224 pixels give 55, 27, 27, 13, 13, 13, 13 and 6. Its three last layers are
    :class:`~wsolzoo.methods.lenet.SlidingHead` with ``kernel=6, widths=(4096, 4096)``.

    Args:
        groups: 2, as on the two graphics cards of the paper (conv2, conv4 and conv5 see half of the channels), or 1.
        lrn: local response normalisation after conv1 and conv2.
        norm_first: normalise before the pool, as the paper; else after it, as many lectures draw it.
        stem_padding: of conv1: 2 for 224 pixels, 0 for 227; the paper's 224 without any gives no whole number.
        width: multiplies all channels.
        out_stages: the stages to return, the last one by default.
        init_cfg: pretrained weights; defaults to the paper's N(0, 0.01), biases 1 in conv2, conv4 and conv5.

    Raises:
        ValueError: ``groups`` is neither 1 nor 2.
    """

    def __init__(
        self,
        groups: int = 2,
        lrn: bool = True,
        norm_first: bool = True,
        stem_padding: int = 2,
        width: float = 1.0,
        out_stages: Sequence[str] | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if groups not in (1, 2):
            raise ValueError(f'AlexNetPaper has groups 1 or 2; got {groups}')
        stages: dict[str, tuple[str, ...]] = {}
        for name, (into, out, kernel, stride, padding, split, bias) in CONVS.items():
            number = name[-1]
            ends = [channels if channels == 3 else 2 * round(channels * width / 2) for channels in (into, out)]
            padding = stem_padding if name == 'conv1' else padding
            conv = nn.Conv2d(*ends, kernel, stride, padding, groups=groups if split else 1)
            nn.init.normal_(conv.weight, std=0.01)
            nn.init.constant_(conv.bias, bias)
            self.add_module(name, conv)
            self.add_module(f'relu{number}', nn.ReLU(inplace=True))
            norm = [f'norm{number}'] * (lrn and name in NORMALISED)
            if norm:
                self.add_module(norm[0], LocalResponseNorm())
            stages[name] = (name, f'relu{number}', *(norm if norm_first else ()))
            if name in POOLED:
                self.add_module(f'pool{number}', nn.MaxPool2d(3, 2))
                stages[f'pool{number}'] = (f'pool{number}', *(() if norm_first else norm))
        self.cut(stages, out_stages)
