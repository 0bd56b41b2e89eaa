"""Pictures out: the task of generators and of style transfer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from wsolzoo.models.tasks.contract import Task
from wsolzoo.structures import DataSample, Drawing


@dataclass(frozen=True)
class Pictures(Task):
    """Pictures in training, without truth; a picture that was made in prediction.

    Attributes:
        of_nothing: whether pictures are made without looking at the one given.
    """

    name: ClassVar[str] = 'pictures'
    of_nothing: ClassVar[bool] = False
    reads: ClassVar[tuple[str, ...]] = ()
    writes: ClassVar[tuple[str, ...]] = ('pred_image',)

    def truth(self, model: nn.Module, image: np.ndarray, index: int, rng: np.random.Generator) -> dict[str, Any]:
        """The picture itself, for metrics."""
        return {'gt_image': torch.from_numpy(image.copy())}

    def check(self, model: nn.Module, sample: DataSample, size: int) -> None:
        """A picture as a data loader delivers them."""
        super().check(model, sample, size)
        made = sample.pred_image
        assert made.ndim == 3 and len(made) == 3, f'pred_image must be (3, h, w); got {tuple(made.shape)}'
        assert made.dtype == torch.uint8, f'pred_image must be uint8; got {made.dtype}'

    def arguments(self, model: nn.Module, label: int | None) -> dict[str, Any]:
        """Nothing can be asked for.

        Raises:
            ValueError: a class is asked for.
        """
        if label is not None:
            raise ValueError(f'{type(model).__name__} makes pictures; it knows no classes to ask for')
        return {}

    def answer(self, sample: DataSample, size: tuple[int, int], window: np.ndarray, asked: Mapping) -> dict[str, Any]:
        """The picture.

        Returns:
            ``made`` (h, w, 3) uint8 RGB.
        """
        return {'made': np.ascontiguousarray(sample.pred_image.cpu().numpy()[::-1].transpose(1, 2, 0))}

    def drawing(self, answer: Mapping[str, Any]) -> Drawing:
        """The picture that was made."""
        return Drawing(image=answer['made'], of_nothing=self.of_nothing, caption='given, made')

    def saved(self, answer: Mapping[str, Any]) -> tuple[np.ndarray, dict[str, Any]]:
        """The picture; its size."""
        return answer['made'], {'size': list(answer['made'].shape[:2])}


def as_pixels(pictures: Tensor) -> Tensor:
    """Pictures in [-1, 1] as grey levels, uint8; what lies outside is cut off."""
    return ((pictures.float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
