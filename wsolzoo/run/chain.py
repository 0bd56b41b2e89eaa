"""Pipelines of several phases: what a config stands on comes before it.

A config says it itself, ``first_phase = dict(config=…, labels=dict(folder=…, kind=…, rule=…, normalizer=…))`` or a
list of such; the configs named there may stand on others in turn. Each phase is trained in ``ROOT/<name of its
config>``, and configs find it there as ``{{$WSOLZOO_WORK_DIRS:work_dirs}}/<name of its config>``.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from wsolzoo.errors import meant
from wsolzoo.resources import find_config, tools_dir
from wsolzoo.run.launch import read_config
from wsolzoo.run.options import UsageError
from wsolzoo.run.spelling import spelled

ROOT_VARIABLE = 'WSOLZOO_WORK_DIRS'
PHASE, LABELS = {'config', 'labels'}, {'folder', 'kind', 'rule', 'normalizer'}


@dataclass(frozen=True)
class Step:
    """One command of a chain.

    Attributes:
        title: for people.
        command: a tool and its arguments.
        result: the file that it leaves when it is over.
        needs: files that it works on.
        always: run it although its result is there: it is quick, and looks whether the result is still right.
    """

    title: str
    command: tuple[str, ...]
    result: Path
    needs: tuple[Path, ...] = ()
    always: bool = False

    @property
    def done(self) -> bool:
        """Whether there is nothing left to do.

        Raises:
            UsageError: the result is older than what it was made of.
        """
        if self.always or not self.result.exists():
            return False
        made = self.result.stat().st_mtime_ns
        newer = [path for path in self.needs if path.exists() and path.stat().st_mtime_ns > made]
        if newer:
            raise UsageError(
                f'{self.result} is older than {newer[0]}, which it was made of. Remove {self.result.parent} to make it '
                'anew, or take another --root'
            )
        return True


def plan(config: str, root: Path, seed: int | None = None, options: Sequence[str] = ()) -> list[Step]:
    """Every step to a tested config, the first phase first; a phase that two others stand on is there once.

    Args:
        config: a path, or the name of a shipped config.
        root: folder of the work dirs. :data:`ROOT_VARIABLE` is set to it, here and for the steps.
        seed: of every training.
        options: ``KEY=VALUE``, which every step puts over its config.

    Raises:
        FileNotFoundError: a config does not exist.
        UsageError: ``first_phase`` is not what this module says, or a config stands on itself.
    """
    os.environ[ROOT_VARIABLE] = str(root)
    over = ('--cfg-options', *options) if options else ()
    seeded = () if seed is None else ('--seed', str(seed))
    steps = list(dict.fromkeys(_steps(find_config(config), root, (*seeded, *over), over, ())))
    last = steps[-1]
    report = last.result.parent / 'test' / 'metrics.json'
    arguments = (last.command[2], str(last.result), '--work-dir', str(report.parent), *over)
    return [*steps, Step(f'test {Path(arguments[0]).stem}', _tool('test.py', *arguments), report, (last.result,))]


def _steps(
    path: Path, root: Path, training: tuple[str, ...], labelling: tuple[str, ...], above: tuple[Path, ...]
) -> Iterator[Step]:
    """Those to a trained config; ``training`` and ``labelling`` are further arguments of the two tools."""
    if path in above:
        raise UsageError(f'{path} stands on itself: {" <- ".join(one.stem for one in (*above, path))}')
    cfg, needs = read_config(path, imports=False), []
    for phase in _listed(cfg, path):
        before = list(_steps(find_config(phase['config']), root, training, labelling, (*above, path)))
        yield from before
        needs.append(before[-1].result)
        if phase.get('labels'):
            step = _labels(before[-1], phase['labels'], path, labelling)
            yield step
            needs.append(step.result)
    work_dir = root / path.stem
    arguments = (str(path), '--work-dir', str(work_dir), '--resume', *training)
    yield Step(f'train {path.stem}', _tool('train.py', *arguments), work_dir / last_checkpoint(cfg), tuple(needs))


def _listed(cfg: Config, path: Path) -> list[Mapping[str, Any]]:
    """The phases that a config stands on."""
    told = cfg.get('first_phase') or []
    phases = [told] if isinstance(told, Mapping) else list(told)
    for phase in phases:
        for given, known in ((phase, PHASE), (phase.get('labels') or {}, LABELS)):
            for key in set(given) - known:
                raise UsageError(f'{path}: first_phase takes no {key!r}; {meant(key, known)}')
        missing = [] if 'config' in phase else ['config']
        missing += [f'labels.{key}' for key in ('folder', 'kind') if phase.get('labels') and key not in phase['labels']]
        if missing:
            raise UsageError(f'{path}: first_phase needs {", ".join(missing)}')
    return phases


def _labels(trained: Step, labels: Mapping[str, Any], path: Path, further: tuple[str, ...]) -> Step:
    """The step between two trainings."""
    arguments = [trained.command[2], str(trained.result), '--as', labels['kind'], '--out', labels['folder']]
    for key in ('rule', 'normalizer'):
        if key in labels:
            arguments += [f'--{key}', spelled(labels[key])]
    result = Path(labels['folder'], 'labels.csv')
    command = _tool('make_pseudo_labels.py', *arguments, *further)
    return Step(f'{labels["kind"]} for {path.stem}', command, result, (trained.result,), always=True)


def last_checkpoint(cfg: Config) -> str:
    """Name of the file with which a training ends."""
    loop = cfg.get('train_cfg') or {}
    unit, count = ('epoch', loop.get('max_epochs')) if loop.get('max_epochs') else ('iter', loop.get('max_iters'))
    if not count:
        raise UsageError(f'{cfg.filename}: train_cfg has neither max_epochs nor max_iters, so nothing is to be trained')
    return f'{unit}_{count}.pth'


def _tool(name: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, str(tools_dir() / name), *arguments)
