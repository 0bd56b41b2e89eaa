"""Blur without learning: how much of a picture's gradient survives another, known blur.

Zhuo, Sim, *Defocus map estimation from a single image*, Pattern Recognition 44(9), 2011: at a step edge of blur sigma,
a second Gaussian of sigma_0 lowers the gradient by the ratio ``R = sqrt((sigma^2 + sigma_0^2) / sigma^2)``, so that
``sigma = sigma_0 / sqrt(R^2 - 1)``. What differs here is ours [D]: energies of all gradients instead of single edges,
so that any texture counts; Gaussian windows instead of matting to carry the answer to smooth places; and a table of
sigma by ratio, calibrated on pictures with known blur, because texture is no step edge. A baseline that every network
must beat.
"""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor

from wsolzoo.registry import MODELS

LUMA = (0.299, 0.587, 0.114)
TOP = 7.0
"""Sigma in pixels that a map value of 1 stands for: the unit ``sigma7``."""


def gaussian(images: Tensor, sigma: float) -> Tensor:
    """Images (N, C, h, w) blurred by a Gaussian that reaches three deviations, their border repeated."""
    radius = max(1, round(3 * sigma))
    taps = torch.exp(-0.5 * (torch.arange(-radius, radius + 1, device=images.device, dtype=torch.float32) / sigma) ** 2)
    taps = (taps / taps.sum()).to(images.dtype).view(1, 1, 1, -1)
    flat = images.reshape(-1, 1, *images.shape[-2:])
    flat = F.conv2d(F.pad(flat, (radius, radius, 0, 0), mode='replicate'), taps)
    flat = F.conv2d(F.pad(flat, (0, 0, radius, radius), mode='replicate'), taps.transpose(2, 3))
    return flat.reshape(images.shape)


def energy(grey: Tensor) -> Tensor:
    """Squared gradient (N, 1, h, w) by central differences."""
    wide = F.pad(grey, (1, 1, 1, 1), mode='replicate')
    across = (wide[..., 1:-1, 2:] - wide[..., 1:-1, :-2]) / 2
    down = (wide[..., 2:, 1:-1] - wide[..., :-2, 1:-1]) / 2
    return across.square() + down.square()


def reblur_ratio(
    images: Tensor, reblur: float = 1.0, windows: Sequence[float] = (4.0, 12.0, 36.0), noise: float = 2.0
) -> Tensor:
    """Share of gradient energy that a second blur leaves, (N, 1, h, w) in [0, 1]: higher is more blurred.

    Args:
        images: (N, 3, h, w) RGB in [0, 1].
        reblur: sigma of the second blur, pixels.
        windows: sigmas over which energies are summed, the narrowest first; each further one has a hundredth of the
            weight, so that it speaks only where there is no gradient nearby.
        noise: gradients of so many grey levels count half, weaker ones less.
    """
    grey = (images.float() * images.new_tensor(LUMA, dtype=torch.float32).view(1, 3, 1, 1)).sum(1, keepdim=True) * 255
    before, after = energy(grey), energy(gaussian(grey, reblur))
    trust = after / (after + noise**2)
    pair = torch.cat([after * trust, before * trust], 1)
    total = torch.stack([gaussian(pair, window) * 0.01**place for place, window in enumerate(windows)]).sum(0)
    return (total[:, :1] / total[:, 1:].clamp_min(1e-6)).clamp(0, 1)


def calibrate(ratios: np.ndarray, sigmas: np.ndarray, knots: int = 16) -> list[tuple[float, float]]:
    """Table of sigma by ratio: medians over equally many pixels, made monotone.

    Args:
        ratios: (n,) from :func:`reblur_ratio`.
        sigmas: (n,) true blur, pixels.
        knots: rows of the table.

    Example:
        >>> calibrate(np.array([0.1, 0.2, 0.8, 0.9]), np.array([0.0, 1.0, 3.0, 2.0]), knots=2)
        [(0.15, 0.5), (0.85, 2.5)]
    """
    order = np.argsort(ratios, kind='stable')
    bins = zip(np.array_split(ratios[order], knots), np.array_split(sigmas[order], knots))
    rows = [(float(np.median(r)), float(np.median(s))) for r, s in bins]
    heights = np.maximum.accumulate([sigma for _, sigma in rows])
    return [(round(ratio, 4), round(float(sigma), 3)) for (ratio, _), sigma in zip(rows, heights)]


@MODELS.register_module()
class ReblurRatio(BaseModule):
    """The estimator as a network of :class:`~wsolzoo.models.tasks.Estimator`; it has no parameters.

    Args:
        table: rows (ratio, sigma in pixels), ratios ascending; ``tools/analysis_tools/calibrate_reblur.py`` makes it.
        **settings: of :func:`reblur_ratio`.

    Raises:
        ValueError: the table has fewer than two rows, or its ratios do not ascend.
    """

    def __init__(self, table: Sequence[tuple[float, float]], **settings) -> None:
        super().__init__()
        rows = np.asarray(table, np.float32)
        if rows.ndim != 2 or len(rows) < 2 or (np.diff(rows[:, 0]) <= 0).any():
            raise ValueError('table needs two or more rows (ratio, sigma) with ascending ratios')
        self.settings = settings
        self.register_buffer('ratios', torch.tensor(rows[:, 0]), persistent=False)
        self.register_buffer('sigmas', torch.tensor(rows[:, 1]), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, h, w) RGB in [0, 1] to maps (N, 1, h, w) in the unit ``sigma7``."""
        ratio = reblur_ratio(images, **self.settings)
        after = torch.searchsorted(self.ratios, ratio).clamp(1, len(self.ratios) - 1)
        left, right = self.ratios[after - 1], self.ratios[after]
        share = ((ratio - left) / (right - left)).clamp(0, 1)
        return torch.lerp(self.sigmas[after - 1], self.sigmas[after], share) / TOP


@MODELS.register_module()
class ConstantMap(BaseModule):
    """The same value everywhere: what the median of the training maps scores. It has no parameters.

    Args:
        sigma: blur in pixels.
    """

    def __init__(self, sigma: float) -> None:
        super().__init__()
        self.sigma = sigma

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, h, w) to maps (N, 1, h, w) in the unit ``sigma7``."""
        return images.new_full((len(images), 1, *images.shape[-2:]), self.sigma / TOP)
