"""Localize in any image: a path, an array or a folder, to class, map, boxes and a picture."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import DefaultScope

from wsolzoo import maps
from wsolzoo.apis.zoo_models import build, model_entry
from wsolzoo.registry import DATASETS, INFERENCERS, TRANSFORMS
from wsolzoo.resources import find_config
from wsolzoo.run.launch import load_config, prepare_environment
from wsolzoo.structures import TEST
from wsolzoo.visualization import draw_boxes, overlay_map

SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff', '.ppm')
ANNOTATION_ONLY = ('LoadMask', 'BoxFromMask', 'LoadAnnotations', 'TenCrop')
GEOMETRY = ('Geometry', 'AntialiasResize', 'Resize')
PROBE = np.array([[0.45, 0.45, 0.55, 0.55]])

Image = str | Path | np.ndarray


@INFERENCERS.register_module()
class LocalizationInferencer:
    """Runs a localizer on images of any size and answers in the pixels of each image.

    The images go through the test pipeline of the config, so that the network sees what it was tested on. A pipeline
    without geometry (the built-in scenes) gets a resize to the size that ends the config's name.

    Args:
        model: a config (path or shipped name), or a name of :func:`wsolzoo.apis.list_models`.
        weights: checkpoint; by default the published weights of a zoo model.
        device: by default the first GPU, else the CPU.
        normalizer: how the map is brought to [0, 1], a name of :data:`wsolzoo.maps.NORMALIZERS`.
        threshold: of the box, in [0, 1).
        all_boxes: every contour's box instead of the largest one's.

    Example:
        >>> inferencer = LocalizationInferencer('cam/cam_x.py', 'cam.pth')
        >>> result = inferencer('bird.jpg')[0]
        >>> result['label'], result['boxes']
    """

    def __init__(
        self,
        model: str | Config,
        weights: str | None = None,
        device: str | None = None,
        normalizer: str = 'minmax',
        threshold: float = 0.2,
        all_boxes: bool = False,
    ) -> None:
        if not 0 <= threshold < 1:
            raise ValueError(f'threshold must be in [0, 1); got {threshold}')
        maps.normalize(np.zeros((1, 1)), normalizer)  # refuses an unknown name now rather than after the first batch
        prepare_environment()
        self.cfg, weights = _config_of(model, weights)
        self.model = build(self.cfg, weights, device or ('cuda' if torch.cuda.is_available() else 'cpu'))
        self.normalizer, self.threshold, self.all_boxes = normalizer, threshold, all_boxes
        with DefaultScope.overwrite_default_scope('wsolzoo'):
            self.pipeline = Compose([TRANSFORMS.build(step) for step in inference_pipeline(self.cfg)])
            dataset = _dataset(self.cfg)
            known = getattr(DATASETS.get(dataset['type']), 'METAINFO', None) or {}
        self.classes: list[str] = list((dataset.get('metainfo') or known).get('classes') or [])

    def __call__(self, images: Image | Sequence[Image], label: int | None = None, batch_size: int = 8) -> list[dict]:
        """Localize; see :meth:`stream` for the fields of a result."""
        return list(self.stream(images, label, batch_size))

    @torch.no_grad()
    def stream(self, images: Image | Sequence[Image], label: int | None = None, batch_size: int = 8) -> Iterator[dict]:
        """Localize image after image, so that a folder of any size fits in memory.

        Args:
            images: a path, a folder (searched to any depth), an (H, W, 3) uint8 RGB array, or a sequence of these.
            label: class to localize; by default the class with the highest score.
            batch_size: images at once.

        Yields:
            dict: ``img_id``; ``label`` (index), ``name`` (of the class), ``score``, ``scores`` (K,);
            ``map`` (H, W) float32 in [0, 1] over the image, 0 where a crop hid it from the network; ``raw_map`` (h, w)
            float32 as the network gave it, and ``window`` (4,) the part of the image it covers, pixels;
            ``boxes`` (M, 4) float64 xyxy pixels of the image, end exclusive; ``image`` and ``overlay`` (H, W, 3)
            uint8 RGB.
        """
        queue = list(expand(images))
        for start in range(0, len(queue), batch_size):
            yield from self._batch(queue[start : start + batch_size], label)

    def _batch(self, chunk: list[tuple[str, Image]], label: int | None) -> Iterator[dict]:
        originals, packed, windows = [], [], []
        for img_id, image in chunk:
            results = _start(img_id, image, self.pipeline.transforms[0])
            originals.append(results['img'][..., ::-1].copy())
            height, width = results['img'].shape[:2]
            probe = PROBE * (width, height, width, height)
            results['gt_bboxes'] = probe.copy()
            done = self.pipeline(results)
            sample = done['data_samples']
            windows.append(_window(probe[0], sample.gt_boxes[0], done['inputs'].shape[1:]))
            del sample.gt_boxes
            if label is not None:
                sample.gt_label = int(label)
            packed.append(done)
        before = getattr(self.model, 'cam_class', None)
        if before is not None:
            self.model.cam_class = 'gt' if label is not None else 'pred' if before == 'gt' else before
        try:
            samples = self.model.test_step(pseudo_collate(packed))
        finally:
            if before is not None:
                self.model.cam_class = before
        for (img_id, _), original, sample, window in zip(chunk, originals, samples, windows, strict=True):
            yield self._result(img_id, original, sample, window, label)

    def _result(self, img_id: str, image: np.ndarray, sample, window: np.ndarray, label: int | None) -> dict:
        scores = sample.pred_scores.float().cpu().numpy()
        raw = sample.pred_raw_map.float().cpu().numpy()
        map = place(maps.normalize(raw, self.normalizer), window, image.shape[:2])
        mask = maps.threshold(map, self.threshold)
        one = maps.largest_contour_box(mask)
        boxes = maps.contour_boxes(mask) if self.all_boxes else np.array([] if one is None else [one]).reshape(-1, 4)
        index = int(scores.argmax()) if label is None else int(label)
        return {
            'img_id': img_id,
            'label': index,
            'name': self.classes[index] if index < len(self.classes) else f'class {index}',
            'score': float(scores[index]),
            'scores': scores,
            'map': map.astype(np.float32),
            'raw_map': raw,
            'window': window,
            'boxes': boxes.astype(np.float64),
            'image': image,
            'overlay': draw_boxes(overlay_map(image, map), predicted=boxes),
        }


def _config_of(model: str | Config, weights: str | None) -> tuple[Config, str | None]:
    """Config and weights of what a user named."""
    if isinstance(model, Config):
        return model, weights
    try:
        find_config(str(model))
    except FileNotFoundError as error:
        try:
            entry = model_entry(str(model))
        except KeyError:
            raise error from None
        return load_config(entry['Config']), weights or entry.get('Weights')
    return load_config(str(model)), weights


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
    steps = [dict(step) for step in _dataset(cfg)['pipeline'] if step['type'].split('.')[-1] not in ANNOTATION_ONLY]
    if not steps or not steps[0]['type'].split('.')[-1].startswith('LoadImage'):
        steps.insert(0, dict(type='LoadImage'))
    if not any(step['type'].split('.')[-1] in GEOMETRY for step in steps):
        size = re.search(r'-(\d+)px$', Path(cfg.filename or '').stem)
        if size is None:
            raise ValueError(
                f'the test pipeline of {cfg.filename or "the config"} does not resize, and its name does not end in a '
                "size such as -96px: add dict(type='AntialiasResize', size=…) after the image is loaded"
            )
        steps.insert(1, dict(type='AntialiasResize', size=int(size[1])))
    return steps


def expand(images: Image | Sequence[Image]) -> Iterator[tuple[str, Image]]:
    """Id and image for each of what a user named; the files of a folder are sorted, their ids relative to it.

    Raises:
        FileNotFoundError: a path does not exist, or a folder holds no image.
        TypeError: something is neither a path nor an (H, W, 3) uint8 array.
    """
    for index, image in enumerate([images] if isinstance(images, (str, Path, np.ndarray)) else images):
        if isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3:
            yield f'{index:06d}', image
        elif isinstance(image, (str, Path)) and Path(image).is_dir():
            files = sorted(p for p in Path(image).rglob('*') if p.suffix.lower() in SUFFIXES and p.is_file())
            if not files:
                raise FileNotFoundError(f'{image} holds no image ({", ".join(SUFFIXES)})')
            yield from ((file.relative_to(image).as_posix(), file) for file in files)
        elif isinstance(image, (str, Path)):
            if not Path(image).is_file():
                raise FileNotFoundError(f'image {image} does not exist')
            yield Path(image).name, image
        else:
            what = (
                f'{image.dtype} array of shape {image.shape}' if isinstance(image, np.ndarray) else type(image).__name__
            )
            raise TypeError(f'an image is a path, a folder or an (H, W, 3) uint8 RGB array; got {what}')


def _start(img_id: str, image: Image, load) -> dict:
    """The dict a pipeline starts from, image loaded."""
    results: dict = {'img_id': img_id, 'role': TEST}
    if isinstance(image, np.ndarray):
        results['img'] = np.ascontiguousarray(image[..., ::-1])
    else:
        results['img_path'] = str(image)
    return load(results)


def _window(before: np.ndarray, after: np.ndarray, size: Sequence[int]) -> np.ndarray:
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


def place(map: np.ndarray, window: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A map over the image it belongs to, 0 outside of what the network saw.

    Args:
        map: (h, w) in [0, 1].
        window: (4,) where the network's input lies in the image, pixels.
        size: height and width of the image.

    Returns:
        (H, W) float64 in [0, 1].
    """
    x0, y0, x1, y1 = np.round(window).astype(int)
    grown = maps.resize(map, (max(y1 - y0, 1), max(x1 - x0, 1)), 'linear')
    canvas = np.zeros(size)
    inside = canvas[max(y0, 0) : y1, max(x0, 0) : x1]
    inside[:] = grown[max(-y0, 0) :, max(-x0, 0) :][: inside.shape[0], : inside.shape[1]]
    return canvas
