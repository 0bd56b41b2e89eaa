"""Any model on any image: a path, an array or a folder, to what the model's task answers, and a picture of it."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import DefaultScope

from wsolzoo.apis.images import Image, Images, expand
from wsolzoo.apis.zoo_models import build, find_model
from wsolzoo.errors import UserError
from wsolzoo.models.tasks.contract import task_of
from wsolzoo.registry import DATASETS, INFERENCERS, MODELS, TRANSFORMS
from wsolzoo.run.launch import prepare_environment
from wsolzoo.structures import TEST
from wsolzoo.visualization import draw

ANNOTATION_ONLY = ('LoadMask', 'BoxFromMask', 'LoadAnnotations', 'LoadDefocusTruth', 'TenCrop')
GEOMETRY = ('Geometry', 'AntialiasResize', 'Resize')
PROBE = np.array([[0.45, 0.45, 0.55, 0.55]])


class NoDeviceError(UserError, ValueError):
    """The device that was asked for is not there."""


@INFERENCERS.register_module()
class Inferencer:
    """Runs a model of any task on images of any size and answers in the pixels of each image.

    The images go through the test pipeline of the config, so that the network sees what it was tested on. A pipeline
    without geometry (the built-in scenes) gets a resize to the size that ends the config's name. A task whose models
    take images at their own size (:class:`~wsolzoo.models.tasks.DenseMaps`) skips the geometry.

    Args:
        model: a config (path, shipped name or loaded), or a name of :func:`wsolzoo.apis.list_models`.
        weights: ``True`` takes the zoo's published weights and refuses where there are none, a string names a
            checkpoint, ``False`` leaves the network as its config initialises it.
        device: by default the first GPU, else the CPU.
        allow_partial: whether a checkpoint may fit the model in part only.
        **options: of the model's task, such as ``threshold`` of :class:`~wsolzoo.models.tasks.Localization`.

    Raises:
        FileNotFoundError: no such model, config or checkpoint.
        UserError: no weights, one that does not fit, a device that is not there, an option that the task lacks.

    Example:
        >>> inferencer = Inferencer('cam_plainnet_1xb32-15e_scenes-96px', threshold=0.3)  # doctest: +SKIP
        >>> result = inferencer('bird.jpg')[0]  # doctest: +SKIP
        >>> result['name'], result['boxes']  # doctest: +SKIP
    """

    def __init__(
        self,
        model: str | Config,
        weights: str | bool = True,
        device: str | None = None,
        allow_partial: bool = False,
        **options: Any,
    ) -> None:
        prepare_environment()
        self.cfg, weights = find_model(model, weights)
        with DefaultScope.overwrite_default_scope('wsolzoo'):
            self.task = task_of(MODELS.get(self.cfg.model['type'])).with_options(options)
            self.pipeline = Compose([TRANSFORMS.build(step) for step in self._steps()])
        self.model = build(self.cfg, weights, known_device(device), allow_partial)
        self.classes = class_names(self.cfg, getattr(self.model, 'dataset_meta', None))

    def __call__(self, images: Images, label: int | None = None, batch_size: int = 8) -> list[dict]:
        """Answer; see :meth:`stream` for the fields of a result."""
        return list(self.stream(images, label, batch_size))

    @torch.no_grad()
    def stream(
        self,
        images: Images,
        label: int | None = None,
        batch_size: int = 8,
        on_broken: Callable[[str, Exception], None] | None = None,
    ) -> Iterator[dict]:
        """Answer about image after image, so that a folder of any size fits in memory.

        Args:
            images: a path, a folder (searched to any depth), an (H, W, 3) uint8 RGB array, a sequence of these, or
                images by id.
            label: class that is asked about; by default the one with the highest score.
            batch_size: images at once.
            on_broken: called with the id and the error of an image that cannot be read, which is then left out; by
                default the error ends the stream.

        Yields:
            dict: ``img_id``, ``image`` (H, W, 3) uint8 RGB, ``picture`` of the answer, and what the task answers:
            :meth:`Localization.answer <wsolzoo.models.tasks.Localization.answer>`,
            :meth:`DenseMaps.answer <wsolzoo.models.tasks.DenseMaps.answer>`.

        Raises:
            UserError: ``label`` is not a class of the model.
            ValueError: the model's task knows no classes, and one is asked about.
        """
        classes = getattr(getattr(self.model, 'head', None), 'num_classes', None)
        if label is not None and classes is not None and not 0 <= label < classes:
            raise UserError(f'label must be in 0..{classes - 1}, the classes of the model; got {label}')
        arguments = self.task.arguments(self.model, label)
        queue = list(expand(images))
        size = 1 if self.task.own_size else batch_size
        for start in range(0, len(queue), size):
            yield from self._batch(queue[start : start + size], label, arguments, on_broken)

    def _batch(self, chunk: list[tuple[str, Image]], label: int | None, arguments: dict, on_broken) -> Iterator[dict]:
        packed, known = [], []
        for img_id, image in chunk:
            try:
                original, window, done = self._prepare(img_id, image)
            except OSError as error:
                if on_broken is None:
                    raise
                on_broken(img_id, error)
                continue
            if label is not None:
                done['data_samples'].gt_label = int(label)
            packed.append(done)
            known.append((img_id, original, window))
        if not packed:
            return
        samples = self.model.test_step(pseudo_collate(packed) | arguments)
        asked = {'label': label, 'classes': self.classes}
        for (img_id, image, window), sample in zip(known, samples, strict=True):
            answer = self.task.answer(sample, image.shape[:2], window, asked)
            picture = draw(image, self.task.drawing(answer))
            yield {'img_id': img_id, 'image': image, **answer, 'picture': picture}

    def _prepare(self, img_id: str, image: Image) -> tuple[np.ndarray, np.ndarray, dict]:
        """The image, where the network's input lies in it, and that input packed."""
        results = _start(img_id, image, self.pipeline.transforms[0])
        original = results['img'][..., ::-1].copy()
        height, width = original.shape[:2]
        probe = PROBE * (width, height, width, height)
        results['gt_bboxes'] = probe.copy()
        done = self.pipeline(results)
        sample = done['data_samples']
        window = window_of(probe[0], sample.gt_boxes[0], done['inputs'].shape[1:])
        del sample.gt_boxes
        return original, window, done

    def _steps(self) -> list[dict]:
        if self.task.own_size:
            return [dict(type='LoadImage'), dict(type='PackLocalization')]
        return inference_pipeline(self.cfg)


def known_device(device: str | None) -> str:
    """The device that is meant.

    Raises:
        NoDeviceError: it is not there.
    """
    if device is None:
        return 'cuda' if torch.cuda.is_available() else 'cpu'
    try:
        kind = torch.device(device)
    except RuntimeError as error:
        raise NoDeviceError(f'device {device!r} is not known to torch; such as cpu or cuda:1') from error
    if kind.type == 'cuda' and (kind.index or 0) >= torch.cuda.device_count():
        raise NoDeviceError(f'device {device!r}: torch sees {torch.cuda.device_count()} GPUs here; use cpu')
    return device


def class_names(cfg: Config, dataset_meta: dict | None) -> list[str]:
    """Names of the classes: what the checkpoint was trained on, else the test data of the config, else none."""
    told = (dataset_meta or {}).get('classes')
    if not told and cfg.get('test_dataloader'):
        dataset = _dataset(cfg)
        with DefaultScope.overwrite_default_scope('wsolzoo'):
            known = getattr(DATASETS.get(dataset['type']), 'METAINFO', None) or {}
        told = (dataset.get('metainfo') or known).get('classes')
    return [str(name) for name in told or []]


def _dataset(cfg: Config) -> dict:
    """The innermost data set of the test split."""
    dataset = cfg.test_dataloader.dataset
    while 'dataset' in dataset:
        dataset = dataset['dataset']
    return dataset


def inference_pipeline(cfg: Config) -> list[dict]:
    """The test pipeline for images without annotation, beginning with ``LoadImage``.

    Raises:
        ValueError: there is no geometry in it, and the config's name does not end in a size.
    """
    steps = without_annotation(_dataset(cfg)['pipeline'])
    if not any(step['type'].split('.')[-1] in GEOMETRY for step in steps):
        size = re.search(r'-(\d+)px$', Path(cfg.filename or '').stem)
        if size is None:
            raise ValueError(
                f'the test pipeline of {cfg.filename or "the config"} does not resize, and its name does not end in a '
                "size such as -96px: add dict(type='AntialiasResize', size=…) after the image is loaded"
            )
        steps.insert(1, dict(type='AntialiasResize', size=int(size[1])))
    return steps


def without_annotation(pipeline: Sequence[dict]) -> list[dict]:
    """The steps of a pipeline that need no annotation, beginning with ``LoadImage``."""
    steps = [dict(step) for step in pipeline if step['type'].split('.')[-1] not in ANNOTATION_ONLY]
    if not steps or not steps[0]['type'].split('.')[-1].startswith('LoadImage'):
        steps.insert(0, dict(type='LoadImage'))
    return steps


def _start(img_id: str, image: Image, load) -> dict:
    """The dict a pipeline starts from, image loaded."""
    results: dict = {'img_id': img_id, 'role': TEST}
    if isinstance(image, np.ndarray):
        results['img'] = np.ascontiguousarray(image[..., ::-1])
    else:
        results['img_path'] = str(image)
    return load(results)


def window_of(before: np.ndarray, after: np.ndarray, size: Sequence[int]) -> np.ndarray:
    """Where the network's input lies in the image.

    Args:
        before: (4,) a box in the image.
        after: (4,) the same box in the network's input.
        size: height and width of the network's input.

    Returns:
        (4,) x0 y0 x1 y1 in pixels of the image.
    """
    scale = (before[2:] - before[:2]) / (after[2:] - after[:2])
    start = before[:2] - after[:2] * scale
    return np.concatenate([start, start + scale * (size[1], size[0])])
