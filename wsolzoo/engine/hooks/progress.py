"""A progress bar instead of a line every ten iterations."""

import atexit
import sys
import time
from collections.abc import Sequence

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from wsolzoo.engine.hooks.training_log import preferred
from wsolzoo.engine.terminal import hush, terminal_handlers
from wsolzoo.registry import HOOKS


@HOOKS.register_module()
class ProgressHook(Hook):
    """Shows how far training, validation and testing are, and one line for each validation.

    On a terminal it draws a bar; elsewhere (a log file, a pipe) it prints a short line now and then. MMEngine's own
    lines still go to the log file.

    Args:
        interval: seconds between two lines where there is no terminal.
        shown: at most so many validation scores on a line.
    """

    priority = 'LOW'  # after the hooks that write the scalars of this iteration

    def __init__(self, interval: float = 30.0, shown: int = 3) -> None:
        self.interval = interval
        self.shown = shown
        self.console = Console()
        self._bar: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._streams: list[tuple] = []
        self._last = self._start = 0.0

    def before_run(self, runner) -> None:
        """Keep routine notes off the terminal."""
        hush(runner.logger)

    def before_train(self, runner) -> None:
        """Say where everything goes, and start the bar."""
        if is_main_process():
            self.console.print(
                f'[dim]training into {_escaped(runner.work_dir)}, log in {_escaped(runner.log_dir)}[/dim]'
            )
        self._begin(runner, 'train', runner.max_iters)

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs: dict | None = None) -> None:
        """Advance; the scalars are read twice a second at most, as reading them waits for the device."""
        self._advance('train', runner.iter + 1, runner.max_iters, lambda: _training_note(runner, outputs))

    def before_val_epoch(self, runner) -> None:
        """Start the bar of a validation."""
        self._begin(runner, 'val', len(runner.val_dataloader))

    def after_val_iter(self, runner, batch_idx: int, data_batch=None, outputs: Sequence | None = None) -> None:
        """Advance."""
        self._advance('val', batch_idx + 1, len(runner.val_dataloader))

    def after_val_epoch(self, runner, metrics: dict | None = None) -> None:
        """Print the scores of this validation on one line."""
        self._end('val')
        if is_main_process():
            self.console.print(
                f'{_place(runner, done=True)}  {brief(metrics or {}, self.shown)}', highlight=False, soft_wrap=True
            )

    def before_test_epoch(self, runner) -> None:
        """Start the bar of a test."""
        self._begin(runner, 'test', len(runner.test_dataloader))

    def after_test_iter(self, runner, batch_idx: int, data_batch=None, outputs: Sequence | None = None) -> None:
        """Advance."""
        self._advance('test', batch_idx + 1, len(runner.test_dataloader))

    def after_test_epoch(self, runner, metrics: dict | None = None) -> None:
        """Remove the bar; the report's table follows."""
        self._end('test')

    def after_train(self, runner) -> None:
        """Remove the bar and say how long it took."""
        self._end('train')
        if is_main_process():
            self.console.print(f'[dim]trained for {clock(time.monotonic() - self._start)}[/dim]', highlight=False)

    def after_run(self, runner) -> None:
        """Give the terminal back, whatever happened."""
        self._close()

    def _begin(self, runner, name: str, total: int) -> None:
        if not is_main_process():
            return
        if name == 'train' or not self._tasks:
            self._start = self._last = time.monotonic()
        if self.console.is_terminal and self._bar is None:
            self._open(runner)
        if self._bar is not None:
            self._tasks[name] = self._bar.add_task(TITLES[name], total=total, note='')
            self._bar.refresh()
        else:
            self._tasks[name] = TaskID(-1)

    def _open(self, runner) -> None:
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn('{task.description:<10}'),
            BarColumn(bar_width=32),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn('[dim]{task.fields[note]}'),
            console=self.console,
            transient=True,
            # drawn by this thread alone: one that draws the bar ten times a second may do so between the moment a line
            # learns how high the bar is and the moment it is written, and then a line that was printed is erased
            auto_refresh=False,
        )
        self._bar.start()
        atexit.register(self._close)
        # a handler holds the stream it was born with; the bar's own lets lines scroll above it
        for handler in terminal_handlers(runner.logger):
            self._streams.append((handler, handler.setStream(sys.stdout)))

    def _advance(self, name: str, done: int, total: int, note=str) -> None:
        if name not in self._tasks:
            return
        now = time.monotonic()
        if self._bar is not None:
            if now - self._last >= 0.5 or done == total:
                self._last = now
                self._bar.update(self._tasks[name], completed=done, note=note(), refresh=True)
        elif now - self._last >= self.interval:
            self._last = now
            left = clock((now - self._start) * (total - done) / max(done, 1)) if name == 'train' else ''
            words = [TITLES[name], f'{done}/{total}', note(), f'{left} left' if left else '']
            self.console.print('  '.join(word for word in words if word), highlight=False, markup=False)

    def _end(self, name: str) -> None:
        task = self._tasks.pop(name, None)
        if self._bar is not None:
            if task is not None:
                self._bar.remove_task(task)
            if not self._tasks:
                self._close()

    def _close(self) -> None:
        if self._bar is None:
            return
        for handler, stream in self._streams:
            if stream is not None:
                handler.setStream(stream)
        self._streams.clear()
        self._tasks.clear()
        self._bar.stop()
        self._bar = None
        atexit.unregister(self._close)


TITLES = {'train': 'training', 'val': 'validating', 'test': 'testing'}


def _escaped(text: str) -> str:
    return str(text).replace('[', '\\[')


def _place(runner, done: bool = False) -> str:
    """``epoch 3/12``, ``iteration 500/2000``, or ``validation`` where nothing is trained.

    Args:
        runner: the Runner.
        done: the current epoch is over, and counted.
    """
    loop = runner._train_loop
    if loop is None or isinstance(loop, dict):  # asking for the epoch would build the training loop
        return 'validation'
    if isinstance(loop, IterBasedTrainLoop):
        return f'iteration {runner.iter}/{runner.max_iters}'
    return f'epoch {runner.epoch + (not done)}/{runner.max_epochs}'


def _training_note(runner, outputs: dict | None) -> str:
    """Epoch, loss and first-guess accuracy of this iteration."""
    words = [_place(runner)]
    for key in ('loss', 'top1'):
        value = (outputs or {}).get(key)
        if value is not None:
            words.append(f'{key} {value.item():.3g}')
    return ' · '.join(words)


def brief(metrics: dict, count: int = 3) -> str:
    """The scores people ask for, on one line: ``top1 93.2 · GTKnown 61.0``."""
    numbers = {
        key: value for key, value in metrics.items() if isinstance(value, (int, float)) and 'threshold' not in key
    }
    shown = preferred(list(numbers))[:count]
    return ' · '.join(f'{key.removeprefix("classification/")} {numbers[key]:.4g}' for key in shown)


def clock(seconds: float) -> str:
    """``1:05`` or ``2:03:09``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f'{hours}:{minutes:02}:{rest:02}' if hours else f'{minutes}:{rest:02}'
