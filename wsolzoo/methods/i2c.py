"""I2C: Zhang, Wei, Yang. Inter-Image Communication for Weakly Supervised Localization. ECCV 2020.

Images of one class should agree about their object. Of two images of a class a few positions are drawn where the class
is active; their features are pulled together (local consistency), and the mean of all of them to a running centre of
the class (global consistency). The map is that of CAM.

Written from a description of the method alone, since its code has no licence. The published code takes the first
positions in raster order where the paper draws them, and pulls to random centres at the first visit of a class: here
positions are drawn, and a class without a centre has no global term.
"""

from collections.abc import Iterator

import numpy as np
import torch
from mmengine.dist import get_dist_info, sync_random_seed
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import Dataset, Sampler

from wsolzoo.models.loss_weights import loss_weights
from wsolzoo.models.memory import ClassMemory
from wsolzoo.models.outputs import LocOutputs
from wsolzoo.models.scaling import minmax, wide
from wsolzoo.registry import DATA_SAMPLERS, MODELS

TERMS = {'local': 0.008, 'global': 0.001}
SMALL_BATCH = 8


@DATA_SAMPLERS.register_module()
class PairedClassSampler(Sampler):
    """Images by twos of a class: the images 2k and 2k + 1 of every batch are of one class, if its size is even.

    Classes come in laps, each a new permutation of all of them; a batch therefore holds as many different ones as it
    can. Each class is shuffled and gone through from visit to visit, so rare classes are seen more often. An epoch has
    as many images as the data set, rounded up to whole pairs of every process; a pair is never split over processes.

    The epoch is a pure function of seed and epoch number, which is the whole state: a resumed run goes on with the
    images that the other would have shown.

    Args:
        dataset: with ``gt_label`` in its annotation.
        seed: default: one drawn by the main process.

    Raises:
        ValueError: no class has two images.
    """

    def __init__(self, dataset: Dataset, seed: int | None = None) -> None:
        self.rank, self.world = get_dist_info()
        self.seed = sync_random_seed() if seed is None else seed
        self.epoch = 0
        labels = np.array([dataset.get_data_info(index)['gt_label'] for index in range(len(dataset))])
        classes = [np.flatnonzero(labels == label) for label in np.unique(labels)]
        self.classes = [images for images in classes if len(images) > 1]
        if not self.classes:
            raise ValueError(
                f'PairedClassSampler shows two images of a class; each of the {len(classes)} classes has only one'
            )
        self.count = -(-len(labels) // (2 * self.world))

    def __len__(self) -> int:
        return 2 * self.count

    def pairs(self) -> Iterator[tuple[int, int]]:
        """The pairs of this epoch, of all processes."""
        rng = np.random.default_rng([self.seed, self.epoch])
        orders = [rng.permutation(images) for images in self.classes]
        laps = -(-self.count * self.world // len(orders))
        visits = ((lap, label) for lap in range(laps) for label in rng.permutation(len(orders)))
        for _, (lap, label) in zip(range(self.count * self.world), visits, strict=False):
            order = orders[label]
            yield int(order[2 * lap % len(order)]), int(order[(2 * lap + 1) % len(order)])

    def __iter__(self) -> Iterator[int]:
        for number, pair in enumerate(self.pairs()):
            if number % self.world == self.rank:
                yield from pair

    def set_epoch(self, epoch: int) -> None:
        """Begin ``epoch`` (MMEngine calls this at the start of every epoch, also on resume)."""
        self.epoch = epoch


def object_seeds(maps: Tensor, count: int, threshold: float = 0.7) -> Tensor:
    """Positions drawn at random from the object, where the min-max normalised map is above ``threshold``.

    Where the object has fewer, the next most active positions follow.

    Args:
        maps: (N, h, w) maps of each image's class.
        count: n, at most h w.
        threshold: of the object, in [0, 1).

    Returns:
        (N, n) int64 indices into the h w positions, all different.
    """
    activity = minmax(maps).flatten(1)
    drawn = torch.rand(activity.shape).to(activity.device)
    return torch.where(activity > threshold, 1 + drawn, activity).topk(count, dim=1).indices


def local_consistency(first: Tensor, second: Tensor) -> Tensor:
    """Mean Euclidean distance of the seeds of two images, with 1e-6 on each difference; (P, n, C) each → scalar.

    Both sides have a gradient.
    """
    return F.pairwise_distance(first, second, eps=1e-6).mean()


def global_consistency(means: Tensor, centres: Tensor) -> Tensor:
    """Mean Euclidean distance of the pairs' means (P, C) to the centres (P, C) of their classes, constants."""
    return F.pairwise_distance(means, centres.detach(), eps=1e-6).mean()


@MODELS.register_module()
class I2CLoss(nn.Module):
    """Local and global consistency of the backbone's last feature between images of a class.

    ``loss_local = local mean_{k,s} || f_k1s - f_k2s ||`` over pairs k and their seeds s, and
    ``loss_global = global mean_k || sg(U[y_k]) - c_k ||`` with c_k the mean of the pair's 2 n seeds. Then the centre
    moves to c_k at the rate ``exp(-decay visits)``. Features are taken as they are, not scaled to unit length.

    The images 2k and 2k + 1 are a pair where their labels agree, which :class:`PairedClassSampler` sees to; other
    images do not count. A batch without pairs, or without a class whose centre is known, has no such term. Also logged:
    ``pairs``, the share of the images that have a partner, and both distances without their weights.

    Args:
        num_classes: K (the localizer fills this in).
        in_channels: channels of the backbone's features (so too).
        seeds: n, positions of each image.
        threshold: of the object, see :func:`object_seeds`.
        decay: of the rate of the centres.
        loss_weight: ``{'local': …, 'global': …}``; a missing one is the published 0.008 and 0.001 (the code's default,
            not that of its script, is 0.01).

    Raises:
        ValueError: unknown terms; a batch of eight images or more without any pair.
    """

    needs_channels = True
    needs_classes = True
    one_label = True

    def __init__(
        self,
        num_classes: int,
        in_channels: tuple[int, ...],
        seeds: int = 3,
        threshold: float = 0.7,
        decay: float = 0.002,
        loss_weight: dict[str, float] | None = None,
    ) -> None:
        super().__init__()
        self.seeds, self.threshold, self.decay = seeds, threshold, decay
        self.loss_weight = loss_weights(self, TERMS, loss_weight)
        self.memory = ClassMemory(num_classes, in_channels[-1])

    def forward(self, outputs: LocOutputs) -> dict[str, Tensor]:
        """``loss_local`` and ``loss_global`` where there are any, and what is logged beside them."""
        paired = self.paired(outputs.labels)
        vectors = self.vectors(outputs)[: 2 * len(paired)].unflatten(0, (-1, 2))[paired]
        labels, means = outputs.labels[: 2 * len(paired) : 2][paired], vectors.mean((1, 2))
        centres, known = self.memory(labels)
        scalars = {'pairs': 2 * paired.sum() / len(outputs.labels)}
        if len(labels):
            local = local_consistency(vectors[:, 0], vectors[:, 1])
            scalars |= {'loss_local': self.loss_weight['local'] * local, 'local_distance': local.detach()}
        if known.any():
            centre = global_consistency(means[known], centres[known])
            scalars |= {'loss_global': self.loss_weight['global'] * centre, 'global_distance': centre.detach()}
        if self.training:
            self.memory.update(labels, means, lambda visits: torch.exp(-self.decay * visits))
        return scalars

    def paired(self, labels: Tensor) -> Tensor:
        """Which of the neighbours in the batch (N,) are of one class, (N // 2,) bool."""
        half = len(labels) // 2
        same = labels[: 2 * half : 2] == labels[1 : 2 * half : 2]
        if len(labels) >= SMALL_BATCH and not same.any():
            raise ValueError(
                'I2CLoss compares two images of a class, the images 2k and 2k + 1 of a batch, but no two of this batch '
                "are of one. Set train_dataloader.sampler=dict(type='PairedClassSampler') and an even batch_size."
            )
        return same

    def vectors(self, outputs: LocOutputs) -> Tensor:
        """Features (N, n, C) at the seeds."""
        feat = wide(outputs.feats[-1]).flatten(2)
        maps = wide(outputs.head.label_maps(outputs.labels).detach())
        maps = F.interpolate(maps, outputs.feats[-1].shape[2:], mode='bilinear')[:, 0]
        index = object_seeds(maps, min(self.seeds, feat.shape[2]), self.threshold)
        return feat.gather(2, index[:, None].expand(-1, feat.shape[1], -1)).transpose(1, 2)
