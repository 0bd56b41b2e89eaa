"""A study that several processes share: who trains which trial, and what came of it."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from wsolzoo.engine import lock
from wsolzoo.errors import UserError
from wsolzoo.run.search.journal import FileLock, open_journal, optuna
from wsolzoo.run.search.space import Parameter

STARTUP = 5
"""Trials that must have ended before the median rule looks at one."""


class SearchError(UserError, ValueError):
    """A search cannot begin, or cannot go on."""


@dataclass(frozen=True)
class Settings:
    """What must be the same in every process of a study.

    Attributes:
        config: fingerprint of the config with its overrides.
        space: what is drawn.
        metric: key of the validation's scores, or its last part.
        minimize: the smaller, the better.
        best: a trial's score is that of its best validation rather than its last.
        sampler: 'random' or 'tpe'.
        pruning: end trials early by the median rule.
        seed: of the draws and the trainings.
        epochs: of a trial; ``None`` for the whole schedule.
    """

    config: str
    space: tuple[Parameter, ...]
    metric: str
    minimize: bool = False
    best: bool = False
    sampler: str = 'random'
    pruning: bool = True
    seed: int = 0
    epochs: int | None = None

    def plain(self) -> dict[str, Any]:
        """As the journal keeps them."""
        space = {p.name: {key: value for key, value in asdict(p).items() if key != 'name'} for p in self.space}
        return _jsonable(asdict(self) | {'space': space})


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _jsonable(inner) for key, inner in value.items()}
    return [_jsonable(inner) for inner in value] if isinstance(value, (list, tuple)) else value


class Study:
    """Trials in a folder. Each is trained by one process at a time and ends once.

    A trial is claimed under a lock: first one whose process is gone, which is continued under its own number; else a
    new one, as long as the study has fewer than it is to have. The number of a new trial and the seed decide what the
    random sampler draws for it, whoever claims it.

    Args:
        folder: of the study, made where there is none.
        settings: those of every process.
        startup: trials that must have ended before the median rule looks at one.
        first: parameters of trial 0 by name, instead of drawn ones.

    Raises:
        SearchError: the folder holds a study with other settings.
    """

    def __init__(
        self, folder: Path, settings: Settings, startup: int = STARTUP, first: Mapping[str, Any] | None = None
    ) -> None:
        self.folder, self.settings = folder, settings
        folder.mkdir(parents=True, exist_ok=True)
        self.lock = FileLock(folder / 'search.lock')
        pruners = optuna().pruners
        with self.lock.held():
            self._study = optuna().create_study(
                storage=open_journal(folder / 'journal.log'),
                study_name='search',
                direction='minimize' if settings.minimize else 'maximize',
                pruner=pruners.MedianPruner(n_startup_trials=startup) if settings.pruning else pruners.NopPruner(),
                load_if_exists=True,
            )
            begun = self._study.user_attrs.get('settings')
            if begun is None:
                self._study.set_user_attr('settings', settings.plain())
                if first:
                    self._study.enqueue_trial(dict(first))
            elif begun != settings.plain():
                differing = ', '.join(key for key, value in settings.plain().items() if begun.get(key) != value)
                raise SearchError(
                    f'{folder} holds a study with another {differing}; take another --work-dir, or the same again'
                )

    @property
    def trials(self) -> list[Any]:
        """All trials so far, by number."""
        return self._study.get_trials(deepcopy=False)

    def work_dir(self, number: int) -> Path:
        """Where a trial is trained."""
        return self.folder / 'trials' / f'{number:03}'

    def claim(self, count: int) -> tuple[Any, dict[str, Any]] | None:
        """A trial for this process, and its parameters by name; ``None`` where nothing is left to begin.

        Args:
            count: trials that the study is to have.
        """
        with self.lock.held():
            trials = self.trials
            orphan = next((trial for trial in trials if self._abandoned(trial)), None)
            if orphan is not None:
                trial = optuna().trial.Trial(self._study, orphan._trial_id)
            elif len(trials) < count or any(trial.state.name == 'WAITING' for trial in trials):
                trial = self._study.ask()
            else:
                return None
            trial.set_user_attr('owner', asdict(lock.Owner.here()))
            return trial, self._draw(trial)

    def _abandoned(self, trial: Any) -> bool:
        """Whether a trial was begun by a process that is gone, or by this one, which begins one at a time."""
        if trial.state.name != 'RUNNING':
            return False
        if 'owner' not in trial.user_attrs:  # killed between claiming and writing its name
            return True
        owner, me = lock.Owner(**trial.user_attrs['owner']), lock.Owner.here()
        if (owner.pid, owner.host, owner.born) == (me.pid, me.host, me.born):
            return True
        sign = self.work_dir(trial.number) / lock.FILE
        last = sign.stat().st_mtime if sign.exists() else datetime.fromisoformat(owner.started).timestamp()
        return not owner.lives(time.time() - last)

    def _draw(self, trial: Any) -> dict[str, Any]:
        """Values by name; a trial that is continued says again what it drew."""
        drawn: dict[str, Any] = {}
        for index, parameter in enumerate(self.settings.space):
            self._study.sampler = sampler(self.settings.sampler, (self.settings.seed, trial.number, index))
            drawn[parameter.name] = parameter.draw(trial, drawn)
        return drawn

    def tell(self, trial: Any, state: str, value: float | None = None, reason: str = '') -> None:
        """End a trial.

        Args:
            trial: as claimed.
            state: 'COMPLETE', 'PRUNED' or 'FAIL'.
            value: the score of a complete one.
            reason: why it failed.
        """
        if reason:
            trial.set_user_attr('reason', reason)
        with self.lock.held():
            self._study.tell(trial, value, state=optuna().trial.TrialState[state])

    def score(self, reported: Mapping[int, float]) -> float:
        """The score of a trial from those of its validations by epoch."""
        if not self.settings.best:
            return reported[max(reported)]
        return (min if self.settings.minimize else max)(reported.values())


def best_of(trials: Sequence[Any], minimize: bool) -> Any | None:
    """The complete trial with the best score, the earliest of equals."""
    complete = [trial for trial in trials if trial.state.name == 'COMPLETE']
    sign = 1 if minimize else -1
    return min(complete, key=lambda trial: (sign * trial.value, trial.number), default=None)


def sampler(kind: str, seed: Sequence[int]) -> Any:
    """What draws one parameter, seeded by the study's seed, the trial and the parameter."""
    import numpy as np

    number = int(np.random.SeedSequence(tuple(seed)).generate_state(1)[0])
    samplers = optuna().samplers
    return samplers.TPESampler(seed=number, constant_liar=True) if kind == 'tpe' else samplers.RandomSampler(number)
