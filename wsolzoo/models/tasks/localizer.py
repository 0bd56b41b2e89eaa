"""Class labels in, maps out: the model of every weakly supervised method."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from wsolzoo import maps
from wsolzoo.errors import UserError
from wsolzoo.models.outputs import HeadOutput, LocOutputs
from wsolzoo.models.tasks.contract import Task
from wsolzoo.models.trunk import HEAD, Trunk, TrunkPass
from wsolzoo.registry import MODELS
from wsolzoo.structures import DataSample, Drawing


class CombinationError(UserError, ValueError):
    """Parts that mean nothing together; one line a reason."""


@dataclass(frozen=True)
class Localization(Task):
    """Class labels in training; class scores and a map of evidence, and from it boxes, in prediction.

    Args:
        normalizer: how the map is brought to [0, 1]: a name of :data:`wsolzoo.maps.NORMALIZERS`, or with its arguments
            as in ``dict(type='ivr', percentile=0.3)``.
        threshold: of the boxes, in [0, 1).
        all_boxes: every contour's box instead of the largest one's.

    Raises:
        ValueError: a threshold outside [0, 1), an unknown normaliser, or one that does not take what it is given.
    """

    name: ClassVar[str] = 'localization'
    reads: ClassVar[tuple[str, ...]] = ('gt_label',)
    writes: ClassVar[tuple[str, ...]] = ('pred_scores', 'pred_raw_map')
    learns: ClassVar[tuple[str, ...]] = ('backbone', 'head')

    normalizer: str | Mapping[str, Any] = 'minmax'
    threshold: float = 0.2
    all_boxes: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.threshold < 1:
            raise ValueError(f'threshold must be in [0, 1); got {self.threshold}')
        maps.normalizer_of(self.normalizer, load=MODELS.import_from_location)  # refused now rather than after a batch

    def misfits(self, model: nn.Module, metainfo: Mapping[str, Any], place: str) -> Iterator[str]:
        """Another number of classes than the head has; maps of predicted classes may be tested on any data."""
        own, classes = getattr(getattr(model, 'head', None), 'num_classes', None), metainfo.get('classes')
        if not isinstance(own, int) or own < 2 or not classes or len(classes) == own:
            return
        judged = not place.startswith('train')
        if judged and getattr(model, 'cam_class', 'gt') != 'gt':
            return
        yield (
            f'model.head.num_classes is {own}, but the data of {place} has {len(classes)} classes. Set '
            f'model.head.num_classes={len(classes)}, and num_classes of losses too'
            + (
                "; or test the maps of the predicted classes, which fit any data: model.cam_class='pred'." * judged
                or '.'
            )
        )

    def flaws(self, sample: DataSample, size: str, place: str) -> Iterator[str]:
        """A map of one position locates nothing."""
        height, width = sample.pred_raw_map.shape
        if max(height, width) < 2:
            yield (
                f'an image of {size} pixels from {place} leaves a map of {height}x{width}, which locates nothing. '
                'Resize to a larger size in the pipeline, or use smaller strides in the backbone.'
            )

    def truth(self, model: nn.Module, image: np.ndarray, index: int, rng: np.random.Generator) -> dict[str, Any]:
        """A darker rectangle, its box and mask as truth and as pseudo-labels, and a random label."""
        size = image.shape[-1]
        x0, y0 = rng.integers(0, size // 2, 2)
        x1, y1 = rng.integers(size // 2 + 1, size, 2)
        image[:, y0:y1, x0:x1] //= 2
        mask = np.zeros(image.shape[1:], np.uint8)
        mask[y0:y1, x0:x1] = 1
        boxes = np.array([[x0, y0, x1, y1]], np.float64)
        label = int(rng.integers(model.head.num_classes))
        said = {'pseudo_boxes': boxes, 'pseudo_mask': mask, 'pseudo_map': torch.from_numpy(mask)[None] * 0.8 + 0.1}
        return {'gt_label': label, 'gt_mask': mask, 'gt_boxes': boxes, **said}

    def check(self, model: nn.Module, sample: DataSample, size: int) -> None:
        """Shapes, and scores that sum to 1."""
        super().check(model, sample, size)
        shape, classes = tuple(sample.pred_raw_map.shape), model.head.num_classes
        assert len(shape) == 2, f'pred_raw_map must be (h, w); got {shape}'
        assert sample.pred_scores.shape == (classes,), f'pred_scores must be ({classes},)'
        assert torch.isclose(sample.pred_scores.sum(), torch.tensor(1.0), atol=1e-4), 'pred_scores must sum to 1'

    def arguments(self, model: nn.Module, label: int | None) -> dict[str, Any]:
        """Whose map: of the class asked about, else of the predicted one, or as many classes as the model is set to."""
        own = getattr(model, 'cam_class', 'gt')
        return {'cam_class': 'gt' if label is not None else 'pred' if own == 'gt' else own}

    def answer(self, sample: DataSample, size: tuple[int, int], window: np.ndarray, asked: Mapping) -> dict[str, Any]:
        """Class, map and boxes.

        Returns:
            ``label`` (index), ``name`` (of the class), ``score``, ``scores`` (K,); ``map`` (H, W) float32 in [0, 1]
            over the image, 0 where a crop hid it from the network; ``raw_map`` (h, w) float32 as the network gave it,
            and ``window`` (4,) the part of the image it covers; ``boxes`` (M, 4) float64 xyxy pixels of the image,
            ``box_labels`` (M,) the class from whose map each was read, and ``box_names`` of those.
        """
        scores = sample.pred_scores.float().cpu().numpy()
        label = int(scores.argmax()) if asked['label'] is None else int(asked['label'])
        raws = sample.get('pred_raw_maps', sample.pred_raw_map[None]).float().cpu().numpy()
        labels = sample.pred_map_labels.tolist() if 'pred_map_labels' in sample else [label]
        placed = [maps.place(maps.normalize(raw, self.normalizer), window, size) for raw in raws]
        boxes = [self._boxes(map) for map in placed] if 'pred_boxes' not in sample else [own_boxes(sample, window)]
        box_labels = np.repeat(labels[: len(boxes)], [len(found) for found in boxes])
        classes = asked['classes']
        names = {k: classes[k] if k < len(classes) else f'class {k}' for k in (label, *labels)}
        return {
            'label': label,
            'name': names[label],
            'score': float(scores[label]),
            'scores': scores,
            'map': placed[0].astype(np.float32),
            'raw_map': raws[0],
            'window': window,
            'boxes': np.concatenate(boxes),
            'box_labels': box_labels,
            'box_names': [names[k] for k in box_labels.tolist()],
        }

    def _boxes(self, map: np.ndarray) -> np.ndarray:
        mask = maps.threshold(map, self.threshold)
        one = maps.largest_contour_box(mask)
        boxes = maps.contour_boxes(mask) if self.all_boxes else np.array([] if one is None else [one])
        return boxes.reshape(-1, 4).astype(np.float64)

    def drawing(self, answer: Mapping[str, Any]) -> Drawing:
        """The map and its boxes, with the names of their classes where those are several."""
        caption = f'{answer["name"]} {answer["score"]:.2f}'
        names = answer['box_names'] if len(set(answer['box_labels'].tolist())) > 1 else ()
        return Drawing(map=answer['map'], boxes=answer['boxes'], box_names=tuple(names), caption=caption)

    def saved(self, answer: Mapping[str, Any]) -> tuple[np.ndarray, dict[str, Any]]:
        """The raw map; class, boxes with their classes, and window."""
        told = {key: answer[key] for key in ('label', 'name', 'score', 'box_names')}
        return answer['raw_map'], told | {key: np.round(answer[key], 3).tolist() for key in ('boxes', 'window')}


@MODELS.register_module()
class Localizer(BaseModel):
    """Backbone, attention necks, mask head and losses, trained from class labels.

    Any part may have a method ``conflicts(model)``, asked once all parts stand: it yields the reasons why the part
    means nothing beside the others, each the end of a sentence that begins with its name. A part whose ``one_label`` is
    true is refused beside a batch augmentation whose ``mixes_labels`` is.

    Args:
        backbone: a staged backbone, see :class:`~wsolzoo.models.backbones.StagedBackbone`.
        head: a mask head; ``in_channels`` is filled in from the backbone.
        necks: attention necks by the backbone stage whose output they change, or by a place inside the head
            (``'head.conv1'``, see ``head.places``); ``in_channels`` is filled in for those that take it.
        losses: further losses, each reading :class:`~wsolzoo.models.outputs.LocOutputs`; ``in_channels``, of every
            feature the backbone returns, is filled in for those that take it.
        batch_augments: ``(inputs, labels) -> (inputs, labels)``, applied in training after normalisation;
            ``num_classes`` is filled in for those that take it.
        cam_class: whose map is the prediction: ``'gt'`` (GT-known localization), ``'pred'`` (the top-1 class), an
            integer N, the mean map of the N most probable classes (BAS), or ``'top5'`` (any number), a map for each of
            the N most probable classes (``pred_raw_maps``).
        data_preprocessor: ``ImgDataPreprocessor`` settings.
        init_cfg: pretrained weights of the whole model.

    Raises:
        CombinationError: parts that mean nothing together.
    """

    task = Localization

    def __init__(
        self,
        backbone: dict,
        head: dict,
        necks: dict[str, dict] | None = None,
        losses: Sequence[dict] = (),
        batch_augments: Sequence[dict] = (),
        cam_class: str | int = 'gt',
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        self.cam_class = known_cam_class(cam_class)
        self.backbone = MODELS.build(backbone)
        self.head = MODELS.build({'in_channels': self.backbone.out_channels, **head})
        self.places = tuple(sorted(necks or {}, key=self._position))
        self.necks = nn.ModuleDict(
            {place.replace('.', '_'): self._build_neck(place, necks[place]) for place in self.places}
        )
        self.losses = nn.ModuleList(self._build(loss, self.backbone.out_channels) for loss in losses)
        self.batch_augments = [self._build(augment) for augment in batch_augments]
        self._refuse_meaningless()

    def _position(self, place: str) -> tuple[bool, int]:
        inside = place.startswith(HEAD)
        if not inside:
            return inside, self.backbone.stage_index(place)
        if place.removeprefix(HEAD) not in self.head.places:
            has = ', '.join(HEAD + name for name in self.head.places) or 'none'
            raise ValueError(
                f'{type(self.head).__name__} has no place {place!r} for a neck; its places are: {has}. A neck may '
                f'stand after any stage of the backbone too: {", ".join(self.backbone.stage_names)}.'
            )
        return inside, list(self.head.places).index(place.removeprefix(HEAD))

    def _build_neck(self, place: str, neck: dict) -> nn.Module:
        inside, position = self._position(place)
        channels = [*self.head.places.values()] if inside else self.backbone.stage_channels
        return self._build(neck, channels[position])

    def _build(self, part: dict, in_channels: int | tuple[int, ...] | None = None) -> Any:
        kind = MODELS.get(part['type'])
        known = {'in_channels': in_channels} if getattr(kind, 'needs_channels', False) else {}
        known |= {'num_classes': self.head.num_classes} if getattr(kind, 'needs_classes', False) else {}
        return MODELS.build(known | part)

    @property
    def parts(self) -> list[Any]:
        """Everything a config composes: backbone, necks, head, losses, batch augmentations."""
        return [self.backbone, *self.necks.values(), self.head, *self.losses, *self.batch_augments]

    def _refuse_meaningless(self) -> None:
        reasons = [
            f'{type(part).__name__} {reason}'
            for part in self.parts
            if hasattr(part, 'conflicts')
            for reason in part.conflicts(self)
        ]
        mixing = [type(augment).__name__ for augment in self.batch_augments if getattr(augment, 'mixes_labels', False)]
        reasons += [
            f'{type(part).__name__} reads the one class an image has, but {mixing[0]} gives images a mixture of two. '
            'Use another batch augmentation, or parts that are trained by cross-entropy alone.'
            for part in self.parts
            if mixing and getattr(part, 'one_label', False)
        ]
        if reasons:
            raise CombinationError('\n'.join(reasons))

    @property
    def trunk(self) -> Trunk:
        """Backbone and necks as one module (a view: it owns no parameters of its own)."""
        return Trunk(self.backbone, self.necks, self.places)

    def extract_feat(self, inputs: Tensor, samples: Sequence[DataSample] = ()) -> tuple[tuple[Tensor, ...], TrunkPass]:
        """The features of ``inputs`` (N, 3, H, W), and the passage that made them, for the head."""
        passage = TrunkPass(self.trunk, inputs, samples)
        states = passage.states if self.training and self.head.resumes else None
        feats, attentions = passage.trunk(inputs, states=states, carried=passage.carried)
        passage.attentions.extend(attentions)
        return feats, passage

    def forward(
        self,
        inputs: Tensor,
        data_samples: list[DataSample] | None = None,
        mode: str = 'tensor',
        cam_class: str | int | None = None,
    ):
        """``'loss'`` → dict of scalars, ``'predict'`` → samples with predictions, ``'tensor'`` → head output.

        ``cam_class`` is for ``'predict'``: ``model.test_step({'inputs': …, 'data_samples': …, 'cam_class': 'pred'})``.
        """
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples, cam_class)
        if mode == 'tensor':
            feats, passage = self.extract_feat(inputs)
            return self.head(feats, trunk=passage)
        raise ValueError(f"mode must be 'loss', 'predict' or 'tensor'; got {mode!r}")

    def loss(self, inputs: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Named scalars; those whose name starts with ``loss`` are summed and minimised, the others are only logged."""
        labels = self._labels(data_samples, inputs.device)
        for augment in self.batch_augments:
            inputs, labels = augment(inputs, labels)
        feats, passage = self.extract_feat(inputs, data_samples)
        output, scalars = self.head.loss(feats, labels, passage)
        outputs = LocOutputs(inputs, feats, tuple(passage.attentions), output, labels, data_samples)
        for loss in self.losses:
            scalars |= loss(outputs)
        return scalars

    def predict(
        self, inputs: Tensor, data_samples: list[DataSample] | None = None, cam_class: str | int | None = None
    ) -> list[DataSample]:
        """Write ``pred_scores`` (K,) and ``pred_raw_map`` (h, w) into each sample, and ``pred_boxes`` (1, 4) of a head
        that predicts its box itself.

        With ``cam_class='top5'``, ``pred_raw_maps`` (5, h, w) and ``pred_map_labels`` (5,) too, by falling class score;
        the first of them is the ``pred_raw_map``.

        Args:
            inputs: (N, 3, H, W) normalised images.
            data_samples: their records; ``gt_label`` is read where ``cam_class`` is ``'gt'``.
            cam_class: whose map, for this call; default: the model's own.
        """
        cam_class = self.cam_class if cam_class is None else known_cam_class(cam_class)
        if data_samples is None:
            data_samples = [DataSample() for _ in inputs]
        labels = self._labels(data_samples, inputs.device) if cam_class == 'gt' else None
        output = self.look(inputs, labels, data_samples)
        for sample, logits in zip(data_samples, output.logits, strict=True):
            views = self.score_views(sample) if 'score_views' in sample else logits[None]
            sample.pred_scores = views.float().softmax(1).mean(0)
            sample.set_metainfo({'cam_class': cam_class})
        for sample, box in zip(data_samples, output.extras.get('boxes', ()), strict=False):
            sample.pred_boxes = box[None]
        several = num_maps(cam_class)
        scores = torch.stack([sample.pred_scores for sample in data_samples]) if several else output.logits
        classes = asked_classes(scores, labels, cam_class)
        for sample, raw_maps, asked in zip(data_samples, output.maps_of(classes).float(), classes, strict=True):
            sample.pred_raw_map = raw_maps[0] if several else raw_maps.mean(0)
            if several:
                sample.pred_raw_maps, sample.pred_map_labels = raw_maps, asked
        return data_samples

    def look(self, inputs: Tensor, labels: Tensor | None = None, samples: Sequence[DataSample] = ()) -> HeadOutput:
        """Class scores and maps for a prediction: the head's. Who reads other maps from the network overrides it."""
        feats, passage = self.extract_feat(inputs, samples)
        return self.head(feats, labels, passage)

    def score_views(self, sample: DataSample) -> Tensor:
        """Logits (V, K) of the further views that the pipeline cut for the class score (``ten_crop``)."""
        views = self.data_preprocessor({'inputs': list(sample.pop('score_views'))}, training=False)['inputs']
        feats, passage = self.extract_feat(views)
        return self.head(feats, trunk=passage).logits

    def _labels(self, data_samples: list[DataSample], device: torch.device) -> Tensor:
        missing = [sample.get('img_id', '?') for sample in data_samples if 'gt_label' not in sample]
        if missing:
            raise ValueError(
                f'no class label on image {missing[0]!r}. Training and cam_class="gt" need gt_label; to localize the '
                'predicted class of unlabelled images set model.cam_class="pred".'
            )
        labels = [int(sample.gt_label) for sample in data_samples]
        classes = self.head.num_classes
        for sample, label in zip(data_samples, labels, strict=True):
            if not 0 <= label < classes:
                raise ValueError(
                    f'image {sample.get("img_id", "?")!r} has label {label}, but head.num_classes={classes} allows '
                    f'0..{classes - 1}. Set num_classes in the config to the number of classes of the data set.'
                )
        return torch.tensor(labels, device=device)


def own_boxes(sample: DataSample, window: np.ndarray) -> np.ndarray:
    """Boxes (M, 4) that the model predicted itself, in pixels of the image whose ``window`` the network saw."""
    height, width = sample.img_shape
    scale = (window[2:] - window[:2]) / (width, height)
    return sample.pred_boxes.double().cpu().numpy() * np.tile(scale, 2) + np.tile(window[:2], 2)


def known_cam_class(cam_class: str | int) -> str | int:
    """``cam_class`` itself.

    Raises:
        ValueError: it is neither ``'gt'``, ``'pred'``, a positive integer nor ``'top'`` and one.
    """
    if cam_class not in ('gt', 'pred') and not (type(cam_class) is int and cam_class > 0) and not num_maps(cam_class):
        raise ValueError(f"cam_class must be 'gt', 'pred', a positive integer or such as 'top5'; got {cam_class!r}")
    return cam_class


def num_maps(cam_class: str | int) -> int:
    """How many maps of their own ``cam_class`` asks for: 5 for ``'top5'``, 0 where one map is the prediction."""
    found = re.fullmatch(r'top([1-9]\d*)', str(cam_class))
    return int(found[1]) if found else 0


def asked_classes(scores: Tensor, labels: Tensor | None, cam_class: str | int) -> Tensor:
    """The classes (N, M) whose maps are asked for: of the image, or the most probable ones by ``scores`` (N, K)."""
    if cam_class == 'gt':
        return labels[:, None]
    count = num_maps(cam_class) or (1 if cam_class == 'pred' else cam_class)
    return scores.topk(min(count, scores.shape[1]), dim=1).indices
