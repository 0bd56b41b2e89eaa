"""The search tool: whole searches in miniature, what it refuses, and what a kill leaves."""

import json
import re
import signal
import time

import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from tests import tiny_run

SPACE = 'optim_wrapper.optimizer.lr: {low: 1e-5, high: 10, log: true}\nmodel.num_classes: {choices: [2, 3]}\n'


@pytest.fixture
def search(tiny_config, in_process, tmp_path, monkeypatch):
    """Run the tool on the tiny config, whose data has the role train-fullsup, with everything in `tmp_path/run`."""
    monkeypatch.setattr('yapf.yapflib.yapf_api.FormatCode', lambda text, **_: (text, False))
    parts = tmp_path / 'tiny_parts.py'
    parts.write_text(parts.read_text().replace('    metainfo = {', "    role = 'train-fullsup'\n    metainfo = {"))
    space = tmp_path / 'space.yml'
    space.write_text(SPACE)

    def run(*flags: str, work_dir: str = 'run'):
        flags = ('--metric', 'top1', *flags, '--work-dir', str(tmp_path / work_dir))
        status, out, err = in_process('search.py', str(tiny_config), str(space), *flags, split=True)
        path = tmp_path / work_dir / 'ledger.json'
        return status, out + err, json.loads(path.read_text()) if path.is_file() else None

    run.space, run.parts, run.config = space, parts, tiny_config
    return run


def test_a_whole_search(search, tmp_path):
    status, out, ledger = search('--trials', '3')
    assert status == 0, out
    assert [trial['state'] for trial in ledger['trials']] == ['complete'] * 3
    assert all(list(trial['validations']) == ['1', '2'] for trial in ledger['trials'])
    assert all(trial['score'] == trial['validations']['2'] for trial in ledger['trials'])
    best = ledger['trials'][ledger['best']]
    assert best['score'] == max(trial['score'] for trial in ledger['trials'])
    cfg = Config.fromfile(str(tmp_path / 'run/best.py'), import_custom_modules=False)
    assert cfg.optim_wrapper.optimizer.lr == best['parameters']['optim_wrapper.optimizer.lr']
    assert cfg.model.num_classes == best['parameters']['model.num_classes']
    assert 'train_dataloader' not in (tmp_path / 'run/best.py').read_text()
    kept = {path.parent.name for path in (tmp_path / 'run/trials').glob('*/*.pth')}
    assert kept == {f'{ledger["best"]:03}'}, 'weights of the best trial alone'

    again = search('--trials', '4')[2]  # more trials later; those that ended are not trained again
    assert again['trials'][:3] == ledger['trials']
    assert len(again['trials']) == 4
    other = search('--trials', '4', work_dir='other')[2]
    assert [trial['parameters'] for trial in other['trials']] == [trial['parameters'] for trial in again['trials']]
    assert [trial['score'] for trial in other['trials']] == [trial['score'] for trial in again['trials']]


@pytest.mark.parametrize(
    ('space', 'parts', 'flags', 'says'),
    [
        ('test_cfg.type: {choices: [TestLoop]}', ('', ''), (), 'belongs to the test split'),
        ('optim_wrapper.optimiser.lr: {low: 0, high: 1}', ('', ''), (), "did you mean 'optim_wrapper.optimizer.lr'?"),
        (SPACE, ("'train-fullsup'", "'test'"), (), 'scored on role="train-fullsup" only, but val_dataloader'),
        (SPACE, ("'train-fullsup'", "'train-weaksup'"), (), "role='train-weaksup'"),
        (
            'train_dataloader.dataset.length: {choices: [8, 9]}',
            ('pipeline=()):', "pipeline=()):\n        self.role = 'test' if length == 9 else self.role"),
            (),
            'train_dataloader would have TinyPoints with role="test"',
        ),
        (SPACE, ('', ''), ('--trials', '0'), '--trials must be at least 1; got 0'),
        (SPACE, ('', ''), ('--epochs', '0'), '--epochs must be at least 1'),
    ],
)  # fmt: skip
def test_refused_before_anything_is_trained(search, tmp_path, space, parts, flags, says):
    search.space.write_text(space)
    search.parts.write_text(search.parts.read_text().replace(*parts))
    status, out, _ = search(*flags)
    assert status == 2
    assert says in out
    assert not (tmp_path / 'run').exists()


def test_a_metric_that_does_not_exist_stops_the_search_at_the_first_validation(search):
    status, out, _ = search('--metric', 'topp1')
    assert status == 2
    assert "--metric topp1 is no score of the validation; did you mean 'top1'?" in out


def test_a_trial_that_fails_counts_and_says_why(search):
    search.parts.write_text(
        search.parts.read_text().replace(
            '        logits = self.fc(inputs)\n',
            "        logits = self.fc(inputs)\n        if mode == 'loss' and logits.shape[1] == 3:\n"
            "            raise RuntimeError('three is too many')\n",
        )
    )
    status, out, ledger = search('--trials', '6')
    assert status == 0, out
    by_classes = {(trial['parameters']['model.num_classes'], trial['state']) for trial in ledger['trials']}
    assert by_classes == {(2, 'complete'), (3, 'failed')}
    assert {trial['reason'] for trial in ledger['trials']} == {'', 'RuntimeError: three is too many'}
    assert 'failed, RuntimeError: three is too many' in out


@pytest.mark.parametrize(
    ('cause', 'told'),
    [
        (KeyboardInterrupt(), 'Stopped by Ctrl-C.'),
        (RuntimeError('DataLoader worker (pid 1) is killed by signal: Killed.'), 'A loader worker died'),
        (OSError(28, 'No space left on device'), 'is full'),
    ],
    ids=['ctrl-c', 'worker', 'disk'],
)
def test_an_interrupted_trial_is_continued(search, monkeypatch, cause, told):
    train, calls = Runner.train, []

    def stop(runner):
        calls.append(runner.work_dir)
        if len(calls) == 2:
            raise cause
        return train(runner)

    monkeypatch.setattr(Runner, 'train', stop)
    status, out, ledger = search('--trials', '3')
    assert status == 1
    assert told in out
    assert out.endswith('The same command goes on where this one stopped.\n')
    assert [trial['state'] for trial in ledger['trials']] == ['complete']
    status, out, ledger = search('--trials', '3')
    assert status == 0
    assert [trial['state'] for trial in ledger['trials']] == ['complete'] * 3
    assert [call[-3:] for call in calls] == ['000', '001', '001', '002']


def test_a_study_with_other_settings_is_left_alone(search):
    assert search('--trials', '1')[0] == 0
    status, out, _ = search('--trials', '1', '--seed', '5')
    assert status == 2
    assert 'holds a study with another seed;' in out


@pytest.mark.slow
def test_killed_and_joined_no_trial_is_lost_or_run_twice(tmp_path, monkeypatch):
    """A worker is killed in its second trial; then two processes finish the study together."""
    tiny_run.hurry(monkeypatch, tmp_path)
    config = tiny_run.write_config(tmp_path, epochs=4, cache='disk')
    space = tmp_path / 'space.yml'
    space.write_text('optim_wrapper.optimizer.lr: {low: 1e-5, high: 1e-2, log: true}\n')
    run, log = tmp_path / 'run', tmp_path / 'log.txt'
    command = ('search.py', config, space, '--trials', '5', '--no-pruning', '--work-dir', run)
    env = {'XDG_CACHE_HOME': str(tmp_path)}
    first = tiny_run.start(*command, log=log, **env)
    until = time.monotonic() + 240
    while not list(run.glob('trials/001/epoch_2.pth')):
        assert time.monotonic() < until and first.is_alive(), log.read_text()
        time.sleep(0.05)
    first.kill()
    first.join()
    assert first.exitcode == -signal.SIGKILL

    logs = [tmp_path / 'a.txt', tmp_path / 'b.txt']
    both = [tiny_run.start(*command, log=path, **env) for path in logs]
    for process, path in zip(both, logs):
        tiny_run.finish(process, path)
    ledger = json.loads((run / 'ledger.json').read_text())
    assert [trial['state'] for trial in ledger['trials']] == ['complete'] * 5
    assert all(list(trial['validations']) == ['2', '4'] for trial in ledger['trials'])
    told = [re.findall(r'^trial (\d+): [\d.]+ \(', path.read_text(), re.M) for path in (log, *logs)]
    assert sorted(number for numbers in told for number in numbers) == ['0', '1', '2', '3', '4'], 'each ended once'
    assert told[0] == ['0']
    assert all(told[1:]), 'both took part'
    starts = {path.name: len(list(path.glob('*/vis_data'))) for path in (run / 'trials').iterdir()}
    assert starts == {'000': 1, '001': 2, '002': 1, '003': 1, '004': 1}
    resumed = [path.read_text() for path in (run / 'trials/001').glob('*/*.log')]
    assert sum('resumed epoch: 2' in text or 'resumed epoch: 3' in text for text in resumed) == 1
