"""FCN-8s for salient regions: Long, Shelhamer, Darrell. Fully Convolutional Networks for Semantic Segmentation, 2015.

VGG16 whose fully connected layers became convolutions; the scores of its last layer are enlarged and added to the
scores of two earlier pools. Two classes, background and salient. A study in Korean on its speed halves its layers
group by group; its plans (a) to (h) are widths of this network.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from mmengine.model import BaseModule
from mmengine.runner import CheckpointLoader
from torch import Tensor, nn

from wsolzoo.models.tasks.estimator import stack_maps
from wsolzoo.registry import MODELS, WEIGHT_INITIALIZERS
from wsolzoo.structures import DataSample

BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
WIDTHS = {f'conv{b}_{c}': n for b, block in enumerate(BLOCKS, 1) for c, n in enumerate(block, 1)}
"""Channels of VGG16's convolutions."""
FC = (4096, 4096)
FORMS = ('reference', 'tight')
BIG_PADDING = 100
CROPS = {'pool4': 5, 'pool3': 9}
LAST_CROP = {32: 19, 16: 27, 8: 31}
"""Rows cut from the top (columns from the left) after each enlargement, in the reference padding."""
ATROUS_RATE, LOW_RANK = 4, 8
FC6 = ('full', 'atrous', 'low_rank', 'depthwise')


def bilinear_kernel(size: int) -> Tensor:
    """Weights (size, size) of a transposed convolution of stride ``size / 2`` that interpolates; sum: its square."""
    half = size / 2
    taps = 1 - (torch.arange(size, dtype=torch.float32) + 0.5 - half).abs() / half
    return taps[:, None] * taps


class Enlarge(nn.Module):
    """A fixed bilinear enlargement of two score maps, each by itself; it does not learn.

    It holds the kernel of the transposed convolution that it stands for, as published weights do, and computes the same
    by interpolating the scores with a rim of zeros: a tenth of the time, since that kernel is mostly the zeros between
    the two maps. Its two maps cannot be cut, so it is no convolution to a width plan.

    Args:
        factor: how many times larger.
        padding: rows and columns that the transposed convolution leaves out at each side.
    """

    def __init__(self, factor: int, padding: int) -> None:
        super().__init__()
        kernel = torch.eye(2)[:, :, None, None] * bilinear_kernel(2 * factor)
        self.weight = nn.Parameter(kernel, requires_grad=False)
        self.factor, self.rim = factor, factor // 2 + padding

    def forward(self, scores: Tensor) -> Tensor:
        """(N, 2, h, w) to (N, 2, h factor, w factor) and ``factor - 2 padding`` more."""
        rim = self.rim
        rimmed = F.pad(scores.contiguous(), (1, 1, 1, 1))
        large = F.interpolate(rimmed, scale_factor=self.factor, mode='bilinear', align_corners=False)
        return large[..., rim : large.shape[-2] - rim, rim : large.shape[-1] - rim]


class Halve(nn.Module):
    """The largest of two by two: ``MaxPool2d(2, ceil_mode=True)``.

    Without gradients it is computed in a tenth of the time that a pool of torch takes on a CPU, which notes where each
    was found; with gradients that note is worth its price.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) to (N, C, ceil(h / 2), ceil(w / 2))."""
        if torch.is_grad_enabled() and x.requires_grad:
            return F.max_pool2d(x, 2, 2, ceil_mode=True)
        if x.shape[-2] % 2 or x.shape[-1] % 2:
            x = F.pad(x, (0, x.shape[-1] % 2, 0, x.shape[-2] % 2), mode='replicate')
        x = torch.maximum(x[..., ::2, :], x[..., 1::2, :])
        return torch.maximum(x[..., ::2], x[..., 1::2])


@MODELS.register_module()
class FCN8s(BaseModule):
    """VGG16, fc6 and fc7 as convolutions, scores of pool3 and pool4 added on the way up.

    Two forms with the same weights:

    * ``reference``: the first convolution is padded by 100 pixels so that fc6 (7x7, no padding) fits any image; what
      is too much is cut off after each enlargement (5, 9 and 31 rows and columns at the top and the left).
    * ``tight``: every convolution keeps the size (fc6 is padded by 3). Half of the multiplications; values at the
      border differ.

    Both pools round up, so that a cell of a pool always stands for the two rows and columns it was made of, and both
    give a map of the image's size for any image.

    Args:
        form: ``reference`` or ``tight``.
        widths: channels by layer name, ``conv1_1`` … ``conv5_3``; those not named are VGG16's times ``width``.
        width: multiplies the channels of the convolutions that ``widths`` does not name.
        mid_channels: channels of fc6 and fc7.
        stride: 8; 16 leaves out the skip from pool3, 32 that from pool4 too (the stages of staged training).
        skip_scale: factors on pool4 and pool3 before they are scored; ``(0.01, 0.0001)`` where all is trained at once
            on features that are not normalised.
        fc6: ``full`` (7x7); ``atrous`` (3x3 of rate 4, which sees nine by nine cells); ``low_rank`` (7x7 to an eighth
            of the channels, then 1x1); ``depthwise`` (7x7 of each channel, then 1x1). The last three are cheaper, tight
            only.
        init_cfg: defaults to He-normal convolutions and scores of 0, as the reference starts; for ImageNet weights
            ``dict(type='PretrainedFCN', checkpoint='torchvision://vgg16')``.

    Raises:
        ValueError: an unknown form, stride, fc6 or layer name, or a cheaper fc6 in the reference form.
    """

    def __init__(
        self,
        form: str = 'tight',
        widths: Mapping[str, int] | None = None,
        width: float = 1.0,
        mid_channels: tuple[int, int] = FC,
        stride: int = 8,
        skip_scale: tuple[float, float] = (1.0, 1.0),
        fc6: str = 'full',
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        _check(form, widths or {}, stride, fc6)
        self.form, self.stride, self.skip_scale = form, stride, tuple(skip_scale)
        channels = {name: max(1, round(n * width)) for name, n in WIDTHS.items()} | dict(widths or {})
        last = 3
        for name, count in channels.items():
            setattr(self, name, nn.Conv2d(last, count, 3, padding=1))
            last = count
        if form == 'reference':
            self.conv1_1.padding = (BIG_PADDING, BIG_PADDING)
        self.pool = Halve()
        self.fc6 = _fc6(fc6, last, mid_channels[0], padding=0 if form == 'reference' else 3)
        self.fc7 = nn.Conv2d(mid_channels[0], mid_channels[1], 1)
        self.dropout = nn.Dropout(0.5)
        self.score_fr = nn.Conv2d(mid_channels[1], 2, 1)
        tight = form == 'tight'
        if stride < 32:
            self.score_pool4 = nn.Conv2d(channels['conv4_3'], 2, 1)
            self.up2 = Enlarge(2, padding=int(tight))
        if stride < 16:
            self.score_pool3 = nn.Conv2d(channels['conv3_3'], 2, 1)
            self.up4 = Enlarge(2, padding=int(tight))
        self.up = Enlarge(stride, padding=stride // 2 * tight)
        self._draw_weights()

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The probability of *salient*, (N, 1, h, w) float32, and the logits of both classes, (N, 2, h, w)."""
        pool3, pool4, x = self.encode(images)
        x = self.dropout(F.relu(self.fc6(x), inplace=True))
        x = self.dropout(F.relu(self.fc7(x), inplace=True))
        scores = self.score_fr(x)
        if self.stride < 32:
            scores = self._add(self.up2(scores), self.score_pool4(pool4 * self.skip_scale[0]), CROPS['pool4'])
        if self.stride < 16:
            scores = self._add(self.up4(scores), self.score_pool3(pool3 * self.skip_scale[1]), CROPS['pool3'])
        corner = LAST_CROP[self.stride] if self.form == 'reference' else 0
        logits = _crop(self.up(scores), corner, images.shape[-2:])
        return logits.float().softmax(1)[:, 1:], logits

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What pool3, pool4 and pool5 give."""
        pools, x = [], images
        for number, block in enumerate(BLOCKS, 1):
            for place in range(1, len(block) + 1):
                x = F.relu(getattr(self, f'conv{number}_{place}')(x), inplace=True)
            x = self.pool(x)
            pools.append(x)
        return pools[2], pools[3], pools[4]

    def _add(self, enlarged: Tensor, skip: Tensor, corner: int) -> Tensor:
        """Both at the size of the smaller: of the enlarged scores in the reference padding, else of the skip's."""
        if self.form == 'reference':
            return enlarged + _crop(skip, corner, enlarged.shape[-2:])
        return _crop(enlarged, 0, skip.shape[-2:]) + skip

    def _draw_weights(self) -> None:
        for name, layer in self.named_modules():
            if isinstance(layer, nn.Conv2d):
                if name.startswith('score'):
                    nn.init.zeros_(layer.weight)
                else:
                    nn.init.kaiming_normal_(layer.weight, nonlinearity='relu')
                nn.init.zeros_(layer.bias)


def _fc6(kind: str, in_channels: int, channels: int, padding: int) -> nn.Module:
    if kind == 'full':
        return nn.Conv2d(in_channels, channels, 7, padding=padding)
    if kind == 'atrous':
        return nn.Conv2d(in_channels, channels, 3, padding=ATROUS_RATE, dilation=ATROUS_RATE)
    if kind == 'low_rank':
        first = nn.Conv2d(in_channels, max(1, channels // LOW_RANK), 7, padding=3)
    else:
        first = nn.Conv2d(in_channels, in_channels, 7, padding=3, groups=in_channels)
    return nn.Sequential(first, nn.Conv2d(first.out_channels, channels, 1))


def _check(form: str, widths: Mapping[str, int], stride: int, fc6: str) -> None:
    if form not in FORMS:
        raise ValueError(f'form must be one of {", ".join(FORMS)}; got {form!r}')
    if stride not in LAST_CROP:
        raise ValueError(f'stride must be 8, 16 or 32; got {stride!r}')
    if fc6 not in FC6:
        raise ValueError(f'fc6 must be one of {", ".join(FC6)}; got {fc6!r}')
    if form == 'reference' and fc6 != 'full':
        raise ValueError(f"fc6={fc6!r} keeps the size and needs form='tight'; the reference padding fits a 7x7 fc6")
    unknown = sorted(set(widths) - set(WIDTHS))
    if unknown:
        raise ValueError(f'widths names {unknown}; expected some of {", ".join(WIDTHS)}; fc6, fc7 are mid_channels')


def _crop(x: Tensor, corner: int, size: tuple[int, int]) -> Tensor:
    """(N, C, h, w) from ``corner`` rows and columns on.

    Raises:
        ValueError: there is less than ``size`` left.
    """
    height, width = size
    cut = x[..., corner : corner + height, corner : corner + width]
    if cut.shape[-2:] != tuple(size):
        raise ValueError(f'the reference padding needs images of 17x33 pixels or more; {tuple(size)} is too small')
    return cut


def pixel_cross_entropy(logits: Tensor, mask: Tensor, reduction: str = 'mean') -> Tensor:
    """Cross-entropy of two classes at each pixel.

    Args:
        logits: (N, 2, h, w); half precision is promoted.
        mask: (N, 1, h, w): 0 background, 1 salient, 255 ignored.
        reduction: ``sum`` over the pixels of an image and mean over images (the reference, which runs one image at a
            time and divides by nothing); ``mean`` over all known pixels, 0 where there is none.
    """
    if reduction not in ('sum', 'mean'):
        raise ValueError(f"reduction must be 'sum' or 'mean'; got {reduction!r}")
    target = mask[:, 0].long()
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    total = F.cross_entropy(logits, target, ignore_index=255, reduction='sum')
    return total / (len(logits) if reduction == 'sum' else (target != 255).sum().clamp(min=1))


@MODELS.register_module()
class PixelCrossEntropy(nn.Module):
    """:func:`pixel_cross_entropy` between the second output of the network and ``gt_mask``, as ``loss_pixel``.

    Args:
        reduction: ``sum`` or ``mean``.
        loss_weight: factor.
    """

    def __init__(self, reduction: str = 'mean', loss_weight: float = 1.0) -> None:
        super().__init__()
        if reduction not in ('sum', 'mean'):
            raise ValueError(f"reduction must be 'sum' or 'mean'; got {reduction!r}")
        self.reduction, self.loss_weight = reduction, loss_weight

    def forward(self, outputs: tuple[Tensor, ...], samples: list[DataSample]) -> dict[str, Tensor]:
        """The weighted scalar."""
        logits = outputs[1]
        mask = stack_maps(samples, 'gt_mask', logits.device)
        return {'loss_pixel': self.loss_weight * pixel_cross_entropy(logits, mask, self.reduction)}


@WEIGHT_INITIALIZERS.register_module()
class PretrainedFCN:
    """Weights of torchvision's ``vgg16`` for :class:`FCN8s`: fully connected layers become convolutions.

    Layers whose shape is another (narrow ones, a cheaper fc6) stay as drawn; the log says which.

    Args:
        checkpoint: a path or a scheme such as ``torchvision://vgg16``.
    """

    def __init__(self, checkpoint: str) -> None:
        self.checkpoint = checkpoint

    def __call__(self, module: FCN8s) -> None:
        """Load."""
        found = convolutional(CheckpointLoader.load_checkpoint(self.checkpoint, 'cpu', logger=None))
        own = module.state_dict()
        fitting = {name: value for name, value in found.items() if name in own and own[name].shape == value.shape}
        module.load_state_dict(fitting, strict=False)
        drawn = ', '.join(sorted(set(own) - set(fitting)))
        print_log(f'FCN8s: {len(fitting)} weights from {self.checkpoint}; as drawn: {drawn}', logger='current')


def convolutional(vgg16: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights of torchvision's ``vgg16`` under the names of :class:`FCN8s`, without its classes."""
    places = sorted({int(name.split('.')[1]) for name in vgg16 if name.startswith('features.')})
    names = {f'features.{place}': name for place, name in zip(places, WIDTHS, strict=True)}
    names |= {'classifier.0': 'fc6', 'classifier.3': 'fc7'}
    renamed = {}
    for name, value in vgg16.items():
        layer, _, kind = name.rpartition('.')
        if layer in names:
            side = {'classifier.0': 7, 'classifier.3': 1}.get(layer)
            shape = (len(value), -1, side, side) if side and kind == 'weight' else value.shape
            renamed[f'{names[layer]}.{kind}'] = value.reshape(shape)
    return renamed
