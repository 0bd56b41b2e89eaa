"""What a person sees while a run goes on, on a real terminal and in a log file: every line once, none overdrawn."""

import errno
import os
import pty
import re
import sys
from multiprocessing import get_context
from pathlib import Path

import torch
from mmengine.model import BaseModel
from torch import nn

from wsolzoo.engine.runner import TerseRunner

EPOCHS = 200
RUN = """
import logging, sys, threading
from types import SimpleNamespace
from wsolzoo.engine.hooks.progress import ProgressHook

epochs, iters = int(sys.argv[1]), 3
logger = logging.Logger('mmengine')
logger.addHandler(logging.StreamHandler(sys.stdout))
runner = SimpleNamespace(
    _train_loop=object(), iter=0, max_iters=epochs * iters, epoch=0, max_epochs=epochs, val_dataloader=range(iters),
    logger=logger, work_dir='work', log_dir='work',
)
hook = ProgressHook(interval=0.0)
hook.before_run(runner)
hook.before_train(runner)
for epoch in range(epochs):
    for _ in range(iters):
        hook.after_train_iter(runner, 0)
        runner.iter += 1
    runner.epoch += 1
    hook.before_val_epoch(runner)
    for i in range(iters):
        hook.after_val_iter(runner, i)
    assert not any('Refresh' in type(thread).__name__ for thread in threading.enumerate()), 'a second thread draws'
    if runner.epoch % 10 == 0:
        logger.warning('note %d.', runner.epoch)
    hook.after_val_epoch(runner, {'top1': 1.0 * epoch})
hook.after_train(runner)
hook.after_run(runner)
"""


def screen(text):
    """The lines that stay on a terminal that never scrolls out: moves up, and erased lines, are carried out."""
    lines, row, column = [''], 0, 0
    for part in re.findall(r'\x1b\[[?\d;]*[A-Za-z]|\r|\n|[^\x1b\r\n]+', text):
        if part == '\n':
            row += 1
            lines += [''] * (row + 1 - len(lines))
        elif part == '\r':
            column = 0
        elif part.startswith('\x1b'):
            if part.endswith('A'):
                row = max(0, row - int(part[2:-1] or 1))
            elif part == '\x1b[2K':
                lines[row] = ''
        else:
            lines[row] = lines[row].ljust(column)[:column] + part + lines[row][column + len(part) :]
            column += len(part)
    return lines


def run_on(terminal: int) -> None:
    """The run in a forked process, with the terminal for all that it reads and writes."""
    for number in range(3):
        os.dup2(terminal, number)
    os.environ |= {'TERM': 'xterm', 'COLUMNS': '100', 'LINES': '50'}
    os.environ.pop('NO_COLOR', None)
    sys.argv = ['-c', str(EPOCHS)]
    with open(1, 'w', closefd=False) as sys.stdout:
        exec(RUN, {})  # noqa: S102


def output() -> str:
    """What the run writes on a terminal of its own."""
    ours, theirs = pty.openpty()
    process = get_context('fork').Process(target=run_on, args=(theirs,))
    process.start()
    os.close(theirs)
    read = bytearray()
    while True:
        try:
            read += (new := os.read(ours, 65536))
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            break
        if not new:
            break
    os.close(ours)
    process.join()
    assert process.exitcode == 0, read.decode()
    return read.decode()


def told(lines):
    return [int(found[1]) for line in lines if (found := re.match(r'epoch (\d+)/\d+  top1', line))]


def test_a_terminal_shows_every_epoch_once():
    text = output()
    assert '\x1b[2K' in text, 'a bar was drawn'
    lines = screen(text)
    assert told(lines) == list(range(1, EPOCHS + 1))
    assert [line for line in lines if line.startswith('note')] == [f'note {i}.' for i in range(10, EPOCHS + 1, 10)]


def test_a_file_gets_every_epoch_once(monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['-c', str(EPOCHS)])
    exec(RUN, {})  # noqa: S102 - the same run, here without a terminal
    text = capsys.readouterr().out
    assert told(text.splitlines()) == list(range(1, EPOCHS + 1))
    assert '\x1b' not in text


class Tiny(BaseModel):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(1, 1)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        return {}


def test_what_the_engine_notes_is_plain_and_what_it_prints_stays_in_the_file(tmp_path, capsys):
    torch.save({'state_dict': Tiny().state_dict()}, tmp_path / 'w.pth')
    runner = TerseRunner(Tiny(), str(tmp_path / 'run'), experiment_name='notes', default_scope='wsolzoo')
    runner.load_checkpoint(str(tmp_path / 'w.pth'))
    runner.logger.info('Choosing thresholds.')
    runner.logger.warning('mind the gap')
    said = capsys.readouterr()
    lines = (said.out + said.err).splitlines()
    assert lines[0] == 'Choosing thresholds.' and len(lines) == 2
    assert 'WARNING' in lines[1] and 'mind the gap' in lines[1]
    log = next(Path(tmp_path).glob('run/*/*.log')).read_text()
    assert 'w.pth' in log and 'INFO - Choosing thresholds.' in log
