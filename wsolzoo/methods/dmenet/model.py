"""The four modules together: who sees which data, and who moves when."""

import logging
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from mmengine.logging import print_log
from mmengine.optim import OptimWrapperDict
from torch import Tensor, nn

from wsolzoo.methods.dmenet.blur import BlurOutput
from wsolzoo.methods.dmenet.losses import MAP_ERRORS, aux_error, calibration_error, content_error, map_error
from wsolzoo.models.adversarial import AdversarialLoss
from wsolzoo.models.frozen import frozen_call
from wsolzoo.models.loss_weights import loss_weights
from wsolzoo.models.tasks.estimator import DenseMaps, Estimator, stack_maps
from wsolzoo.registry import MODELS
from wsolzoo.structures import DataSample

CONTENT_WEIGHTS = {'caffe': 1e-4, 'torchvision': 0.33}
"""Weight of the content term by the pixels that C takes. The released 1e-4 is for grey levels of 0 to 255; features,
and so their differences, grow with the pixels, and the term with their square: torchvision's pixels are
255 x 0.226 = 57.6 times smaller, so that 1e-4 x 57.6^2 = 0.33 is the same weight."""

WEIGHTS = {'map': 1.0, 'aux': 1.0, 'domain': 1e-3, 'adversarial': 1e-3, 'calibration': 2e-2}
"""The other published weights. The source gives none; they are those of the released code."""


@dataclass(frozen=True)
class Defocus(DenseMaps):
    """Dense maps that are learned from three kinds of data at once."""

    def truth(self, model: nn.Module, image: np.ndarray, index: int, rng: np.random.Generator) -> dict[str, Any]:
        """One image of each domain in turn, with the truth that the domain has."""
        truth = super().truth(model, image, index, rng)
        kept = {'synthetic': 'gt_map', 'masked': 'gt_mask', 'real': None}
        domain = tuple(kept)[index % 3]
        meta = {'domain': domain, 'map_unit': model.map_unit}
        return {name: value for name, value in truth.items() if name == kept[domain]} | {'metainfo': meta}


@MODELS.register_module()
class DMENet(Estimator):
    """Blur estimation (``network``, B) helped in training by D, S and C, each of which may be left out.

    One iteration, on a batch that holds samples of up to three domains (``domain`` of each sample):

    1. B runs on each domain by itself, so that batch normalisation uses the statistics of one domain at a time while
       all update the same running averages. The features serve both steps: B does not move between them (the released
       code computes them twice, which updates the running averages twice).
    2. D learns: synthetic features against those of both real domains. Nothing else moves.
    3. B and S learn together: maps and auxiliary maps on the synthetic domain, content on the same, adversarial on the
       real domains under the new D, calibration on the masked one. D and C do not move, nor D's running statistics.

    At test time only B runs.

    Args:
        network: B.
        domain: D, or ``None``.
        sharpness: S, or ``None``.
        content: C, or ``None``.
        loss_weight: of every term, by the keys of :data:`WEIGHTS` and ``content``, whose default goes with the pixels
            of C (:data:`CONTENT_WEIGHTS`). A weight for a module that is left out is ignored.
        map_unit: unit of the maps that B learns; samples in another one are refused.
        adversarial: equations 4 and 5, one of :mod:`wsolzoo.models.adversarial`, in which synthetic features take the
            part of ``real`` and those of real images the part of ``made``. Default: cross-entropy, as published.
        error: of maps, ``squared`` as published or ``absolute``, see
            :func:`~wsolzoo.methods.dmenet.losses.map_error`.
        **kwargs: see :class:`~wsolzoo.models.tasks.estimator.Estimator`; ``fit`` defaults to ``crop``, as published.

    Raises:
        ValueError: the error has another name, or the adversarial loss has a penalty on the slope of D, which D's batch
            normalisation rules out.
    """

    task = Defocus

    def __init__(
        self,
        network: dict,
        domain: dict | None = None,
        sharpness: dict | None = None,
        content: dict | None = None,
        loss_weight: dict | None = None,
        map_unit: str = 'sigma7',
        adversarial: dict | None = None,
        error: str = 'squared',
        **kwargs,
    ) -> None:
        super().__init__(network, map_unit=map_unit, **{'fit': 'crop', **kwargs})
        self.domain = MODELS.build({'in_channels': self.network.last_channels, **domain}) if domain else None
        self.sharpness = MODELS.build(sharpness) if sharpness else None
        self.content = MODELS.build(content) if content else None
        if error not in MAP_ERRORS:
            raise ValueError(f'error must be one of {", ".join(MAP_ERRORS)}; got {error!r}')
        self.error = error
        self.adversarial = MODELS.build(adversarial or {'type': 'NonSaturatingLoss'})
        if type(self.adversarial).penalty is not AdversarialLoss.penalty:
            raise ValueError(
                f'{type(self.adversarial).__name__} limits the slope of D, which batch normalisation in D '
                'rules out; take NonSaturatingLoss, LeastSquaresLoss or HingeLoss'
            )
        kind = self.content.pixels.style if self.content else 'caffe'
        self.loss_weight = loss_weights(self, WEIGHTS | {'content': CONTENT_WEIGHTS[kind]}, loss_weight)

    # ---- training ------------------------------------------------------------------------------------------------

    def train_step(self, data: dict, optim_wrapper: OptimWrapperDict) -> dict[str, Tensor]:
        """One iteration; returns detached scalars."""
        if not isinstance(optim_wrapper, OptimWrapperDict):
            raise TypeError("DMENet needs one optimizer per child: constructor='ChildOptimWrapperConstructor'")
        data = self.data_preprocessor(data, training=True)
        with ExitStack() as stack:
            for wrapper in optim_wrapper.values():
                stack.enter_context(wrapper.optim_context(self))
            batch = split_domains(data['inputs'], data['data_samples'])
            outputs = self.run_domains(batch)
            scalars = self.domain_losses(outputs)
            if scalars:
                _update(scalars['loss_domain'], optim_wrapper, ['domain'])
            main = self.main_losses(outputs, batch)
        total = torch.stack([value for name, value in main.items() if name.startswith('loss')]).sum()
        _update(total, optim_wrapper, ['network'] + ['sharpness'] * (self.sharpness is not None))
        return {name: value.detach() for name, value in (main | scalars | {'loss': total}).items()}

    def loss(self, inputs: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """The terms that B and S learn from; D's own term belongs to :meth:`train_step`."""
        batch = split_domains(inputs, data_samples)
        return self.main_losses(self.run_domains(batch), batch)

    def run_domains(self, batch: dict) -> dict[str, BlurOutput]:
        """B on each domain that a module reads, by itself; the auxiliary heads only where there is a map."""
        read = {'synthetic': True, 'masked': self.domain or self.sharpness, 'real': self.domain}
        wanted = {name: images for name, (images, _) in batch.items() if read[name] is not None}
        return {name: self.network(images, aux=name == 'synthetic') for name, images in wanted.items()}

    def domain_losses(self, outputs: dict[str, BlurOutput]) -> dict[str, Tensor]:
        """Equation 4, what D learns from: synthetic against the mean of the real domains."""
        if self.domain is None:
            return {}
        real = [self.domain(outputs[name].last.detach()) for name in _real(outputs)]
        synthetic = self.domain(outputs['synthetic'].last.detach())
        errors = [self.adversarial.critic(synthetic, logits) for logits in real]
        return {'loss_domain': self.loss_weight['domain'] * torch.stack(errors).mean()}

    def main_losses(self, outputs: dict[str, BlurOutput], batch: dict) -> dict[str, Tensor]:
        """Equations 2, 3, 5, 6 and 7, weighted; and the mean of each domain's maps, to see one that collapses."""
        weights = self.loss_weight
        synthetic = outputs['synthetic']
        target = self._targets(batch['synthetic'][1], synthetic.map)
        scalars = {'loss_map': weights['map'] * map_error(synthetic.map, target, self.error)}
        if synthetic.aux:
            scalars['loss_aux'] = weights['aux'] * aux_error(synthetic.aux, target, self.error)
        if self.content is not None:
            with torch.no_grad():
                wanted = self.content(target)
            scalars['loss_content'] = weights['content'] * content_error(self.content(synthetic.map), wanted)
        if self.domain is not None:
            logits = [frozen_call(self.domain, outputs[name].last) for name in _real(outputs)]
            errors = torch.stack([self.adversarial.generator(one) for one in logits])
            scalars['loss_adversarial'] = weights['adversarial'] * errors.mean()
        if self.sharpness is not None:
            if 'masked' not in outputs:
                raise ValueError("sharpness calibration needs samples of the domain 'masked'; the batch has none")
            mask = stack_maps(batch['masked'][1], 'gt_mask', target.device)
            error = calibration_error(self.sharpness(outputs['masked'].map), mask, self.sharpness.error)
            scalars['loss_calibration'] = weights['calibration'] * error
        return scalars | {f'mean_map_{name}': output.map.detach().mean() for name, output in outputs.items()}

    def _targets(self, samples: list[DataSample], maps: Tensor) -> Tensor:
        wrong = [s for s in samples if s.get('map_unit', self.map_unit) != self.map_unit]
        if wrong:
            raise ValueError(
                f'the model learns maps in {self.map_unit!r}, but image {wrong[0].get("img_id", "?")!r} has a map in '
                f'{wrong[0].map_unit!r}; set model.map_unit, or generate the data in the other unit'
            )
        return stack_maps(samples, 'gt_map', maps.device)

    # ---- test ----------------------------------------------------------------------------------------------------

    def outputs(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """B alone, without auxiliary heads."""
        return self.network(inputs, aux=False)

    def val_step(self, data: dict) -> list[DataSample]:
        """Predictions; checks first that S has not turned the meaning of the map around."""
        self.check_polarity()
        return super().val_step(data)

    def check_polarity(self, tolerance: float = 0.2, updates: int = 500) -> None:
        """A high map value must mean blurred to S too.

        Args:
            tolerance: how far S may lean to the other side.
            updates: steps S must have taken before it is judged; a network at its start leans to any side.

        Raises:
            RuntimeError: S says the opposite, so B is being taught to invert its maps.
        """
        if self.sharpness is None or self.sharpness.updates < updates:
            return
        polarity = self.sharpness.polarity()
        if polarity < -tolerance:
            raise RuntimeError(
                f'the sharpness calibration network reads a high map value as sharp (polarity {polarity:.2f}): are the '
                "masks of the domain 'masked' inverted? 1 must mean blurred, see BlurMaskFolder(blurred=...)"
            )
        print_log(f'polarity of sharpness calibration: {polarity:.2f} (above 0 is right)', 'current', logging.DEBUG)


def domain_of(sample: DataSample) -> str:
    """``synthetic``, ``masked`` or ``real``: the meta information, or what the sample's truth implies."""
    if 'domain' in sample:
        return sample.domain
    return 'synthetic' if 'gt_map' in sample else 'masked' if 'gt_mask' in sample else 'real'


def split_domains(inputs: Tensor, samples: list[DataSample]) -> dict[str, tuple[Tensor, list[DataSample]]]:
    """Images and samples by domain, the synthetic one first.

    Raises:
        ValueError: no synthetic sample, so there is nothing to learn a map from.
    """
    where: dict[str, list[int]] = {'synthetic': [], 'masked': [], 'real': []}
    for index, sample in enumerate(samples):
        where[domain_of(sample)].append(index)
    if not where['synthetic']:
        raise ValueError(
            "a training batch needs samples of the domain 'synthetic' (images with maps); this one has none"
        )
    return {name: (inputs[rows], [samples[i] for i in rows]) for name, rows in where.items() if rows}


def _real(outputs: dict[str, BlurOutput]) -> list[str]:
    real = [name for name in outputs if name != 'synthetic']
    if not real:
        raise ValueError("domain adaptation needs samples of the domain 'masked' or 'real'; the batch has none")
    return real


def _update(loss: Tensor, optim_wrapper: OptimWrapperDict, names: list[str]) -> None:
    """One backward pass, then a step of each named optimizer."""
    wrappers = [optim_wrapper[name] for name in names]
    for wrapper in wrappers:
        wrapper.zero_grad()
    wrappers[0].backward(loss)
    for wrapper in wrappers:
        wrapper.step()
