"""A study that processes share: each trial is claimed once, continued once, ended once."""

import itertools
import math
from dataclasses import replace

import optuna
import pytest

from wsolzoo.engine import lock
from wsolzoo.run.search import worker
from wsolzoo.run.search.journal import FileLock
from wsolzoo.run.search.ledger import ledger_of
from wsolzoo.run.search.space import Parameter
from wsolzoo.run.search.study import SearchError, Settings, Study, best_of
from wsolzoo.visualization.ledger import ledger_page

SPACE = (
    Parameter('lr', ('optim_wrapper.optimizer.lr',), 1e-5, 1.0, log=True),
    Parameter('high', ('model.high',), 0.0, 1.0),
    Parameter('low', ('model.low',), 0.0, 'high'),
    Parameter('width', ('model.width',), 1, 9, whole=True),
    Parameter('kind', ('model.kind',), choices=('a', None, 3)),
)
SETTINGS = Settings('abc', SPACE, 'score')
HERE = lock.Owner.here()
DEAD = replace(HERE, born='before the machine began')
SILENT = replace(HERE, host='elsewhere', started='2020-01-01 00:00:00+00:00')
PIDS = itertools.count()


def somebody() -> lock.Owner:
    """A process of another machine that has just begun: each time another one."""
    return replace(HERE, host='elsewhere', pid=next(PIDS))


@pytest.fixture
def claim_as(monkeypatch):
    """Claim a trial as another process would."""

    def claim(study: Study, owner: lock.Owner | None = None, count: int = 9):
        with monkeypatch.context() as patch:
            patch.setattr(lock.Owner, 'here', classmethod(lambda cls: owner or somebody()))
            return study.claim(count)

    return claim


def test_draws_depend_on_seed_and_number_alone(tmp_path, claim_as):
    one = Study(tmp_path / 'one', SETTINGS)
    drawn = [claim_as(one)[1] for _ in range(6)]
    for values in drawn:
        assert 1e-5 <= values['lr'] <= 1 and 0 <= values['low'] <= values['high'] <= 1
        assert values['width'] in range(1, 10) and values['kind'] in ('a', None, 3)
    assert len({values['lr'] for values in drawn}) == 6

    two = Study(tmp_path / 'two', SETTINGS)
    for number in range(6):  # another process each time, others ending in between
        study = Study(tmp_path / 'two', SETTINGS)
        trial, values = claim_as(study)
        assert (trial.number, values) == (number, drawn[number])
        two.tell(trial, 'COMPLETE', number / 2)
    assert claim_as(Study(tmp_path / 'three', replace(SETTINGS, seed=1)))[1] != drawn[0]


def test_tpe_proposes_from_what_was_found_without_a_warning(tmp_path, claim_as, recwarn):
    """Ten trials are drawn at random; then small learning rates, which score best here, are preferred."""
    space = (Parameter('lr', ('lr',), 1e-5, 1.0, log=True),)
    study = Study(tmp_path, replace(SETTINGS, space=space, sampler='tpe'))
    drawn = []
    for _ in range(25):
        trial, values = claim_as(study, count=25)
        drawn.append(values['lr'])
        study.tell(trial, 'COMPLETE', -math.log10(values['lr']))
    assert sum(map(math.log10, drawn[15:])) / 10 < sum(map(math.log10, drawn[:10])) / 10 - 0.5
    assert not recwarn.list


def test_no_more_trials_than_asked_for_and_none_twice(tmp_path, claim_as):
    study = Study(tmp_path, SETTINGS)
    numbers = [claim_as(study, count=3)[0].number for _ in range(3)]
    assert numbers == [0, 1, 2]
    assert claim_as(study, count=3) is None, 'the others still train them'
    assert claim_as(study, count=4)[0].number == 3


@pytest.mark.parametrize('owner', [DEAD, SILENT, None], ids=['killed', 'silent for long', 'killed while claiming'])
def test_an_abandoned_trial_is_continued_with_its_parameters(tmp_path, claim_as, owner):
    expected = claim_as(Study(tmp_path / 'undisturbed', SETTINGS))[1]
    study = Study(tmp_path / 'study', SETTINGS)
    if owner is None:
        trial = study._study.ask()
        SPACE[0].draw(trial, {})  # a process killed in the middle of its draws: its first one stands
        expected['lr'] = study.trials[0].params['lr']
    else:
        claim_as(study, owner)
    trial, drawn = claim_as(Study(tmp_path / 'study', SETTINGS), count=1)
    assert (trial.number, drawn) == (0, expected)
    assert claim_as(study, count=1) is None
    assert len(study.trials) == 1


def test_one_process_of_another_machine_that_gives_signs_of_life_keeps_its_trial(tmp_path, claim_as):
    study = Study(tmp_path, SETTINGS)
    claim_as(study, SILENT)
    work_dir = study.work_dir(0)
    work_dir.mkdir(parents=True)
    (work_dir / lock.FILE).write_text('{}')
    assert claim_as(study, count=1) is None


def test_other_settings_are_refused_by_name(tmp_path):
    Study(tmp_path, SETTINGS)
    Study(tmp_path, SETTINGS)
    with pytest.raises(SearchError, match='another metric, seed;'):
        Study(tmp_path, replace(SETTINGS, metric='other', seed=3))


def test_half_a_line_of_a_killed_process_is_removed(tmp_path, claim_as):
    study = Study(tmp_path, SETTINGS)
    claim_as(study, DEAD)
    journal = tmp_path / 'journal.log'
    whole = journal.read_bytes()
    journal.write_bytes(whole + b'{"op_code": 5, "trial')
    study = Study(tmp_path, SETTINGS)
    study.tell(claim_as(study)[0], 'COMPLETE', 1.0)
    assert journal.read_bytes().startswith(whole + b'{')
    assert [trial.state.name for trial in Study(tmp_path, SETTINGS).trials] == ['COMPLETE']


def test_a_lock_is_exclusive(tmp_path):
    import fcntl

    lock_file = FileLock(tmp_path / 'lock')
    with lock_file.held(), open(tmp_path / 'lock', 'a') as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with open(tmp_path / 'lock', 'a') as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.parametrize(('minimize', 'scores'), [(False, (1.0, 2.0)), (True, (2.0, 1.0))])
def test_worse_than_the_median_is_pruned(tmp_path, claim_as, minimize, scores):
    worse, better = scores
    study = Study(tmp_path, replace(SETTINGS, minimize=minimize), startup=1)
    first = claim_as(study)[0]
    first.report((worse + better) / 2, 1)
    study.tell(first, 'COMPLETE', (worse + better) / 2)
    for score, pruned in ((worse, True), (better, False)):
        trial = claim_as(study)[0]
        trial.report(score, 1)
        assert bool(trial.should_prune()) is pruned
    no_pruning = Study(tmp_path / 'other', replace(SETTINGS, pruning=False))
    trial = claim_as(no_pruning)[0]
    trial.report(worse, 1)
    assert not trial.should_prune()


@pytest.mark.parametrize(
    ('minimize', 'best', 'score'), [(False, False, 2.0), (False, True, 3.0), (True, False, 2.0), (True, True, 1.0)]
)
def test_score_of_the_last_or_of_the_best_validation(tmp_path, minimize, best, score):
    study = Study(tmp_path, replace(SETTINGS, minimize=minimize, best=best))
    assert study.score({1: 1.0, 2: 3.0, 3: 2.0}) == score


def test_a_worker_ends_what_the_median_rule_gives_up(tmp_path, monkeypatch):
    """Five trials of rising scores, then one that starts badly and one that starts well."""
    validations = {number: (10.0 + number, 20.0 + number) for number in range(5)} | {5: (1.0, 99.0), 6: (14.0, 30.0)}
    told: list[str] = []

    class Training:
        def __init__(self, cfg, report, metric):
            self.scores, self.report = validations[int(cfg['work_dir'].name)], report

        def train(self):
            for step, score in enumerate(self.scores, 1):
                self.report(step, score)

    monkeypatch.setattr(worker, 'build', Training)
    monkeypatch.setattr(worker, 'prepare', lambda cfg, values, work_dir, *_: {'work_dir': work_dir})
    monkeypatch.setattr(worker, 'write_results', lambda *_: None)
    study = Study(tmp_path, SETTINGS)
    worker.Worker(study, None, {}, told.append).work(7)
    states = [trial.state.name for trial in study.trials]
    assert states == ['COMPLETE'] * 5 + ['PRUNED', 'COMPLETE']
    assert study.trials[5].intermediate_values == {1: 1.0}
    assert told[-1].startswith('trial 6: 30 (')
    assert told[-1].endswith('best is trial 6 with 30 · 7 of 7 ended, 1 pruned, 0 failed')


def test_optuna_reads_the_journal(tmp_path, claim_as):
    """As docs/search.md says."""
    study = Study(tmp_path, SETTINGS)
    trial, drawn = claim_as(study)
    study.tell(trial, 'COMPLETE', 7.0)
    journal = optuna.storages.journal.JournalFileBackend(str(tmp_path / 'journal.log'))
    read = optuna.load_study(study_name='search', storage=optuna.storages.JournalStorage(journal))
    assert (read.best_value, read.best_params) == (7.0, drawn)


def test_the_ledger_has_every_trial(tmp_path, claim_as):
    from mmengine.config import Config

    study = Study(tmp_path, SETTINGS)
    for number, (state, value, reason) in enumerate(
        [('COMPLETE', 40.0, ''), ('PRUNED', None, ''), ('FAIL', None, 'loss is <nan>'), ('COMPLETE', 60.0, '')]
    ):
        trial = claim_as(study)[0]
        trial.report(value or float('nan'), 1)
        study.tell(trial, state, value, reason)
        assert trial.number == number
    claim_as(study)
    assert best_of(study.trials, minimize=False).number == 3
    assert best_of(study.trials, minimize=True).number == 0
    ledger = ledger_of(study, Config({}, cfg_text='', filename=None), {'a.b': 1})
    states = [trial['state'] for trial in ledger['trials']]
    assert states == ['complete', 'pruned', 'failed', 'complete', 'running']
    assert ledger['best'] == 3
    page = ledger_page(ledger)
    assert 'loss is &lt;nan&gt;' in page and '<script' not in page
    assert page.count('<tr class="best">') == 1
    assert page.count('<svg') == 1 + len(SPACE)
    assert 'log10 of lr' in page and 'kind: 0 = a, 1 = None, 2 = 3' in page


def test_the_first_trial_may_be_given(tmp_path, claim_as):
    own = {'lr': 1e-3, 'high': 0.5, 'low': 0.25, 'width': 3, 'kind': 'a'}
    study, drawn = Study(tmp_path / 'given', SETTINGS, first=own), Study(tmp_path / 'drawn', SETTINGS)
    assert claim_as(study, count=2)[1] == own
    claim_as(drawn)
    assert claim_as(study, count=2)[1] == claim_as(drawn)[1]
    assert claim_as(study, count=2) is None
    again = Study(tmp_path / 'given', SETTINGS, first=own)
    assert [trial.number for trial in again.trials] == [0, 1]
