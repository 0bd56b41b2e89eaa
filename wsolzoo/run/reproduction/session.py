"""Several models made again: in parallel, with a bar, a table, and the same as JSON."""

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime, timezone
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from wsolzoo.compat import versions
from wsolzoo.errors import nearest
from wsolzoo.run.options import UsageError
from wsolzoo.run.reproduction.model import Missing, Reproduction, Wrong, code_version
from wsolzoo.run.reproduction.outcome import FAIL, PASS, SKIP, Outcome, kept
from wsolzoo.zoo.commands import MADE, CommandError, UnsetError
from wsolzoo.zoo.metafile import Metafile
from wsolzoo.zoo.scores import Score, failures

WIDTH = 160
"""Columns of the table in a file or a pipe."""
COLOURS = {PASS: 'green', FAIL: 'red', SKIP: 'yellow'}


def chosen(files: Iterable[Metafile], names: Sequence[str], everything: bool) -> list[tuple[Mapping, tuple[str, ...]]]:
    """The models that are meant, sorted by name, each with what is wrong with its entry.

    Args:
        files: all metafiles.
        names: of models, or patterns.
        everything: each whose numbers were measured here and whose checkpoint, if it has one, is published.

    Raises:
        UsageError: nothing is meant, or a name is of no model.
    """
    known = {
        model['Name']: (model, tuple(_about(model['Name'], file)))
        for file in files
        for model in file.models
        if isinstance(model, Mapping) and 'Name' in model
    }
    if not names and not everything:
        raise UsageError('name models (patterns such as cam_* are names too), or take --all')
    for name in names:
        if not any(fnmatchcase(one, name) for one in known):
            raise UsageError(f'no model {name!r} in the zoo; did you mean {nearest(name, known, cutoff=0.1)!r}?')
    return [
        known[name]
        for name in sorted(known)
        if any(fnmatchcase(name, pattern) for pattern in names) or (everything and _complete(known[name][0]))
    ]


def _about(name: str, file: Metafile) -> Iterator[str]:
    """The problems of a metafile that are about one model, or about no model at all."""
    for problem in file.errors:
        model = re.search(r': model ([^\s:,]+)', problem)
        if model is None or model[1] == name:
            yield problem


def _complete(entry: Mapping[str, Any]) -> bool:
    """Whether its numbers can be made again from what everybody has."""
    commands = [
        str((result.get('Provenance') or {}).get('Command', ''))
        for result in entry.get('Results') or ()
        if result.get('Metrics')
    ]
    return bool(entry.get('Weights')) or (bool(commands) and not any(f' {MADE}/' in command for command in commands))


def reproduce(
    models: Sequence[Reproduction], jobs: int = 1, told: Callable[[Outcome], None] = lambda outcome: None
) -> list[Outcome]:
    """Make models again, several at a time; what was finished before and has not changed is taken as it is.

    Args:
        models: what is to be made.
        jobs: models at a time.
        told: is called with each outcome as it comes.

    Returns:
        An outcome for each model, in their order.
    """
    code, outcomes, running = code_version(), {}, {}
    with ThreadPoolExecutor(jobs) as pool:
        for model in models:
            ready = _prepared(model, code)
            if ready.status:
                outcomes[model.name] = ready
                told(ready)
            else:
                running[pool.submit(_made, model, ready)] = model.name
        try:
            for future in as_completed(running):
                outcomes[running[future]] = future.result()
                told(future.result())
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [outcomes[model.name] for model in models]


def _prepared(model: Reproduction, code: str) -> Outcome:
    """An outcome that needs no command, or one without a status and with what the numbers depend on."""
    try:
        made_from = model.made_from(code)
    except (Missing, UnsetError) as error:
        return Outcome(model.name, SKIP, str(error))
    except (Wrong, CommandError) as error:
        return Outcome(model.name, FAIL, str(error))
    return kept(model.folder, made_from) or Outcome(model.name, '', made_from=made_from)


def _made(model: Reproduction, outcome: Outcome) -> Outcome:
    """Run a model's commands; an outcome with numbers is kept for the next call."""
    start = time.monotonic()
    try:
        model.begin(outcome.made_from)
        outcome.scores = model.run()
        wrong = list(failures(outcome.scores))
        outcome.status, outcome.reason = (FAIL, '; '.join(wrong)) if wrong else (PASS, '')
    except (Missing, UnsetError) as error:
        outcome.status, outcome.reason = SKIP, str(error)
    except (Wrong, CommandError) as error:
        outcome.status, outcome.reason = FAIL, str(error)
    outcome.seconds = round(time.monotonic() - start, 1)
    if outcome.scores:
        outcome.keep(model.folder)
    return outcome


def run(models: Sequence[Reproduction], jobs: int, out: Path | None = None) -> list[Outcome]:
    """Make models again, show how far it is, print a table of what came of them, and write it as JSON.

    Args:
        models: what is to be made.
        jobs: models at a time.
        out: the JSON file.
    """
    console, start = Console(), time.monotonic()
    if not console.is_terminal:
        console.width = max(console.width, WIDTH)
    columns = (TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task('reproducing', total=len(models))

        def told(outcome: Outcome) -> None:
            progress.console.print(
                f'[{COLOURS[outcome.status]}]{outcome.status}[/] {escape(outcome.name)}', highlight=False
            )
            progress.advance(task)

        outcomes = reproduce(models, jobs, told)
    seconds = time.monotonic() - start
    console.print(table(outcomes))
    console.print(f'{_counted(outcomes)}, {seconds:.0f} s', highlight=False)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(plain(outcomes, seconds), indent=1, ensure_ascii=False, allow_nan=False)
        out.write_text(text + '\n', encoding='utf-8')
        console.print(f'numbers  {escape(str(out))}', highlight=False, soft_wrap=True)
    return outcomes


def table(outcomes: Sequence[Outcome]) -> Table:
    """A row for each model: its worst number, or why there is none."""
    rows = Table(border_style='dim')
    for name in ('model', '', 'numbers', 'furthest from its record', 'seconds'):
        rows.add_column(name, justify='right' if name in ('numbers', 'seconds') else 'left', overflow='fold')
    for outcome in outcomes:
        said = outcome.reason if outcome.status != PASS else _furthest(outcome.scores)
        seconds = 'kept' if outcome.kept else f'{outcome.seconds:.0f}' if outcome.seconds else ''
        status = f'[{COLOURS[outcome.status]}]{outcome.status}[/]'
        rows.add_row(escape(outcome.name), status, str(len(outcome.scores) or ''), escape(said), seconds)
    return rows


def _furthest(scores: Sequence[Score]) -> str:
    """The number that differs most for what it may."""
    worst = max(scores, key=lambda score: abs(score.difference or 0) / (score.allowed or 1))
    return f'{worst.metric} {worst.measured:.4g} ({worst.difference:+.2g}, allowed ± {worst.allowed:.2g})'


def _counted(outcomes: Sequence[Outcome]) -> str:
    statuses = [outcome.status for outcome in outcomes]
    return ', '.join(f'{statuses.count(status)} {status}' for status in (PASS, FAIL, SKIP))


def plain(outcomes: Sequence[Outcome], seconds: float) -> dict[str, Any]:
    """Everything as JSON has it: ``summary``, ``versions``, ``date`` and ``models`` with every score."""
    statuses = [outcome.status for outcome in outcomes]
    return {
        'summary': {status: statuses.count(status) for status in (PASS, FAIL, SKIP)},
        'seconds': round(seconds, 1),
        'date': datetime.now(timezone.utc).isoformat(timespec='seconds'),
        'versions': versions(),
        'models': [outcome.plain() for outcome in outcomes],
    }
