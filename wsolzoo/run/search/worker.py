"""A process that trains trials until none is left to begin."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mmengine.config import Config

from wsolzoo.engine.crash import cause_of
from wsolzoo.engine.lock import LockedError
from wsolzoo.errors import UserError
from wsolzoo.run.search.journal import optuna
from wsolzoo.run.search.ledger import write_results
from wsolzoo.run.search.space import values_at
from wsolzoo.run.search.study import SearchError, Study, best_of
from wsolzoo.run.search.trial import build, prepare, reported, reporter

STOPS = (LockedError, MemoryError, OSError, SearchError)
"""What says nothing about the parameters: the search stops, and its trial is continued by the next start."""
FAILS = (ArithmeticError, AssertionError, RuntimeError, UserError, ValueError)
"""What drawn parameters can do to a training; other errors are mistakes of the code and stop the search too."""


@dataclass
class Worker:
    """Trains trials of a study, one after the other.

    Attributes:
        study: shared with other processes.
        cfg: with the overrides that every trial gets.
        options: these overrides by place, for ``best.py``.
        say: prints a line.
    """

    study: Study
    cfg: Config
    options: dict[str, Any]
    say: Callable[[str], None] = print

    def work(self, count: int) -> None:
        """Train trials until the study has ``count`` of them and none is left to continue."""
        while (claimed := self.study.claim(count)) is not None:
            trial, drawn = claimed
            told = ', '.join(f'{name} = {_short(value)}' for name, value in drawn.items())
            self.say(f'trial {trial.number}: {told}')
            began = time.monotonic()
            state, value, reason = self._train(trial, drawn)
            self.study.tell(trial, state, value, reason)
            self.say(self._line(trial.number, f'{time.monotonic() - began:.0f} s', count))
            self.finish()
        self.finish()

    def finish(self) -> None:
        """Bring the ledger up to date, and remove the weights of ended trials, those of the best one excepted."""
        with self.study.lock.held():
            trials = self.study.trials
            best = best_of(trials, self.study.settings.minimize)
            write_results(self.study, self.cfg, self.options)
            for trial in trials:
                if trial.state.is_finished() and trial is not best:
                    for path in self.study.work_dir(trial.number).glob('*.pth'):
                        path.unlink()

    def _train(self, trial: Any, drawn: dict[str, Any]) -> tuple[str, float | None, str]:
        """State, score and reason."""
        settings, folder = self.study.settings, self.study.work_dir(trial.number)
        cfg = prepare(self.cfg, values_at(settings.space, drawn), folder, settings.seed, settings.epochs)
        proven = any(other.intermediate_values for other in self.study.trials)
        try:
            runner = build(cfg, reporter(self.study, trial, self.say), settings.metric)
            proven = True
            runner.train()
        except optuna().TrialPruned:
            return 'PRUNED', None, ''
        except STOPS:
            raise
        except FAILS as error:
            if not proven or interrupted(error):  # where nothing was ever built, it is the config that is wrong
                raise
            return 'FAIL', None, f'{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ""}'
        scores = reported(self.study, trial)
        if not scores:
            return 'FAIL', None, 'no validation gave a finite score'
        return 'COMPLETE', self.study.score(scores), ''

    def _line(self, number: int, duration: str, count: int) -> str:
        """How a trial ended, and how far the study is."""
        trials = self.study.trials
        ended, states = trials[number], Counter(trial.state.name for trial in trials)
        best = best_of(trials, self.study.settings.minimize)
        what = {'COMPLETE': f'{_short(ended.value)}', 'PRUNED': 'pruned'}.get(ended.state.name)
        line = f'trial {number}: {what or "failed, " + ended.user_attrs.get("reason", "")} ({duration})'
        line += f' · best is trial {best.number} with {_short(best.value)}' if best else ''
        done = states.total() - states['RUNNING']
        return (
            f'{line} · {done} of {max(count, states.total())} ended, {states["PRUNED"]} pruned, {states["FAIL"]} failed'
        )


def interrupted(error: Exception) -> bool:
    """Whether a training was cut off from outside, as by the end of a loader worker; too little memory is its own."""
    return cause_of(error, '') not in (None, cause_of(MemoryError(), ''))


def _short(value: Any) -> str:
    return f'{value:.4g}' if isinstance(value, float) else repr(value)
