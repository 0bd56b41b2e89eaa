"""What can be known before a run: where it would fail after hours, it fails now, and says what to do."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmengine.config import Config

from wsolzoo.errors import UserError, arguments, meant
from wsolzoo.run.annotation import first_index, keep_what_labels_allow, metric_problems
from wsolzoo.run.disk import space_problems, work_dir_problems
from wsolzoo.run.schedules import schedule_warnings


class PreflightError(UserError, ValueError):
    """A run cannot end well; the message holds every reason that was found."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__('\n  '.join(['this run cannot end well:', *problems]))


def check_config(cfg: Config, training: bool = True) -> None:
    """Look at what a config alone tells: the work dir, the parts of every split, files of weights.

    Args:
        cfg: with ``work_dir`` set.
        training: weights are drawn or read as the model's ``init_cfg`` says, and checkpoints written.

    Raises:
        PreflightError: naming everything that is wrong.
    """
    problems = [*work_dir_problems(cfg.work_dir), *split_problems(cfg), *wrapper_problems(cfg)]
    if training:
        problems += weight_problems(cfg)
    if problems:
        raise PreflightError(problems)


def split_problems(cfg: Config) -> Iterator[str]:
    """Splits of which a config gives one part without the others."""
    parts = {
        'train': ('train_dataloader', 'train_cfg', 'optim_wrapper'),
        'val': ('val_dataloader', 'val_cfg', 'val_evaluator'),
        'test': ('test_dataloader', 'test_cfg', 'test_evaluator'),
    }
    for split, names in parts.items():
        given = [name for name in names if cfg.get(name) is not None]
        if given and len(given) < len(names):
            lacking = ' and '.join(sorted(set(names) - set(given)))
            yield (
                f'the config gives {", ".join(given)} without {lacking}: a {split} split takes all three '
                f'({split}_cfg=dict() will do), or none'
            )


def wrapper_problems(cfg: Config) -> Iterator[str]:
    """A network of mmpretrain where a backbone in stages is needed: it goes into its wrapper."""
    model = cfg.get('model') or {}
    library, _, kind = str((model.get('backbone') or {}).get('type')).rpartition('.')
    if library == 'mmpretrain' and '.' not in str(model.get('type')):
        yield (
            f'model.backbone: {library}.{kind} has no stages to work on. Put it into the wrapper that finds them: '
            f"dict(type='MMPretrainBackbone', net=dict(type={kind!r}, …))"
        )


def weight_problems(cfg: Config) -> Iterator[str]:
    """Files of pretrained weights that the model names and that do not exist."""
    for place, path in checkpoint_files(cfg.get('model') or {}, 'model'):
        if not Path(path).expanduser().is_file():
            yield (
                f'{place}: there is no file {path}. Put the weights there, name another file or a scheme such as '
                'torchvision://, or train from random weights with init_cfg=None.'
            )


def checkpoint_files(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """Place and path of every local ``init_cfg`` checkpoint in a nested config."""
    if isinstance(value, dict):
        name = value.get('checkpoint')
        if value.get('type') == 'Pretrained' and isinstance(name, str) and '://' not in name:
            yield f'{place}.checkpoint', name
        for key, inner in value.items():
            yield from checkpoint_files(inner, f'{place}.{key}')
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            yield from checkpoint_files(inner, f'{place}.{index}')


def check_runner(runner: Any, training: bool = True) -> list[str]:
    """Build what MMEngine would build later, and look at it: data against model, roles, one image on its way through.

    What is built here the run uses afterwards; random numbers are given back.

    Returns:
        Warnings: what is probably not meant.

    Raises:
        PreflightError: naming everything that is wrong.
        SelectionError: a test split would select.
    """
    from wsolzoo.engine.hooks.random_state import get_state, set_state
    from wsolzoo.engine.hooks.selection import SelectionHook

    loops = build_loops(runner, training)
    problems: list[str] = []
    told: list[str] = []
    if training:
        SelectionHook().before_train(runner)
        build_optimizer(runner)
        problems += [*space_problems(runner), *saving_problems(runner)]
    state = get_state()
    try:
        problems += [text for name, loop in loops for text in class_problems(runner, name, loop.dataloader.dataset)]
        if not problems:
            problems = [text for name, loop in loops for text in sample_problems(runner, name, loop.dataloader)]
        if not problems:
            told = [text for name, loop in loops for text in keep_what_labels_allow(runner, name, loop)]
            problems = [text for name, loop in loops for text in metric_problems(name, loop)]
    finally:
        set_state(state)
    if problems:
        raise PreflightError(problems)
    return [*told, *(schedule_warnings(runner) if training else ())]


def build_loops(runner: Any, training: bool) -> list[tuple[str, Any]]:
    """The loops of the run by name, their data sets read.

    Raises:
        PreflightError: a data set, an evaluator or a loop cannot be built.
    """
    loops = []
    for name in ('train', 'val') if training else ('test',):
        try:
            loop = getattr(runner, f'{name}_loop')
        except (OSError, ValueError, AssertionError) as error:
            parts = ('dataloader', 'cfg') if name == 'train' else ('dataloader', 'evaluator', 'cfg')
            raise PreflightError(
                [f'{" or ".join(f"{name}_{part}" for part in parts)} cannot be built: {error}']
            ) from error
        if loop is not None:
            loops.append((name, loop))
    return loops


def build_optimizer(runner: Any) -> None:
    """Build optimizer and schedules, in MMEngine's order: a rate is scaled before schedules remember it."""
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    runner.scale_lr(runner.optim_wrapper, runner.auto_scale_lr)
    runner.auto_scale_lr = None
    if runner.param_schedulers is not None:
        runner.param_schedulers = runner.build_param_scheduler(runner.param_schedulers)


def saving_problems(runner: Any) -> Iterator[str]:
    """Keywords that a checkpoint hook takes and keeps, and that the first saving would choke on."""
    from mmengine.hooks import CheckpointHook

    for hook in runner.hooks:
        if isinstance(hook, CheckpointHook):
            valid = arguments(type(hook)) | arguments(runner.save_checkpoint)
            for key in set(hook.args) - arguments(runner.save_checkpoint):
                yield f'default_hooks.checkpoint.{key}: {type(hook).__name__} takes no {key!r}; {meant(key, valid)}'


def class_problems(runner: Any, name: str, dataset: Any) -> Iterator[str]:
    """What of the data the model's task says does not fit."""
    model = unwrapped(runner.model)
    if getattr(model, 'task', None) is not None:
        place = f'{name}_dataloader ({type(dataset).__name__})'
        yield from model.task().misfits(model, getattr(dataset, 'metainfo', None) or {}, place)


def sample_problems(runner: Any, name: str, loader: Any) -> Iterator[str]:
    """Whether one image gets through pipeline and model, and the prediction is of use to the model's task."""
    import torch

    model, place = unwrapped(runner.model), f'{name}_dataloader'
    if getattr(model, 'task', None) is None:
        return
    try:
        batch = loader.collate_fn([loader.dataset[first_index(loader)]])
    except (OSError, ValueError) as error:
        yield f'the first image of {place} cannot be read: {error}'
        return
    size, was_training = 'x'.join(map(str, batch['inputs'][0].shape[1:])), model.training
    model.eval()
    try:
        with torch.no_grad():
            (sample,) = model.val_step(batch)
    except torch.OutOfMemoryError:  # which another size of the image would not mend
        raise
    except (RuntimeError, ValueError, IndexError, AssertionError) as error:
        yield (
            f'an image of {size} pixels from {place} does not get through the model ({first_line(error)}). '
            'Give it a size in the pipeline that the model takes, or use smaller strides where the image is too small.'
        )
        return
    finally:
        model.train(was_training)
    yield from model.task().flaws(sample, size, place)


def first_line(error: Exception) -> str:
    """The beginning of an error's text."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def unwrapped(model: Any) -> Any:
    """The model inside a wrapper for several processes."""
    return getattr(model, 'module', model)
