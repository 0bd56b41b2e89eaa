"""A term of the objective that begins later than the others."""

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn

from wsolzoo.registry import HOOKS


@HOOKS.register_module()
class LossWeightHook(Hook):
    """Raises a ``loss_weight`` from 0 to its configured value, linearly, between two epochs.

    Suppression asks *what of the class is left in the background*; a classifier that knows nothing yet gives no answer.
    The weight depends on the epoch alone, so a resumed run goes on as it would have.

    Args:
        name: key of the part's ``loss_weight`` where that is a dict of terms; ``None`` where it is a number.
        begin: last epoch (0-based) with weight 0.
        end: first epoch with the full weight; default ``begin + 1``.
        part: the part of the model that owns the weight, as in ``head``, ``losses.0``, or ``''`` for the model itself.
    """

    def __init__(self, name: str | None, begin: int, end: int | None = None, part: str = 'head') -> None:
        self.name, self.begin, self.part = name, begin, part
        self.end = begin + 1 if end is None else end
        if self.end <= self.begin:
            raise ValueError(f'end must be after begin; got begin={begin}, end={end}')
        self.full: float | None = None

    def before_train(self, runner: Runner) -> None:
        """Remember the configured weight.

        Raises:
            ValueError: there is no such part or no such weight.
        """
        weights = getattr(self.owner(runner), 'loss_weight', None)
        found = weights if self.name is None else weights.get(self.name) if isinstance(weights, dict) else None
        if not isinstance(found, (int, float)):
            there = sorted(weights) if isinstance(weights, dict) else weights
            raise ValueError(
                f'LossWeightHook(name={self.name!r}): loss_weight of {self.part or "the model"} is {there}'
            )
        self.full = float(found)

    def before_train_epoch(self, runner: Runner) -> None:
        """Set the weight of this epoch."""
        share = (runner.epoch - self.begin) / (self.end - self.begin)
        value, owner = self.full * min(max(share, 0.0), 1.0), self.owner(runner)
        if self.name is None:
            owner.loss_weight = value
        else:
            owner.loss_weight[self.name] = value

    def owner(self, runner: Runner) -> nn.Module:
        """The part of the model whose weight it is.

        Raises:
            ValueError: the model has no such part.
        """
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        try:
            return model.get_submodule(self.part)
        except AttributeError:
            children = [name for name, _ in model.named_children()]
            raise ValueError(f'LossWeightHook: the model has no part {self.part!r}; it has {children}') from None
