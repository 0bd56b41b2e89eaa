"""A trained localizer's word on training images, written to a folder that a second training reads."""

import json
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import DefaultScope
from torch import nn
from torch.utils.data import DataLoader, Subset

from wsolzoo import maps
from wsolzoo.apis.inferencer import PROBE, known_device, window_of, without_annotation
from wsolzoo.apis.label_folder import LabelFolder
from wsolzoo.apis.zoo_models import build, find_model
from wsolzoo.datasets.base import ZooDataset
from wsolzoo.datasets.pseudo_labels import KINDS, Manifest, PseudoLabelError
from wsolzoo.digest import sha256_of
from wsolzoo.engine.lock import locked
from wsolzoo.maps.foreground import UNKNOWN, foreground, foreground_of
from wsolzoo.models.tasks.contract import task_of
from wsolzoo.models.tasks.localizer import Localization, own_boxes
from wsolzoo.registry import DATASETS, MODELS
from wsolzoo.structures import TEST, DataSample


@dataclass(frozen=True)
class Recipe:
    """What is written of each image.

    Attributes:
        kind: ``'boxes'`` (around the largest component of the foreground, the whole image where there is none),
            ``'masks'`` (the foreground) or ``'seeds'`` (the normalised map at the network's resolution, for training
            that draws its pixels itself).
        rule: of the foreground, see :data:`wsolzoo.maps.foreground.FOREGROUNDS`; none of them has seen a true box.
        normalizer: how maps come to [0, 1], see :data:`wsolzoo.maps.NORMALIZERS`.
        split: whose images: the loader of that name in the config.

    Raises:
        UserError: there is no such kind, rule or normaliser.
    """

    kind: str
    rule: str | Mapping[str, Any] = 'otsu'
    normalizer: str | Mapping[str, Any] = 'minmax'
    split: str = 'train'

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise PseudoLabelError(f'pseudo-labels are {", ".join(KINDS)}; got {self.kind!r}')
        foreground_of(self.rule)
        maps.normalizer_of(self.normalizer, load=MODELS.import_from_location)

    @property
    def told_rule(self) -> dict | None:
        """The rule with its arguments; ``None`` where none is applied."""
        name, arguments = foreground_of(self.rule)
        return None if self.kind == 'seeds' else {'type': name, **arguments}


def make_pseudo_labels(
    model: str | Config,
    weights: str,
    out: str | Path,
    recipe: Recipe,
    batch_size: int = 32,
    workers: int = 0,
    device: str | None = None,
    overwrite: bool = False,
) -> Iterator[tuple[int, int]]:
    """Write what a localizer says of the images of a split.

    Images go through the test pipeline of the config; their maps are those of their own class, where they have one. A
    folder that is complete is left as it is, and one that is not is continued.

    Args:
        model: a config, or the name of a model of the zoo.
        weights: the checkpoint, a file.
        out: the folder.
        recipe: what is written.
        batch_size: images at once.
        workers: processes that read images.
        device: by default the first GPU, else the CPU.
        overwrite: drop labels of other weights or of another recipe that are in the folder; else they are an error.

    Yields:
        How many images have a label, and how many there are.

    Raises:
        FileNotFoundError: no such model or checkpoint.
        PseudoLabelError: the model makes no maps, the split reports, or the folder holds other labels.
        LockedError: another process writes there.
    """
    cfg, _ = find_model(model, weights)
    steps = labelling_pipeline(cfg)
    dataset = labelled_split(cfg, recipe.split, steps)
    total = len(dataset)
    with locked(out) as sign_of_life:
        folder = LabelFolder(Path(out), manifest_of(cfg, weights, recipe, dataset, steps), overwrite)
        ids = {dataset.get_annotation(index)['img_id']: index for index in range(total)}
        left = [index for img_id, index in ids.items() if img_id not in folder.done]
        yield total - len(left), total
        network = build(cfg, weights, known_device(device)) if left else None
        for batch in DataLoader(Subset(dataset, left), batch_size, num_workers=workers, collate_fn=pseudo_collate):
            for sample in ask(network, batch):
                folder.add(ids[sample.img_id], sample.img_id, sample.get('gt_label'), word(sample, recipe))
            sign_of_life()
            yield len(folder.done), total
        folder.finish()


def labelling_pipeline(cfg: Config) -> list:
    """The test pipeline without annotation and further views, with the window that the network sees written down.

    Raises:
        PseudoLabelError: the model is no localizer.
    """
    with DefaultScope.overwrite_default_scope('wsolzoo'):
        task = task_of(MODELS.get(cfg.model['type']))
    if not issubclass(task, Localization):
        raise PseudoLabelError(f'pseudo-labels come from a localizer; {cfg.model["type"]} is for {task.name}')
    dataset = (cfg.get('test_dataloader') or cfg.val_dataloader).dataset
    while 'dataset' in dataset:
        dataset = dataset['dataset']
    load, *steps = without_annotation(dataset['pipeline'])
    return [load, put_probe, *({key: step[key] for key in step if key != 'ten_crop'} for step in steps)]


def put_probe(results: dict) -> dict:
    """A box whose way through the pipeline tells where the network's input lies in the image."""
    height, width = results['img'].shape[:2]
    return results | {'pseudo_bboxes': PROBE * (width, height, width, height)}


def labelled_split(cfg: Config, split: str, steps: list) -> ZooDataset:
    """The images of a split through the given steps.

    Raises:
        PseudoLabelError: there is no such split, or its role is ``test``.
    """
    loader = cfg.get(f'{split}_dataloader')
    if not loader:
        raise PseudoLabelError(f'the config has no {split}_dataloader; a split is train or val')
    settings = loader.dataset
    while 'dataset' in settings:
        settings = settings['dataset']
    with DefaultScope.overwrite_default_scope('wsolzoo'):
        dataset = DATASETS.build({**settings, 'pipeline': steps, 'test_mode': True})
    if not isinstance(dataset, ZooDataset):
        raise PseudoLabelError(f'{type(dataset).__name__} is no reader of this package (ZooDataset)')
    if dataset.role == TEST:
        raise PseudoLabelError(
            f'{split}_dataloader has role="test": a test split reports, and nothing is learned or chosen on it'
        )
    return dataset


def manifest_of(cfg: Config, weights: str, recipe: Recipe, dataset: ZooDataset, steps: list) -> Manifest:
    """Where the labels come from."""
    if not Path(weights).is_file():
        raise FileNotFoundError(f'checkpoint {weights} does not exist; pseudo-labels come from a file of weights')
    return Manifest(
        kind=recipe.kind,
        config=Path(cfg.filename).stem if cfg.filename else 'a config',
        fingerprint=fingerprint(cfg, steps),
        checkpoint=str(weights),
        checkpoint_sha256=sha256_of(weights),
        rule=recipe.told_rule,
        normalizer=recipe.normalizer if isinstance(recipe.normalizer, str) else dict(recipe.normalizer),
        reader=type(dataset).__name__,
        drawn_from=dataset.drawn_from,
        images=len(dataset),
        command=shlex.join(['python', *sys.argv]),
    )


def fingerprint(cfg: Config, steps: Sequence) -> str:
    """Sixteen hexadecimal digits that stand for a model and for how it sees images."""
    told = {'model': cfg.model.to_dict(), 'pipeline': [step for step in steps if isinstance(step, dict)]}
    return sha256(json.dumps(told, sort_keys=True, default=repr).encode()).hexdigest()[:16]


@torch.no_grad()
def ask(network: nn.Module, batch: dict) -> list[DataSample]:
    """Predictions of a batch: for the class of each image, or the likeliest where they have none."""
    has_class = all('gt_label' in sample for sample in batch['data_samples'])
    return network.test_step(batch | {'cam_class': 'gt' if has_class else 'pred'})


def word(sample: DataSample, recipe: Recipe) -> np.ndarray:
    """The pseudo-label of one image from its prediction, in the frame of the stored image.

    Raises:
        PseudoLabelError: seeds are asked for, and the pipeline hides a part of the image.
    """
    height, width = sample.ori_shape
    before = PROBE[0] * (width, height, width, height)
    window = window_of(before, sample.pseudo_boxes[0], sample.img_shape)
    whole = np.allclose(window, (0, 0, width, height), atol=1)
    if recipe.kind == 'boxes' and 'pred_boxes' in sample:
        return np.clip(own_boxes(sample, window)[0], 0, (width, height, width, height))
    raw = sample.pred_raw_map.float().cpu().numpy()
    if recipe.kind == 'seeds':
        if not whole:
            raise PseudoLabelError(
                'seeds are maps of whole images, and the test pipeline cuts a part off (a centre crop?). Take a '
                'geometry that does not: --cfg-options with Geometry(name="WE"), or a config that has it'
            )
        return maps.normalize(raw, recipe.normalizer)
    x0, y0, x1, y1 = np.round(window).astype(int)
    map = maps.normalize(maps.resize(raw, (y1 - y0, x1 - x0), 'linear'), recipe.normalizer)
    mask = foreground(maps.place(map, window, (height, width)), recipe.rule)
    if recipe.kind == 'masks':
        seen = maps.place(np.ones((1, 1)), window, (height, width)) > 0
        return np.where(seen, mask, UNKNOWN).astype(np.uint8)
    box = maps.largest_component_box(mask == 1)
    return np.array((0, 0, width, height) if box is None else box, np.float64)
