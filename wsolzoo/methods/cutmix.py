"""CutMix: Yun, Han, Oh, Chun, Choe, Yoo. CutMix: Regularization Strategy to Train Strong Classifiers. ICCV 2019.

A box of another image is pasted in, and the label says how much of each image is there. No pixel is wasted on a hidden
area, and the network must find the whole object to tell the shares. As a localization method it is the form of Choe et
al. (CVPR 2020); the map is CAM's.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from wsolzoo.registry import MODELS


def box_around(center: tuple[int, int], share: float, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Box of a share of the image around a pixel, cut at the border.

    Sides are ``floor(sqrt(share) H)`` and ``floor(sqrt(share) W)``; half of a side, rounded down, lies on each side of
    the centre.

    Args:
        center: row and column.
        share: of the image's area, in [0, 1].
        size: height and width of the image.

    Returns:
        ``x0 y0 x1 y1``, end exclusive.

    Example:
        >>> box_around((0, 5), 0.25, (10, 8))
        (3, 0, 7, 2)
    """
    (row, column), (height, width), ratio = center, size, math.sqrt(share)
    half_y, half_x = int(ratio * height) // 2, int(ratio * width) // 2
    return max(column - half_x, 0), max(row - half_y, 0), min(column + half_x, width), min(row + half_y, height)


@MODELS.register_module()
class CutMix:
    """Pastes a box of another image of the batch and mixes the labels by area; a batch augmentation.

    With probability ``prob``, for the whole batch: ``lambda ~ Beta(beta, beta)``, one box of ``1 - lambda`` of the area
    around a pixel drawn uniformly, the images in a random order. Labels become ``(1 - share) y + share y'``, where
    ``share`` is the area of the box after it was cut at the border: cross-entropy with them is
    ``(1 - share) CE(z, y) + share CE(z, y')``.

    Args:
        num_classes: K (the localizer fills it in).
        beta: of the distribution; 1 is uniform, near 0 the box is almost nothing or almost everything.
        prob: probability that a batch is mixed.

    Raises:
        ValueError: ``beta`` is not positive, or ``prob`` no probability.
    """

    needs_classes = True
    mixes_labels = True

    def __init__(self, num_classes: int, beta: float = 1.0, prob: float = 1.0) -> None:
        if beta <= 0:
            raise ValueError(f'beta of CutMix is positive; got {beta}. To mix nothing, leave CutMix out')
        if not 0 <= prob <= 1:
            raise ValueError(f'prob is the probability that a batch is mixed, in [0, 1]; got {prob}')
        self.num_classes, self.beta, self.prob = num_classes, beta, prob

    def __call__(self, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Images (N, C, H, W) and soft labels (N, K) float32; both as they came where the batch is not mixed."""
        if not bool(torch.rand(()) < self.prob):
            return inputs, labels
        height, width = inputs.shape[2:]
        center = int(torch.randint(height, ())), int(torch.randint(width, ()))
        x0, y0, x1, y1 = box_around(center, 1 - self.draw_lambda(), (height, width))
        others = torch.randperm(len(inputs), device=inputs.device)
        mixed = inputs.clone()
        mixed[:, :, y0:y1, x0:x1] = inputs[others, :, y0:y1, x0:x1]
        soft = labels if labels.ndim == 2 else F.one_hot(labels, self.num_classes).float()
        return mixed, torch.lerp(soft, soft[others], (y1 - y0) * (x1 - x0) / (height * width))

    def draw_lambda(self) -> float:
        """A share from Beta(beta, beta); in double precision, for small ``beta`` falls below the least float32."""
        beta = torch.tensor(self.beta, dtype=torch.float64)
        return float(torch.distributions.Beta(beta, beta).sample())
