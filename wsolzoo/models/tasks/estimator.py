"""Pixel labels in, one map out: the model of saliency and defocus."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.model import BaseModel
from torch import Tensor, nn

from wsolzoo.models.tasks.contract import Task
from wsolzoo.registry import MODELS
from wsolzoo.structures import DataSample, Drawing
from wsolzoo.synthetic.optics.lens import MAP_UNITS, MAX_SIGMA, to_sigma


@dataclass(frozen=True)
class DenseMaps(Task):
    """Maps or masks in training; a value in [0, 1] for every pixel in prediction."""

    name: ClassVar[str] = 'dense maps'
    reads: ClassVar[tuple[str, ...]] = ('gt_map|gt_mask',)
    writes: ClassVar[tuple[str, ...]] = ('pred_map',)
    learns: ClassVar[tuple[str, ...]] = ('network',)
    own_size: ClassVar[bool] = True

    def truth(self, model: nn.Module, image: np.ndarray, index: int, rng: np.random.Generator) -> dict[str, Any]:
        """A darker rectangle, its mask, and a map that is higher inside."""
        height, width = image.shape[1:]
        mask = np.zeros((height, width), np.uint8)
        mask[height // 4 : height * 3 // 4, width // 3 :] = 1
        image[:, mask == 1] //= 2
        gt_map = torch.from_numpy(0.25 * rng.random((1, height, width), np.float32) + 0.5 * mask)
        unit = getattr(model, 'map_unit', None)
        meta = {'metainfo': {'map_unit': unit}} if unit else {}
        return {'gt_map': gt_map.float(), 'gt_mask': mask, **meta}

    def check(self, model: nn.Module, sample: DataSample, size: int) -> None:
        """A map of the image's size (less what fitting it to the network cut off) in [0, 1]."""
        super().check(model, sample, size)
        cut = getattr(getattr(model, 'network', None), 'divisor', 1) if getattr(model, 'fit', '') == 'crop' else 1
        expected = (size // cut * cut,) * 2
        shape = tuple(sample.pred_map.shape)
        assert shape == expected, f'pred_map must be {expected} for an image of {size} pixels; got {shape}'
        low, high = float(sample.pred_map.min()), float(sample.pred_map.max())
        assert low >= 0 and high <= 1, f'pred_map must lie in [0, 1]; got {low:.3g} .. {high:.3g}'

    def arguments(self, model: nn.Module, label: int | None) -> dict[str, Any]:
        """The map covers the whole image: what does not fit the network is padded, never cut off."""
        if label is not None:
            raise ValueError(f'{type(model).__name__} estimates a map of every pixel; it knows no classes to ask for')
        return {'fit': 'pad'}

    def answer(self, sample: DataSample, size: tuple[int, int], window: np.ndarray, asked: Mapping) -> dict[str, Any]:
        """The map.

        Returns:
            ``map`` (H, W) float32 in [0, 1]; where the model has a unit of blur, ``unit``, the coding of ``map``,
            ``sigma`` (H, W) float32, the standard deviation of the blur in pixels, and ``max_sigma``, the most that the
            model has learned to tell.
        """
        answer: dict[str, Any] = {'map': sample.pred_map.float().cpu().numpy()}
        if 'pred_unit' in sample:
            answer['unit'] = sample.pred_unit
            answer['sigma'] = to_sigma(answer['map'], sample.pred_unit).astype(np.float32)
            answer['max_sigma'] = sample.max_sigma
        return answer

    def drawing(self, answer: Mapping[str, Any]) -> Drawing:
        """The map over a bar that ends where the model's training ended."""
        if 'sigma' not in answer:
            return Drawing(map=answer['map'], full_scale=1.0)
        top = answer['max_sigma']
        return Drawing(map=np.clip(answer['sigma'] / top, 0, 1), full_scale=top, unit='px (sigma)')

    def saved(self, answer: Mapping[str, Any]) -> tuple[np.ndarray, dict[str, Any]]:
        """Blur in pixels, or the map as it is."""
        blurred = 'sigma' in answer
        array = answer['sigma'] if blurred else answer['map']
        return array, {'unit': 'px (sigma)' if blurred else 'share', 'mean': float(array.mean())}


def fit_divisor(inputs: Tensor, divisor: int, mode: str) -> Tensor:
    """Images (N, C, H, W) whose sides are multiples of ``divisor``.

    Args:
        inputs: images.
        divisor: what the network needs.
        mode: ``crop`` drops rows at the bottom and columns at the right (published defocus evaluation); ``pad``
            repeats the last ones.

    Raises:
        ValueError: unknown mode, or nothing left after the crop.
    """
    height, width = inputs.shape[-2:]
    if mode == 'crop':
        height, width = height // divisor * divisor, width // divisor * divisor
        if not height or not width:
            raise ValueError(f'an image of {tuple(inputs.shape[-2:])} is smaller than {divisor} pixels; use fit="pad"')
        return inputs[..., :height, :width]
    if mode == 'pad':
        return F.pad(inputs, (0, -width % divisor, 0, -height % divisor), mode='replicate')
    raise ValueError(f"fit must be 'crop' or 'pad'; got {mode!r}")


VIEWS: tuple[Callable[[Tensor], Tensor], ...] = (
    lambda x: x,
    lambda x: x.flip(-1),
    lambda x: x.flip(-2),
    lambda x: x.transpose(-1, -2),
)
"""Ways to look at images (N, C, H, W), each undone by itself: as they are, mirrored, upside down, on the side."""


@MODELS.register_module()
class Estimator(BaseModel):
    """A network that gives every pixel a value in [0, 1], trained from maps or masks.

    Args:
        network: module ``images (N, 3, h, w) -> map (N, 1, h, w)`` in [0, 1], or a tuple whose first entry is that map;
            what follows is for the losses. Its attribute ``divisor`` (default 1): image sides must be multiples.
        losses: modules ``loss(outputs, samples) -> dict of scalars``; ``outputs`` is the tuple of the network.
        map_unit: of models of blur: what a map value of 1 means, one of
            :data:`~wsolzoo.synthetic.optics.lens.MAP_UNITS`; ``None`` where maps have no unit.
        max_sigma: of models of blur: the widest blur in the training data, sigma in pixels; colour bars end there.
        fit: how an image that does not fit ``divisor`` is made to, see :func:`fit_divisor`. A map of a cropped image is
            smaller than the image: metrics compare the common top left part.
        views: predict the mean over so many of :data:`VIEWS` [D]; each costs a run of the network.
        data_preprocessor: ``ImgDataPreprocessor`` settings.
        init_cfg: pretrained weights of the whole model.

    Raises:
        ValueError: an unknown ``map_unit`` or ``fit``, or more views than there are.
    """

    task = DenseMaps

    def __init__(
        self,
        network: dict,
        losses: Sequence[dict] = (),
        map_unit: str | None = None,
        max_sigma: float = MAX_SIGMA,
        fit: str = 'pad',
        views: int = 1,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        if fit not in ('crop', 'pad'):
            raise ValueError(f"fit must be 'crop' or 'pad'; got {fit!r}")
        self.network = MODELS.build(network)
        self.losses = nn.ModuleList(MODELS.build(loss) for loss in losses)
        if map_unit is not None and map_unit not in MAP_UNITS:
            raise ValueError(f'map_unit must be one of {", ".join(MAP_UNITS)}, or None; got {map_unit!r}')
        if not 1 <= views <= len(VIEWS):
            raise ValueError(f'views must be from 1 to {len(VIEWS)}; got {views}')
        self.fit, self.map_unit, self.max_sigma, self.views = fit, map_unit, max_sigma, views

    def forward(
        self,
        inputs: Tensor,
        data_samples: list[DataSample] | None = None,
        mode: str = 'tensor',
        fit: str | None = None,
    ):
        """``'loss'`` → dict of scalars, ``'predict'`` → samples with predictions, ``'tensor'`` → maps (N, 1, h, w)."""
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples, fit)
        if mode == 'tensor':
            return self.outputs(inputs)[0]
        raise ValueError(f"mode must be 'loss', 'predict' or 'tensor'; got {mode!r}")

    def outputs(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """What the network gives, always as a tuple."""
        outputs = self.network(inputs)
        return outputs if isinstance(outputs, tuple) else (outputs,)

    def loss(self, inputs: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Named scalars of all losses."""
        outputs = self.outputs(inputs)
        scalars: dict[str, Tensor] = {}
        for loss in self.losses:
            scalars |= loss(outputs, data_samples)
        return scalars

    def predict(
        self, inputs: Tensor, data_samples: list[DataSample] | None = None, fit: str | None = None
    ) -> list[DataSample]:
        """Write ``pred_map`` (h, w) float32 in [0, 1] into each sample, in the frame of the input.

        A model of blur also writes, as meta information, ``pred_unit`` and ``max_sigma``.

        Args:
            inputs: (N, 3, H, W) normalised images.
            data_samples: their records.
            fit: see the class, for this call; default: the model's own.
        """
        if data_samples is None:
            data_samples = [DataSample() for _ in inputs]
        fitted = fit_divisor(inputs, getattr(self.network, 'divisor', 1), fit or self.fit)
        seen = torch.stack([view(self.outputs(view(fitted))[0]).float() for view in VIEWS[: self.views]])
        maps = seen.mean(0)[:, 0, : inputs.shape[-2], : inputs.shape[-1]]
        for sample, pred_map in zip(data_samples, maps, strict=True):
            sample.pred_map = pred_map
            if self.map_unit is not None:
                sample.set_metainfo({'pred_unit': self.map_unit, 'max_sigma': self.max_sigma})
        return data_samples


def stack_maps(data_samples: list[DataSample], field: str, device: torch.device | str = 'cpu') -> Tensor:
    """Truth of a batch, (N, 1, h, w) float32: ``gt_map``, or ``gt_mask`` with 255 where it is to be ignored.

    Raises:
        ValueError: a sample has no such truth.
    """
    missing = [sample.get('img_id', '?') for sample in data_samples if field not in sample]
    if missing:
        raise ValueError(f'image {missing[0]!r} has no {field}; does the pipeline load the truth of this data set?')
    maps = [torch.as_tensor(sample.get(field), dtype=torch.float32) for sample in data_samples]
    return torch.stack([one if one.ndim == 3 else one[None] for one in maps]).to(device)
