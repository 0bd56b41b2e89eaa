"""Pixels drawn from a map: a few that are surely object and a few that are surely background, anew at every step.

What F-CAM (Belharbi et al., WACV 2022), NEGEV (Belharbi et al., MIDL 2022) and PixelCAM (Guichemerre et al., 2025)
share; they differ in the pools that pixels come from and in how likely each is.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from wsolzoo.models.scaling import wide

UNKNOWN = 255
OBJECT, BACKGROUND = {'pool': 'otsu', 'draw': 'uniform', 'count': 1}, {'share': 0.1, 'draw': 'uniform', 'count': 1}
TINY = 1e-6


def otsu_levels(maps: Tensor) -> Tensor:
    """The grey level (N,) that separates each map (N, H, W) in [0, 1] best, of ``trunc(255 map)``; between 1 and 254.

    The level has the largest variance between the two classes, and is the smallest of equals, as OpenCV's.
    """
    grey = (wide(maps) * 255).long().clamp(0, 255).flatten(1)
    counts = torch.zeros(len(grey), 256, dtype=torch.float64, device=maps.device)
    counts.scatter_add_(1, grey, torch.ones_like(grey, dtype=torch.float64))
    share = counts / grey.shape[1]
    below, moment = share.cumsum(1), (share * torch.arange(256, device=maps.device)).cumsum(1)
    total = moment[:, -1:]
    between = (total * below - moment).square() / (below * (1 - below)).clamp(min=1e-12)
    between = torch.where((below > 1e-9) & (below < 1 - 1e-9), between, 0.0)
    return between.argmax(1).clamp(1, 254)


def eroded(masks: Tensor, size: int) -> Tensor:
    """Masks (N, H, W) bool without what is nearer than ``size // 2`` to their edge; one that would vanish stays."""
    kept = ~dilated(~masks, size)
    return torch.where(kept.flatten(1).any(1)[:, None, None], kept, masks)


def dilated(masks: Tensor, size: int) -> Tensor:
    """Masks (N, H, W) bool grown to squares of ``size`` pixels, an odd number, around their pixels."""
    high = F.max_pool2d(masks[:, None].float(), (size, 1), 1, (size // 2, 0))
    return F.max_pool2d(high, (1, size), 1, (0, size // 2))[:, 0] > 0


def lowest(maps: Tensor, share: float) -> Tensor:
    """The ``int(share HW)`` pixels of lowest value of each map (N, H, W), (N, H, W) bool; the first of equals."""
    flat = maps.flatten(1)
    order = flat.argsort(dim=1, stable=True)[:, : int(share * flat.shape[1])]
    return torch.zeros_like(flat, dtype=torch.bool).scatter_(1, order, True).view_as(maps)


def drawn(weights: Tensor, count: int) -> Tensor:
    """``count`` different pixels of each image, (N, H, W) bool, each as likely as its weight (N, H, W); fewer where
    fewer have any. Torch's generator draws."""
    flat = wide(weights).flatten(1)
    noise = -torch.rand_like(flat).clamp(TINY**3, 1 - 1e-7).log()
    best = (flat / noise).topk(min(count, flat.shape[1]), dim=1).indices  # the exponential clocks that ring first
    picked = torch.zeros_like(flat, dtype=torch.bool).scatter_(1, best, True)
    return (picked & (flat > 0)).view_as(weights)


class SeedSampler:
    """Draws seeds (N, H, W) int64 from maps: 1 object, 0 background, 255 for every other pixel.

    A pixel that both claim is of neither. A constant map, or one that is not finite, gives none.

    Args:
        object: ``pool`` of the object's pixels: ``'otsu'`` (above Otsu's level, worn away by 11 x 11 pixels) or
            ``'all'``; ``draw``: ``'uniform'`` or ``'map'`` (in proportion to it); ``count`` of pixels an image.
        background: ``share`` of the pixels with the lowest values that make its pool (1: all); ``draw``: ``'uniform'``
            or ``'inverse'`` (``1 - map / sum map``, nearly uniform: each pixel's part of the sum is tiny); ``count``.
        dilate: side of the square that each drawn pixel grows to; 1 for none.

    Raises:
        ValueError: an unknown key or word.
    """

    def __init__(self, object: dict | None = None, background: dict | None = None, dilate: int = 3) -> None:
        self.object, self.background = OBJECT | (object or {}), BACKGROUND | (background or {})
        words = {'pool': ('otsu', 'all'), 'draw': ('uniform', 'map')}, {'draw': ('uniform', 'inverse')}
        for name, given, known, allowed in zip(
            ('object', 'background'), (self.object, self.background), (OBJECT, BACKGROUND), words, strict=True
        ):
            wrong = [key for key in given if key not in known or given[key] not in allowed.get(key, (given[key],))]
            if wrong:
                takes = ', '.join(f'{key} ({" or ".join(allowed[key])})' if key in allowed else key for key in known)
                raise ValueError(f'{name} of the sampler takes {takes}; got {wrong[0]}={given[wrong[0]]!r}')
        if dilate < 1 or dilate % 2 == 0:
            raise ValueError(f'dilate is an odd number of pixels; got {dilate}')
        self.dilate = dilate

    @torch.no_grad()
    def __call__(self, maps: Tensor) -> Tensor:
        """Seeds of the maps (N, H, W) in [0, 1]."""
        maps = wide(maps).nan_to_num(0.0, 0.0, 0.0)
        told = (maps.amax((1, 2)) > maps.amin((1, 2)))[:, None, None]
        front = self._grown(drawn(self._object_weights(maps) * told, self.object['count']))
        back = self._grown(drawn(self._background_weights(maps) * told, self.background['count']))
        seeds = torch.full(maps.shape, UNKNOWN, dtype=torch.int64, device=maps.device)
        return torch.where(front & ~back, 1, torch.where(back & ~front, 0, seeds))

    def _grown(self, masks: Tensor) -> Tensor:
        return masks if self.dilate == 1 else dilated(masks, self.dilate)

    def _object_weights(self, maps: Tensor) -> Tensor:
        pool = torch.ones_like(maps, dtype=torch.bool)
        if self.object['pool'] == 'otsu':
            pool = eroded((maps * 255).floor() > otsu_levels(maps)[:, None, None], 11)
        return pool * (maps + TINY if self.object['draw'] == 'map' else 1.0)

    def _background_weights(self, maps: Tensor) -> Tensor:
        pool = lowest(maps, self.background['share'])
        if self.background['draw'] == 'uniform':
            return pool.to(maps.dtype)
        return pool * (1 - maps / maps.sum((1, 2), keepdim=True).clamp(min=TINY))


def seed_loss(logits: Tensor, seeds: Tensor) -> Tensor:
    """Cross-entropy over the seeds of the whole batch, a mean; 0 where there are none.

    Args:
        logits: (N, 2, H, W), background and object.
        seeds: (N, H, W) int64, 255 for pixels that do not count.
    """
    total = F.cross_entropy(wide(logits), seeds, ignore_index=UNKNOWN, reduction='sum')
    return total / (seeds != UNKNOWN).sum().clamp(min=1)


def log_barrier(z: Tensor, t: float) -> Tensor:
    """The extended log-barrier of ``z <= 0`` (Kervadec et al., 2019), finite everywhere; exact as t grows.

    ``-log(-z) / t`` for ``z <= -1 / t^2``, else ``t z - log(1 / t^2) / t + 1 / t``.
    """
    z, edge = wide(z), -1 / t**2
    inside = -(-z.clamp(max=edge)).log() / t
    return torch.where(z <= edge, inside, t * z - torch.log(z.new_tensor(1 / t**2)) / t + 1 / t)


def size_loss(logits: Tensor, t: float) -> Tensor:
    """Both parts shall be large: the mean :func:`log_barrier` of minus their areas in pixels.

    Args:
        logits: (N, 2, H, W).
        t: of the barrier.
    """
    return log_barrier(-wide(logits).softmax(1).sum((2, 3)), t).mean()


def colour_loss(logits: Tensor, pixels: Tensor, sigma: float = 0.26, window: int = 5) -> Tensor:
    """Neighbours of like colour shall be of one part: the weighted mean probability that they are not.

    ``sum_pq G_pq (1 - sum_c s_c(p) s_c(q)) / sum_pq G_pq`` over pairs within a window, with
    ``G_pq = exp(-|rgb_p - rgb_q|^2 / (2 sigma^2))``: what the regulariser of a dense CRF rewards, within the window.

    Args:
        logits: (N, 2, H, W).
        pixels: (N, 3, H, W) normalised images of the same size.
        sigma: of the colours, in their unit; 0.26 is 15 grey levels where the deviation is 57.
        window: side in pixels, odd.
    """
    shares, reach = wide(logits).softmax(1), window // 2
    missed, weights = shares.new_zeros(()), shares.new_zeros(())
    for dy in range(reach + 1):
        for dx in range(-reach if dy else 1, reach + 1):
            one, other = _shifted(shares, dy, dx)
            colour, beside = _shifted(wide(pixels), dy, dx)
            weight = (-(colour - beside).square().sum(1) / (2 * sigma**2)).exp()
            missed = missed + (weight * (1 - (one * other).sum(1))).sum()
            weights = weights + weight.sum()
    return missed / weights.clamp(min=TINY)


def _shifted(x: Tensor, dy: int, dx: int) -> tuple[Tensor, Tensor]:
    """Every pixel of (N, C, H, W), and beside it the one that is ``dy`` below and ``dx`` right of it."""
    height, width = x.shape[2:]
    left, right = max(0, -dx), width - max(0, dx)
    return x[:, :, : height - dy, left:right], x[:, :, dy:, left + dx : right + dx]
