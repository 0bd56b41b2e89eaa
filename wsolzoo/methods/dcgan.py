"""DCGAN: Radford, Metz, Chintala. Unsupervised Representation Learning with Deep Convolutional GANs. ICLR 2016."""

import copy
from contextlib import ExitStack
from dataclasses import dataclass
from typing import ClassVar
from zlib import crc32

import torch
from mmengine.model import BaseModel, BaseModule
from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch import Tensor, nn

from wsolzoo.models.frozen import frozen_call
from wsolzoo.models.tasks.pictures import Pictures, as_pixels
from wsolzoo.registry import MODELS
from wsolzoo.structures import DataSample

NORMAL = [
    {'type': 'Normal', 'layer': ['Conv2d', 'ConvTranspose2d'], 'std': 0.02},
    {'type': 'Normal', 'layer': 'BatchNorm2d', 'mean': 1.0, 'std': 0.02},
]


def halvings(size: int) -> int:
    """How often a side is halved until 4 pixels are left.

    Raises:
        ValueError: it is no power of two from 8 on.
    """
    if size < 8 or size & (size - 1):
        raise ValueError(f'size must be a power of two, 8 or more; got {size}')
    return size.bit_length() - 3


@MODELS.register_module()
class DCGANGenerator(BaseModule):
    """A latent vector to a picture: 4x4, then doubled by transposed 4x4 convolutions with batch norm and ReLU; tanh.

    Args:
        size: side of the picture, a power of two.
        latent: length of the vector.
        base: channels of the last hidden layer; each layer before has twice as many.
        init_cfg: defaults to N(0, 0.02) weights.
    """

    def __init__(self, size: int = 32, latent: int = 64, base: int = 32, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg or NORMAL)
        widths = [base << power for power in range(halvings(size) - 1, -1, -1)]
        layers: list[nn.Module] = [nn.ConvTranspose2d(latent, widths[0], 4, bias=False)]
        for width, after in zip(widths, [*widths[1:], 3]):
            layers += [nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
            layers += [nn.ConvTranspose2d(width, after, 4, stride=2, padding=1, bias=after == 3)]
        self.layers = nn.Sequential(*layers, nn.Tanh())
        self.latent = latent

    def forward(self, latents: Tensor) -> Tensor:
        """(N, latent) to pictures (N, 3, size, size) in [-1, 1]."""
        return self.layers(latents[:, :, None, None])


@MODELS.register_module()
class DCGANDiscriminator(BaseModule):
    """The generator's mirror: 4x4 convolutions of stride 2 with LeakyReLU (0.2), then one score.

    Args:
        size: side of the pictures, a power of two.
        base: channels of the first layer.
        norm: batch normalisation on all layers but the first and the last; off for a penalty on the slope.
        init_cfg: defaults to N(0, 0.02) weights.
    """

    def __init__(self, size: int = 32, base: int = 32, norm: bool = True, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg or NORMAL)
        layers: list[nn.Module] = []
        into = 3
        for power in range(halvings(size)):
            normed = norm and power > 0
            layers.append(nn.Conv2d(into, base << power, 4, stride=2, padding=1, bias=not normed))
            layers += [nn.BatchNorm2d(base << power)] * normed + [nn.LeakyReLU(0.2, inplace=True)]
            into = base << power
        self.layers = nn.Sequential(*layers, nn.Conv2d(into, 1, 4))

    def forward(self, pictures: Tensor) -> Tensor:
        """(N, 3, size, size) in [-1, 1] to scores (N,), high for real; of a larger picture the mean of its patches."""
        return self.layers(pictures).mean((1, 2, 3))


@dataclass(frozen=True)
class Generation(Pictures):
    """Pictures of nothing in particular, like those of the data."""

    learns: ClassVar[tuple[str, ...]] = ('generator', 'discriminator')
    of_nothing: ClassVar[bool] = True
    shown: ClassVar[int] = 48


@MODELS.register_module()
class GAN(BaseModel):
    """A generator and a discriminator, one optimizer each: ``constructor='ChildOptimWrapperConstructor'``.

    One iteration: the discriminator learns ``critic_steps`` times, each time from new made pictures, real and made ones
    in batches of their own (batch normalisation); then the generator learns from the last ones, while the
    discriminator's parameters and statistics stay.

    A prediction is a picture made of a latent vector that follows from the image's id: the same image gets the same
    picture, in whatever batch.

    Args:
        generator: latent vectors (N, ``latent``) to pictures in [-1, 1].
        discriminator: pictures to scores.
        loss: one of :mod:`wsolzoo.models.adversarial`.
        critic_steps: of the discriminator, for each of the generator.
        average: share of the old in the running mean of the generator's weights, which predictions are made with; 0 for
            none. Statistics of batch normalisation are averaged too.
        data_preprocessor: must bring pixels to [-1, 1], in BGR: mean and std 127.5.
        init_cfg: pretrained weights of the whole model.

    Raises:
        ValueError: ``critic_steps`` or ``average`` out of range, or a discriminator that the loss does not go with.
    """

    task = Generation

    def __init__(
        self,
        generator: dict,
        discriminator: dict,
        loss: dict,
        critic_steps: int = 1,
        average: float = 0.0,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        if critic_steps < 1 or not 0 <= average < 1:
            raise ValueError(f'critic_steps is at least 1 and average in [0, 1); got {critic_steps} and {average}')
        self.generator = MODELS.build(generator)
        self.discriminator = MODELS.build(discriminator)
        self.adversarial = MODELS.build(loss)
        if problem := self.adversarial.misfit(self.discriminator):
            raise ValueError(f'{loss["type"]}: {problem}. Set discriminator.norm=False, or gradient_penalty=0')
        self.critic_steps, self.average = critic_steps, average
        self.averaged = copy.deepcopy(self.generator).requires_grad_(False) if average else None

    def init_weights(self) -> None:
        """As ``init_cfg`` says; the running mean begins with the generator."""
        super().init_weights()
        if self.averaged is not None:
            self.averaged.load_state_dict(self.generator.state_dict())

    def forward(self, inputs: Tensor, data_samples: list[DataSample] | None = None, mode: str = 'tensor'):
        """``'loss'`` → dict of scalars, ``'predict'`` → samples with pictures, ``'tensor'`` → scores of the inputs."""
        if mode == 'loss':
            made = self.make(len(inputs))
            return self.critic_losses(inputs, made) | {'loss_generator': self.generator_loss(made)}
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        if mode == 'tensor':
            return self.discriminator(inputs)
        raise ValueError(f"mode must be 'loss', 'predict' or 'tensor'; got {mode!r}")

    # ---- training ------------------------------------------------------------------------------------------------

    def train_step(self, data: dict, optim_wrapper: OptimWrapperDict) -> dict[str, Tensor]:
        """One iteration; returns detached scalars.

        Raises:
            TypeError: there is one optimizer for both.
        """
        if not isinstance(optim_wrapper, OptimWrapperDict):
            raise TypeError("GAN needs one optimizer per child: constructor='ChildOptimWrapperConstructor'")
        real = self.data_preprocessor(data, training=True)['inputs']
        with ExitStack() as stack:
            for wrapper in optim_wrapper.values():
                stack.enter_context(wrapper.optim_context(self))
            for _ in range(self.critic_steps):
                made = self.make(len(real))
                scalars = self.critic_losses(real, made)
                terms = [value for name, value in scalars.items() if name.startswith('loss')]
                _update(torch.stack(terms).sum(), optim_wrapper['discriminator'])
            scalars['loss_generator'] = self.generator_loss(made)
            _update(scalars['loss_generator'], optim_wrapper['generator'])
        self._average()
        total = torch.stack([value.detach() for name, value in scalars.items() if name.startswith('loss')]).sum()
        return {name: value.detach() for name, value in scalars.items()} | {'loss': total}

    def make(self, count: int) -> Tensor:
        """``count`` new pictures, attached to the generator."""
        latents = torch.randn(count, self.generator.latent)
        return self.generator(latents.to(next(self.generator.parameters()).device))

    def critic_losses(self, real: Tensor, made: Tensor) -> dict[str, Tensor]:
        """What the discriminator learns from, and the mean scores of both sides."""
        made = made.detach()
        scores = self.discriminator(real), self.discriminator(made)
        scalars = {'loss_critic': self.adversarial.critic(*scores)}
        penalty = self.adversarial.penalty(self.discriminator, real, made)
        if penalty is not None:
            scalars['loss_penalty'] = penalty
        return scalars | {'score_real': scores[0].detach().mean(), 'score_made': scores[1].detach().mean()}

    def generator_loss(self, made: Tensor) -> Tensor:
        """What the generator learns from; the discriminator learns nothing by it."""
        return self.adversarial.generator(frozen_call(self.discriminator, made))

    @torch.no_grad()
    def _average(self) -> None:
        if self.averaged is None:
            return
        for old, new in zip(self.averaged.state_dict().values(), self.generator.state_dict().values(), strict=True):
            old.copy_(torch.lerp(new, old, self.average) if old.is_floating_point() else new)

    # ---- test ----------------------------------------------------------------------------------------------------

    def predict(self, inputs: Tensor, data_samples: list[DataSample] | None = None) -> list[DataSample]:
        """Write ``pred_image`` (3, size, size) uint8 into each sample."""
        samples = [DataSample() for _ in inputs] if data_samples is None else data_samples
        latents = torch.stack([latent_of(sample.get('img_id', ''), self.generator.latent) for sample in samples])
        maker = self.generator if self.averaged is None else self.averaged
        for sample, picture in zip(samples, as_pixels(maker(latents.to(inputs.device)).detach()), strict=True):
            sample.pred_image = picture
        return samples


def latent_of(img_id: str, length: int) -> Tensor:
    """The latent vector (``length``,) of an image id, N(0, 1)."""
    return torch.randn(length, generator=torch.Generator().manual_seed(crc32(str(img_id).encode())))


def _update(loss: Tensor, wrapper: OptimWrapper) -> None:
    wrapper.zero_grad()
    wrapper.backward(loss)
    wrapper.step()
