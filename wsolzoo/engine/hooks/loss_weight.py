"""A term of the objective that begins later than the others."""

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from wsolzoo.registry import HOOKS


@HOOKS.register_module()
class LossWeightHook(Hook):
    """Raises one of the head's ``weights`` from 0 to its configured value, linearly, between two epochs.

    Suppression asks *what of the class is left in the background*; a classifier that knows nothing yet gives no answer.
    The weight depends on the epoch alone, so a resumed run goes on as it would have.

    Args:
        name: key of ``head.weights``.
        begin: last epoch (0-based) with weight 0.
        end: first epoch with the full weight; default ``begin + 1``.
    """

    def __init__(self, name: str, begin: int, end: int | None = None) -> None:
        self.name, self.begin = name, begin
        self.end = begin + 1 if end is None else end
        if self.end <= self.begin:
            raise ValueError(f'end must be after begin; got begin={begin}, end={end}')
        self.full: float | None = None

    def before_train(self, runner: Runner) -> None:
        """Remember the configured weight.

        Raises:
            ValueError: the head has no such weight.
        """
        weights = self._weights(runner)
        if self.name not in weights:
            raise ValueError(f'LossWeightHook(name={self.name!r}): the head has the weights {sorted(weights)}')
        self.full = weights[self.name]

    def before_train_epoch(self, runner: Runner) -> None:
        """Set the weight of this epoch."""
        share = (runner.epoch - self.begin) / (self.end - self.begin)
        self._weights(runner)[self.name] = self.full * min(max(share, 0.0), 1.0)

    @staticmethod
    def _weights(runner: Runner) -> dict[str, float]:
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        return getattr(model.head, 'weights', {})
