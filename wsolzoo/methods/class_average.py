"""Class-average foreground maps: Park, Lee, Kang. Journal of Broadcast Engineering 28(4):391-399, 2023.

BAS does not know how the foreground of a *class* is distributed. After an early phase of plain BAS, the foreground
map of every training image is averaged per class, once; the late phase pulls each map to its class's average.

The paper leaves open the loss weight, the reduction of the norm, the view of the images that are averaged, and what
happens to flipped images. They are arguments here; the defaults are ours.
"""

from collections.abc import Iterator, Sequence

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import Tensor, nn

from wsolzoo.models.outputs import LocOutputs
from wsolzoo.registry import HOOKS, MODELS


@MODELS.register_module()
class ClassAverageLoss(nn.Module):
    """L1 distance between the map of an image's class and the class's average map (equations 8 and 11).

    ``loss_avg = loss_weight mean_n || M_n - mean_maps[y_n] ||_1``; nothing until :class:`ClassAverageHook` has filled
    the averages, and nothing from images of a class without one. The averages are constants, kept in the checkpoint.

    Args:
        num_classes: K.
        map_size: height and width of the foreground maps.
        loss_weight: λ_avg; with the mean-reduced norm between 0.01 and 1.
        reduction: of the norm over the positions, ``'mean'`` or ``'sum'`` (the paper does not say).
        flip_target: mirror the average with the image where the image was flipped, together with ``symmetrise=False``
            of the hook; otherwise both sides are averaged there.
    """

    one_label = True

    def __init__(
        self,
        num_classes: int,
        map_size: tuple[int, int] = (28, 28),
        loss_weight: float = 0.1,
        reduction: str = 'mean',
        flip_target: bool = False,
    ) -> None:
        super().__init__()
        if reduction not in ('mean', 'sum'):
            raise ValueError(f"reduction must be 'mean' or 'sum'; got {reduction!r}")
        self.loss_weight, self.reduction, self.flip_target = loss_weight, reduction, flip_target
        self.active = False
        self.register_buffer('mean_maps', torch.zeros(num_classes, *map_size))
        self.register_buffer('counts', torch.zeros(num_classes, dtype=torch.int64))

    def conflicts(self, model: nn.Module) -> Iterator[str]:
        """A head that trains no maps."""
        if not model.head.label_map:
            head = type(model.head).__name__
            yield f"needs a head that trains the map of the image's class, such as BASHead; {head} does not"

    def forward(self, outputs: LocOutputs) -> dict[str, Tensor]:
        """``loss_avg``, a scalar, once the late phase has begun."""
        if not self.active:
            return {}
        maps, target = outputs.head.extras['label_map'][:, 0], self.mean_maps[outputs.labels]
        if maps.shape != target.shape:
            raise ValueError(
                f'the foreground maps are {tuple(maps.shape[1:])} but map_size={tuple(target.shape[1:])}; '
                'set map_size of ClassAverageLoss to the size of the maps'
            )
        if self.flip_target:
            if not all('flip' in sample for sample in outputs.samples):
                raise ValueError(
                    "flip_target mirrors the averages with the images, but the samples do not say 'flip': flip in the "
                    'training pipeline (Geometry, RandomFlip) before PackLocalization, or set flip_target=False'
                )
            flipped = torch.tensor([bool(sample.flip) for sample in outputs.samples], device=maps.device)
            target = torch.where(flipped[:, None, None], target.flip(-1), target)
        distance = (maps - target).abs().flatten(1)
        distance = distance.mean(1) if self.reduction == 'mean' else distance.sum(1)
        known = (self.counts[outputs.labels] > 0).to(distance.dtype)
        return {'loss_avg': self.loss_weight * (distance * known).mean()}


def class_sums(maps: Tensor, labels: Tensor, num_classes: int) -> tuple[Tensor, Tensor]:
    """Per-class sums (K, h, w) float64 and counts (K,) int64 of ``maps`` (N, h, w) with ``labels`` (N,)."""
    sums = torch.zeros(num_classes, *maps.shape[1:], dtype=torch.float64, device=maps.device)
    sums.index_add_(0, labels, maps.double())
    return sums, torch.bincount(labels, minlength=num_classes)


@HOOKS.register_module()
class ClassAverageHook(Hook):
    """Averages the foreground maps of all training images per class when the late phase begins.

    One evaluation-mode pass over the training split; sums and counts are reduced over processes and no image is counted
    twice. A run resumed in the late phase finds the averages in its checkpoint and skips the pass; any other run makes
    its own, also one that starts from the weights of a finished run.

    Args:
        begin: first epoch (0-based) of the late phase.
        pipeline: transforms of the pass: the view in which maps are averaged. With ``Geometry`` it is the centre crop
            (``name='BAS'``), the plain resize (``name='WE'``), or that of training (``train=True``).
        batch_size: of the pass; the train loader's by default.
        symmetrise: replace each average by the mean of itself and its mirror image, because training flips images.
        max_normalize: divide each map by its maximum before it is averaged; the paper averages raw maps.
    """

    priority = 'LOW'

    def __init__(
        self,
        begin: int,
        pipeline: Sequence[dict],
        batch_size: int | None = None,
        symmetrise: bool = True,
        max_normalize: bool = False,
    ) -> None:
        self.begin = begin
        self.pipeline = list(pipeline)
        self.batch_size = batch_size
        self.symmetrise, self.max_normalize = symmetrise, max_normalize

    def before_train(self, runner: Runner) -> None:
        """Forget averages that came with weights to start from.

        Raises:
            ValueError: there is not exactly one ``ClassAverageLoss``, or it flips symmetric averages.
        """
        loss = self.loss_of(runner)
        if loss.flip_target and self.symmetrise:
            raise ValueError(
                'symmetric averages do not change when they are mirrored: with flip_target=True of ClassAverageLoss '
                'set symmetrise=False of ClassAverageHook'
            )
        if not runner.cfg.get('resume'):
            loss.counts.zero_()

    @staticmethod
    def loss_of(runner: Runner) -> ClassAverageLoss:
        """The one loss that the hook serves."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        losses = [loss for loss in model.losses if isinstance(loss, ClassAverageLoss)]
        if len(losses) != 1:
            raise ValueError(
                f'ClassAverageHook needs exactly one ClassAverageLoss in model.losses; found {len(losses)}'
            )
        return losses[0]

    def before_train_epoch(self, runner: Runner) -> None:
        """Fill the averages once, and switch the loss on."""
        if runner.epoch < self.begin:
            return
        loss = self.loss_of(runner)
        if not loss.counts.any():
            self.fill(runner, runner.model.module if is_model_wrapper(runner.model) else runner.model, loss)
        loss.active = True

    @torch.no_grad()
    def fill(self, runner: Runner, model: nn.Module, loss: ClassAverageLoss) -> None:
        """One pass over the training images."""
        loader = self.dataloader(runner)
        print_log(f'Averaging the foreground maps of {len(loader.dataset)} training images per class.', 'current')
        training = model.training
        model.eval()
        sums, counts = loss.mean_maps.double().zero_(), loss.counts.clone().zero_()
        for batch in loader:
            samples = model.val_step({**batch, 'cam_class': 'gt'})
            maps = torch.stack([sample.pred_raw_map for sample in samples])
            labels = torch.tensor([int(sample.gt_label) for sample in samples], device=maps.device)
            if maps.shape[1:] != sums.shape[1:]:
                raise ValueError(
                    f'the foreground maps are {tuple(maps.shape[1:])} but map_size={tuple(sums.shape[1:])}; '
                    'set map_size of ClassAverageLoss to the size of the maps'
                )
            if self.max_normalize:
                maps = maps / maps.amax((1, 2), keepdim=True).clamp(min=1e-12)
            batch_sums, batch_counts = class_sums(maps, labels, len(counts))
            sums += batch_sums
            counts += batch_counts
        model.train(training)
        all_reduce(sums)
        all_reduce(counts)
        means = sums / counts.clamp(min=1)[:, None, None]
        loss.mean_maps.copy_((means + means.flip(-1)) / 2 if self.symmetrise else means)
        loss.counts.copy_(counts)

    def dataloader(self, runner: Runner):
        """The training split in order, once, through the hook's pipeline."""
        train = runner.cfg.train_dataloader
        return runner.build_dataloader(
            {
                'batch_size': self.batch_size or train.batch_size,
                'num_workers': train.get('num_workers', 0),
                'dataset': {**train.dataset, 'pipeline': self.pipeline},
                'sampler': {'type': 'DefaultSampler', 'shuffle': False, 'round_up': False},
            }
        )
