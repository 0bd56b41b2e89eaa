"""DA-WSOL: Zhu, She, Chen, You, Wang, Lu. Weakly Supervised Object Localization as Domain Adaption. CVPR 2022.

A classifier learns on the *image's* feature, the mean over positions, and is then asked about *pixels*: two domains.
The pixels' features are adapted to the image's by a maximum mean discrepancy, over those pixels that matter: of an
image's positions some are like its feature, some are of the object but unlike it, and some are background, the
*universum*, which belongs to neither domain and is kept silent. The map is that of CAM.

Written from a description of the method alone, since its code has no licence. Ours: how often the assignment moves its
centres, the class's most active position where nothing was seen of a class yet, and that terms are means over images.
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


def linear_mmd(source: Tensor, target: Tensor, kernels: int = 5) -> Tensor:
    """Squared maximum mean discrepancy under RBF kernels, estimated in linear time (Gretton et al., JMLR 2012).

    ``mean_i k(s_i, s_i+1) + k(t_i, t_i+1) - k(s_i, t_i+1) - k(s_i+1, t_i)``, the last followed by the first, with
    ``k(a, b) = sum_j exp(-|a - b|^2 / (2^j w / 4))``, j from 0, and w the mean squared distance of different samples,
    a constant. An estimate may be negative.

    Args:
        source: (..., S, C).
        target: (..., S, C).
        kernels: number of bandwidths.

    Returns:
        (...), float32 at least.
    """
    source, target = wide(source), wide(target)
    both = torch.cat([source, target], dim=-2)
    count = both.shape[-2]
    # The sum over all pairs without the pairs: |a|^2 and the mean say it.
    spread = both.detach().sub(both.detach().mean(-2, keepdim=True)).square().sum((-2, -1))
    width = (2 * spread / (count - 1)).clamp(min=1e-12)
    bandwidths = width[..., None, None] * 2.0 ** (torch.arange(kernels, device=both.device) - 2)

    def similar(one: Tensor, other: Tensor) -> Tensor:
        distances = (one - other).square().sum(-1, keepdim=True)
        return (-distances / bandwidths).exp().sum(-1)

    next_source, next_target = source.roll(-1, -2), target.roll(-1, -2)
    alike = similar(source, next_source) + similar(target, next_target)
    return (alike - similar(source, next_target) - similar(next_source, target)).mean(-1)


def assign(feat: Tensor, centres: Tensor, iterations: int = 10) -> tuple[Tensor, Tensor]:
    """K-means over the positions of each image from given centres; a centre without a position stays where it is.

    Args:
        feat: (N, C, P) features of the positions.
        centres: (N, M, C) to begin with.
        iterations: how often the centres move.

    Returns:
        The nearest centre of each position, (N, P) int64, and the centres (N, M, C) at the end.
    """
    points = feat.transpose(1, 2).contiguous()  # five times faster than as they lie
    for step in range(iterations + 1):
        near = torch.baddbmm(-centres.square().sum(2)[:, None] / 2, points, centres.transpose(1, 2))
        nearest = near.argmax(2)
        if step == iterations:
            return nearest, centres
        members = F.one_hot(nearest, centres.shape[1]).to(feat.dtype)
        counts = members.sum(1)[..., None]
        means = members.transpose(1, 2) @ points / counts.clamp(min=1)
        centres = torch.where(counts > 0, means, centres)
    raise ValueError(f'iterations is at least 0; got {iterations}')


def draw(feat: Tensor, chosen: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """As many features of each image, drawn at random from the ``chosen`` positions.

    Args:
        feat: (N, C, P).
        chosen: (N, P) bool.
        count: features an image.

    Returns:
        (N, count, C), and which images have as many, (N,) bool; what the others get means nothing.
    """
    order = torch.where(chosen, torch.rand(chosen.shape).to(feat.device), -1.0).topk(count, dim=1).indices
    drawn = feat.gather(2, order[:, None].expand(-1, feat.shape[1], -1)).transpose(1, 2)
    return drawn, chosen.sum(1) >= count


def mean_of(values: Tensor, counting: Tensor) -> Tensor:
    """Mean of the values (N,) that count, 0 with a gradient where none does."""
    return torch.where(counting, values, values.new_zeros(())).sum() / counting.sum().clamp(min=1)


@MODELS.register_module()
class DAWSOLLoss(nn.Module):
    """Adapts the features of pixels to those of images, and keeps the background silent.

    The positions of every image are assigned to three centres, which begin at the cached centre of the background, at
    the image's own feature, and at the cached centre of its class. The image's feature and positions that end at the
    second one are the *source* sample, as many that end at the third one the *target* sample.

    ``loss_mmd = mmd MMD^2(source, target)``, see :func:`linear_mmd`, the mean over the images with enough of both, and
    ``loss_universum = universum mean F`` over the positions at the first one. Both caches are running means over all
    processes, kept in the checkpoint; that of the background begins at 0, and until a class was seen its most active
    position stands in.

    Also logged: ``universum`` and ``target``, their shares of the positions, and ``adapted``, that of the images with
    enough of both kinds. Where ``adapted`` is near 0, ``loss_mmd`` does nothing: take fewer ``samples``.

    Args:
        num_classes: K (the localizer fills this in).
        in_channels: channels of the backbone's features (so too).
        samples: of each kind from an image.
        iterations: of the assignment.
        loss_weight: ``dict(mmd=…, universum=…)``, the β and λ of the paper; a missing one is 1.

    Raises:
        ValueError: unknown terms, or fewer than two samples.
    """

    needs_channels = True
    needs_classes = True
    one_label = True

    def __init__(
        self,
        num_classes: int,
        in_channels: tuple[int, ...],
        samples: int = 32,
        iterations: int = 10,
        loss_weight: dict[str, float] | None = None,
    ) -> None:
        super().__init__()
        if samples < 2:
            raise ValueError(f'samples is at least 2, since a discrepancy compares pairs; got {samples}')
        self.samples, self.iterations = samples, iterations
        self.loss_weight = loss_weights(self, TERMS, loss_weight)
        self.classes = ClassMemory(num_classes, in_channels[-1])
        self.background = ClassMemory(1, in_channels[-1])

    def forward(self, outputs: LocOutputs) -> dict[str, Tensor]:
        """``loss_mmd``, ``loss_universum``, and what is logged beside them."""
        feat = wide(outputs.feats[-1]).flatten(2)
        if feat.shape[2] < self.samples:
            raise ValueError(f'{self.samples} samples cannot be drawn from {feat.shape[2]} positions; take fewer')
        kinds = self.kinds(feat.detach(), outputs)
        alike, enough = draw(feat, kinds == SOURCE, self.samples - 1)
        target, found = draw(feat, kinds == TARGET, self.samples)
        adapted = enough & found
        discrepancy = linear_mmd(torch.cat([feat.mean(2)[:, None], alike], 1), target)
        universum = kinds == UNIVERSUM
        activity = (feat.mean(1) * universum).sum(1) / universum.sum(1).clamp(min=1)
        return {
            'loss_mmd': self.loss_weight['mmd'] * mean_of(discrepancy, adapted),
            'loss_universum': self.loss_weight['universum'] * mean_of(activity, universum.any(1)),
            'universum': universum.float().mean(),
            'target': (kinds == TARGET).float().mean(),
            'adapted': adapted.float().mean(),
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
                memory.update(names[found], centres[found, kind], lambda visits: 1 / (visits + 1))
        return kinds

    def centres(self, feat: Tensor, outputs: LocOutputs) -> Tensor:
        """Where the assignment begins, (N, 3, C)."""
        labels = outputs.labels
        maps = wide(outputs.head.label_maps(labels).detach())
        highest = F.interpolate(maps, outputs.feats[-1].shape[2:], mode='bilinear').flatten(1).argmax(1)
        active = feat.gather(2, highest[:, None, None].expand(-1, feat.shape[1], -1))[..., 0]
        (background, _), (own, known) = self.background(labels * 0), self.classes(labels)
        return torch.stack([background, feat.mean(2), torch.where(known[:, None], own, active)], dim=1)
