"""A resumed run continues the random numbers of the run that stopped."""

import random
from functools import partial
from typing import Any

import numpy as np
import torch
from mmengine.dist import all_gather_object, get_rank, get_world_size
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop, Runner
from torch.utils.data import DataLoader

from wsolzoo.engine.hooks.checkpoint import saves_after_iter
from wsolzoo.engine.hooks.data_position import Endless, RestOfEpoch
from wsolzoo.engine.weights.reading import CheckpointError
from wsolzoo.registry import HOOKS

KEY, SEEN = 'random_state', 'batches_seen'


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

    Validation gets its own stretch of random numbers and gives the training's back, so a run that is resumed after a
    checkpoint draws what the uninterrupted run drew, bit for bit on a CPU.

    With random transforms in worker processes the workers are started anew for each epoch, with seeds drawn from the
    main process: MMEngine gives them the same seeds in every epoch, and workers that persist would have drawn numbers
    that no checkpoint knows. Starting them costs a fork each, a fraction of a second an epoch.

    A checkpoint in the middle of an epoch tells how many batches it has seen. The resumed run passes over them, and
    takes its random numbers up behind them. An iteration-based loop with loader workers cannot be repeated like this:
    its data is the same, its random transforms are not, and the log says so. Resuming on another number of processes
    keeps what the seed gives, and begins the epoch anew.
    """

    priority = 'LOW'  # before checkpoints are saved

    def __init__(self) -> None:
        self.loaded: dict[str, Any] | None = None
        self.training: dict[str, Any] | None = None
        self.gathered: list[dict[str, Any]] | None = None
        self.epoch_start: dict[str, Any] | None = None
        self.seen = 0
        self.whole: DataLoader | None = None

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Remember the states of a checkpoint that is resumed from."""
        if not runner._resume:
            return
        states, seen = checkpoint.get(KEY) or [], checkpoint.get(SEEN) or [0, 0]
        if not (listed(states, dict) and listed(seen, int) and len(seen) == 2):
            raise CheckpointError(f'{runner._load_from}: its {KEY} and {SEEN} are not those of a training')
        self.loaded = {KEY: states, SEEN: seen}

    def before_train(self, runner: Runner) -> None:
        """Restore them where an epoch begins; setting up the run, which draws too, is over."""
        if self.loaded is None:
            return
        states = self.loaded[KEY]
        state = states[get_rank()] if len(states) == get_world_size() else None
        loop, arrived = runner.train_loop, partial(_restore, runner, state)
        if isinstance(loop, IterBasedTrainLoop) and loop.iter and not getattr(loop, 'fast_forward_on_resume', False):
            if loop.dataloader.num_workers:
                runner.logger.warning(
                    'Continuing in the middle of the data with loader workers: random transforms will be others than '
                    'in a run that was left alone. With num_workers=0 they are the same.'
                )
            loop.dataloader_iterator = Endless(loop.dataloader_iterator, loop.iter, arrived)
        else:
            self.seen = self._seen(runner, state)
            arrived()

    def _seen(self, runner: Runner, state: dict | None) -> int:
        """How many batches of the epoch a checkpoint has seen, or 0 where they cannot be told apart any more."""
        seen, length = self.loaded[SEEN]
        if seen and ('epoch_start' not in (state or ()) or length != len(runner.train_dataloader)):
            runner.logger.warning(
                f'The checkpoint is from batch {seen} of {length} of an epoch, which now has '
                f'{len(runner.train_dataloader)} in {get_world_size()} processes: the epoch begins anew.'
            )
            runner.train_loop._iter -= seen
            return 0
        return seen

    def before_train_epoch(self, runner: Runner) -> None:
        """Start the workers of the training loader anew, with seeds from this process."""
        loader = runner.train_dataloader
        if getattr(loader, 'num_workers', 0):
            if getattr(loader, '_iterator', None) is not None:
                loader._iterator._shutdown_workers()
                loader._iterator = None
            loader.worker_init_fn = seed_worker
        if self.seen:
            here = get_state()
            self.epoch_start = self.loaded[KEY][get_rank()]['epoch_start']
            _restore(runner, self.epoch_start)  # workers get the seeds that they had
            self.whole = loader
            runner.train_loop.dataloader = RestOfEpoch(loader, self.seen, partial(set_state, here))
        else:
            self.epoch_start = get_state()
        self.loaded = None

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None, outputs: dict | None = None
    ) -> None:
        """Count, and collect the states of all processes if the checkpoint hook is about to save."""
        if not isinstance(runner.train_loop, IterBasedTrainLoop):
            self.seen += 1
        if saves_after_iter(runner):
            self._gather()

    def after_train_epoch(self, runner: Runner) -> None:
        """Collect the states of all processes, before the checkpoint hook saves the epoch."""
        self.seen = 0
        if self.whole is not None:
            runner.train_loop.dataloader, self.whole = self.whole, None
        self._gather()

    def before_val(self, runner: Runner) -> None:
        """Set the training's states aside."""
        self._gather()
        self.training = self._state()

    def after_val(self, runner: Runner) -> None:
        """Take them back."""
        if self.training is not None:
            set_state(self.training)
        self.training = None

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Write the states into the checkpoint (on the main process, which alone saves)."""
        checkpoint[KEY] = self.gathered or [self.training or self._state()]
        checkpoint[SEEN] = [self.seen, len(self.whole if self.whole is not None else runner.train_dataloader)]

    def _state(self) -> dict[str, Any]:
        return get_state() | ({'epoch_start': self.epoch_start} if self.seen else {})

    def _gather(self) -> None:
        if get_world_size() > 1:
            self.gathered = all_gather_object(self._state())


def listed(value: Any, kind: type) -> bool:
    """Whether ``value`` is a list of that kind."""
    return isinstance(value, list) and all(isinstance(item, kind) for item in value)


def _restore(runner: Runner, state: dict[str, Any] | None) -> None:
    if state is None:
        return
    try:
        set_state(state)
    except Exception as error:  # three libraries look at numbers of a file, each with errors of its own
        raise CheckpointError(f'{runner._load_from}: its states of random generators are damaged ({error})') from error
