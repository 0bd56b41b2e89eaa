"""Style transfer by optimisation: Gatys, Ecker, Bethge. Image Style Transfer Using Convolutional Neural Networks. CVPR
2016. What is learned is the picture; the network that looks at it stays as it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapperDict
from torch import Tensor, nn

from wsolzoo.models.tasks.pictures import Pictures, as_pixels
from wsolzoo.registry import MODELS
from wsolzoo.structures import DataSample


def gram(feat: Tensor) -> Tensor:
    """``G = F F^T`` (N, C, C) of a feature (N, C, h, w), ``F`` being (C, h w); in single precision."""
    flat = feat.flatten(2).float()
    return flat @ flat.transpose(1, 2)


def content_error(feat: Tensor, target: Tensor) -> Tensor:
    """Equation 1: half the sum of ``(F - P)^2``."""
    return (feat.float() - target.float()).square().sum() / 2


def style_error(feat: Tensor, target: Tensor, positions: int | None = None) -> Tensor:
    """Equation 4: ``sum (G - A)^2 / (4 C^2 M^2)``.

    Args:
        feat: (N, C, h, w) of the picture.
        target: ``A``, (N, C, C), the Gram matrix of the style.
        positions: of the feature that ``target`` comes from, ``h w`` of the style's own. Where the two pictures differ
            in size, each matrix is divided by its own number. Default: those of ``feat``.
    """
    channels, own = feat.shape[1], feat[0, 0].numel()
    return (gram(feat) / own - target / (positions or own)).square().sum() / (4 * channels**2)


class Canvas(nn.Module):
    """A picture as a parameter.

    Args:
        pixels: (1, 3, h, w) in [-1, 1].
    """

    def __init__(self, pixels: Tensor) -> None:
        super().__init__()
        self.pixels = nn.Parameter(pixels.clone())


@dataclass(frozen=True)
class Stylization(Pictures):
    """One picture, the same whatever is asked: the one that is being painted."""

    learns: ClassVar[tuple[str, ...]] = ('canvas',)


@MODELS.register_module()
class NeuralStyle(BaseModel):
    """A picture with the content of one and the style of another. Its data are its arguments; batches are ignored.

    ``loss = content_weight sum_l content_l / P_l + style_weight mean_l style_l``, ``P_l`` being the number of elements
    of the content feature ([D]: the source's sum grows with the picture, so that its weights would too).

    Features of a stage are divided by their mean absolute value over the two pictures, so that a weight means the same
    for every network and stage. The source's VGG was rescaled to a mean activation of 1, filter by filter and over many
    images; by stage and over these two is [D].

    Args:
        features: a staged backbone, frozen; its ``out_stages`` are set to what is looked at.
        content, style: (h, w, 3) uint8 RGB; they may differ in size. The picture has the size of ``content``.
        content_stages, style_stages: stages of the backbone whose outputs are compared.
        loss_weight: of ``content`` and ``style``.
        pixels: what the backbone learned from: ``mean`` and ``std`` by channel, and ``rgb``, the order of the channels.
        noise: share of noise in the picture at the start, from 0 (the content) to 1.

    Raises:
        ValueError: pictures that are none, a share outside [0, 1], or no stage at all.
    """

    task = Stylization

    def __init__(
        self,
        features: dict,
        content: np.ndarray,
        style: np.ndarray,
        content_stages: Sequence[str],
        style_stages: Sequence[str],
        loss_weight: dict[str, float],
        pixels: dict,
        noise: float = 0.0,
    ) -> None:
        super().__init__()
        if not 0 <= noise <= 1 or not content_stages or not style_stages:
            raise ValueError('noise lies in [0, 1], and content and style are compared at one stage at least')
        self.content_stages, self.style_stages = tuple(content_stages), tuple(style_stages)
        self.loss_weight = dict(loss_weight)
        stages = sorted({*content_stages, *style_stages})
        self.features = MODELS.build({**features, 'out_stages': stages}).requires_grad_(False)
        shape = (1, 3, 1, 1)
        self.register_buffer('mean', torch.tensor(pixels['mean']).view(shape), persistent=False)
        self.register_buffer('std', torch.tensor(pixels['std']).view(shape), persistent=False)
        self.rgb = bool(pixels['rgb'])
        self.register_buffer('content', as_tensor(content), persistent=False)
        self.register_buffer('style', as_tensor(style), persistent=False)
        start = torch.lerp(self.content, torch.rand_like(self.content) * 2 - 1, noise)
        self.canvas = Canvas(start)
        self.scales: dict[str, Tensor] = {}
        self.targets: dict[str, dict] = {}

    def init_weights(self) -> None:
        """As ``features.init_cfg`` says; then what the two pictures look like to the network is written down."""
        super().init_weights()
        self.look()

    @torch.no_grad()
    def look(self) -> None:
        """Compute the targets; to be called again after the backbone's weights were loaded otherwise."""
        self.features.eval()
        raw = self.raw_feats(self.content), self.raw_feats(self.style)
        means = {name: sum(feats[name].abs().mean() for feats in raw) / 2 for name in self.features.out_stages}
        self.scales = {name: mean.clamp(min=1e-6) for name, mean in means.items()}
        content, style = self.feats(self.content), self.feats(self.style)
        self.targets = {
            'content': {name: content[name] for name in self.content_stages},
            'style': {name: (gram(style[name]), style[name][0, 0].numel()) for name in self.style_stages},
        }

    def train(self, mode: bool = True) -> 'NeuralStyle':
        """Set the mode; the network that looks stays in evaluation mode."""
        super().train(mode)
        self.features.eval()
        return self

    def feats(self, pictures: Tensor) -> dict[str, Tensor]:
        """Outputs of the stages looked at, with a mean near 1, of pictures (N, 3, h, w) in [-1, 1], RGB."""
        return {name: feat / self.scales[name] for name, feat in self.raw_feats(pictures).items()}

    def raw_feats(self, pictures: Tensor) -> dict[str, Tensor]:
        """The same as the network gives them."""
        inputs = (pictures + 1) * 127.5
        inputs = ((inputs if self.rgb else inputs.flip(1)) - self.mean) / self.std
        return dict(zip(self.features.out_stages, self.features(inputs)[0], strict=True))

    def loss(self) -> dict[str, Tensor]:
        """How far the picture is from the content of one and the style of the other, weighted."""
        if not self.targets:
            raise RuntimeError('call init_weights() first: the targets are made by the weights of the network')
        feats = self.feats(self.canvas.pixels)
        content = [content_error(feats[name], to) / to.numel() for name, to in self.targets['content'].items()]
        style = [style_error(feats[name], *to) for name, to in self.targets['style'].items()]
        return {
            'loss_content': self.loss_weight['content'] * torch.stack(content).sum(),
            'loss_style': self.loss_weight['style'] * torch.stack(style).mean(),
        }

    def train_step(self, data: dict, optim_wrapper: OptimWrapperDict) -> dict[str, Tensor]:
        """One step of the picture; returns detached scalars of the picture before it.

        The optimizer gets a function, so that L-BFGS, which asks for the loss several times a step, works too. What a
        wrapper adds (mixed precision, accumulation, clipping) is left out: it does not fit such a function.
        """
        optimizer = optim_wrapper['canvas'].optimizer
        seen: list[dict[str, Tensor]] = []

        def closure() -> Tensor:
            optimizer.zero_grad()
            scalars = self.loss()
            total = torch.stack(list(scalars.values())).sum()
            total.backward()
            seen.append({name: value.detach() for name, value in (scalars | {'loss': total}).items()})
            return total

        optimizer.step(closure)
        with torch.no_grad():
            self.canvas.pixels.clamp_(-1, 1)
        return seen[0]

    def forward(self, inputs: Tensor, data_samples: list[DataSample] | None = None, mode: str = 'tensor'):
        """``'loss'`` → dict of scalars, ``'predict'`` → samples with the picture, ``'tensor'`` → the picture."""
        if mode == 'loss':
            return self.loss()
        if mode == 'tensor':
            return self.canvas.pixels
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        raise ValueError(f"mode must be 'loss', 'predict' or 'tensor'; got {mode!r}")

    def predict(self, inputs: Tensor, data_samples: list[DataSample] | None = None) -> list[DataSample]:
        """Write ``pred_image`` (3, h, w) uint8 into each sample."""
        samples = [DataSample() for _ in inputs] if data_samples is None else data_samples
        picture = as_pixels(self.canvas.pixels.detach()[0].flip(0))
        for sample in samples:
            sample.pred_image = picture
        return samples


def as_tensor(image: np.ndarray) -> Tensor:
    """A picture (h, w, 3) uint8 RGB as (1, 3, h, w) float32 in [-1, 1].

    Raises:
        ValueError: it is no such picture.
    """
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f'a picture is (h, w, 3) uint8 RGB; got {image.shape} {image.dtype}')
    return torch.from_numpy(image.copy()).permute(2, 0, 1)[None].contiguous().float() / 127.5 - 1
