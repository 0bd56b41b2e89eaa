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
        ``img_id`` and ``{'image': (H, W, 3) uint8 RGB, …}`` with what :func:`maps_of` or :func:`drawing_of` finds, in
        the order of the data set; images of which nothing can be drawn are left out.
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
            if found := maps_of(sample) or drawing_of(model, sample, inputs.shape[-2:]):
                yield sample.img_id, {'image': picture(inputs), **found}


def maps_of(sample) -> dict[str, object]:
    """What can be drawn of a sample, whatever its task.

    Returns:
        ``map`` (h, w), evidence of any range; or ``pred_map`` and, where the truth is known, ``gt_map`` (h, w) in
        [0, 1], with the names of their units ``pred_unit`` and ``map_unit``; nothing where nothing was predicted.
    """
    if 'pred_raw_map' in sample:
        return {'map': _array(sample.pred_raw_map)}
    if 'pred_map' not in sample:
        return {}
    found: dict[str, object] = {'pred_map': _array(sample.pred_map)}
    if 'gt_map' in sample:
        found['gt_map'] = _array(sample.gt_map)
    elif 'gt_mask' in sample:
        found['gt_map'] = (_array(sample.gt_mask) == 1).astype(np.float32)  # 255 is ignored, not object
    unit = sample.get('map_unit', '')
    return found | {'map_unit': unit, 'pred_unit': sample.get('pred_unit', unit)}


def drawing_of(model: torch.nn.Module, sample, size: tuple[int, int]) -> dict[str, object]:
    """``drawing``, what the model's task has to show of a sample that holds no map; nothing where it names no task.

    Args:
        model: which predicted; its ``task`` is a :class:`wsolzoo.models.tasks.contract.Task`.
        sample: with the prediction.
        size: height and width of the network's input.
    """
    if not hasattr(model, 'task'):
        return {}
    task, window = model.task(), np.array([0, 0, size[1], size[0]])
    answer = task.answer(sample, tuple(size), window, {'label': None, 'classes': ()})
    return {'drawing': task.drawing(answer)}


def _array(map: torch.Tensor | np.ndarray) -> np.ndarray:
    """(h, w) float32; a leading channel is dropped."""
    array = torch.as_tensor(map).detach().float().cpu().numpy()
    return array[0] if array.ndim == 3 else array


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
    """(3, H, W) BGR or (1, H, W) grey tensor as a data loader delivers it, to (H, W, 3) uint8 RGB."""
    array = inputs.detach().expand(3, -1, -1).cpu().numpy()
    if array.dtype != np.uint8:
        array = np.clip(np.round(array), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(array[::-1].transpose(1, 2, 0))
