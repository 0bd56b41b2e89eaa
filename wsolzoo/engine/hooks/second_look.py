"""Pictures of chosen images after a test: read and predicted once more, so that a test keeps none in memory."""

from collections.abc import Collection, Iterator

import numpy as np
import torch
from mmengine.dataset import BaseDataset
from mmengine.model import is_model_wrapper
from mmengine.runner import autocast


def second_look(runner, wanted: Collection[str]) -> Iterator[tuple[str, dict]]:
    """Read and predict the images ``wanted`` again, a batch at a time.

    Which pictures matter (best, worst, every cause of failure) is known only once all images have been scored; looking
    again is exact, and costs memory for one batch whatever the size of the data set.

    Args:
        runner: a Runner that has tested.
        wanted: values of ``img_id``.

    Yields:
        ``img_id`` and ``{'image': (H, W, 3) uint8 RGB, 'map': (h, w) float32}``, in the order of the data set.
    """
    if not wanted:
        return
    loader = runner.test_loop.dataloader
    indices = [index for index, img_id in image_ids(loader.dataset) if img_id in wanted]
    model = runner.model.module if is_model_wrapper(runner.model) else runner.model
    model.eval()
    size = loader.batch_size or 1
    for start in range(0, len(indices), size):
        batch = loader.collate_fn([loader.dataset[index] for index in indices[start : start + size]])
        with torch.no_grad(), autocast(enabled=getattr(runner.test_loop, 'fp16', False)):
            samples = model.test_step(batch)
        for inputs, sample in zip(batch['inputs'], samples, strict=True):
            if 'pred_raw_map' in sample:
                yield sample.img_id, {'image': picture(inputs), 'map': sample.pred_raw_map.float().cpu().numpy()}


def image_ids(dataset) -> Iterator[tuple[int, str]]:
    """Index and ``img_id`` of every image, without reading the images; nothing where a data set cannot tell."""
    look = getattr(dataset, 'get_data_info', None)
    if look is None:
        return
    if isinstance(dataset, BaseDataset):
        dataset.full_init()
        # a reader that draws or loads images does so in its own get_data_info; the base's reads the annotation alone
        look = BaseDataset.get_data_info.__get__(dataset)
    for index in range(len(dataset)):
        img_id = look(index).get('img_id')
        if img_id is not None:
            yield index, img_id


def picture(inputs: torch.Tensor) -> np.ndarray:
    """(3, H, W) BGR tensor as a data loader delivers it, to (H, W, 3) uint8 RGB."""
    array = inputs.detach().cpu().numpy()
    if array.dtype != np.uint8:
        array = np.clip(np.round(array), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(array[::-1].transpose(1, 2, 0))
