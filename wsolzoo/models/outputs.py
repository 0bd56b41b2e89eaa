"""What backbones, necks and heads hand to each other."""

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from wsolzoo.models.scaling import wide
from wsolzoo.structures import DataSample


class Attention(Protocol):
    """What an attention neck looked through; a neck's own record may hold more."""

    @property
    def map(self) -> Tensor:
        """(N, 1, h, w) the attention."""

    @property
    def feat(self) -> Tensor:
        """(N, C, h, w) the feature that entered the neck."""


class Carried(Protocol):
    """What a backbone hands from stage to stage beside the map, such as class tokens; images come first."""

    def take(self, images: Tensor) -> 'Carried':
        """That of the images (M,) int64 of the batch, each as often as it is named."""


class ClassMaps(Protocol):
    """Maps that are computed for the classes somebody asks for; any object with these two methods."""

    def of(self, classes: Tensor) -> Tensor:
        """Maps (N, M, h, w) of the ``classes`` (N, M), int64."""

    def all(self) -> Tensor:
        """Maps (N, K, h, w) of all classes."""


class LinearMaps(NamedTuple):
    """Class maps that are a linear read-out of one feature: the mean over channels of weight times feature.

    The mean is taken last and in float32 at least: a weight divided by thousands of channels is too small for a half.

    Attributes:
        feat: (N, C, h, w).
        weight: (K, C).
    """

    feat: Tensor
    weight: Tensor

    def of(self, classes: Tensor) -> Tensor:
        """Maps (N, M, h, w) of the ``classes`` (N, M)."""
        return wide(torch.einsum('nmc,nchw->nmhw', self.weight[classes], self.feat)) / self.feat.shape[1]

    def all(self) -> Tensor:
        """Maps (N, K, h, w) of all classes."""
        return wide(torch.einsum('kc,nchw->nkhw', self.weight, self.feat)) / self.feat.shape[1]


class SharedMap(NamedTuple):
    """One map an image, whatever the class: of a class-agnostic method.

    Attributes:
        map: (N, 1, h, w).
        num_classes: K.
    """

    map: Tensor
    num_classes: int

    def of(self, classes: Tensor) -> Tensor:
        """The map as often as there are ``classes`` (N, M): (N, M, h, w)."""
        return self.map.expand(-1, classes.shape[1], -1, -1)

    def all(self) -> Tensor:
        """The map for every class, (N, K, h, w), without a copy."""
        return self.map.expand(-1, self.num_classes, -1, -1)


class CoupledMaps(NamedTuple):
    """Score maps of classes, each times one attention map an image.

    Attributes:
        scores: (N, K, h, w).
        attention: (N, 1, h, w), in float32 at least.
    """

    scores: Tensor
    attention: Tensor

    def of(self, classes: Tensor) -> Tensor:
        """Maps (N, M, h, w) of the ``classes`` (N, M)."""
        index = classes[:, :, None, None].expand(-1, -1, *self.scores.shape[2:])
        return self.attention * self.scores.gather(1, index)

    def all(self) -> Tensor:
        """Maps (N, K, h, w) of all classes."""
        return self.attention * self.scores


@dataclass
class HeadOutput:
    """What a mask head returns.

    Attributes:
        logits: (N, K).
        class_maps: (N, K, h, w) raw maps, or something that makes them (:class:`ClassMaps`).
        extras: whatever else losses read; ``label_map`` (N, 1, h, w) is the map of each image's class, attached to the
            graph, where the head trains its maps; ``boxes`` (N, 4) xyxy in pixels of the network's input, where the
            head predicts a box itself.
    """

    logits: Tensor
    class_maps: Tensor | ClassMaps
    extras: dict[str, Tensor] = field(default_factory=dict)

    @property
    def maps(self) -> Tensor:
        """(N, K, h, w) raw maps of all classes."""
        return self.class_maps if isinstance(self.class_maps, Tensor) else self.class_maps.all()

    def label_maps(self, labels: Tensor) -> Tensor:
        """Raw maps (N, 1, h, w) of each image's class, ``labels`` (N,) int64."""
        return self.extras['label_map'] if 'label_map' in self.extras else self.maps_of(labels[:, None])

    def maps_of(self, classes: Tensor) -> Tensor:
        """Raw maps (N, M, h, w) of the ``classes`` (N, M), an int64 tensor."""
        if not isinstance(self.class_maps, Tensor):
            return self.class_maps.of(classes)
        index = classes[:, :, None, None].expand(-1, -1, *self.class_maps.shape[2:])
        return self.class_maps.gather(1, index)


@dataclass
class LocOutputs:
    """Everything a loss of :class:`~wsolzoo.models.tasks.localizer.Localizer` may read.

    Attributes:
        inputs: (N, 3, H, W) normalised images, after the batch augmentations.
        feats: tuple of (N, C_i, h_i, w_i), fine to coarse.
        attentions: what the necks looked through, in order.
        head: the head's output.
        labels: (N,) int64, or (N, K) soft labels after a mixing augmentation.
        samples: the records of the images.
    """

    inputs: Tensor
    feats: tuple[Tensor, ...]
    attentions: tuple[Attention, ...]
    head: HeadOutput
    labels: Tensor
    samples: list[DataSample]
