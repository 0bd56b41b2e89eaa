"""Small layers that all four networks share, initialised as the authors do."""

import math

import torch
from torch import Tensor, nn

CAFFE_MEAN = (103.939, 116.779, 123.68)
SLOPE = 0.2


class BetaNorm(nn.BatchNorm2d):
    """Batch normalisation with a learned shift and no learned scale (the authors' initialiser removes it)."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=1e-5, momentum=0.1)
        del self.weight
        self.register_buffer('weight', torch.ones(channels), persistent=False)


class Pixels(nn.Module):
    """RGB images in [0, 1] to what a pretrained VGG wants.

    Args:
        style: ``caffe``: BGR, 0 to 255, mean removed (the published weights); ``torchvision``: RGB, normalised by
            torchvision's mean and deviation.
    """

    def __init__(self, style: str = 'caffe') -> None:
        super().__init__()
        if style not in ('caffe', 'torchvision'):
            raise ValueError(f"pixels must be 'caffe' or 'torchvision'; got {style!r}")
        self.style = style
        mean, std = (CAFFE_MEAN, (1, 1, 1)) if style == 'caffe' else ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
        self.register_buffer('mean', torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer('std', torch.tensor(std, dtype=torch.float32).view(3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, h, w) to (N, 3, h, w)."""
        images = images.flip(1) * 255 if self.style == 'caffe' else images
        return (images - self.mean) / self.std


def conv(in_channels: int, out_channels: int, kernel: int = 3, last: bool = False) -> nn.Conv2d:
    """Convolution with bias whose border repeats the edge (TensorFlow's symmetric padding, for one pixel).

    He-normal for what a LeakyReLU follows; Xavier for the one-channel outputs (``last``).
    """
    layer = nn.Conv2d(
        in_channels, out_channels, kernel, padding=kernel // 2, padding_mode='replicate' if kernel > 1 else 'zeros'
    )
    init_conv(layer, last)
    return layer


def init_conv(layer: nn.Conv2d, last: bool = False) -> None:
    """Truncated He-normal by fan-in with factor 2, or Xavier; bias 0."""
    if last:
        nn.init.xavier_uniform_(layer.weight)
    else:
        fan_in = layer.weight[0].numel()
        std = math.sqrt(1.3 * 2 / fan_in)  # 1.3: what truncation at two deviations takes from the variance
        nn.init.trunc_normal_(layer.weight, std=std, a=-2 * std, b=2 * std)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def unit(in_channels: int, out_channels: int, kernel: int = 3) -> nn.Sequential:
    """Convolution, batch normalisation, LeakyReLU."""
    return nn.Sequential(conv(in_channels, out_channels, kernel), BetaNorm(out_channels), nn.LeakyReLU(SLOPE))


def chain(in_channels: int, *channels: int, kernel: int = 3) -> nn.Sequential:
    """Several :func:`unit` in a row."""
    ends = (in_channels, *channels)
    return nn.Sequential(*(unit(a, b, kernel) for a, b in zip(ends[:-1], ends[1:])))
