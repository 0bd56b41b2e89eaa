"""Dense maps of any image: saliency in [0, 1], defocus in pixels of blur."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from mmengine.config import Config

from wsolzoo.apis.inferencer import Image, _config_of, _start, expand
from wsolzoo.apis.zoo_models import build
from wsolzoo.evaluation.functional.defocus import to_sigma
from wsolzoo.models.tasks.estimator import Estimator
from wsolzoo.registry import INFERENCERS, MODELS, TRANSFORMS
from wsolzoo.run.launch import prepare_environment
from wsolzoo.structures import DataSample
from wsolzoo.visualization.overlay import color_bar, colorize, side_by_side


def makes_maps(model: str | Config) -> bool:
    """Whether a config (path, shipped name or zoo name) is of a model of pixels rather than of classes."""
    kind = MODELS.get(_config_of(model, '')[0].model['type'])
    return isinstance(kind, type) and issubclass(kind, Estimator)


@INFERENCERS.register_module()
class MapInferencer:
    """Runs an :class:`~wsolzoo.models.tasks.estimator.Estimator` on images of any size, at their own resolution.

    Sides that the network cannot take are padded and the map is cut back, so that it covers the whole image.

    Args:
        model: a config (path or shipped name), or a name of :func:`wsolzoo.apis.list_models`.
        weights: checkpoint; by default the published weights of a zoo model.
        device: by default the first GPU, else the CPU.
    """

    def __init__(self, model: str | Config, weights: str | None = None, device: str | None = None) -> None:
        prepare_environment()
        self.cfg, weights = _config_of(model, weights)
        self.device = device or ('cuda' if torch.cuda.is_available() else 'cpu')
        self.model = build(self.cfg, weights, self.device)
        if not isinstance(self.model, Estimator):
            raise ValueError(f'{type(self.model).__name__} localizes classes; use LocalizationInferencer')
        self.model.fit = 'pad'
        self.load = TRANSFORMS.build({'type': 'LoadImage'})

    def __call__(self, images: Image | Sequence[Image]) -> list[dict]:
        """See :meth:`stream` for the fields of a result."""
        return list(self.stream(images))

    @torch.no_grad()
    def stream(self, images: Image | Sequence[Image]) -> Iterator[dict]:
        """One image after another.

        Args:
            images: a path, a folder (searched to any depth), an (H, W, 3) uint8 RGB array, or a sequence of these.

        Yields:
            dict: ``img_id``; ``map`` (H, W) float32 in [0, 1]; ``sigma`` (H, W) float32, the blur's standard deviation
            in pixels, and ``unit``, the coding of ``map``, where the model has one; ``image``, ``picture`` uint8 RGB,
            the picture with the map and a colour bar.
        """
        for img_id, image in expand(images):
            img = _start(img_id, image, self.load)['img']
            inputs = torch.from_numpy(np.ascontiguousarray(img.transpose(2, 0, 1)))
            sample = self.model.test_step({'inputs': [inputs], 'data_samples': [DataSample()]})[0]
            result = {'img_id': img_id, 'map': sample.pred_map.float().cpu().numpy(), 'image': img[..., ::-1].copy()}
            if 'pred_unit' in sample:
                result['unit'] = sample.pred_unit
                result['sigma'] = to_sigma(result['map'], sample.pred_unit).astype(np.float32)
            yield result | {'picture': picture(result)}


def picture(result: dict, limit: float = 7.0) -> np.ndarray:
    """Image and map side by side over a colour bar with its unit.

    Args:
        result: of :class:`MapInferencer`.
        limit: blur in pixels at the end of the bar.
    """
    blur = result.get('sigma')
    shown = result['map'] if blur is None else np.clip(blur / limit, 0, 1)
    strip = side_by_side([result['image'], colorize(shown)])
    bar = color_bar(0, 1 if blur is None else limit, '' if blur is None else 'px (sigma)', width=strip.shape[1])
    return np.concatenate([strip, bar])
