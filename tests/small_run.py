"""A Runner on eight noisy points: a tenth of a second for a training with everything a checkpoint must know."""

import itertools
from pathlib import Path
from typing import Any

import torch
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.model import BaseModel
from torch import nn
from torch.utils.data import Dataset

from wsolzoo.engine.runner import TerseRunner

NUMBER = itertools.count()
EPOCHS, ITERATIONS = {'by_epoch': True, 'max_epochs': 3}, {'by_epoch': False, 'max_iters': 12}


class Noisy(Dataset):
    """Eight points, each time with other noise, as a random flip has."""

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> dict:
        return {'inputs': torch.full((2,), float(index)) + torch.rand(2), 'labels': torch.zeros(1)}


class Net(BaseModel):
    """A normalisation, a dropout and a line."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.drop, self.fc = nn.BatchNorm1d(2), nn.Dropout(0.3), nn.Linear(2, 1)

    def forward(self, inputs, labels=None, mode='tensor'):
        out = self.fc(self.drop(self.norm(inputs)))
        return {'loss': (out - labels).square().mean()} if mode == 'loss' else list(out)


class Listed(BaseMetric):
    """Scores that are known beforehand, one for each validation."""

    def __init__(self, scores: list[float]) -> None:
        super().__init__()
        self.scores = iter(scores)

    def process(self, data_batch: Any, data_samples: Any) -> None:
        self.results.append(0)

    def compute_metrics(self, results: list) -> dict[str, float]:
        return {'score': next(self.scores)}


def small_runner(
    work_dir: Path,
    loop: dict,
    resume: Path | None = None,
    workers: int = 0,
    saving: dict | None = None,
    scores: list[float] | None = None,
    **kwargs: Any,
) -> TerseRunner:
    """Four batches an epoch, three epochs, a checkpoint after every iteration; with ``scores`` validated as well."""
    torch.manual_seed(3)
    loader = {'dataset': Noisy(), 'batch_size': 2, 'collate_fn': {'type': 'default_collate'}}
    sampler = kwargs.pop('sampler', 'DefaultSampler')
    sampler = sampler if isinstance(sampler, dict) else {'type': sampler, 'shuffle': True}
    optimizer = {'optimizer': {'type': 'AdamW', 'lr': 0.1}, 'accumulative_counts': kwargs.pop('count', 1)}
    hooks = ('RandomStateHook', 'ResumeHook', 'CheckpointReportHook', 'BufferSyncHook')
    checkpoint = {'type': 'SafeCheckpointHook', 'by_epoch': False, 'interval': 1, **(saving or {})}
    if scores is not None:
        kwargs['val_dataloader'] = {**loader, 'sampler': {'type': 'DefaultSampler', 'shuffle': False}}
        kwargs |= {'val_cfg': {}, 'val_evaluator': Evaluator(Listed(scores))}
    return TerseRunner(
        Net(),
        str(work_dir),
        train_dataloader={**loader, 'num_workers': workers, 'sampler': sampler},
        train_cfg=loop,
        optim_wrapper=optimizer,
        param_scheduler={'type': 'CosineAnnealingLR', 'T_max': 12, 'by_epoch': False},
        default_hooks={'checkpoint': checkpoint, **{name: {'type': name} for name in hooks}},
        randomness={'seed': 0},
        load_from=resume and str(resume),
        resume=resume is not None,
        default_scope='wsolzoo',
        experiment_name=f'small_{next(NUMBER)}',
        log_level='ERROR',
        **kwargs,
    )
