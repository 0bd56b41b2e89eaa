"""What a training remembers of every class."""

from collections.abc import Callable

import torch
from mmengine.dist import all_reduce
from torch import Tensor, nn

from wsolzoo.models.scaling import wide


class ClassMemory(nn.Module):
    """One vector a class, a running mean of what was seen of it; the same in every process, and in the checkpoint.

    The vectors are constants for the loss that compares with them. An update takes the mean over all images of a class
    in the batch of all processes, so that two processes with half a batch each remember what one with all of it does.

    Args:
        num_classes: K.
        channels: C.
    """

    def __init__(self, num_classes: int, channels: int) -> None:
        super().__init__()
        self.register_buffer('centres', torch.zeros(num_classes, channels))
        self.register_buffer('visits', torch.zeros(num_classes, dtype=torch.int64))

    def forward(self, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Copies of the vectors (N, C) of classes (N,), and which of them were ever seen, (N,) bool."""
        return self.centres[labels], self.visits[labels] > 0

    @torch.no_grad()
    def update(self, labels: Tensor, vectors: Tensor, rate: Callable[[Tensor], Tensor]) -> None:
        """Move the classes of a batch towards what was seen of them; every process has to call it.

        ``centre = (1 - rate) centre + rate mean(vectors of the class)``; the first visit replaces.

        Args:
            labels: (M,) int64; M may be 0, and differ between processes.
            vectors: (M, C).
            rate: the share of the new, in [0, 1], for visits (K,) float so far.
        """
        sums = torch.zeros_like(self.centres).index_add_(0, labels, wide(vectors).to(self.centres.dtype))
        counts = torch.bincount(labels, minlength=len(self.visits))
        all_reduce(sums)
        all_reduce(counts)
        share = torch.where(self.visits > 0, rate(self.visits.to(sums.dtype)), 1.0) * (counts > 0)
        self.centres.lerp_(sums / counts.clamp(min=1)[:, None], share[:, None].to(sums.dtype))
        self.visits += counts > 0
