"""What width plans cost and save: every plan with every selector, as cut, with training after the cut, from scratch."""

import copy
import itertools
import json
import math
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.registry import DefaultScope
from mmengine.runner import Runner

from wsolzoo.engine import width_plan as plans
from wsolzoo.engine.hooks.accelerate import use_channels_last
from wsolzoo.engine.terminal import hush
from wsolzoo.engine.width_plan.cut import WidthPlanError, width_of
from wsolzoo.models.initial import without_weights
from wsolzoo.registry import MODELS
from wsolzoo.run import launch
from wsolzoo.run.options import UsageError
from wsolzoo.run.pruning import steps

WHOLE, ANY = 'whole', '-'
MODES = ('none', 'recovery', 'scratch')
"""As cut; trained after the cut; the same widths trained from random weights."""
SPLITS = ('val', 'test')
RUNS = itertools.count()
Row = tuple[str, str, str]
"""Plan, selector, mode."""


@dataclass(frozen=True)
class Settings:
    """What all rows of a study have in common.

    Attributes:
        length: of the training after the cut and of that from scratch, in the unit of the config.
        batches: training batches that selectors of data look at.
        seed: of trainings, random weights and the selector ``random``.
        options: overrides of the config, for the record.
    """

    length: int
    batches: int = 50
    seed: int = 0
    options: tuple[str, ...] = ()


class PruneStudy:
    """Fills a file row by row; a row that is there already is not made again.

    Args:
        cfg: of the whole network.
        model: the whole network, trained; a copy is cut.
        batch: a small batch with truth, to see what hangs together.
        rules: of each plan, with what widths are rounded to.
        settings: see there.
        out: JSON lines: what the study is of, then a row each.
        parent: SHA-256 of the checkpoint of ``model``.

    Raises:
        UsageError: ``out`` holds a study of something else.
    """

    def __init__(
        self,
        cfg: Config,
        model: BaseModel,
        batch: dict,
        rules: dict[str, tuple[list[dict], int]],
        settings: Settings,
        out: Path,
        parent: str = '',
    ) -> None:
        self.cfg, self.model, self.batch, self.rules, self.settings = cfg, model, batch, rules, settings
        self.out, self.parent = out, parent
        self.rows: dict[Row, dict[str, Any]] = {}
        self._kept: dict[tuple[str, str], plans.Kept] = {}
        self._loaders: dict[str, Any] = {}
        self._open({'config': Path(cfg.filename).stem, 'parent': parent, **vars(settings)})

    def _open(self, head: dict) -> None:
        """Read what is there, or begin the file."""
        head = json.loads(json.dumps(head))
        if not self.out.is_file():
            self.out.parent.mkdir(parents=True, exist_ok=True)
            self.out.write_text(json.dumps(head) + '\n', encoding='utf-8')
            return
        text = self.out.read_text(encoding='utf-8')
        whole = text[: text.rfind('\n') + 1]  # a process that was killed may have left half a line
        if whole != text:
            self.out.write_text(whole, encoding='utf-8')
        first, *others = map(json.loads, whole.splitlines())
        if first != head:
            differ = ', '.join(sorted(key for key in {*head, *first} if head.get(key) != first.get(key)))
            raise UsageError(f'{self.out} holds a study with other settings ({differ}); name another file')
        self.rows = by_key(others)

    def wanted(self, selectors: Sequence[str], modes: Sequence[str]) -> list[Row]:
        """Every row that these ask for, those that are done too."""
        trained = [mode for mode in ('recovery', 'scratch') if mode in modes]
        rows: list[Row] = [(WHOLE, ANY, mode) for mode in ('none', *trained)]
        for plan in self.rules:
            rows += [(plan, select, mode) for select in selectors for mode in modes if mode != 'scratch']
            rows += [(plan, ANY, 'scratch')] if 'scratch' in modes else []
        return rows

    def make(self, row: Row) -> dict[str, Any]:
        """Judge one row, or say why it cannot be."""
        plan, select, mode = row
        found: dict[str, Any] = {'plan': plan, 'selector': select, 'mode': mode}
        try:
            found |= self.judge(self._made(plan, select, mode))
        except WidthPlanError as error:
            found['refused'] = str(error)
        return self._write(row, found)

    def _write(self, row: Row, found: dict[str, Any]) -> dict[str, Any]:
        self.rows[row] = found
        with self.out.open('a', encoding='utf-8') as file:
            file.write(json.dumps(found) + '\n')
        return found

    def _made(self, plan: str, select: str, mode: str) -> BaseModel:
        kept = self.kept(plan, select)
        if mode == 'scratch':
            return self._train(self.redrawn(kept), kept)
        model = copy.deepcopy(self.model)
        plans.cut(model, kept)
        return self._train(model, kept) if mode == 'recovery' else model

    def kept(self, plan: str, select: str = ANY) -> plans.Kept:
        """The channels that a plan keeps, by ``random:3``, say, or in the order of its own rules."""
        if plan == WHOLE:
            return {}
        if (plan, select) not in self._kept:
            rules, round_to = self.rules[plan]
            name, _, seed = select.partition(':')
            change = {} if select == ANY else {'select': name, 'seed': int(seed or self.settings.seed)}
            made = [plans.Rule(**{**rule, **change}) for rule in rules]
            looks = name in ('taylor', 'activation')
            batches = steps.training_batches(self.cfg, self.settings.batches) if looks else ()
            self._kept[plan, select] = plans.plan_widths(self.model, made, self.batch, batches, round_to)
        return self._kept[plan, select]

    def redrawn(self, kept: plans.Kept) -> BaseModel:
        """A network of the cut widths with random weights.

        It is drawn at full width and cut; layers that read fewer channels than they were drawn for are scaled by the
        root of the ratio, as an initialisation by fan-in would have drawn them.
        """
        torch.manual_seed(self.settings.seed)
        with DefaultScope.overwrite_default_scope('wsolzoo'):
            model = MODELS.build(without_weights(self.cfg.model))
            model.init_weights()
        read = {name: width_of(model.get_submodule(name), 'in') for name, sides in kept.items() if 'in' in sides}
        plans.cut(model, kept)
        for name, before in read.items():
            model.get_submodule(name).weight.data.mul_(math.sqrt(before / len(kept[name]['in'])))
        return model

    def _train(self, model: BaseModel, kept: plans.Kept) -> BaseModel:
        with tempfile.TemporaryDirectory(prefix='prune-study-') as folder:
            steps.write_cut(model, kept, self.parent, [], Path(folder, 'cut.pth'))
            cfg = shortened(self.cfg, self.settings.length)
            cfg.load_from, cfg.resume, cfg.work_dir = str(Path(folder, 'cut.pth')), False, folder
            cfg.experiment_name = f'prune_study_{next(RUNS)}'
            launch.set_randomness(cfg, self.settings.seed, deterministic=False)
            cfg.train_cfg.val_begin = self.settings.length + 1
            hooks = cfg.get('default_hooks') or {}
            hooks.pop('progress', None)
            cfg.log_level = 'WARNING'
            runner = launch.build_runner(cfg)
            hush(runner.logger)
            return runner.train()

    def judge(self, model: BaseModel) -> dict[str, Any]:
        """Scores on both splits, and the size of the network. Channels-last is for speed alone."""
        use_channels_last(model.eval())
        found: dict[str, Any] = {
            'parameters': steps.parameters(model),
            'MMAC': steps.multiplications(model, self._first()),
        }
        for split in SPLITS:
            found[split] = steps.scores(model, self._loader(split), self.cfg[f'{split}_evaluator'])
        return found

    def _loader(self, split: str) -> Any:
        if split not in self._loaders:
            with DefaultScope.overwrite_default_scope('wsolzoo'):
                self._loaders[split] = Runner.build_dataloader(copy.deepcopy(self.cfg[f'{split}_dataloader']))
        return self._loaders[split]

    def _first(self) -> dict:
        return next(iter(self._loader('test')))

    def time(self, rounds: int, images: int) -> None:
        """A row of the whole network and one of each plan: prediction of ``images`` test images, taken in turns.

        ``ms`` is the median of an image; ``ratio`` how many times faster than the whole network in the same round:
        median, lowest, highest. Two rounds before are not counted.
        """
        batch = {key: value[:images] for key, value in self._first().items()}
        networks = {name: copy.deepcopy(self.model).eval() for name in (WHOLE, *self.rules)}
        for name, network in networks.items():
            plans.cut(network, self.kept(name))
        spent: dict[str, list[float]] = {name: [] for name in networks}
        for number in range(rounds + 2):
            for name, network in networks.items():
                taken = predict_seconds(network, batch)
                if number >= 2:
                    spent[name].append(taken)
        for name, times in spent.items():
            ratios = [one / other for one, other in zip(spent[WHOLE], times, strict=True)]
            row = {'plan': name, 'selector': ANY, 'mode': 'time', 'rounds': rounds, 'images': len(batch['inputs'])}
            row |= {'ms': 1000 * statistics.median(times) / len(batch['inputs'])}
            self._write((name, ANY, 'time'), row | {'ratio': [statistics.median(ratios), min(ratios), max(ratios)]})


def by_key(rows: Iterable[dict[str, Any]]) -> dict[Row, dict[str, Any]]:
    """The last row of each plan, selector and mode."""
    return {(row['plan'], row['selector'], row['mode']): row for row in rows}


def read_rows(path: str | Path) -> dict[Row, dict[str, Any]]:
    """The rows of a study's file."""
    return by_key(json.loads(line) for line in Path(path).read_text(encoding='utf-8').splitlines()[1:])


def predict_seconds(model: BaseModel, batch: dict) -> float:
    """Seconds of one prediction: of the processor where it computes on one thread, else on the clock."""
    data = model.data_preprocessor(copy.deepcopy(batch), training=False)
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    with torch.inference_mode():
        begin = clock()
        model.predict(data['inputs'], data['data_samples'])
        return clock() - begin


def shortened(cfg: Config, length: int) -> Config:
    """A copy of a config whose training and schedules end after ``length`` epochs, or iterations if it counts those."""
    cfg = copy.deepcopy(cfg)
    unit = 'max_epochs' if 'max_epochs' in cfg.train_cfg else 'max_iters'
    share = length / cfg.train_cfg[unit]
    cfg.train_cfg[unit] = length
    for schedule in _schedules(cfg.get('param_scheduler')):
        for key in ('begin', 'end', 'T_max'):
            if key in schedule:
                schedule[key] = max(int(key != 'begin'), round(schedule[key] * share))
        if 'milestones' in schedule:
            schedule.milestones = [max(1, round(value * share)) for value in schedule.milestones]
        if 'step_size' in schedule:
            schedule.step_size = max(1, round(schedule.step_size * share))
    return cfg


def _schedules(value: Any) -> Iterator[Any]:
    for one in value if isinstance(value, list | tuple) else [value] if value else []:
        if 'type' in one:
            yield one
        else:  # by the name of an optimizer
            for inner in one.values():
                yield from _schedules(inner)
