"""Pixel labels in, one map out: the model of saliency and defocus."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseModel
from torch import Tensor, nn

from wsolzoo.registry import MODELS
from wsolzoo.structures import DataSample


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


@MODELS.register_module()
class Estimator(BaseModel):
    """A network that gives every pixel a value in [0, 1], trained from maps or masks.

    Args:
        network: module ``images (N, 3, h, w) -> map (N, 1, h, w)`` in [0, 1], or a tuple whose first entry is that map;
            what follows is for the losses. Its attribute ``divisor`` (default 1): image sides must be multiples.
        losses: modules ``loss(outputs, samples) -> dict of scalars``; ``outputs`` is the tuple of the network.
        fit: how an image that does not fit ``divisor`` is made to, see :func:`fit_divisor`. A map of a cropped image is
            smaller than the image: metrics compare the common top left part.
        data_preprocessor: ``ImgDataPreprocessor`` settings.
        init_cfg: pretrained weights of the whole model.
    """

    def __init__(
        self,
        network: dict,
        losses: Sequence[dict] = (),
        fit: str = 'pad',
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        if fit not in ('crop', 'pad'):
            raise ValueError(f"fit must be 'crop' or 'pad'; got {fit!r}")
        self.network = MODELS.build(network)
        self.losses = nn.ModuleList(MODELS.build(loss) for loss in losses)
        self.fit = fit

    def forward(self, inputs: Tensor, data_samples: list[DataSample] | None = None, mode: str = 'tensor'):
        """``'loss'`` → dict of scalars, ``'predict'`` → samples with predictions, ``'tensor'`` → maps (N, 1, h, w)."""
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        if mode == 'tensor':
            return self.outputs(inputs)[0]
        raise ValueError(f"mode must be 'loss', 'predict' or 'tensor'; got {mode!r}")

    def outputs(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """What the network gives, always as a tuple."""
        outputs = self.network(inputs)
        return outputs if isinstance(outputs, tuple) else (outputs,)

    def loss(self, inputs: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Named scalars of all losses."""
        outputs, scalars = self.outputs(inputs), {}
        for loss in self.losses:
            scalars |= loss(outputs, data_samples)
        return scalars

    def predict(self, inputs: Tensor, data_samples: list[DataSample] | None = None) -> list[DataSample]:
        """Write ``pred_map`` (h, w) float32 in [0, 1] into each sample, in the frame of the input."""
        if data_samples is None:
            data_samples = [DataSample() for _ in inputs]
        fitted = fit_divisor(inputs, getattr(self.network, 'divisor', 1), self.fit)
        maps = self.outputs(fitted)[0][:, 0, : inputs.shape[-2], : inputs.shape[-1]].float()
        for sample, pred_map in zip(data_samples, maps, strict=True):
            sample.pred_map = pred_map
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
