"""Poolings of class score maps, much used in medical imaging: max, log-sum-exp, WILDCAT, attention (Deep MIL).

A class score is a pooled map: the mean (CAM) asks for the whole object, the maximum for one position. Between them lie

* max: Oquab, Bottou, Laptev, Sivic. Is Object Localization for Free? CVPR 2015;
* log-sum-exp: Pinheiro, Collobert. From Image-Level to Pixel-Level Labeling with Convolutional Networks. CVPR 2015;
* WILDCAT: Durand, Mordan, Thome, Cord. Weakly Supervised Learning of Deep ConvNets for Image Classification, Pointwise
  Localization and Segmentation. CVPR 2017: the highest positions, and against them the lowest;
* Deep MIL: Ilse, Tomczak, Welling. Attention-based Deep Multiple Instance Learning. ICML 2018: learned weights.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from wsolzoo.models.heads import ConvClassifier, MaskHead
from wsolzoo.models.outputs import HeadOutput
from wsolzoo.models.scaling import wide
from wsolzoo.models.trunk import TrunkPass
from wsolzoo.registry import MODELS

XAVIER = {'type': 'Xavier', 'layer': 'Conv2d', 'distribution': 'uniform'}


@MODELS.register_module()
class PooledCAMHead(MaskHead):
    """Score maps by convolutions, class scores by a pooling of choice; the map of a class is its score map.

    With the mean it would be ``ConvCAMHead``. The bias is inside the map.

    Args:
        num_classes: K.
        in_channels: channels of the backbone's features.
        pool: a name of :data:`POOLINGS`.
        pool_args: arguments of that function, as in ``dict(r=10.0)``.
        modalities: score maps a class, which are averaged first (WILDCAT). Since the mean of convolutions is the
            convolution with the mean weights, only K maps are computed.
        mid_channels: channels of 3x3 convolutions before the score maps.
        dropout: before every convolution.
        init_cfg: defaults to Xavier-uniform convolutions with zero bias.

    Raises:
        ValueError: an unknown pooling, an unknown or bad argument of it, or fewer than one modality.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: tuple[int, ...],
        pool: str,
        pool_args: Mapping | None = None,
        modalities: int = 1,
        mid_channels: Sequence[int] = (),
        dropout: float = 0.0,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(num_classes, in_channels, init_cfg or XAVIER)
        if pool not in POOLINGS:
            raise ValueError(f'pool must be one of {", ".join(POOLINGS)}; got {pool!r}')
        known = list(inspect.signature(POOLINGS[pool]).parameters)[1:]
        unknown = sorted(set(pool_args or {}) - set(known))
        if unknown:
            raise ValueError(f'pool={pool!r} has no arguments {unknown}; it has: {", ".join(known) or "none"}')
        POOLINGS[pool](torch.zeros(1, 1, 2, 2), **(pool_args or {}))  # refuses a bad argument now
        if modalities < 1:
            raise ValueError(f'modalities must be at least 1; got {modalities}')
        self.pool, self.pool_args = pool, dict(pool_args or {})
        self.modalities = modalities
        self.classifier = ConvClassifier(self.in_channels[-1], mid_channels, num_classes * modalities, dropout)
        self.places = {f'conv{count}': channels for count, channels in enumerate(mid_channels, 1)}

    def forward(
        self, feats: tuple[Tensor, ...], labels: Tensor | None = None, trunk: TrunkPass | None = None
    ) -> HeadOutput:
        """Logits (N, K) and score maps (N, K, h, w)."""
        last = self.classifier[-1]
        shape = (self.num_classes, self.modalities)
        weight, bias = last.weight.unflatten(0, shape).mean(1), last.bias.unflatten(0, shape).mean(1)
        scores = F.conv2d(self.classifier.hidden(feats[-1], trunk), weight, bias)
        return HeadOutput(POOLINGS[self.pool](scores, **self.pool_args), scores.detach())


@MODELS.register_module()
class DeepMILHead(MaskHead):
    """Attention says how much each position counts for a class; the attention, before its softmax, is the map.

    ``a_k = softmax_ij(w_k tanh(V x) sigmoid(U x))``, ``logit_k = f_k(sum_ij a_k x)``, equation 9 of the paper for each
    class of its own ([D]: the paper has one class). The classifier f is linear, so it reads each position first and
    the attention weighs its scores: the same number, and the pooling of this module.

    The paper draws the attention itself. The softmax keeps the order of the positions, but leaves a spike on a flat
    ground, on which thresholds find little to choose from; so the default map is what enters it ([D]).

    Args:
        num_classes: K.
        in_channels: channels of the backbone's features.
        embed_channels: rows of V and U; 128 in the paper.
        gated: with the sigmoid; without it equation 8.
        softmax_maps: the map is the attention itself, which sums to 1.
        init_cfg: defaults to Xavier-uniform convolutions with zero bias.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: tuple[int, ...],
        embed_channels: int = 128,
        gated: bool = True,
        softmax_maps: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(num_classes, in_channels, init_cfg or XAVIER)
        self.softmax_maps = softmax_maps
        channels = self.in_channels[-1]
        self.score = nn.Conv2d(channels, num_classes, 1)
        self.embed = nn.Conv2d(channels, embed_channels, 1)
        self.gate = nn.Conv2d(channels, embed_channels, 1) if gated else None
        self.attend = nn.Conv2d(embed_channels, num_classes, 1, bias=False)

    def forward(
        self, feats: tuple[Tensor, ...], labels: Tensor | None = None, trunk: TrunkPass | None = None
    ) -> HeadOutput:
        """Logits (N, K) and maps (N, K, h, w)."""
        feat = feats[-1]
        embedded = self.embed(feat).tanh()
        if self.gate is not None:
            embedded = embedded * self.gate(feat).sigmoid()
        weights = self.attend(embedded)
        attention = position_softmax(weights)
        maps = attention if self.softmax_maps else weights
        return HeadOutput(attention_pool(self.score(feat), attention), maps.detach())


def max_pool(maps: Tensor) -> Tensor:
    """(N, K) the highest value of maps (N, K, h, w), ``max S``; the gradient goes to that one position."""
    return maps.amax((2, 3))


def lse_pool(maps: Tensor, r: float = 10.0) -> Tensor:
    """(N, K) log-sum-exp of maps (N, K, h, w), ``1/r log mean exp(r S)``: the mean for r → 0, the maximum for r → ∞.

    In float32 at least, and never ``exp`` of the scores themselves.

    Raises:
        ValueError: ``r`` is not positive.
    """
    if r <= 0:
        raise ValueError(f'r of log-sum-exp must be positive; got {r}')
    values = wide(maps).flatten(2)
    positions = torch.tensor(float(values.shape[2]), device=values.device)
    return (torch.logsumexp(r * values, dim=2) - positions.log()) / r


def wildcat_pool(maps: Tensor, kmax: float = 0.5, kmin: float = 0.1, alpha: float = 0.6) -> Tensor:
    """(N, K) evidence for a class from the highest positions of maps (N, K, h, w), and against it from the lowest.

    ``1/2 (mean of the kmax highest + alpha mean of the kmin lowest)``, with the half of the published code. ``kmin=0``
    or ``alpha=0`` leaves the mean of the highest, not halved. A fraction (a float up to 1) is of all positions, at
    least one; an integer is a number of positions. The defaults are those of the comparison by Belharbi et al. (F-CAM,
    WACV 2022).

    Raises:
        ValueError: ``kmax`` is not positive, ``kmin`` or ``alpha`` is negative, or a fraction is above 1.
    """
    fractions = [share for share in (kmax, kmin) if not isinstance(share, int)]
    if kmax <= 0 or kmin < 0 or alpha < 0 or max(fractions, default=0) > 1:
        raise ValueError(
            'wildcat takes kmax > 0 and kmin >= 0, each a number of positions (an integer) or a fraction up to 1.0 of '
            f'them, and alpha >= 0; got kmax={kmax}, kmin={kmin}, alpha={alpha}'
        )
    values = maps.flatten(2)
    highest = wide(values.topk(number_of(kmax, values.shape[2]), dim=2).values).mean(2)
    count = number_of(kmin, values.shape[2])
    if not count or not alpha:
        return highest
    lowest = wide(values.topk(count, dim=2, largest=False).values).mean(2)
    return (highest + alpha * lowest) / 2


def attention_pool(maps: Tensor, attention: Tensor) -> Tensor:
    """(N, K) means of maps (N, K, h, w) weighed by attentions of that shape, each of which sums to 1."""
    return (wide(maps) * attention).sum((2, 3))


def position_softmax(maps: Tensor) -> Tensor:
    """Maps (N, K, h, w), in float32 at least, as weights of the positions, which sum to 1."""
    return wide(maps).flatten(2).softmax(2).unflatten(2, maps.shape[2:])


def number_of(share: float, positions: int) -> int:
    """How many of so many positions: an integer is the number itself, a float a fraction of them, not rounded to 0."""
    if isinstance(share, int):
        return min(share, positions)
    return max(1, round(share * positions)) if share else 0


POOLINGS: dict[str, Callable[..., Tensor]] = {'max': max_pool, 'lse': lse_pool, 'wildcat': wildcat_pool}
"""Poolings of score maps (N, K, h, w) to class scores (N, K), by the name that configs use."""
