"""DA-WSOL: Zhu, She, Chen, You, Wang, Lu. Weakly Supervised Object Localization as Domain Adaption. CVPR 2022.

A classifier learns on the *image's* feature, the mean over positions, and is then asked about *pixels*: two domains.
The pixels' features are adapted to the image's by a maximum mean discrepancy, over those pixels that matter: of an
image's positions some are like its feature, some are of the object but unlike it, and some are background, the
*universum*, which belongs to neither domain and is kept silent. The map is that of CAM.

Written from a description of the method alone, since its code has no licence. The description names the assigner's
three centres and that two of them are cached; how they are updated, what stands in before they are, and the iterations
are ours.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from wsolzoo.models.loss_weights import loss_weights
from wsolzoo.models.memory import ClassMemory
from wsolzoo.models.outputs import LocOutputs
from wsolzoo.models.scaling import wide
from wsolzoo.registry import MODELS

UNIVERSUM, SOURCE, TARGET = range(3)
TERMS = {'mmd': 1.0, 'universum': 1.0}


def mmd(source: Tensor, target: Tensor, kernels: int = 5) -> Tensor:
    """Squared maximum mean discrepancy of two samples under a mixture of RBF kernels (Long et al., ICML 2015).

    ``mean k(s, s') + mean k(t, t') - 2 mean k(s, t)``, ``k(a, b) = sum_i exp(-|a - b|^2 / (2^i w))`` where w is the
    mean squared distance of different samples, a constant, and i counts from -(kernels // 2).

    Args:
        source: (S, C).
        target: (T, C).
        kernels: number of bandwidths.

    Returns:
        A scalar, at least 0 but for rounding; 0 where a sample is empty.
    """
    both = torch.cat([wide(source), wide(target)])
    if not len(source) or not len(target):
        return both.sum() * 0
    with torch.autocast(both.device.type, enabled=False):
        lengths = both.square().sum(1)
        distances = (lengths[:, None] + lengths - 2 * both @ both.T).clamp(min=0)
    bandwidth = distances.detach().sum() / (len(both) * (len(both) - 1))
    bandwidths = bandwidth.clamp(min=1e-12) * 2.0 ** (torch.arange(kernels, device=both.device) - kernels // 2)
    similar = (-distances[None] / bandwidths[:, None, None]).exp().sum(0)
    count = len(source)
    return similar[:count, :count].mean() + similar[count:, count:].mean() - 2 * similar[:count, count:].mean()


def assign(feat: Tensor, centres: Tensor, iterations: int = 3) -> tuple[Tensor, Tensor]:
    """K-means over the positions of each image from given centres; a centre without a position stays where it is.

    Args:
        feat: (N, C, P) features of the positions.
        centres: (N, M, C) to begin with.
        iterations: how often the centres move.

    Returns:
        The nearest centre of each position, (N, P) int64, and the centres (N, M, C) at the end.
    """
    for step in range(iterations + 1):
        distances = centres.square().sum(2, keepdim=True) - 2 * centres @ feat
        nearest = distances.argmin(1)
        if step == iterations:
            return nearest, centres
        members = F.one_hot(nearest, centres.shape[1]).to(feat.dtype)
        counts = members.sum(1)[..., None]
        means = (feat @ members).transpose(1, 2) / counts.clamp(min=1)
        centres = torch.where(counts > 0, means, centres)
    raise ValueError(f'iterations is at least 0; got {iterations}')


@MODELS.register_module()
class DAWSOLLoss(nn.Module):
    """Adapts the features of pixels to those of images, and keeps the background silent.

    The positions of every image are assigned to three centres, which begin at the cached centre of the background, at
    the image's own feature, and at the cached centre of its class. Of the positions that end at the second one a few
    are drawn as further *source* samples beside the images' features, of those at the third one *target* samples.

    ``loss_mmd = mmd MMD^2(source, target)``, see :func:`mmd`, and ``loss_universum = universum mean|F|`` over the
    positions at the first one. Until a centre was seen, the position where the class is least (background) or most
    active stands in. Both caches are moving averages over all processes, kept in the checkpoint.

    Also logged: ``universum`` and ``target``, their shares of the positions.

    Args:
        num_classes: K (the localizer fills this in).
        in_channels: channels of the backbone's features (so too).
        samples: drawn of each kind from a batch.
        iterations: of the assignment.
        momentum: of the caches: the share of the old.
        loss_weight: ``dict(mmd=…, universum=…)``, the β and λ of the paper; a missing one is 1.

    Raises:
        ValueError: unknown terms.
    """

    needs_channels = True
    needs_classes = True
    one_label = True

    def __init__(
        self,
        num_classes: int,
        in_channels: tuple[int, ...],
        samples: int = 32,
        iterations: int = 3,
        momentum: float = 0.9,
        loss_weight: dict[str, float] | None = None,
    ) -> None:
        super().__init__()
        self.samples, self.iterations, self.momentum = samples, iterations, momentum
        self.loss_weight = loss_weights(self, TERMS, loss_weight)
        self.classes = ClassMemory(num_classes, in_channels[-1])
        self.background = ClassMemory(1, in_channels[-1])

    def forward(self, outputs: LocOutputs) -> dict[str, Tensor]:
        """``loss_mmd``, ``loss_universum``, and what is logged beside them."""
        feat = wide(outputs.feats[-1]).flatten(2)
        kinds = self.kinds(feat.detach(), outputs)
        source = torch.cat([feat.mean(2), self.drawn(feat, kinds == SOURCE)])
        universum = kinds == UNIVERSUM
        activity = (feat.abs().mean(1) * universum).sum() / universum.sum().clamp(min=1)
        return {
            'loss_mmd': self.loss_weight['mmd'] * mmd(source, self.drawn(feat, kinds == TARGET)),
            'loss_universum': self.loss_weight['universum'] * activity,
            'universum': universum.float().mean(),
            'target': (kinds == TARGET).float().mean(),
        }

    @torch.no_grad()
    def kinds(self, feat: Tensor, outputs: LocOutputs) -> Tensor:
        """What each position is, (N, P) int64; in training the caches move to what was found."""
        labels = outputs.labels
        start = self.centres(feat, outputs)
        with torch.autocast(feat.device.type, enabled=False):
            kinds, centres = assign(feat, start, self.iterations)
        if self.training:
            for memory, kind, names in ((self.background, UNIVERSUM, labels * 0), (self.classes, TARGET, labels)):
                found = (kinds == kind).any(1)
                memory.update(names[found], centres[found, kind], lambda visits: visits * 0 + 1 - self.momentum)
        return kinds

    def centres(self, feat: Tensor, outputs: LocOutputs) -> Tensor:
        """Where the assignment begins, (N, 3, C)."""
        labels = outputs.labels
        maps = wide(outputs.head.label_maps(labels).detach())
        maps = F.interpolate(maps, outputs.feats[-1].shape[2:], mode='bilinear').flatten(1)
        ends = torch.stack([maps.argmin(1), maps.argmax(1)], dim=1)
        lowest, highest = feat.gather(2, ends[:, None].expand(-1, feat.shape[1], -1)).unbind(2)
        (background, seen), (own, known) = self.background(labels * 0), self.classes(labels)
        background = torch.where(seen[:, None], background, lowest)
        return torch.stack([background, feat.mean(2), torch.where(known[:, None], own, highest)], dim=1)

    def drawn(self, feat: Tensor, chosen: Tensor) -> Tensor:
        """At most so many features (S, C) of the ``chosen`` positions (N, P) as the batch's share, drawn at random."""
        images, places = chosen.nonzero(as_tuple=True)
        order = torch.randperm(len(images))[: self.samples].to(feat.device)
        return feat[images[order], :, places[order]]
