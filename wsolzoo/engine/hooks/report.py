"""After a test: metrics.json, report.html, pictures of every image on request, and a table on the terminal."""

import json
import math
import sys
from datetime import datetime, timezone
from itertools import chain
from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from wsolzoo.compat import versions
from wsolzoo.engine.hooks.second_look import image_ids, second_look
from wsolzoo.engine.hooks.selection import SELECTED_ON, STAMP, selected_on, selected_on_test
from wsolzoo.engine.hooks.training_log import training_curves
from wsolzoo.engine.weights.checkpoint import partial_weights
from wsolzoo.registry import HOOKS, VISUALIZERS

PARTIAL = 'partial_weights'
"""Key of ``meta`` that says that a checkpoint was loaded only in part."""


@HOOKS.register_module()
class ReportHook(Hook):
    """Writes what a test found, for people and for programs.

    ``metrics.json`` holds the headline numbers by their usual names, ``intervals`` with their 95 % intervals,
    ``centered_box`` with the same for the box that ignores the image, ``protocols`` with everything, and ``meta``.
    ``report.html`` is one self-contained page. Pictures are read and predicted a second time once it is known which
    ones matter, so a test needs no memory for them. Of several such hooks (a base config's and a tool's) the last one
    acts.

    Args:
        title: of the report; by default the name of the config.
        show_dir: folder for one picture of every image (photograph, map, boxes); none by default.
        seed: of the random sample of pictures.
        out_dir: where ``metrics.json`` and ``report.html`` go; by default the work dir.
        train_dir: work dir of the training whose curves are shown; by default this one, then the checkpoint's folder.
        visualizer: who draws, see :class:`wsolzoo.visualization.LocVisualizer`.
    """

    priority = 'VERY_LOW'  # after the loggers and the progress bar

    def __init__(
        self,
        title: str | None = None,
        show_dir: str | None = None,
        seed: int = 0,
        out_dir: str | None = None,
        train_dir: str | None = None,
        visualizer: dict | None = None,
    ) -> None:
        self.title = title
        self.show_dir = show_dir
        self.seed = seed
        self.out_dir = out_dir
        self.train_dir = train_dir
        self.visualizer = visualizer or dict(type='LocVisualizer')
        self.console = Console()
        self._trained_on: list[str] = []

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Keep the class names of the training, for data that brings none."""
        meta = checkpoint.get('meta')
        known = (meta if isinstance(meta, dict) else checkpoint).get('dataset_meta') or {}
        self._trained_on = list(known.get('classes') or [])

    def after_test_epoch(self, runner, metrics: dict | None = None) -> None:
        """Write the files, then print the table."""
        if not is_main_process() or self is not [hook for hook in runner.hooks if isinstance(hook, ReportHook)][-1]:
            return
        visualizer = VISUALIZERS.build(self.visualizer)
        result = gather_result(runner, metrics or {})
        meta = describe_run(runner)
        folder = Path(self.out_dir or runner.work_dir)
        folder.mkdir(parents=True, exist_ok=True)
        heads = visualizer.headlines(result)
        write_metrics(folder / 'metrics.json', result, heads, meta)
        if not result['images']:  # no metric judges single images: the pictures are a sample of the data set
            found = image_ids(runner.test_loop.dataloader.dataset)
            result = result | {'images': [{'img_id': img_id} for _, img_id in found], 'shown': _shown(runner)}
        report = visualizer.write_report(
            result,
            folder / 'report.html',
            title=self.title or meta['config'],
            images=self._pictures(runner, result, visualizer),
            curves=self._curves(runner),
            meta=_for_people(runner, meta, self.seed, self._trained_on),
        )
        if meta[STAMP]:
            self.console.print(f'[bold red]selected on test: {escape(meta[STAMP])}[/]; these numbers are no estimate')
        if 'pseudo:' in (meta[SELECTED_ON] or ''):
            self.console.print(f'[dim]selected on {escape(meta[SELECTED_ON])}: no true box has chosen[/]')
        if meta[PARTIAL]:
            self.console.print(f'[bold red]not all weights were loaded: {escape(meta[PARTIAL])}[/]', soft_wrap=True)
        self.console.print(score_table(heads, visualizer.numbers(result)))
        self._print_paths(report)

    def _pictures(self, runner, result: dict, visualizer) -> dict[str, dict]:
        """The pictures of the report; those of ``show_dir`` are written on the way."""
        records = {record['img_id']: record for record in result.get('images', [])}
        shown = set(visualizer.wanted_images(result, seed=self.seed))
        kept = {}
        for img_id, picture in second_look(runner, records if self.show_dir else shown):
            if img_id in shown:
                kept[img_id] = picture
            if self.show_dir:
                visualizer.save_strip(self.show_dir, img_id, picture, records[img_id])
        if not kept:
            print_log(
                'The report has no pictures: no map was predicted, or the data set does not tell img_ids.', 'current'
            )
        return kept

    def _curves(self, runner) -> dict:
        checkpoint = runner._load_from
        places = [self.train_dir or runner.work_dir]
        if self.train_dir is None and checkpoint and '://' not in str(checkpoint):
            places.append(Path(checkpoint).parent)
        return next((curves for curves in map(training_curves, places) if curves), {})

    def _print_paths(self, report: Path) -> None:
        for name, path in (
            ('report', report),
            ('metrics', report.with_name('metrics.json')),
            ('pictures', self.show_dir),
        ):
            if path:
                self.console.print(f'{name:<9}{escape(str(path))}', highlight=False, soft_wrap=True)


def score_table(heads: list, numbers: list[tuple]) -> Table:
    """The numbers for a terminal: the headlines beside the centred box, or every scalar where there are none.

    Args:
        heads: objects with ``name``, ``value``, ``interval``, ``baseline``, ``gain``, ``protocol`` and ``column``.
        numbers: (name, value, interval) of every scalar.
    """
    table = Table(title_justify='left', border_style='dim')
    table.add_column('metric')
    table.add_column('value', justify='right', style='bold')
    known = any(head.interval for head in heads) if heads else any(interval for *_, interval in numbers)
    if known:
        table.add_column('95 %', justify='right', style='dim')
    for title in ('centred box', 'gain') if heads else ():
        table.add_column(title, justify='right')
    if heads:
        table.add_column('protocol', style='dim')
    for head in heads:
        interval = [_ends(head.interval, '.1f')] if known else []
        gain = '' if head.gain is None else f'[{"green" if head.gain >= 0 else "red"}]{head.gain:+.1f}[/]'
        baseline = '' if head.baseline is None else f'{head.baseline:.1f}'
        source = escape(f'{head.protocol} {head.column}'.strip())
        table.add_row(escape(head.name), f'{head.value:.1f}', *interval, baseline, gain, source)
    for name, value, interval in () if heads else numbers:
        table.add_row(escape(name), f'{value:.4g}', *([_ends(interval, '.4g')] if known else []))
    return table


def _ends(interval: tuple[float, float] | None, digits: str) -> str:
    return f'{interval[0]:{digits}}–{interval[1]:{digits}}' if interval else ''


def gather_result(runner, metrics: dict) -> dict:
    """The results of all metrics of a test as one dict; ``metrics`` holds every scalar by name.

    A metric takes part by leaving a dict on ``result``, see :class:`wsolzoo.evaluation.metrics.LocalizationMetric`.
    """
    result: dict = {
        'protocols': {},
        'metrics': {k: float(v) for k, v in metrics.items() if isinstance(v, (int, float))},
    }
    for metric in runner.test_loop.evaluator.metrics:
        found = getattr(metric, 'result', None)
        if isinstance(found, dict):
            result['protocols'].update(found.get('protocols', {}))
            for key, value in found.items():
                if key != 'protocols':
                    result.setdefault(key, value)
    result['images'] = [record for record in result.get('images', []) if 'img_id' in record]
    return result


def describe_run(runner) -> dict:
    """Where the numbers come from."""
    filename = runner.cfg.filename
    return {
        'config': Path(filename).stem if filename else runner.experiment_name,
        'config_file': filename,
        'checkpoint': runner._load_from and str(runner._load_from),
        'seed': runner.seed,
        STAMP: ', '.join(selected_on_test(runner)) or None,
        SELECTED_ON: selected_on(runner),
        'accelerate': runner.message_hub.runtime_info.get('accelerate'),
        PARTIAL: partial_weights(runner),
        'command': ' '.join(sys.argv),
        'date': datetime.now(timezone.utc).isoformat(timespec='seconds'),
        'data': type(runner.test_loop.dataloader.dataset).__name__,
        'device': str(next(chain(runner.model.parameters(), runner.model.buffers())).device),
        'versions': versions(),
    }


def _shown(runner) -> int | None:
    """How many pictures the task of the model wants to be seen; ``None`` where it names no task."""
    model = getattr(runner.model, 'module', runner.model)
    return getattr(getattr(model, 'task', None), 'shown', None)


def _for_people(runner, meta: dict, seed: int, trained_on: list[str]) -> dict:
    """``meta`` with class names (the data set's, or those of the training), and the config's text."""
    classes = (getattr(runner.test_loop.dataloader.dataset, 'metainfo', None) or {}).get('classes') or trained_on
    told = {key: value for key, value in meta.items() if value is not None}
    told['versions'] = ', '.join(f'{name} {version}' for name, version in meta['versions'].items())
    told['sample_seed'] = seed
    return told | {'classes': list(classes), 'config': runner.cfg.pretty_text}


def write_metrics(path: Path, result: dict, heads: list, meta: dict) -> None:
    """Write ``metrics.json``.

    Args:
        path: the file.
        result: see :func:`gather_result`; its records per image are left out.
        heads: headline numbers, see :func:`score_table`.
        meta: see :func:`describe_run`.
    """
    content: dict = {head.name: head.value for head in heads}
    content['centered_box'] = {head.name: head.baseline for head in heads if head.baseline is not None}
    content['intervals'] = {head.name: head.interval for head in heads if head.interval}
    content['definitions'] = {
        head.name: {'protocol': head.protocol, 'threshold': head.column} for head in heads if head.protocol
    }
    content |= {key: value for key, value in result.items() if key not in ('images', 'metrics')}
    content['metrics'] = result['metrics']
    content['meta'] = meta
    text = json.dumps(_jsonable(content), indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + '\n', encoding='utf-8')


def _jsonable(value: object) -> object:
    """Plain JSON values: arrays as lists, numbers that are not finite as null (JSON has none)."""
    if isinstance(value, dict):
        return {str(key): _jsonable(inner) for key, inner in value.items()}
    if hasattr(value, 'tolist'):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [_jsonable(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise TypeError(f'{type(value).__name__} cannot be written as JSON: {value!r}')
