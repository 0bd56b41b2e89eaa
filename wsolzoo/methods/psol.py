"""PSOL: Zhang, Cao, Wu. Rethinking the Route Towards Weakly Supervised Object Localization. CVPR 2020.

Localization needs no class: boxes that were made once, by co-localization within each class, teach a network to regress
one box; a separate classifier says the class. The boxes come from DDT (Wei, Zhang, Wu, Shen, Zhou. Unsupervised Object
Discovery and Co-Localization by Deep Descriptor Transformation. Pattern Recognition 88, 2019): the descriptors of all
images of a class vary most between object and background, so their first principal component tells them apart.

The sign of the component is arbitrary, and the published code takes what its library gives; here the border of the
images decides, as in C2AM (Xie et al., CVPR 2022).
"""

from typing import NamedTuple

import torch
from mmengine.dataset import pseudo_collate
from mmengine.dist import all_reduce, get_dist_info
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Subset

from wsolzoo.models.heads import ClassAgnosticHead, MaskHead, pseudo_field
from wsolzoo.models.outputs import HeadOutput, LinearMaps, SharedMap
from wsolzoo.models.scaling import wide
from wsolzoo.models.trunk import TrunkPass
from wsolzoo.registry import DATASETS, HOOKS, MODELS


class Descriptors:
    """Sums over the descriptors of one class, from which its component follows.

    Args:
        channels: C.
    """

    def __init__(self, channels: int) -> None:
        self.count, self.border_count = 0, 0
        self.sum, self.border_sum = torch.zeros(2, channels, dtype=torch.float64)
        self.outer = torch.zeros(channels, channels, dtype=torch.float64)

    def add(self, feat: Tensor) -> None:
        """Features (N, C, h, w) of images of the class."""
        feat = feat.double().cpu()
        flat = feat.transpose(0, 1).flatten(1)
        inside = feat[:, :, 1:-1, 1:-1].transpose(0, 1).flatten(1)
        self.count += flat.shape[1]
        self.border_count += flat.shape[1] - inside.shape[1]
        self.sum += flat.sum(1)
        self.border_sum += flat.sum(1) - inside.sum(1)
        self.outer += flat @ flat.T

    def component(self) -> tuple[Tensor, Tensor]:
        """Mean (C,) and first principal component (C,), of which the border of the images has less than the rest."""
        mean = self.sum / self.count
        direction = torch.linalg.eigh(self.outer / self.count - torch.outer(mean, mean)).eigenvectors[:, -1]
        border = self.border_sum / self.border_count
        return mean, -direction if (border - mean) @ direction > 0 else direction


class Projections(NamedTuple):
    """Class maps that are projections of one feature, ``(x - mean_k) . direction_k``; see :class:`DDTHead`."""

    feat: Tensor
    mean: Tensor
    direction: Tensor

    def of(self, classes: Tensor) -> Tensor:
        """Maps (N, M, h, w) of the ``classes`` (N, M)."""
        along = torch.einsum('nmc,nchw->nmhw', self.direction[classes], wide(self.feat))
        return along - (self.mean * self.direction).sum(1)[classes][..., None, None]

    def all(self) -> Tensor:
        """Maps (N, K, h, w) of all classes."""
        along = torch.einsum('kc,nchw->nkhw', self.direction, wide(self.feat))
        return along - (self.mean * self.direction).sum(1)[:, None, None]


@MODELS.register_module()
class DDTHead(MaskHead):
    """Global average pooling and a linear classifier; the map of a class is DDT's, its foreground above 0.

    Until :class:`DDTHook` has seen all training images the maps are those of CAM. Means and components are buffers.

    Args:
        num_classes: K.
        in_channels: channels of the backbone's features.
        init_cfg: defaults to N(0, 0.01) weights and zero bias.
    """

    def __init__(self, num_classes: int, in_channels: tuple[int, ...], init_cfg: dict | None = None) -> None:
        super().__init__(num_classes, in_channels, init_cfg or {'type': 'Normal', 'layer': 'Linear', 'std': 0.01})
        self.fc = nn.Linear(self.in_channels[-1], num_classes)
        self.register_buffer('mean', torch.zeros(num_classes, self.in_channels[-1]))
        self.register_buffer('direction', torch.zeros(num_classes, self.in_channels[-1]))

    def forward(
        self, feats: tuple[Tensor, ...], labels: Tensor | None = None, trunk: TrunkPass | None = None
    ) -> HeadOutput:
        feat, logits = feats[-1].detach(), self.fc(feats[-1].mean((2, 3)))
        if not self.direction.any():
            return HeadOutput(logits, LinearMaps(feat, self.fc.weight.detach()))
        return HeadOutput(logits, Projections(feat, self.mean, self.direction))


@HOOKS.register_module()
class DDTHook(Hook):
    """Fits the component of every class when the last epoch is over, before its checkpoint is saved.

    One evaluation-mode pass over the training images, class after class, so that one matrix of channels by channels is
    in memory; processes share the classes.

    Args:
        pipeline: transforms of the pass, such as the test pipeline.
        batch_size: of the pass.
    """

    def __init__(self, pipeline: list[dict], batch_size: int = 32) -> None:
        self.pipeline, self.batch_size = list(pipeline), batch_size

    def after_train_epoch(self, runner: Runner) -> None:
        """Fit, once."""
        if not self.is_last_train_epoch(runner):
            return
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        training = model.training
        model.eval()
        self.fit(model, runner.cfg.train_dataloader.dataset)
        model.train(training)

    @torch.no_grad()
    def fit(self, model: nn.Module, settings: dict) -> None:
        """Fill mean and direction of the head.

        Args:
            model: a localizer with a :class:`DDTHead`.
            settings: of the training split.

        Raises:
            ValueError: the head is another one.
        """
        head, (rank, processes) = model.head, get_dist_info()
        if not isinstance(head, DDTHead):
            raise ValueError(f'DDTHook fits a DDTHead; model.head is a {type(head).__name__}')
        dataset = DATASETS.build({**settings, 'pipeline': self.pipeline})
        print_log(f'Fitting a component for each class to {len(dataset)} training images.', 'current')
        of_class: dict[int, list[int]] = {}
        for index in range(len(dataset)):
            of_class.setdefault(int(dataset.get_annotation(index)['gt_label']), []).append(index)
        mean, direction = head.mean.double().zero_(), head.direction.double().zero_()
        for label in sorted(of_class)[rank::processes]:
            found = Descriptors(head.in_channels[-1])
            for batch in DataLoader(Subset(dataset, of_class[label]), self.batch_size, collate_fn=pseudo_collate):
                inputs = model.data_preprocessor(batch, training=False)['inputs']
                found.add(model.extract_feat(inputs)[0][-1])
            mean[label], direction[label] = (part.to(mean.device) for part in found.component())
        for buffer, value in ((head.mean, mean), (head.direction, direction)):
            all_reduce(value)
            buffer.copy_(value)


def rectangles(boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """Maps (N, 1, H, W) that are 1 where the centre of a pixel lies in the box and 0 elsewhere.

    Args:
        boxes: (N, 4) x0 y0 x1 y1 in pixels.
        size: height and width.
    """
    x0, y0, x1, y1 = boxes[:, :, None].unbind(1)
    ys, xs = (torch.arange(side, device=boxes.device) + 0.5 for side in size)
    inside = ((xs >= x0) & (xs < x1))[:, None, :] & ((ys >= y0) & (ys < y1))[:, :, None]
    return inside[:, None].float()


@MODELS.register_module()
class PSOLHead(ClassAgnosticHead):
    """One box an image, regressed whatever its class: ``sigmoid(Linear(ReLU(Linear(P(F)))))`` is x, y, width, height.

    P averages the last feature over a grid of cells. One cell, global average pooling, as in the paper for ResNet50 and
    DenseNet161, is enough where the network sees the whole image at every position; a small one keeps where things are
    in its cells (the paper's VGG16 keeps all 7 x 7).

    ``loss_box = loss_weight mean (b - b')^2`` over batch and the four numbers, b' the pseudo-box of the sample, all as
    shares of the input. A crop clips the pseudo-box; one that has lost it teaches a box of no extent at its edge.

    The prediction is the box itself (``pred_boxes``), which passes every box protocol as it is; its map, for pixel
    protocols and pictures, is 1 inside and 0 outside. Further arguments are those of :class:`ClassAgnosticHead`.

    Args:
        num_classes: K.
        in_channels: channels of the backbone's features.
        loss_weight: 50 in the published code.
        mid_channels: of the hidden layer.
        grid: cells along each side.
        classifier: see :class:`ClassAgnosticHead`.
        init_cfg: defaults to N(0, 0.01) weights and zero bias.
    """

    one_label = True

    def __init__(
        self,
        num_classes: int,
        in_channels: tuple[int, ...],
        loss_weight: float = 50.0,
        mid_channels: int = 512,
        grid: int = 1,
        classifier: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            num_classes, in_channels, classifier, init_cfg or {'type': 'Normal', 'layer': 'Linear', 'std': 0.01}
        )
        self.loss_weight = loss_weight
        self.regressor = nn.Sequential(
            nn.AdaptiveAvgPool2d(grid),
            nn.Flatten(),
            nn.Linear(self.in_channels[-1] * grid**2, mid_channels),
            nn.ReLU(),
            nn.Linear(mid_channels, 4),
            nn.Sigmoid(),
        )

    def forward(
        self, feats: tuple[Tensor, ...], labels: Tensor | None = None, trunk: TrunkPass | None = None
    ) -> HeadOutput:
        return self.output(wide(self.regressor(feats[-1])), feats, trunk)

    def output(self, shares: Tensor, feats: tuple[Tensor, ...], trunk: TrunkPass | None) -> HeadOutput:
        """The output for boxes (N, 4) x, y, width, height in shares of the input."""
        height, width = feats[-1].shape[2:] if trunk is None else trunk.inputs.shape[2:]
        x, y, w, h = shares.detach().unbind(1)
        boxes = torch.stack([x * width, y * height, (x + w) * width, (y + h) * height], 1)
        map = SharedMap(rectangles(boxes, (height, width)), self.num_classes)
        return HeadOutput(self.class_scores(feats, trunk), map, {'boxes': boxes})

    def loss(self, feats: tuple[Tensor, ...], labels: Tensor, trunk: TrunkPass) -> tuple[HeadOutput, dict[str, Tensor]]:
        """``loss_box``; also logged: ``box_area``, the mean share of the image in the boxes."""
        shares = wide(self.regressor(feats[-1]))
        height, width = trunk.inputs.shape[2:]
        found = pseudo_field(trunk.samples, 'pseudo_boxes', 'boxes')
        x0, y0, x1, y1 = torch.stack([torch.as_tensor(boxes[0]) for boxes in found]).to(shares).unbind(1)
        target = torch.stack([x0 / width, y0 / height, (x1 - x0) / width, (y1 - y0) / height], 1)
        scalars = {
            'loss_box': self.loss_weight * F.mse_loss(shares, target),
            'box_area': (shares[:, 2] * shares[:, 3]).detach().mean(),
        }
        return self.output(shares, feats, trunk), scalars
