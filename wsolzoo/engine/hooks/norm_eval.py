"""Batch normalisation that stops measuring once there is something to measure with."""

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from wsolzoo.registry import HOOKS


@HOOKS.register_module()
class NormEvalHook(Hook):
    """From an epoch on, the backbone's batch normalisation stays in evaluation mode; its weight and bias still learn.

    A pass over masked features has statistics of its own. With those of its batch, what is left of an image depends on
    how much of the others is masked, and an image of which nothing is masked differs from itself; with running
    statistics it does not. A network from random weights has none to begin with, hence the epoch. It depends on the
    epoch alone, so a resumed run goes on as it would have.

    Args:
        begin: first epoch (0-based) in evaluation mode.
    """

    def __init__(self, begin: int) -> None:
        self.begin = begin

    def before_train(self, runner: Runner) -> None:
        """Look whether there is a backbone that can.

        Raises:
            ValueError: there is none.
        """
        if not hasattr(self.backbone(runner), 'norm_eval'):
            raise ValueError(
                'NormEvalHook holds the batch normalisation of model.backbone, a StagedBackbone; found none'
            )

    def before_train_epoch(self, runner: Runner) -> None:
        """Set what the loop's ``model.train()`` will heed."""
        backbone = self.backbone(runner)
        backbone.norm_eval = backbone.norm_eval or runner.epoch >= self.begin

    @staticmethod
    def backbone(runner: Runner):
        """The model's backbone, or ``None``."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        return getattr(model, 'backbone', None)
