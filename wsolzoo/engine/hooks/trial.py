"""What switches for speed are worth to a model about to be trained: a few steps of copies of it, taken in turns."""

import copy
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

import torch
from mmengine.optim import OptimWrapper
from torch import nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader

from wsolzoo.engine.hooks.random_state import get_state, set_state

DROPOUT = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)

Prepare = Callable[[nn.Module, Optimizer], OptimWrapper]
"""Turns a switch on for a model, and wraps its optimizer."""


@dataclass(frozen=True)
class Trial:
    """One switch: median seconds of a step, and the loss of the batch."""

    seconds: float
    loss: float


@contextmanager
def random_numbers_kept() -> Iterator[dict]:
    """Put all generators back where they were, at the end; their state is yielded."""
    state = get_state()
    try:
        yield state
    finally:
        set_state(state)


def real_batch(loader: DataLoader) -> dict:
    """A batch of a loader's data, evenly spaced over it; loader, sampler and generators stay where they are."""
    dataset, count = loader.dataset, loader.batch_size or 1
    if hasattr(loader.sampler, 'draw'):  # several sources, each addressed in its own way; iterating moves nothing
        indices = list(islice(loader.sampler, count))
    else:
        indices = [number * len(dataset) // count for number in range(count)]
    with random_numbers_kept():
        return loader.collate_fn([dataset[index] for index in indices])


def run_trials(
    model: nn.Module,
    optimizer: Optimizer,
    batch: dict,
    switches: Mapping[str, Prepare],
    warmup: int = 2,
    rounds: int = 5,
) -> dict[str, Trial]:
    """Take training steps of copies of ``model`` on one batch, with each of the switches in turn.

    Model, optimizer and generators of random numbers are left as they were. A copy's learning rate is 0, every step
    draws the same numbers, and dropout, which draws a mask in the order of memory, is off: all losses are those of the
    same function. In turns, so that a busy machine slows all.

    Args:
        model: without a wrapper for several processes.
        optimizer: of its parameters.
        batch: as the loader gives it.
        switches: what prepares a copy, by name.
        warmup: steps of each that are not timed; they choose kernels and allocate.
        rounds: timed steps of each.
    """
    steps = {name: _prepared_step(model, optimizer, batch, prepare) for name, prepare in switches.items()}
    times: dict[str, list[float]] = {name: [] for name in steps}
    losses: dict[str, float] = {}
    with random_numbers_kept() as state:
        for _ in range(warmup + rounds):
            for name, step in steps.items():
                set_state(state)
                seconds, losses[name] = step()
                times[name].append(seconds)
    return {name: Trial(statistics.median(times[name][warmup:]), losses[name]) for name in steps}


def _prepared_step(model: nn.Module, optimizer: Optimizer, batch: dict, prepare: Prepare) -> Callable[[], tuple]:
    """A training step of a copy, as a function that returns its seconds and its loss."""
    on_gpu = next(model.parameters()).is_cuda
    alone = torch.get_num_threads() == 1 and not on_gpu  # then this process's own time, which others cannot lengthen
    clock = time.process_time if alone else time.perf_counter
    twin, its_optimizer = copy.deepcopy((model, optimizer))  # together, so that one owns the parameters of the other
    for group in its_optimizer.param_groups:
        group['lr'] = 0.0
    for module in twin.train().modules():
        if isinstance(module, DROPOUT):
            module.eval()
    wrapper = prepare(twin, its_optimizer)

    def step() -> tuple[float, float]:
        own_batch = copy.deepcopy(batch)
        began = clock()
        scalars = twin.train_step(own_batch, wrapper)
        if on_gpu:
            torch.cuda.synchronize()
        seconds = clock() - began
        return seconds, sum(float(value.detach()) for name, value in scalars.items() if 'loss' in name)

    return step


def choose(trials: dict[str, Trial], allowed: dict[str, float], margin: float) -> str:
    """The name of the fastest switch whose loss is that of ``'plain'``; ``'plain'`` where none gains enough.

    Args:
        trials: one of them is ``'plain'``.
        allowed: largest relative difference of the loss, by name.
        margin: share of the plain step's time that must be saved.
    """
    plain = trials['plain']
    equal = [name for name in trials if difference(trials[name], plain) <= allowed.get(name, 0.0)]
    best = min(equal, key=lambda name: trials[name].seconds, default='plain')
    return best if trials[best].seconds <= (1 - margin) * plain.seconds else 'plain'


def difference(trial: Trial, plain: Trial) -> float:
    """Relative difference of the losses; not a number where one of them is none."""
    return abs(trial.loss - plain.loss) / max(abs(plain.loss), 1e-12)


def table(trials: dict[str, Trial], allowed: dict[str, float]) -> str:
    """One line for each switch: time of a step, its ratio to the plain step, difference of the loss."""
    plain = trials['plain']
    lines = [f'{"switch":<20}{"ms a step":>10}{"ratio":>7}  loss differs by (allowed)']
    for name, trial in trials.items():
        told = f'{1000 * trial.seconds:10.1f}{trial.seconds / plain.seconds:7.2f}'
        told += f'  {difference(trial, plain):.1e} ({allowed[name]:.1e})' if name in allowed else ''
        lines.append(f'{name:<20}{told}')
    return '\n'.join(lines)
