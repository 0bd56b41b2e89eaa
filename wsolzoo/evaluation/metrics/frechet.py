"""How far made pictures are from real ones, as a network of the zoo sees them."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config

from wsolzoo.evaluation.functional.frechet import frechet_distance
from wsolzoo.evaluation.metrics.keyed import ImageKeyedMetric
from wsolzoo.registry import METRICS, MODELS, WEIGHT_INITIALIZERS
from wsolzoo.resources import config_dir, find_config


@METRICS.register_module()
class FrechetDistance(ImageKeyedMetric):
    """The Fréchet distance between real (``gt_image``) and made pictures (``pred_image``), lower is better.

    Both are brought to ``size`` pixels and go through a trained localizer; compared are the means over positions of
    its backbone's last feature. Only numbers of the same network, data and count compare; none of them is the FID of
    the literature, whose network is InceptionV3 and whose count is 50,000.

    Args:
        config: of the network: a path or the name of a shipped config.
        checkpoint: its weights: a path, or a file of the shipped ``configs`` folder such as ``cam/x.pth``.
        size: side of the pictures that the network was trained with.
        kwargs: for :class:`~wsolzoo.evaluation.metrics.keyed.ImageKeyedMetric`: prefix, bootstrap.

    Raises:
        FileNotFoundError: there is no such config or checkpoint.
    """

    default_prefix = 'generation'
    required_fields = ('pred_image', 'gt_image')

    def __init__(self, config: str, checkpoint: str, size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        weights = Path(checkpoint) if Path(checkpoint).is_file() else config_dir() / checkpoint.removeprefix('configs/')
        if not weights.is_file():
            raise FileNotFoundError(f'FrechetDistance: there is no checkpoint {checkpoint}, nor a shipped one')
        model = Config.fromfile(str(find_config(config))).model
        self.network = MODELS.build(model).eval()
        WEIGHT_INITIALIZERS.build({'type': 'Pretrained', 'checkpoint': str(weights)})(self.network)
        self.size = size

    @torch.no_grad()
    def record(self, sample: dict) -> np.ndarray:
        """The features (2, C) of the real and of the made picture."""
        pictures = [torch.as_tensor(sample[name]).cpu().float()[None] for name in ('gt_image', 'pred_image')]
        if any(picture.shape[1] != 3 for picture in pictures):
            raise ValueError(f'pictures are (3, h, w); got {[tuple(picture.shape[1:]) for picture in pictures]}')
        resized = [
            torch.nn.functional.interpolate(picture, (self.size, self.size), mode='bilinear', antialias=True)
            for picture in pictures
        ]
        inputs = self.network.data_preprocessor({'inputs': [one[0] for one in resized]}, training=False)['inputs']
        return self.network.extract_feat(inputs)[0][-1].mean((2, 3)).double().numpy()

    def reduce(self, records: list[np.ndarray]) -> dict[str, float]:
        """The distance over all images."""
        real, made = np.stack(records, axis=1)
        return {'FrechetDistance': frechet_distance(real, made)}
