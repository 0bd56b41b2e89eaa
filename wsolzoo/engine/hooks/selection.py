"""The test set never chooses: checkpoints and thresholds are selected on other splits, or the results say so."""

from collections.abc import Iterator
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from wsolzoo.errors import UserError
from wsolzoo.registry import HOOKS
from wsolzoo.structures import TEST

FLAG = 'allow_test_selection'
STAMP = 'selected_on_test'
SELECTED_ON = 'selected_on'


class SelectionError(UserError, ValueError):
    """A checkpoint or a threshold would be selected on a test split."""


def splits_of(dataset: Any) -> Iterator[Any]:
    """The data sets inside wrappers such as ``ConcatDataset`` and ``RepeatDataset``."""
    inner = getattr(dataset, 'datasets', None) or [getattr(dataset, 'dataset', None)]
    if inner == [None]:
        yield dataset
    else:
        for one in inner:
            yield from splits_of(one)


def origins_of(dataset: Any) -> Iterator[str]:
    """What chooses: the roles of the splits inside, or what a wrapper that replaces their boxes says."""
    inner = getattr(dataset, 'datasets', None) or [getattr(dataset, 'dataset', None)]
    if hasattr(dataset, SELECTED_ON):
        yield dataset.selected_on
    elif inner == [None]:
        yield getattr(dataset, 'role', None) or type(dataset).__name__
    else:
        for one in inner:
            yield from origins_of(one)


def guard_selection(runner: Runner, dataset: Any, what: str) -> None:
    """Refuse to select ``what`` on a data set of the role ``test``, or note that the config insists on it.

    Whatever is selected, it is noted on what: the role of a split, or ``pseudo:<source>``.

    Args:
        runner: whose config may hold ``allow_test_selection=True``.
        dataset: what the selection looks at.
        what: ``'checkpoint'``, ``'thresholds'``, ``'end of training'``.

    Raises:
        SelectionError: the role is ``test`` and the config does not insist.
    """
    chosen = _chosen(runner) | {what: '+'.join(dict.fromkeys(origins_of(dataset)))}
    runner.message_hub.update_info(SELECTED_ON, '; '.join(f'{what} on {where}' for what, where in chosen.items()))
    if all(getattr(split, 'role', None) != TEST for split in splits_of(dataset)):
        return
    if not runner.cfg.get(FLAG):
        raise SelectionError(
            f'the {what} would be selected on {type(dataset).__name__} with role="test". A test split reports and '
            'never selects: use a split with role="train-fullsup" in val_dataloader. If you must, set '
            f'{FLAG}=True in the config; every result will then say so.'
        )
    known = selected_on_test(runner)
    if what not in known:
        runner.message_hub.update_info(STAMP, ', '.join([*known, what]))


def selected_on_test(runner: Runner) -> list[str]:
    """What was selected on a test split, in this run or in the training of its checkpoint."""
    return list(filter(None, str(runner.message_hub.runtime_info.get(STAMP) or '').split(', ')))


def _chosen(runner: Runner) -> dict[str, str]:
    """What was selected so far, and on what."""
    told = str(runner.message_hub.runtime_info.get(SELECTED_ON) or '')
    pairs = (part.partition(' on ')[::2] for part in told.split('; ') if part)
    return dict(pairs)


def selected_on(runner: Runner) -> str | None:
    """On what everything was selected, in this run or in the training of its checkpoint; ``None`` for nothing.

    ``'train-fullsup'`` stands for the true boxes of that split, ``'pseudo:<source>'`` for guesses. Where choices
    differ, each is named: ``'checkpoint on pseudo:x; thresholds on train-fullsup'``.
    """
    chosen = _chosen(runner)
    places = set(chosen.values())
    if len(places) == 1:
        return places.pop()
    return '; '.join(f'{what} on {where}' for what, where in chosen.items()) or None


@HOOKS.register_module()
class SelectionHook(Hook):
    """Guards early stopping and the best checkpoint, and takes the stamp of a checkpoint along to its test."""

    def before_train(self, runner: Runner) -> None:
        """Look at what selects.

        Raises:
            SelectionError: see :func:`guard_selection`.
        """
        if runner.val_loop is None:
            return
        for hook in runner.hooks:
            if getattr(hook, 'save_best', None):
                guard_selection(runner, runner.val_loop.dataloader.dataset, 'checkpoint')
            if type(hook).__name__ == 'EarlyStoppingHook':
                guard_selection(runner, runner.val_loop.dataloader.dataset, 'end of training')

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Keep what the training selected, and on what."""
        info = (checkpoint.get('message_hub') or {}).get('runtime_info', {})
        for key in (STAMP, SELECTED_ON):
            if info.get(key):
                runner.message_hub.update_info(key, str(info[key]))
