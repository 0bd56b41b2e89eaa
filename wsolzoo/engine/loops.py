"""A test loop that chooses thresholds where choosing is allowed: on the validation split."""

import torch
from mmengine.logging import print_log
from mmengine.runner import TestLoop, autocast

from wsolzoo.engine.hooks.selection import guard_selection
from wsolzoo.errors import UserError
from wsolzoo.registry import LOOPS


class CalibrationError(UserError, ValueError):
    """Thresholds cannot be chosen on the validation split."""


ORACLE_ONLY = 'test_cfg=dict(type="TestLoop") reports oracle thresholds only.'


@LOOPS.register_module()
class CalibratedTestLoop(TestLoop):
    """Runs the validation split first and hands the thresholds chosen there to the test metrics.

    Without it a localization metric can only report the best threshold of the test set itself (labelled *oracle*). It
    needs ``val_dataloader`` and ``val_evaluator`` in the config; a test metric receives from the validation metric at
    the same position, and metrics that choose nothing are left alone.
    """

    def run_iter(self, idx: int, data_batch: dict) -> None:
        """One batch of the test split; calibration runs before the first, when hooks have prepared the model."""
        if idx == 0:
            self.calibrate()
        super().run_iter(idx, data_batch)

    @torch.no_grad()
    def calibrate(self) -> None:
        """Evaluate the validation split without hooks and transfer what it chose.

        Raises:
            CalibrationError: there is no such split, or its images lack what the metrics need.
        """
        if not any(
            hasattr(metric, 'transfer') and getattr(metric, 'thresholds', True) for metric in self.evaluator.metrics
        ):
            return  # nothing to choose
        cfg = self.runner.cfg
        if not cfg.get('val_dataloader') or not cfg.get('val_evaluator'):
            raise CalibrationError(
                'CalibratedTestLoop chooses thresholds on the validation split, but the config has no val_dataloader '
                f'or no val_evaluator. Add both; or {ORACLE_ONLY}'
            )
        dataloader = self.runner.build_dataloader(cfg.val_dataloader, seed=self.runner.seed)
        guard_selection(self.runner, dataloader.dataset, 'thresholds')
        evaluator = self.runner.build_evaluator(cfg.val_evaluator)
        evaluator.dataset_meta = getattr(dataloader.dataset, 'metainfo', None)
        print_log(f'Choosing thresholds on {len(dataloader.dataset)} validation images.', 'current')
        for batch in dataloader:
            with autocast(enabled=self.fp16):
                outputs = self.runner.model.val_step(batch)
            try:
                evaluator.process(data_samples=outputs, data_batch=batch)
            except (KeyError, ValueError) as error:
                raise CalibrationError(
                    f'no threshold can be chosen on val_dataloader: {error}. {ORACLE_ONLY}'
                ) from error
        evaluator.evaluate(len(dataloader.dataset))
        for source, target in zip(evaluator.metrics, self.evaluator.metrics, strict=False):
            if hasattr(target, 'transfer'):
                target.transfer(source.chosen)
