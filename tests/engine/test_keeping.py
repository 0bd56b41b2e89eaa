"""Which files a run removes: its own, in its work dir, once the next ones are on the disk."""

from pathlib import Path

import pytest
import torch
from mmengine.runner import Runner
from small_run import EPOCHS, small_runner

from wsolzoo.engine.weights.reading import CheckpointError

SAVING = {'by_epoch': True, 'max_keep_ckpts': 1, 'save_best': 'score', 'rule': 'greater'}


def train(work_dir: Path, scores: list[float], epochs: int = 3, resume: Path | None = None, **saving) -> list[str]:
    """The checkpoints that are left."""
    loop = {**EPOCHS, 'max_epochs': epochs}
    small_runner(work_dir, loop, resume=resume, scores=scores, saving=SAVING | saving).train()
    return sorted(path.name for path in work_dir.glob('*.pth'))


def rewritten(path: Path, **info) -> Path:
    """The checkpoint with other words in its runtime info."""
    checkpoint = torch.load(path, weights_only=False)
    checkpoint['message_hub']['runtime_info'].update(info)
    torch.save(checkpoint, path)
    return path


def test_the_latest_and_the_best_are_left(tmp_path):
    assert train(tmp_path, [1, 3, 2]) == ['best_score_epoch_2.pth', 'epoch_3.pth']
    assert train(tmp_path, [2, 1, 4], epochs=5, resume=tmp_path / 'epoch_3.pth') == [
        'best_score_epoch_5.pth',
        'epoch_5.pth',
    ]


def test_a_run_continued_elsewhere_leaves_the_first_its_files(tmp_path):
    first, second = tmp_path / 'first', tmp_path / 'second'
    train(first, [1, 2], epochs=2)
    (second / 'second').mkdir(parents=True)
    for name in ('epoch_1.pth', 'epoch_2.pth', 'best_score_epoch_2.pth'):
        (second / name).write_text('of another run')
    assert train(second, [2, 3], resume=first / 'epoch_2.pth') == [
        'best_score_epoch_2.pth',
        'best_score_epoch_3.pth',
        'epoch_1.pth',
        'epoch_2.pth',
        'epoch_3.pth',
    ]
    assert sorted(path.name for path in first.glob('*.pth')) == ['best_score_epoch_2.pth', 'epoch_2.pth']


@pytest.mark.parametrize('where', ['elsewhere', 'in the work dir', 'another kind of file'])
def test_paths_in_a_checkpoint_are_not_believed(tmp_path, where):
    """A whole tree of folders was removed for a file that called it its best checkpoint."""
    run, precious = tmp_path / 'run', tmp_path / 'precious'
    train(run, [1, 2], epochs=2)
    if where != 'elsewhere':
        precious = run / ('best_score_epoch_9.pth' if where == 'in the work dir' else 'notes.txt')
    if where == 'another kind of file':
        precious.write_text('a')
    else:
        (precious / 'a').mkdir(parents=True)
    (run / 'epoch_7.pth').mkdir()
    told = {'best_ckpt': str(precious), 'superseded_best': [str(precious)]}
    steps = [7, f'../../{precious.name}', 2]
    train(run, [2, 3], resume=rewritten(run / 'epoch_2.pth', keep_ckpt_ids=steps, **told))
    assert precious.exists()
    assert (run / 'epoch_7.pth').is_dir()


@pytest.mark.parametrize('fails', ['best_score_epoch_3.pth', 'epoch_3.pth'])
def test_the_old_best_stays_until_the_new_one_is_safe(tmp_path, monkeypatch, fails):
    """A full disk at each moment of replacing the best; the run is resumed, and one best is left in the end."""
    real, calls = Runner.save_checkpoint, []

    def save(self, out_dir, filename, *args, **kwargs):
        calls.append(filename)
        if filename == fails and calls.count('best_score_epoch_3.pth'):
            raise OSError(28, 'No space left on device')
        real(self, out_dir, filename, *args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(Runner, 'save_checkpoint', save)
        with pytest.raises(OSError, match='No space left'):
            train(tmp_path, [1, 2, 3])
    assert (tmp_path / 'best_score_epoch_2.pth').is_file()
    assert train(tmp_path, [3], resume=tmp_path / 'epoch_3.pth') == ['best_score_epoch_3.pth', 'epoch_3.pth']
    told = torch.load(tmp_path / 'epoch_3.pth', weights_only=False)['message_hub']['runtime_info']
    assert (told['best_score'], told['best_ckpt']) == (3, str(tmp_path / 'best_score_epoch_3.pth'))


def test_killed_before_the_old_best_is_removed(tmp_path, monkeypatch):
    class Killed(BaseException):
        pass

    def unlink(path, real=Path.unlink, **kwargs):
        if path.name.startswith('best'):
            raise Killed
        real(path, **kwargs)

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(Path, 'unlink', unlink)
        train(tmp_path, [1, 2, 0])
    assert {path.name for path in tmp_path.glob('best*')} == {'best_score_epoch_1.pth', 'best_score_epoch_2.pth'}
    assert train(tmp_path, [2, 0], resume=tmp_path / 'epoch_2.pth') == ['best_score_epoch_2.pth', 'epoch_3.pth']


@pytest.mark.parametrize('stop', [6, 8])
def test_killed_inside_an_epoch_or_before_its_validation(tmp_path, stop):
    """After its last iteration an epoch has not ended: its validation is due; in its middle none is."""
    saving = SAVING | {'by_epoch': False, 'max_keep_ckpts': -1}
    train(tmp_path / 'straight', [3, 2, 1], **saving)
    left = train(tmp_path / 'resumed', [5, 4], resume=tmp_path / f'straight/iter_{stop}.pth', **saving)
    assert left[0] == 'best_score_iter_8.pth'


def test_published_parts_are_named_after_their_hash(tmp_path):
    from wsolzoo.engine.weights.checkpoint import load_from_local

    train(tmp_path, [1, 2, 1], published_keys=['state_dict'])
    published = sorted(tmp_path.glob('*-*.pth'))
    assert [path.name.rpartition('-')[0] for path in published] == ['best_score_epoch_2', 'epoch_3']
    assert all(set(load_from_local(str(path))) == {'state_dict'} for path in published)


@pytest.mark.parametrize(
    ('damage', 'message'),
    [
        (lambda c: c.pop('optimizer'), 'holds no optimizer, so no run can continue from it'),
        (lambda c: c.pop('param_schedulers'), 'holds no param_schedulers'),
        (lambda c: c['meta'].update(epoch='many'), 'its meta or its message_hub is not that of a training'),
        (lambda c: c['meta'].update(iter=-1), 'its meta or its message_hub'),
        (lambda c: c.update(message_hub=[1]), 'its meta or its message_hub'),
        (lambda c: c['optimizer'].update(param_groups=[]), 'does not hold what a run of this config needs'),
        (lambda c: c.update(param_schedulers=[3]), 'does not hold what a run of this config needs'),
        (lambda c: c.update(random_state=['a']), 'its random_state and batches_seen'),
        (lambda c: c.update(random_state=[{'torch': 3}]), 'its states of random generators are damaged'),
        (lambda c: c.update(batches_seen=3), 'its random_state and batches_seen'),
    ],
)
def test_what_a_run_cannot_continue_from(tmp_path, finished, damage, message):
    checkpoint = torch.load(finished / 'epoch_3.pth', weights_only=False)
    damage(checkpoint)
    torch.save(checkpoint, tmp_path / 'odd.pth')
    with pytest.raises(CheckpointError, match=message) as caught:
        train(tmp_path, [1], resume=tmp_path / 'odd.pth')
    assert 'odd.pth' in str(caught.value)


def test_a_best_checkpoint_is_not_resumed(tmp_path, finished):
    with pytest.raises(CheckpointError, match=r'best_score_epoch_2\.pth holds no optimizer(.|\n)*Resume from epoch_'):
        train(tmp_path, [1], resume=finished / 'best_score_epoch_2.pth')


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp('finished')
    train(folder, [1, 3, 2])
    return folder
