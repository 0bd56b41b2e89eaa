"""Class labels in, maps out: the model of every weakly supervised method."""

from collections.abc import Sequence

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from wsolzoo.models.frozen import frozen_call
from wsolzoo.models.outputs import Attention, HeadOutput, LocOutputs
from wsolzoo.registry import MODELS
from wsolzoo.structures import DataSample

Features = tuple[tuple[Tensor, ...], tuple[Attention, ...]]


class Trunk(nn.Module):
    """A staged backbone and the attention necks between its stages, called as one."""

    def __init__(self, backbone: nn.Module, necks: nn.ModuleDict, places: Sequence[str]) -> None:
        super().__init__()
        self.backbone = backbone
        self.necks = necks
        self.places = tuple(places)

    def forward(self, x: Tensor, start: int | str = 0) -> Features:
        """``(feats, attentions)`` from stage ``start`` on; see :class:`~wsolzoo.models.backbones.StagedBackbone`."""
        first = self.backbone.stage_index(start)
        after = {
            place: neck
            for place, neck in zip(self.places, self.necks.values(), strict=True)
            if self.backbone.stage_index(place) >= first
        }
        return self.backbone(x, start=start, after=after)


@MODELS.register_module()
class Localizer(BaseModel):
    """Backbone, attention necks, mask head and losses, trained from class labels.

    Args:
        backbone: a staged backbone, see :class:`~wsolzoo.models.backbones.StagedBackbone`.
        head: a mask head; ``in_channels`` is filled in from the backbone.
        necks: attention necks by the backbone stage whose output they change; ``in_channels`` is filled in for those
            that take it.
        losses: further losses, each reading :class:`~wsolzoo.models.outputs.LocOutputs`.
        batch_augments: ``(inputs, labels) -> (inputs, labels)``, applied in training after normalisation.
        cam_class: whose map is the prediction: ``'gt'`` (GT-known localization), ``'pred'`` (the top-1 class), or an
            integer N, the mean map of the N most probable classes (BAS).
        data_preprocessor: ``ImgDataPreprocessor`` settings.
        init_cfg: pretrained weights of the whole model.
    """

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
        if cam_class not in ('gt', 'pred') and not (type(cam_class) is int and cam_class > 0):
            raise ValueError(f"cam_class must be 'gt', 'pred' or a positive integer; got {cam_class!r}")
        self.cam_class = cam_class
        self.backbone = MODELS.build(backbone)
        self.head = MODELS.build({'in_channels': self.backbone.out_channels, **head})
        self.places = tuple(sorted(necks or {}, key=self.backbone.stage_index))
        self.necks = nn.ModuleDict(
            {place.replace('.', '_'): self._build_neck(place, necks[place]) for place in self.places}
        )
        self.losses = nn.ModuleList(MODELS.build(loss) for loss in losses)
        self.batch_augments = [MODELS.build(augment) for augment in batch_augments]
        self._refuse_meaningless()

    def _build_neck(self, place: str, neck: dict) -> nn.Module:
        if getattr(MODELS.get(neck['type']), 'needs_channels', False):
            neck = {'in_channels': self.backbone.stage_channels[self.backbone.stage_index(place)], **neck}
        return MODELS.build(neck)

    def _refuse_meaningless(self) -> None:
        tap = getattr(self.head, 'tap', None)
        if tap is not None and self.backbone.stage_index(tap) != self.backbone.stage_index(self.backbone.out_stages[0]):
            raise ValueError(
                f'{type(self.head).__name__} reads the stage {tap!r}, but the first of backbone.out_stages is '
                f'{self.backbone.out_stages[0]!r}: name the same stage in both'
            )
        mixing = [type(augment).__name__ for augment in self.batch_augments if getattr(augment, 'mixes_labels', False)]
        if mixing and self.head.one_label:
            raise ValueError(
                f'{type(self.head).__name__} reads the map of the one class an image has, but {mixing[0]} gives images '
                'a mixture of two. Use another batch augmentation, or a head trained by cross-entropy alone.'
            )

    @property
    def trunk(self) -> Trunk:
        """Backbone and necks as one module (a view: it owns no parameters of its own)."""
        return Trunk(self.backbone, self.necks, self.places)

    def resume(self, x: Tensor, after: str, frozen: bool = False) -> tuple[Tensor, ...]:
        """Feats of the stages that follow the stage ``after``, run on ``x``, a changed output of that stage.

        With ``frozen`` those stages neither learn from this pass nor update their running statistics.
        """
        trunk, start = self.trunk, self.backbone.stage_index(after) + 1
        feats, _ = frozen_call(trunk, x, start=start) if frozen else trunk(x, start=start)
        return feats

    def forward(self, inputs: Tensor, data_samples: list[DataSample] | None = None, mode: str = 'tensor'):
        """``'loss'`` → dict of scalars, ``'predict'`` → samples with predictions, ``'tensor'`` → head output."""
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        if mode == 'tensor':
            feats, _ = self.trunk(inputs)
            return self.head(feats, labels=None, resume=self.resume)
        raise ValueError(f"mode must be 'loss', 'predict' or 'tensor'; got {mode!r}")

    def loss(self, inputs: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Named scalars; those whose name starts with ``loss`` are summed and minimised, the others are only logged."""
        labels = self._labels(data_samples, inputs.device)
        for augment in self.batch_augments:
            inputs, labels = augment(inputs, labels)
        feats, attentions = self.trunk(inputs)
        output, scalars = self.head.loss(feats, labels, resume=self.resume)
        outputs = LocOutputs(inputs, feats, attentions, output, labels, data_samples)
        for loss in self.losses:
            scalars |= loss(outputs)
        return scalars

    def predict(self, inputs: Tensor, data_samples: list[DataSample] | None = None) -> list[DataSample]:
        """Write ``pred_scores`` (K,) and the raw ``pred_raw_map`` (h, w) into each sample."""
        if data_samples is None:
            data_samples = [DataSample() for _ in inputs]
        labels = self._labels(data_samples, inputs.device) if self.cam_class == 'gt' else None
        feats, _ = self.trunk(inputs)
        output = self.head(feats, labels=labels, resume=self.resume)
        maps = self.select_map(output, labels).float()
        for sample, logits, pred_raw_map in zip(data_samples, output.logits, maps, strict=True):
            views = self.score_views(sample) if 'score_views' in sample else logits[None]
            sample.pred_scores, sample.pred_raw_map = views.float().softmax(1).mean(0), pred_raw_map
            sample.set_metainfo({'cam_class': self.cam_class})
        return data_samples

    def score_views(self, sample: DataSample) -> Tensor:
        """Logits (V, K) of the further views that the pipeline cut for the class score (``ten_crop``)."""
        views = self.data_preprocessor({'inputs': list(sample.pop('score_views'))}, training=False)['inputs']
        feats, _ = self.trunk(views)
        return self.head(feats, resume=self.resume).logits

    def select_map(self, output: HeadOutput, labels: Tensor | None) -> Tensor:
        """One raw map (N, h, w) an image, as ``cam_class`` says."""
        if self.cam_class == 'gt':
            classes = labels[:, None]
        else:
            count = 1 if self.cam_class == 'pred' else min(self.cam_class, output.logits.shape[1])
            classes = output.logits.topk(count, dim=1).indices
        return output.maps_of(classes).mean(1)

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
