"""How strong the gradients of pictures are, and what a Gaussian leaves of them: what blur is measured by."""

import torch
import torch.nn.functional as F
from torch import Tensor

LUMA = (0.299, 0.587, 0.114)


def grey(images: Tensor) -> Tensor:
    """RGB images (N, 3, h, w) in [0, 1] to grey levels (N, 1, h, w) from 0 to 255, in single precision."""
    weights = images.new_tensor(LUMA, dtype=torch.float32).view(1, 3, 1, 1)
    return (images.float() * weights).sum(1, keepdim=True) * 255


def gaussian(images: Tensor, sigma: float) -> Tensor:
    """Images (N, C, h, w) blurred by a Gaussian that reaches three deviations, their border repeated."""
    radius = max(1, round(3 * sigma))
    taps = torch.exp(-0.5 * (torch.arange(-radius, radius + 1, device=images.device, dtype=torch.float32) / sigma) ** 2)
    taps = (taps / taps.sum()).to(images.dtype).view(1, 1, 1, -1)
    flat = images.reshape(-1, 1, *images.shape[-2:])
    flat = F.conv2d(F.pad(flat, (radius, radius, 0, 0), mode='replicate'), taps)
    flat = F.conv2d(F.pad(flat, (0, 0, radius, radius), mode='replicate'), taps.transpose(2, 3))
    return flat.reshape(images.shape)


def energy(levels: Tensor) -> Tensor:
    """Squared gradient (N, 1, h, w) by central differences."""
    wide = F.pad(levels, (1, 1, 1, 1), mode='replicate')
    across = (wide[..., 1:-1, 2:] - wide[..., 1:-1, :-2]) / 2
    down = (wide[..., 2:, 1:-1] - wide[..., :-2, 1:-1]) / 2
    return across.square() + down.square()
