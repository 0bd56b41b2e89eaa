"""The contract of mask heads."""

from collections.abc import Iterator, Mapping

from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from wsolzoo.models.outputs import HeadOutput
from wsolzoo.models.trunk import TrunkPass


class MaskHead(BaseModule):
    """Features in, class scores and class maps out; owns the losses that the paper ties to its outputs.

    A subclass writes :meth:`forward`; it overrides :meth:`loss` where the paper has more than a cross-entropy.

    Args:
        num_classes: K.
        in_channels: channels of every feature the backbone returns, fine to coarse (the localizer fills this in).
        init_cfg: initialisation or pretrained weights.

    Attributes:
        one_label: the head's loss needs exactly one class an image; label-mixing augmentations are refused.
        label_map: in training the head gives losses the map of each image's class, ``extras['label_map']``.
        resumes: the head's loss runs the trunk again from a stage on, which then draws the same random numbers.
        tap: name of the backbone stage that the head reads besides the last one; the first of ``backbone.out_stages``.
        reads: what the first features must be: readings of a transformer, such as ``('attn',)``.
        places: channels of the features inside the head where a neck may stand, by the name of the place.
    """

    one_label = False
    label_map = False
    resumes = False
    tap: str | None = None
    reads: tuple[str, ...] = ()
    places: Mapping[str, int] = {}

    def __init__(self, num_classes: int, in_channels: tuple[int, ...], init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        if num_classes < 1:
            raise ValueError(f'num_classes must be at least 1; got {num_classes}')
        self.num_classes = num_classes
        self.in_channels = tuple(in_channels)

    def conflicts(self, model: nn.Module) -> Iterator[str]:
        """A tap that is not the first feature which the backbone returns, or first features that are not read here."""
        backbone = model.backbone
        first = backbone.out_stages[0]
        if self.tap is not None and backbone.stage_index(self.tap) != backbone.stage_index(first):
            yield f'reads stage {self.tap!r}, but the first of backbone.out_stages is {first!r}: name one stage in both'
        if tuple(backbone.out_stages[: len(self.reads)]) != self.reads:
            yield (
                f'reads what a class token attends to, backbone.out_stages={(*self.reads, "norm")} of TimmViT, '
                f'MMPretrainViT or PlainViT; {type(backbone).__name__} returns {", ".join(backbone.out_stages)}'
            )

    def forward(
        self, feats: tuple[Tensor, ...], labels: Tensor | None = None, trunk: TrunkPass | None = None
    ) -> HeadOutput:
        """Class scores and maps of the features.

        Args:
            feats: (N, C_i, h_i, w_i), fine to coarse.
            labels: (N,) int64, for heads whose maps depend on a class.
            trunk: the passage that made the features: the images, the attentions, and ``resume``, which runs the rest
                of the backbone on a changed feature. Absent where the head is called on features alone.
        """
        raise NotImplementedError

    def loss(self, feats: tuple[Tensor, ...], labels: Tensor, trunk: TrunkPass) -> tuple[HeadOutput, dict[str, Tensor]]:
        """The output, for further losses, and the head's own named scalars."""
        output = self(feats, labels, trunk)
        return output, {'loss_cls': F.cross_entropy(output.logits, labels), 'top1': top1(output.logits, labels)}


def top1(logits: Tensor, labels: Tensor) -> Tensor:
    """Accuracy in percent of ``logits`` (N, K) against ``labels`` (N,) or soft labels (N, K)."""
    hard = labels if labels.ndim == 1 else labels.argmax(1)
    return (logits.detach().argmax(1) == hard).float().mean() * 100
