"""Gradients that wait for more batches (``accumulative_counts``), kept over the end of a process."""

from typing import Any

from mmengine.dist import get_rank, get_world_size
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import Runner
from torch import Tensor, nn

from wsolzoo.engine.weights.reading import CheckpointError

KEY = 'accumulation'


def wrappers_of(runner: Runner) -> dict[str, OptimWrapper]:
    """The optimizer wrappers that accumulate, by name."""
    wrapper = runner.optim_wrapper
    wrappers = wrapper.optim_wrappers if isinstance(wrapper, OptimWrapperDict) else {'': wrapper}
    return {name: one for name, one in wrappers.items() if getattr(one, '_accumulative_counts', 1) > 1}


def gradients_of(runner: Runner) -> dict[str, Tensor]:
    """The gradients of this process that no optimizer has used yet."""
    if all(one.inner_count % one._accumulative_counts == 0 for one in wrappers_of(runner).values()):
        return {}
    named = unwrapped(runner.model).named_parameters()
    return {name: value.grad.detach().cpu() for name, value in named if value.grad is not None}


def waiting(runner: Runner, gradients: list[dict[str, Tensor]]) -> dict[str, Any]:
    """How many batches each optimizer has seen, with :func:`gradients_of` every process."""
    counts = {name: one.inner_count for name, one in wrappers_of(runner).items()}
    return {'counts': counts, 'gradients': gradients}


def put_back(runner: Runner, found: dict[str, Any]) -> None:
    """Let the optimizers of this process wait as they did when :func:`waiting` looked.

    Raises:
        CheckpointError: they do not fit the model, or gradients wait in another number of processes.
    """
    wrappers, counts, everywhere = wrappers_of(runner), found.get('counts'), found.get('gradients')
    model = unwrapped(runner.model)
    parameters = dict(model.named_parameters())
    fits = isinstance(counts, dict) and isinstance(everywhere, list) and counts.keys() == wrappers.keys()
    if fits and any(everywhere) and len(everywhere) != get_world_size():
        raise CheckpointError(
            f'{runner._load_from}: gradients of {len(everywhere)} processes wait for more batches '
            f'(accumulative_counts), and this run has {get_world_size()}. Resume with as many processes.'
        )
    gradients = everywhere[get_rank()] if fits and any(everywhere) else {}
    if not fits or any(name not in parameters or parameters[name].shape != g.shape for name, g in gradients.items()):
        raise CheckpointError(
            f'{runner._load_from}: accumulative_counts of the config is not that of the checkpoint, whose gradients '
            'wait for more batches. Resume with the old setting.'
        )
    for name, wrapper in wrappers.items():
        if hasattr(wrapper, '_divisible_counts'):  # older MMEngine takes the rest of the run for all of it
            wrapper.initialize_count_status(model, 0, runner.train_loop.max_iters)
        wrapper._inner_count = counts[name]
    for name, gradient in gradients.items():
        parameters[name].grad = gradient.to(parameters[name].device, copy=True)


def unwrapped(model: nn.Module) -> nn.Module:
    """The model inside a wrapper for several processes."""
    return model.module if is_model_wrapper(model) else model
