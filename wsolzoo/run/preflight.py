"""What can be known before a run: where it would fail after hours, it fails now, and says what to do."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmengine.config import Config

from wsolzoo.errors import UserError


class PreflightError(UserError, ValueError):
    """A run cannot end well; the message holds every reason that was found."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__('\n  '.join(['this run cannot end well:', *problems]))


def check_config(cfg: Config, training: bool = True) -> None:
    """Look at what a config alone tells: the work dir, the space in it, files of weights.

    Args:
        cfg: with ``work_dir`` set.
        training: checkpoints will be written.

    Raises:
        PreflightError: naming everything that is wrong.
    """
    problems = [*work_dir_problems(cfg.work_dir), *weight_problems(cfg)]
    if training and not problems:
        problems += space_problems(cfg)
    if problems:
        raise PreflightError(problems)
    remove_half_written(Path(cfg.work_dir))


def work_dir_problems(work_dir: str) -> Iterator[str]:
    """Whether files can be made in the work dir; it is created."""
    try:
        Path(work_dir).mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=work_dir, prefix='.writable') as file:
            file.write(b'x')
            file.flush()
    except OSError as error:
        yield (
            f'the work dir {work_dir} cannot be written ({error.strerror}). Choose another with --work-dir, or change '
            'the rights of this one.'
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


def space_problems(cfg: Config) -> Iterator[str]:
    """Whether the disk holds the checkpoints that the run keeps at one time."""
    size = checkpoint_bytes(cfg)
    if size is None:
        return
    hooks = cfg.get('default_hooks') or {}
    saving = hooks.get('checkpoint') or {}
    kept = saving.get('max_keep_ckpts', -1)
    count = (kept if kept > 0 else 1) + 1 + bool(saving.get('save_best'))  # one more is there while it is replaced
    needed, free = count * size, shutil.disk_usage(cfg.work_dir).free
    if free < needed:
        yield (
            f'the disk of {cfg.work_dir} has {in_mb(free)} free, and {count} checkpoints of {in_mb(size)} need '
            f'{in_mb(needed)}. Free some space, or choose another disk with --work-dir.'
        )


def in_mb(size: float) -> str:
    """A number of bytes for people."""
    return f'{size / 2**20:,.0f} MiB'


def checkpoint_bytes(cfg: Config) -> int | None:
    """An estimate of the size of a training checkpoint; ``None`` for a model that cannot be built without memory."""
    import torch
    from mmengine.registry import DefaultScope

    from wsolzoo.models.initial import without_weights
    from wsolzoo.registry import MODELS

    try:
        with DefaultScope.overwrite_default_scope(cfg.get('default_scope', 'wsolzoo')), torch.device('meta'):
            model = MODELS.build(without_weights(cfg.model))
    except Exception:  # whatever is wrong with the model is said when it is built in earnest
        return None
    values = sum(tensor.numel() * tensor.element_size() for tensor in model.state_dict().values())
    optimizer = str((cfg.get('optim_wrapper') or {}).get('optimizer', {}).get('type', ''))
    copies = 1 + (2 if 'Adam' in optimizer else 1)
    hooks = [*(cfg.get('default_hooks') or {}).values(), *(cfg.get('custom_hooks') or [])]
    copies += any('EMA' in str((hook or {}).get('type', '')) for hook in hooks)
    return values * copies + 2**16


def remove_half_written(work_dir: Path) -> None:
    """Remove what a killed run was writing: temporary files beside checkpoints, older than the processes that live."""
    if int(os.environ.get('RANK', os.environ.get('SLURM_PROCID', 0))) == 0:
        for path in work_dir.glob('.*.pth.*'):
            path.unlink(missing_ok=True)


def check_runner(runner: Any, training: bool = True) -> None:
    """Look at a built Runner before it runs: data against model, roles, one image on its way through.

    The data loaders are built here and used by the run afterwards; random numbers are given back.

    Raises:
        PreflightError: naming everything that is wrong.
        SelectionError: a test split would select.
    """
    from wsolzoo.engine.hooks.random_state import get_state, set_state
    from wsolzoo.engine.hooks.selection import SelectionHook

    loops = build_loops(runner, training)
    if training:
        SelectionHook().before_train(runner)
    state = get_state()
    try:
        problems = [text for name, loop in loops for text in class_problems(runner, name, loop.dataloader.dataset)]
        if not problems:
            problems = [text for name, loop in loops for text in sample_problems(runner, name, loop.dataloader)]
    finally:
        set_state(state)
    if problems:
        raise PreflightError(problems)


def build_loops(runner: Any, training: bool) -> list[tuple[str, Any]]:
    """The loops of the run by name, their data sets read.

    Raises:
        PreflightError: a data set or an evaluator cannot be built.
    """
    loops = []
    for name in ('train', 'val') if training else ('test',):
        try:
            loop = getattr(runner, f'{name}_loop')
        except (OSError, ValueError) as error:
            raise PreflightError([f'{name}_dataloader or {name}_evaluator cannot be built: {error}']) from error
        if loop is not None:
            loops.append((name, loop))
    return loops


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
    except (RuntimeError, ValueError, IndexError) as error:
        yield (
            f'an image of {size} pixels from {place} does not get through the model ({first_line(error)}). '
            'Resize to a larger size in the pipeline, or use smaller strides in the backbone.'
        )
        return
    finally:
        model.train(was_training)
    yield from model.task().flaws(sample, size, place)


def first_index(loader: Any) -> Any:
    """How the first image of a data set is addressed; a sampler of several sources has its own way."""
    draw = getattr(loader.sampler, 'draw', None)
    return draw(0, 0) if draw else 0


def first_line(error: Exception) -> str:
    """The beginning of an error's text."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def unwrapped(model: Any) -> Any:
    """The model inside a wrapper for several processes."""
    return getattr(model, 'module', model)
