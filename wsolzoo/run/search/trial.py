"""One trial: train a config with drawn parameters, report every validation, end early where it is not worth it."""

import itertools
import math
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop, Runner

from wsolzoo.engine.hooks.selection import splits_of
from wsolzoo.engine.terminal import hush
from wsolzoo.errors import nearest
from wsolzoo.registry import DATASETS
from wsolzoo.run import launch
from wsolzoo.run.search.journal import optuna
from wsolzoo.run.search.space import Parameter, values_at, with_values
from wsolzoo.run.search.study import SearchError, Study
from wsolzoo.structures import FULLSUP, TEST

RUNS = itertools.count()
"""MMEngine keeps the state of a run by its name, for as long as the process lives."""


class ValidationReport(Hook):
    """Hands the score of every validation on.

    Args:
        metric: key of the scores, or its last part.
        report: takes the epoch or iteration and the score; what it raises ends the training.
    """

    priority = 'LOWEST'  # after the best checkpoint is saved

    def __init__(self, metric: str, report: Callable[[int, float], None]) -> None:
        self.metric, self.report = metric, report

    def after_val_epoch(self, runner: Runner, metrics: dict | None = None) -> None:
        """Report this validation."""
        step = runner.iter if isinstance(runner.train_loop, IterBasedTrainLoop) else runner.epoch
        self.report(step, score_in(metrics or {}, self.metric))


def score_in(metrics: dict[str, float], metric: str) -> float:
    """The number that a metric's key, or the last part of it, stands for.

    Raises:
        SearchError: no key or several.
    """
    found = [key for key in metrics if metric in (key, key.rpartition('/')[2])]
    if metric in metrics or len(found) == 1:
        return float(metrics[metric if metric in metrics else found[0]])
    near = nearest(metric, [*metrics, *(key.rpartition('/')[2] for key in metrics)], cutoff=0.5)
    hint = f'did you mean {near!r}?' if near else f'there are {", ".join(sorted(metrics)[:12])}'
    problem = f'is ambiguous: {", ".join(found)}' if found else f'is no score of the validation; {hint}'
    raise SearchError(f'--metric {metric} {problem}')


def check_roles(cfg: Config, space: tuple[Parameter, ...] = ()) -> None:
    """Refuse to score on anything but train-fullsup, and to train on a test split.

    Args:
        cfg: the config.
        space: a choice inside a data set is tried.

    Raises:
        SearchError: a role is another one.
    """
    from mmengine.registry import init_default_scope

    if not all(cfg.get(f'val_{part}') for part in ('dataloader', 'evaluator')):
        raise SearchError('the config has no val_dataloader and val_evaluator: there is nothing to score trials on')
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    _refuse_role(DATASETS.build(deepcopy(cfg.val_dataloader.dataset)), 'val')
    for parameter in space:
        for choice in parameter.choices:
            changed = with_values(cfg, values_at([parameter], {parameter.name: choice}))
            if any(place.startswith('train_dataloader.dataset') for place in parameter.places):
                _refuse_role(DATASETS.build(changed.train_dataloader.dataset), 'train')


def _refuse_role(dataset: Any, split: str) -> None:
    roles = {getattr(part, 'role', None) for part in splits_of(dataset)}
    if split == 'val' and roles != {FULLSUP}:
        raise SearchError(
            f'trials are scored on role="{FULLSUP}" only, but val_dataloader has {type(dataset).__name__} with '
            f'role={", ".join(map(repr, sorted(roles, key=str)))}'
        )
    if TEST in roles:
        raise SearchError(f'train_dataloader would have {type(dataset).__name__} with role="{TEST}"')


def prepare(cfg: Config, values: dict[str, Any], work_dir: Path, seed: int, epochs: int | None = None) -> Config:
    """The config of one trial.

    Args:
        cfg: that of the search.
        values: drawn values by place.
        work_dir: of the trial; a training begun there is continued.
        seed: of the training.
        epochs: end after so many.
    """
    cfg = with_values(cfg, values)
    launch.set_work_dir(cfg, str(work_dir))
    launch.set_randomness(cfg, seed, deterministic=False)
    if next(work_dir.glob('*.pth'), None) is not None:
        launch.set_resume(cfg, 'auto')
    cfg.experiment_name = f'trial_{work_dir.name}_{next(RUNS)}'
    if epochs is not None:
        cfg.train_cfg.max_epochs = min(epochs, cfg.train_cfg.max_epochs)
    (cfg.get('default_hooks') or {}).pop('progress', None)  # a line for each validation is printed instead
    return cfg


def build(cfg: Config, report: Callable[[int, float], None], metric: str) -> Runner:
    """The Runner of one trial.

    Raises:
        SearchError: what it would be scored on or trained on is not allowed.
    """
    runner = launch.build_runner(cfg)
    hush(runner.logger)
    _refuse_role(runner.val_loop.dataloader.dataset, 'val')
    _refuse_role(runner.train_loop.dataloader.dataset, 'train')
    runner.register_hook(ValidationReport(metric, report))
    return runner


def reporter(study: Study, trial: Any, say: Callable[[str], None]) -> Callable[[int, float], None]:
    """What a training calls after each validation: it writes the score down, and ends the training by the median rule.

    Args:
        study: whose trial it is.
        trial: as claimed.
        say: prints a line.
    """

    def report(step: int, score: float) -> None:
        if step not in reported(study, trial):  # a continued training repeats its last validation
            trial.report(score, step)
        say(f'  trial {trial.number}, validated at {step}: {score:.4g}')
        if trial.should_prune():
            raise optuna().TrialPruned(f'at {step}')

    return report


def reported(study: Study, trial: Any) -> dict[int, float]:
    """The finite scores of a trial's validations by epoch or iteration, those before it was continued included."""
    values = study.trials[trial.number].intermediate_values
    return {step: value for step, value in values.items() if math.isfinite(value)}
