"""Heads whose map is one an image, whatever the class, and found without being trained for it."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from wsolzoo.models.heads.base import MaskHead
from wsolzoo.models.outputs import HeadOutput, SharedMap
from wsolzoo.models.trunk import TrunkPass


class SharedMapHead(MaskHead):
    """A linear classifier beside a map that a subclass reads from the features: the row "no localization training".

    The first feature is what the map is read from; the others, or it where it is alone, are averaged over positions and
    classified side by side (class token and mean patch, where both are there, as in the linear probe of DINOv2). The
    map is computed when somebody asks for it, so not in training. A subclass writes :meth:`locate`.

    Args:
        num_classes: K.
        in_channels: channels of the backbone's features.
        init_cfg: defaults to N(0, 0.01) weights and zero bias.
    """

    def __init__(self, num_classes: int, in_channels: tuple[int, ...], init_cfg: dict | None = None) -> None:
        super().__init__(num_classes, in_channels, init_cfg or {'type': 'Normal', 'layer': 'Linear', 'std': 0.01})
        self.fc = nn.Linear(sum(self.in_channels[1:] or self.in_channels), num_classes)

    def forward(
        self, feats: tuple[Tensor, ...], labels: Tensor | None = None, trunk: TrunkPass | None = None
    ) -> HeadOutput:
        """Logits (N, K), and the map."""
        pooled = torch.cat([feat.mean((2, 3)) for feat in feats[1:] or feats], 1)
        return HeadOutput(self.fc(pooled), MapOnDemand(self, feats))

    def locate(self, feats: Sequence[Tensor]) -> Tensor:
        """The map (N, 1, h, w) of detached features."""
        raise NotImplementedError


class MapOnDemand(NamedTuple):
    """The one map of each image, computed for whoever asks (:class:`~wsolzoo.models.outputs.ClassMaps`).

    Attributes:
        head: whose ``locate`` it is.
        feats: of the batch.
    """

    head: SharedMapHead
    feats: Sequence[Tensor]

    def _map(self) -> SharedMap:
        with torch.no_grad():
            found = self.head.locate([feat.detach() for feat in self.feats])
        return SharedMap(found, self.head.num_classes)

    def of(self, classes: Tensor) -> Tensor:
        """The map as often as there are ``classes`` (N, M): (N, M, h, w)."""
        return self._map().of(classes)

    def all(self) -> Tensor:
        """The map for every class, (N, K, h, w)."""
        return self._map().all()


def component_of(masks: Tensor, seeds: Tensor) -> Tensor:
    """What is connected, side by side, with a seed.

    Args:
        masks: (N, h, w) bool.
        seeds: (N,) int64, positions in raster order.

    Returns:
        (N, h, w) bool, empty where the seed is not in the mask.
    """
    inside = masks.float()[:, None]
    part = F.one_hot(seeds, masks[0].numel()).unflatten(1, masks.shape[1:]).float()[:, None] * inside
    while True:
        high = F.max_pool2d(part, (3, 1), 1, (1, 0))
        grown = torch.maximum(high, F.max_pool2d(part, (1, 3), 1, (0, 1))) * inside
        if torch.equal(grown, part):
            return part[:, 0] > 0
        part = grown
