"""InCA: Ki, Uh, Lee, Byun. In-sample Contrastive Learning and Consistent Attention for WSOL. ACCV 2020.

Erasing methods push attention over the object's outline, because nothing tells them where it is. Here the background of
the *same image* is the negative: the foreground without its most discriminative part must resemble the foreground and
differ from the background, so attention grows up to the outline and no further.

The method is described in patent application KR 10-2022-0050617 A; its use may need a licence of the owner. No code was
published and the text leaves much open. What is ours is an argument: the thresholds, what they are relative to and
which of them ends the background, the probability of dropping, the embedding, the distance, the margin, the reductions,
the places of the necks, the pair that is made consistent, and the stop-gradient. One reading is not offered: a claim
attaches the classification loss to the first attention map; the description has it at the end of the network, as usual.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from wsolzoo.models.outputs import LocOutputs
from wsolzoo.models.scaling import minmax, wide
from wsolzoo.registry import MODELS

REDUCTIONS = ('mean', 'sum')
DISTANCES = ('squared', 'euclidean')


def check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    """Raise a ``ValueError`` that names the choices where ``value`` is none of them."""
    if value not in choices:
        raise ValueError(f'{name} must be one of {", ".join(choices)}; got {value!r}')


class InCAAttention(NamedTuple):
    """What one neck hands to the losses.

    Attributes:
        map: (N, 1, h, w) attention A.
        feat: (N, C, h, w) feature that entered the neck.
        embeddings: (N, 3, E) vectors of the dropped foreground, the foreground and the background.
        valid: (N,) bool, false where one of the three regions is empty.
    """

    map: Tensor
    feat: Tensor
    embeddings: Tensor
    valid: Tensor


class Thresholds(NamedTuple):
    """Where the regions of an attention map end.

    Attributes:
        fg: the most discriminative area lies at or above it.
        bg: the background lies at or below it.
        relative_to: ``'minmax'``: of the min-max normalised attention; ``'max'``: of the maximum of each image, as in
            ADL, for attention that is never negative; ``'absolute'``: of the attention itself, as equation 1 prints it.
        background: which threshold ends it: ``'bg'``, so that foreground and background are a partition, or ``'fg'``:
            the background is everything but the most discriminative area.
    """

    fg: float = 0.8
    bg: float = 0.2
    relative_to: str = 'minmax'
    background: str = 'bg'

    def scaled(self, attention: Tensor) -> Tensor:
        """Attention on the scale of the thresholds."""
        if self.relative_to == 'minmax':
            return minmax(attention)
        attention = wide(attention)
        if self.relative_to == 'absolute':
            return attention
        return attention / attention.amax((2, 3), keepdim=True).clamp(min=1e-12)


class Embedding(NamedTuple):
    """How a region becomes a vector.

    Attributes:
        source: what is averaged over the region: ``'feature'`` (the description), or ``'attention'`` (the claims),
            which has one channel and therefore needs ``channels``.
        masks: how regions weigh positions: ``'hard'`` (the text), ``'attn_weighted'`` (times sigmoid(A)) or ``'soft'``
            (sigmoid edges); the latter two, ours, let the contrastive loss reach A directly.
        channels: of a learned 1x1 projection before the average; ``None`` for none.
        unit: scale vectors to length 1; otherwise a shrinking feature can satisfy the loss.
        temperature: width of the soft edges.
    """

    source: str = 'feature'
    masks: str = 'hard'
    channels: int | None = None
    unit: bool = True
    temperature: float = 0.1

    def projection(self, in_channels: int) -> nn.Module:
        """The projection of a neck with so many channels.

        Raises:
            ValueError: an unknown source or kind of masks, or attention without a projection.
        """
        check_choice('embedding source', self.source, ('feature', 'attention'))
        check_choice('embedding masks', self.masks, ('hard', 'attn_weighted', 'soft'))
        if self.source == 'attention' and self.channels is None:
            raise ValueError("embedding=dict(source='attention') needs channels: unit vectors of one channel are all 1")
        if self.channels is None:
            return nn.Identity()
        return nn.Conv2d(in_channels if self.source == 'feature' else 1, self.channels, 1)


def regions(attention: Tensor, thresholds: Thresholds, drop_bg: bool = True) -> Tensor:
    """Masks of the dropped foreground, the foreground and the background (equation 1).

    ``dfg = [A < fg] and [A > bg]``, ``fg = [A > bg]``, ``bg = not fg`` (or as ``thresholds.background`` says).

    Args:
        attention: (N, 1, h, w).
        thresholds: see :class:`Thresholds`.
        drop_bg: the dropped foreground excludes the background too; without it the mask is that of ADL.

    Returns:
        (N, 3, h, w) bool.
    """
    scaled = thresholds.scaled(attention.detach())
    foreground, undiscriminative = scaled > thresholds.bg, scaled < thresholds.fg
    dropped = undiscriminative & foreground if drop_bg else undiscriminative
    background = ~foreground if thresholds.background == 'bg' else undiscriminative
    return torch.cat([dropped, foreground, background], dim=1)


class NonLocalAttention(BaseModule):
    """Attention that sees the whole image: similarity-weighted features, averaged over channels.

    ``A = mean_c (F + gamma v(F) softmax(q(F)^T k(F))^T)`` with 1x1 embeddings q, k, v; gamma is learned and starts at
    0, so that the first attention is the plain channel mean. Keys and values are max-pooled by two until at most
    ``max_positions`` remain, which bounds the memory to ``h w max_positions`` an image.

    Args:
        in_channels: C.
        embed_ratio: q and k have ``C / embed_ratio`` channels.
        similarity: ``'softmax'`` (embedded Gaussian) or ``'dot'`` (dot product over the number of positions).
        residual: add the input; without it gamma is left out and A is the mean of the weighted sum alone.
        gamma: initial value of gamma.
        max_positions: largest number of keys.
    """

    def __init__(
        self,
        in_channels: int,
        embed_ratio: int = 8,
        similarity: str = 'softmax',
        residual: bool = True,
        gamma: float = 0.0,
        max_positions: int = 784,
    ) -> None:
        super().__init__()
        check_choice('similarity', similarity, ('softmax', 'dot'))
        embed = max(in_channels // embed_ratio, 1)
        self.query, self.key = nn.Conv2d(in_channels, embed, 1), nn.Conv2d(in_channels, embed, 1)
        self.value = nn.Conv2d(in_channels, in_channels, 1)
        self.gamma = nn.Parameter(torch.tensor(float(gamma))) if residual else None
        self.similarity, self.max_positions = similarity, max_positions

    def forward(self, feat: Tensor) -> Tensor:
        """Attention (N, 1, h, w) of a feature (N, C, h, w)."""
        source = feat
        while source.shape[2] * source.shape[3] > self.max_positions:
            source = F.max_pool2d(source, 2, ceil_mode=True)
        query = self.query(feat).flatten(2).transpose(1, 2)
        key, value = self.key(source).flatten(2), self.value(source).mean(1, keepdim=True).flatten(2)
        weights = query @ key
        weights = weights.softmax(-1) if self.similarity == 'softmax' else weights / key.shape[-1]
        gathered = (value @ weights.transpose(1, 2)).unflatten(2, feat.shape[2:])
        return gathered if self.gamma is None else feat.mean(1, keepdim=True) + self.gamma * gathered


@MODELS.register_module()
class InCANeck(BaseModule):
    """Attention of a stage, its three regions, and in training one of the mask and the importance map on the feature.

    In training the feature is multiplied by the dropped-foreground mask with probability ``drop_prob`` and by
    ``sigmoid(A)`` otherwise. In evaluation it passes unchanged, or times ``sigmoid(A)``.

    A step whose draw is the mask leaves the later necks' attention without a gradient where no loss reaches it: several
    processes need ``find_unused_parameters = True`` in the config.

    Args:
        in_channels: C of the stage (the localizer fills it in).
        non_local: arguments of :class:`NonLocalAttention`; ``None`` for the channel mean (the ablation).
        thresholds: ``dict(fg=0.8, bg=0.2, relative_to='minmax', background='bg')``, see :class:`Thresholds`.
        drop_prob: probability of the mask.
        drop_bg: whether the mask drops the background too (the ablation).
        draw: one for the ``'batch'`` (as ADL) or one an ``'image'``.
        embedding: ``dict(source='feature', masks='hard', channels=None)``, see :class:`Embedding`.
        test_gate: ``'identity'`` (as ADL) or ``'importance'``, sigmoid(A) in evaluation too; the text allows both.
    """

    needs_channels = True

    def __init__(
        self,
        in_channels: int,
        non_local: dict | None = None,
        thresholds: dict | None = None,
        drop_prob: float = 0.75,
        drop_bg: bool = True,
        draw: str = 'batch',
        embedding: dict | None = None,
        test_gate: str = 'identity',
    ) -> None:
        super().__init__()
        check_choice('test_gate', test_gate, ('identity', 'importance'))
        check_choice('draw', draw, ('batch', 'image'))
        if not 0 <= drop_prob <= 1:
            raise ValueError(f'drop_prob is a probability; got {drop_prob}')
        self.non_local = None if non_local is None else NonLocalAttention(in_channels, **non_local)
        self.thresholds, self.embedding = Thresholds(**(thresholds or {})), Embedding(**(embedding or {}))
        check_choice('thresholds relative_to', self.thresholds.relative_to, ('minmax', 'max', 'absolute'))
        check_choice('thresholds background', self.thresholds.background, ('bg', 'fg'))
        self.drop_prob, self.drop_bg, self.draw, self.test_gate = drop_prob, drop_bg, draw, test_gate
        self.project = self.embedding.projection(in_channels)

    def forward(self, feat: Tensor) -> tuple[Tensor, InCAAttention | None]:
        """The feature for the next stage, and in training what the losses read."""
        if not self.training and self.test_gate == 'identity':
            return feat, None
        attention = feat.mean(1, keepdim=True) if self.non_local is None else self.non_local(feat)
        if not self.training:
            return feat * attention.sigmoid(), None
        masks = regions(attention, self.thresholds, self.drop_bg)
        embeddings = self.embed(feat, attention, masks)
        valid = masks.flatten(2).any(-1).all(1)
        return feat * self.gate(attention, masks[:, :1]), InCAAttention(attention, feat, embeddings, valid)

    def gate(self, attention: Tensor, dropped: Tensor) -> Tensor:
        """The mask or the importance map, as drawn, (N, 1, h, w) in the type of the attention."""
        if self.draw == 'batch':
            return dropped.to(attention.dtype) if bool(torch.rand(()) < self.drop_prob) else attention.sigmoid()
        drawn = (torch.rand(len(attention), 1, 1, 1) < self.drop_prob).to(attention.device)
        return torch.where(drawn, dropped.to(attention.dtype), attention.sigmoid())

    def embed(self, feat: Tensor, attention: Tensor, masks: Tensor) -> Tensor:
        """(N, 3, E): averages of the (projected) source over the three regions, scaled to unit length or not."""
        projected = wide(self.project(feat if self.embedding.source == 'feature' else attention)).flatten(2)
        weights = masks.to(projected.dtype)
        if self.embedding.masks == 'attn_weighted':
            weights = weights * attention.sigmoid()
        elif self.embedding.masks == 'soft':
            weights = self.soft_masks(attention)
        with torch.autocast(feat.device.type, enabled=False):
            sums = torch.einsum('nmp,ncp->nmc', weights.flatten(2).to(projected.dtype), projected)
        means = sums / (weights.flatten(2).sum(-1, keepdim=True) + 1e-6)
        return F.normalize(means, dim=-1) if self.embedding.unit else means

    def soft_masks(self, attention: Tensor) -> Tensor:
        """The regions with sigmoid edges, (N, 3, h, w), differentiable in the attention."""
        scaled, temperature = self.thresholds.scaled(attention), self.embedding.temperature
        above_bg = torch.sigmoid((scaled - self.thresholds.bg) / temperature)
        below_fg = torch.sigmoid((self.thresholds.fg - scaled) / temperature)
        dropped = below_fg * above_bg if self.drop_bg else below_fg
        background = 1 - above_bg if self.thresholds.background == 'bg' else below_fg
        return torch.cat([dropped, above_bg, background], dim=1)


@MODELS.register_module()
class InCAContrastiveLoss(nn.Module):
    """In-sample contrastive attention (equation 2).

    ``loss_ca = loss_weight mean_n [ d(z_dfg, z_fg) - d(z_dfg, z_bg) + margin ]_+``, over the necks reduced as said
    below. Images with an empty region do not count.

    Args:
        margin: m.
        loss_weight: of the loss; 1 in the text.
        distance: of unit vectors: ``'squared'`` Euclidean, ``2 - 2 cos`` in [0, 4], or ``'euclidean'``, in [0, 2].
        reduction: over the necks, ``'mean'`` or ``'sum'``.
    """

    def __init__(
        self, margin: float = 0.5, loss_weight: float = 1.0, distance: str = 'squared', reduction: str = 'mean'
    ) -> None:
        super().__init__()
        check_choice('distance', distance, DISTANCES)
        check_choice('reduction', reduction, REDUCTIONS)
        self.margin, self.loss_weight, self.distance, self.reduction = margin, loss_weight, distance, reduction

    def conflicts(self, model: nn.Module) -> Iterator[str]:
        """No neck to read."""
        return without_necks(model)

    def forward(self, outputs: LocOutputs) -> dict[str, Tensor]:
        """``loss_ca``, a scalar."""
        losses = torch.stack([self.of(attention) for attention in inca_attentions(outputs)])
        return {'loss_ca': self.loss_weight * (losses.mean() if self.reduction == 'mean' else losses.sum())}

    def of(self, attention: InCAAttention) -> Tensor:
        """The loss of one neck."""
        dropped, foreground, background = attention.embeddings.float().unbind(1)
        positive, negative = self.between(dropped, foreground), self.between(dropped, background)
        valid = attention.valid.to(positive.dtype)
        return ((positive - negative + self.margin).relu() * valid).sum() / valid.sum().clamp(min=1)

    def between(self, one: Tensor, other: Tensor) -> Tensor:
        """Distances (N,) of unit vectors (N, E)."""
        squared = (one - other).square().sum(1)
        return squared if self.distance == 'squared' else squared.clamp(min=1e-12).sqrt()


@MODELS.register_module()
class InCAConsistencyLoss(nn.Module):
    """Foreground consistency (equation 3): the first neck's attention follows the last one's.

    ``loss_fc = loss_weight mean_ij (norm(A_first) - sg(resize(norm(A_last))))^2``. The text has a plain squared norm;
    the mean over positions, the normalisation, the resizing and the stop-gradient on the later attention are ours.

    Args:
        loss_weight: of the loss; 1 in the text.
        normalize: ``'minmax'`` or ``'sigmoid'``, applied to both maps.
        stop_gradient: the later attention is a constant.
        pair: the two necks, early and late; the equation is written for any two, the text compares first and last.
        resize: ``'last'``: the later attention to the size of the earlier one, bilinearly; ``'first'``: the earlier one
            to the size of the later one, by averages.
        reduction: over the positions, ``'mean'`` or ``'sum'`` (the images are always averaged).
    """

    def __init__(
        self,
        loss_weight: float = 1.0,
        normalize: str = 'minmax',
        stop_gradient: bool = True,
        pair: tuple[int, int] = (0, -1),
        resize: str = 'last',
        reduction: str = 'mean',
    ) -> None:
        super().__init__()
        check_choice('normalize', normalize, ('minmax', 'sigmoid'))
        check_choice('resize', resize, ('last', 'first'))
        check_choice('reduction', reduction, REDUCTIONS)
        self.loss_weight, self.stop_gradient, self.pair = loss_weight, stop_gradient, tuple(pair)
        self.normalize = minmax if normalize == 'minmax' else torch.sigmoid
        self.resize, self.reduction = resize, reduction

    def conflicts(self, model: nn.Module) -> Iterator[str]:
        """No neck to read."""
        return without_necks(model)

    def forward(self, outputs: LocOutputs) -> dict[str, Tensor]:
        """``loss_fc``, a scalar; it needs two necks."""
        attentions = inca_attentions(outputs)
        count = len(attentions)
        early, late = (place + count if place < 0 else place for place in self.pair)
        if not 0 <= early < late < count:
            raise ValueError(
                f'InCAConsistencyLoss(pair={self.pair}) compares an earlier with a later InCANeck; there are {count} '
                'of them, counted from 0: place more, or name another pair'
            )
        first, last = self.normalize(attentions[early].map), self.normalize(attentions[late].map)
        last = last.detach() if self.stop_gradient else last
        if self.resize == 'first':
            first = F.adaptive_avg_pool2d(first, last.shape[2:])
        else:
            last = F.interpolate(last, first.shape[2:], mode='bilinear', align_corners=False)
        squares = (first - last).square()
        return {
            'loss_fc': self.loss_weight * (squares.mean() if self.reduction == 'mean' else squares.sum() / len(squares))
        }


def without_necks(model: nn.Module) -> Iterator[str]:
    """What the losses say of a model without an InCA neck."""
    if not any(isinstance(neck, InCANeck) for neck in model.necks.values()):
        yield "reads InCANeck: place some with necks={'<stage>': dict(type='InCANeck')}"


def inca_attentions(outputs: LocOutputs) -> list[InCAAttention]:
    """The attentions of the InCA necks, early to late."""
    found = [attention for attention in outputs.attentions if isinstance(attention, InCAAttention)]
    if not found:
        raise ValueError("the InCA losses read InCANeck: place some with necks={'<stage>': dict(type='InCANeck')}")
    return found
