"""A resumed run continues the random numbers of the run that stopped."""

import random
from typing import Any

import numpy as np
import torch
from mmengine.dist import all_gather_object, get_rank, get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner

from wsolzoo.registry import HOOKS

KEY = 'random_state'


def get_state() -> dict[str, Any]:
    """The states of all global generators as tensors and plain numbers, which are safe to load."""
    kind, keys, position, has_gauss, gauss = np.random.get_state()  # noqa: NPY002  upstream transforms use it
    state = {
        'torch': torch.get_rng_state(),
        'numpy': [str(kind), torch.from_numpy(np.asarray(keys, np.int64)), int(position), int(has_gauss), float(gauss)],
        'python': random.getstate(),
    }
    if torch.cuda.is_available():
        state['cuda'] = torch.cuda.get_rng_state()
    return state


def set_state(state: dict[str, Any]) -> None:
    """Put the generators where :func:`get_state` found them."""
    torch.set_rng_state(state['torch'])
    kind, keys, *rest = state['numpy']
    np.random.set_state((kind, keys.numpy().astype(np.uint32), *rest))  # noqa: NPY002  upstream transforms use it
    version, numbers, gauss = state['python']
    random.setstate((version, tuple(numbers), gauss))
    if 'cuda' in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state['cuda'])


def seed_worker(worker_id: int) -> None:
    """Set the generators of a loader's worker apart from those of the same worker on other processes.

    Torch has seeded them from the main process; ranks of a distributed run may have drawn the same number there.
    """
    seed = (torch.initial_seed() + 1_000_003 * get_rank()) % 2**32
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  upstream transforms use it


@HOOKS.register_module()
class RandomStateHook(Hook):
    """Saves the states of the generators of every process with each checkpoint and restores them on resume.

    Validation gets its own stretch of random numbers and gives the training's back, so a run that is resumed after an
    epoch's checkpoint draws what the uninterrupted run drew, bit for bit on a CPU.

    With random transforms in worker processes the workers are started anew for each epoch, with seeds drawn from the
    main process: MMEngine gives them the same seeds in every epoch, and workers that persist would have drawn numbers
    that no checkpoint knows. Starting them costs a fork each, a fraction of a second an epoch.

    A run resumed in the *middle* of an epoch (iteration-based checkpoints) continues exactly with ``num_workers=0`` on
    one process. Resuming on another number of processes keeps what the seed gives.
    """

    priority = 'LOW'

    def __init__(self) -> None:
        self.resumed: list[dict[str, Any]] | None = None
        self.training: dict[str, Any] | None = None
        self.gathered: list[dict[str, Any]] | None = None

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Remember the states of a checkpoint that is resumed from."""
        if runner._resume:
            self.resumed = checkpoint.get(KEY)

    def before_train(self, runner: Runner) -> None:
        """Restore them; setting up the run, which draws too, is over."""
        if self.resumed is not None and len(self.resumed) == get_world_size():
            set_state(self.resumed[get_rank()])
        self.resumed = None

    def before_train_epoch(self, runner: Runner) -> None:
        """Start the workers of the training loader anew, with seeds from this process."""
        loader = runner.train_dataloader
        if getattr(loader, 'num_workers', 0):
            if getattr(loader, '_iterator', None) is not None:
                loader._iterator._shutdown_workers()
                loader._iterator = None
            loader.worker_init_fn = seed_worker

    def before_val(self, runner: Runner) -> None:
        """Set the training's states aside."""
        self.training = get_state()

    def after_val(self, runner: Runner) -> None:
        """Take them back."""
        if self.training is not None:
            set_state(self.training)
        self.training = None

    def after_train_epoch(self, runner: Runner) -> None:
        """Collect the states of all processes, before the checkpoint hook (of lower priority) saves the epoch."""
        if get_world_size() > 1:
            self.gathered = all_gather_object(get_state())

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Write the states into the checkpoint (on the main process, which alone saves)."""
        checkpoint[KEY] = self.gathered or [self.training or get_state()]
