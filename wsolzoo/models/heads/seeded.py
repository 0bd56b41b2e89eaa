"""A per-pixel classifier of object and background, taught by a few pixels that the map of a classifier names."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from wsolzoo.models.heads.base import MaskHead
from wsolzoo.models.heads.class_agnostic import as_trained, pseudo_field
from wsolzoo.models.loss_weights import loss_weights
from wsolzoo.models.outputs import HeadOutput, SharedMap
from wsolzoo.models.scaling import minmax, wide
from wsolzoo.models.seeds import UNKNOWN, SeedSampler, colour_loss, seed_loss, size_loss
from wsolzoo.models.trunk import TrunkPass
from wsolzoo.registry import MODELS

TERMS = {'seeds': 1.0, 'size': 0.0, 'colour': 0.0, 'cls': 0.0}


class UNetDecoder(nn.Module):
    """Features from coarse to fine, each enlarged and joined by the next (Ronneberger et al., MICCAI 2015).

    Args:
        in_channels: of the features, fine to coarse.
        widths: channels after each join, coarse to fine; the last ones of the published 256, 128, 64, 32, 16.
    """

    def __init__(self, in_channels: Sequence[int], widths: Sequence[int]) -> None:
        super().__init__()
        if len(widths) != len(in_channels):
            raise ValueError(f'widths has a number for each of {len(in_channels)} features; got {list(widths)}')
        blocks, below = [], 0
        for channels, width in zip(reversed(in_channels), widths, strict=True):
            blocks.append(nn.Sequential(_conv_bn_relu(below + channels, width), _conv_bn_relu(width, width)))
            below = width
        self.blocks = nn.ModuleList(blocks)
        self.last = nn.Conv2d(below, 2, 3, padding=1)

    def forward(self, feats: Sequence[Tensor]) -> Tensor:
        """Logits (N, 2, h, w) on the grid of the finest feature."""
        x = self.blocks[0](feats[-1])
        for block, feat in zip(list(self.blocks)[1:], reversed(feats[:-1]), strict=True):
            grown = F.interpolate(x, feat.shape[2:], mode='bilinear', align_corners=True)
            x = block(torch.cat([grown, feat], 1))
        return self.last(x)


def _conv_bn_relu(in_channels: int, out_channels: int) -> nn.Sequential:
    conv = nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out_channels), nn.ReLU(inplace=True))


class PixelClassifier(nn.Conv2d):
    """A 1x1 convolution on the last feature: the map keeps the resolution of the classifier.

    Args:
        in_channels: of the features, fine to coarse.
    """

    def __init__(self, in_channels: Sequence[int]) -> None:
        super().__init__(in_channels[-1], 2, 1)

    def forward(self, feats: Sequence[Tensor]) -> Tensor:
        """Logits (N, 2, h, w)."""
        return super().forward(feats[-1])


class SeededHead(MaskHead):
    """A classifier, and beside it a decoder whose map is the softmax of object against background at every pixel.

    ``loss = seeds loss_seeds + size loss_size + colour loss_colour + cls loss_cls``, see :mod:`wsolzoo.models.seeds`.
    The seeds come from the map of the image's class: the classifier's own, stretched to [0, 1], or a stored one
    (``pseudo_map`` of the sample). A paper's head is a subclass that says which.

    Where the weight of ``cls`` is 0 the classifier is held as it was loaded, and the backbone must be frozen too
    (``backbone=dict(freeze=True, …)``): the decoder learns alone. A term of weight 0 is not computed.

    Args:
        num_classes: K.
        in_channels: channels of the backbone's features.
        classifier: config of the head that gives class scores, such as ``CAMHead``; it reads the last feature.
        loss_weight: of the losses, ``dict(seeds=…, size=…, colour=…, cls=…)``.
        widths: of a :class:`UNetDecoder`; none for a :class:`PixelClassifier`.
        init_cfg: torch's own by default.

    Attributes:
        stored: the seeds come from ``pseudo_map``.
        sampler: draws them.
        barrier: t of the size term.
    """

    one_label = True
    stored = False
    sampler = SeedSampler()

    def __init__(
        self,
        num_classes: int,
        in_channels: tuple[int, ...],
        classifier: dict,
        loss_weight: dict[str, float] | None = None,
        widths: Sequence[int] = (),
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(num_classes, in_channels, init_cfg)
        self.loss_weight, self.barrier = loss_weights(self, TERMS, loss_weight), 1.0
        self.held = not self.loss_weight['cls']
        settings = as_trained(classifier) if self.held else classifier
        self.classifier = MODELS.build({'num_classes': num_classes, 'in_channels': self.in_channels, **settings})
        if self.held:
            self.classifier.requires_grad_(False)
        self.decoder = UNetDecoder(self.in_channels, widths) if widths else PixelClassifier(self.in_channels)

    def conflicts(self, model: nn.Module) -> Iterator[str]:
        """A backbone that learns where the classifier is held, and losses, which read maps of classes."""
        yield from super().conflicts(model)
        if self.held and any(parameter.requires_grad for parameter in model.backbone.parameters()):
            yield 'learns on a trained classifier that stays as it is; freeze it too: backbone=dict(freeze=True, …)'
        if len(model.losses):
            names = ', '.join(type(loss).__name__ for loss in model.losses)
            yield f'trains no maps of classes, which {names} would teach; leave losses out'

    def train(self, mode: bool = True) -> 'SeededHead':
        """Set the mode, of a held classifier never."""
        super().train(mode)
        if self.held:
            self.classifier.eval()
        return self

    def forward(
        self, feats: tuple[Tensor, ...], labels: Tensor | None = None, trunk: TrunkPass | None = None
    ) -> HeadOutput:
        return self.output(self.classifier(feats, labels, trunk), self.decoder(feats))

    def output(self, told: HeadOutput, logits: Tensor) -> HeadOutput:
        """The classifier's scores, and the map of the decoder's ``logits`` (N, 2, h, w)."""
        return HeadOutput(told.logits, SharedMap(wide(logits).softmax(1)[:, 1:].detach(), self.num_classes))

    def loss(self, feats: tuple[Tensor, ...], labels: Tensor, trunk: TrunkPass) -> tuple[HeadOutput, dict[str, Tensor]]:
        """The losses of the class docstring; also logged: ``map_area``, ``seeded``, the share of pixels with a seed."""
        told, logits = self.classifier(feats, labels, trunk), self.decoder(feats)
        size = trunk.inputs.shape[2:]
        large = F.interpolate(logits, size, mode='bilinear', align_corners=False)
        with torch.no_grad():
            seeds = self.sampler(self.said(told, labels, trunk))
        weight, output = self.loss_weight, self.output(told, logits)
        scalars = {
            'loss_seeds': weight['seeds'] * seed_loss(large, seeds),
            'map_area': output.maps[:, 0].mean(),
            'seeded': (seeds != UNKNOWN).float().mean(),
        }
        if weight['size']:
            scalars['loss_size'] = weight['size'] * size_loss(large, self.barrier)
        if weight['colour']:
            scalars['loss_colour'] = weight['colour'] * colour_loss(large, trunk.inputs)
        if weight['cls']:
            scalars['loss_cls'] = weight['cls'] * F.cross_entropy(told.logits, labels)
        return output, scalars

    def said(self, told: HeadOutput, labels: Tensor, trunk: TrunkPass) -> Tensor:
        """What the classifier said of each image's class, (N, H, W) in [0, 1] at the size of the images."""
        size = trunk.inputs.shape[2:]
        if self.stored:
            found = [map.to(trunk.inputs.device) for map in pseudo_field(trunk.samples, 'pseudo_map', 'seeds')]
            return F.interpolate(torch.stack(found).float(), size, mode='bilinear', align_corners=False)[:, 0]
        maps = F.interpolate(wide(told.label_maps(labels)), size, mode='bilinear', align_corners=False)
        return minmax(maps)[:, 0]
