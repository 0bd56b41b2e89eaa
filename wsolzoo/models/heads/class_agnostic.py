"""What heads share that locate whatever the class, mostly from what another network said."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from wsolzoo.models.heads.base import MaskHead
from wsolzoo.models.trunk import TrunkPass
from wsolzoo.registry import MODELS
from wsolzoo.structures import DataSample


def as_trained(settings: dict[str, Any]) -> dict[str, Any]:
    """The config of a part that never learns here: weights that it begins with must be all of its weights."""
    init = settings.get('init_cfg')
    whole = isinstance(init, dict) and init.get('type') == 'Pretrained'
    return {**settings, 'init_cfg': {**init, 'whole': True}} if whole else settings


class ClassAgnosticHead(MaskHead):
    """A head that locates whatever the class; which class it is, a trained classifier beside it says.

    The classifier is a whole localizer of its own, asked in prediction only and never taught: its weights, its batch
    norm and its dropout stay as they were loaded. It sees the images as this network does, normalised alike.

    Args:
        num_classes: K.
        in_channels: channels of every feature the backbone returns.
        classifier: config of the localizer that gives class scores, with ``init_cfg=dict(type='Pretrained', …)``.
            Without one all classes are as likely: enough for GT-known localization.
        init_cfg: initialisation or pretrained weights.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: tuple[int, ...],
        classifier: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(num_classes, in_channels, init_cfg)
        self.classifier = None if classifier is None else MODELS.build(as_trained(classifier)).requires_grad_(False)
        own = num_classes if self.classifier is None else self.classifier.head.num_classes
        if own != num_classes:
            raise ValueError(f'the classifier of {type(self).__name__} has {own} classes, the head {num_classes}')

    def conflicts(self, model: nn.Module) -> Iterator[str]:
        """Further losses, which read class scores and maps of classes."""
        yield from super().conflicts(model)
        if len(model.losses):
            names = ', '.join(type(loss).__name__ for loss in model.losses)
            yield f'trains neither class scores nor maps of classes, which {names} would teach; leave losses out'

    def train(self, mode: bool = True) -> 'ClassAgnosticHead':
        """Set the mode, of the classifier never."""
        super().train(mode)
        if self.classifier is not None:
            self.classifier.eval()
        return self

    @torch.no_grad()
    def class_scores(self, feats: tuple[Tensor, ...], trunk: TrunkPass | None) -> Tensor:
        """Logits (N, K) of the classifier; zeros without one, and in training, where nobody reads them."""
        if self.classifier is None or self.training or trunk is None:
            return feats[-1].new_zeros(len(feats[-1]), self.num_classes)
        seen, passage = self.classifier.extract_feat(trunk.inputs)
        return self.classifier.head(seen, trunk=passage).logits


def pseudo_field(samples: Sequence[DataSample], field: str, kind: str) -> list:
    """A field of pseudo-labels of every image.

    Args:
        samples: the records of the images.
        field: as :class:`~wsolzoo.structures.DataSample` calls it.
        kind: of the labels, for the message.

    Raises:
        ValueError: an image has none.
    """
    missing = [sample.get('img_id', '?') for sample in samples if field not in sample]
    if missing:
        raise ValueError(
            f'{missing[0]} has no {field}. Put dict(type="LoadPseudoLabels", kind="{kind}", folder=…) into the '
            'training pipeline, right after the image is loaded: docs/pseudo_labels.md says how the folder is made'
        )
    return [sample.get(field) for sample in samples]
