"""What a run that continues owes to the run that stopped: its last validation, and its schedule."""

import logging
from typing import Any

from mmengine.dist import all_gather_object, get_world_size
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import IterBasedTrainLoop, Runner
from torch import Tensor

from wsolzoo.engine.hooks import accumulation
from wsolzoo.engine.hooks.random_state import SEEN
from wsolzoo.errors import UserError
from wsolzoo.registry import HOOKS

KEY = 'schedule'


class ChangedScheduleError(UserError, ValueError):
    """A run is resumed with other learning rate schedules than it was started with."""


def plain(value: Any) -> Any:
    """Dicts, lists, numbers and text: what a checkpoint may hold and still be read safely."""
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def schedule_of(runner: Runner) -> dict[str, Any]:
    """How long the run is and how its learning rate moves, as the config says."""
    train = runner.cfg.get('train_cfg') or {}
    length = train.get('max_epochs') or train.get('max_iters')
    return {'length': length, 'param_scheduler': plain(runner.cfg.get('param_scheduler'))}


@HOOKS.register_module()
class ResumeHook(Hook):
    """Repeats the validation that a killed run may have missed, and refuses a schedule that would not be followed.

    A checkpoint is saved before the epoch is validated. A run killed in between has lost the scores of that epoch, and
    with them perhaps the best checkpoint: the resumed run validates first wherever a validation was due. Validation
    draws no number of the training's, so weights are the same either way.

    MMEngine restores the state of each schedule, its end included, and so ignores what a changed config says about it.
    A changed ``param_scheduler`` is therefore refused. A changed ``max_epochs`` alone is followed, with a warning that
    the schedules end where they ended before.
    """

    priority = 'LOWEST'  # after every other hook has made itself ready for training

    def __init__(self) -> None:
        self.resumed = False
        self.waiting: dict[str, Any] | None = None
        self.gathered: list[dict[str, Tensor]] | None = None

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare the schedule of a checkpoint that is resumed from with the config's.

        Raises:
            ChangedScheduleError: ``param_scheduler`` is another one.
        """
        if not runner._resume:
            return
        self.resumed = not (checkpoint.get(SEEN) or [0])[0]  # in the middle of an epoch nothing was due
        self.waiting = checkpoint.get(accumulation.KEY)
        before, now = checkpoint.get(KEY), schedule_of(runner)
        if before is None or before == now:
            return
        if before['param_scheduler'] != now['param_scheduler']:
            raise ChangedScheduleError(
                f'param_scheduler of the config is not that of the checkpoint ({before["param_scheduler"]}), and a '
                'resumed run continues the schedule of the checkpoint. Put the old schedule back; or start a run of '
                'its own from these weights: load_from=<checkpoint> without --resume.'
            )
        print_log(
            f'The run was planned for {before["length"]} and now for {now["length"]} epochs or iterations. The '
            'learning rate follows its schedule as it was, and stays where that ends.',
            'current',
            logging.WARNING,
        )

    def gather_for_checkpoint(self, runner: Runner) -> None:
        """Collect the gradients that wait in every process; called in all of them before the first one saves."""
        if get_world_size() > 1 and accumulation.wrappers_of(runner):
            self.gathered = all_gather_object(accumulation.gradients_of(runner))

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Write the schedule into the checkpoint, and the gradients that are not used yet."""
        checkpoint[KEY] = schedule_of(runner)
        if 'optimizer' in checkpoint and accumulation.wrappers_of(runner):
            gradients = self.gathered or [accumulation.gradients_of(runner)]
            checkpoint[accumulation.KEY], self.gathered = accumulation.waiting(runner, gradients), None

    def before_train(self, runner: Runner) -> None:
        """Validate where the checkpoint's epoch or iteration was to be validated."""
        if self.waiting is not None:
            accumulation.put_back(runner, self.waiting)
            self.waiting = None
        if self.resumed and validation_was_due(runner):
            print_log('Repeating the validation after the checkpoint.', 'current')
            runner.val_loop.run()
        self.resumed = False


def validation_was_due(runner: Runner) -> bool:
    """Whether the training loop validates right after the epoch or iteration it has reached."""
    loop = runner.train_loop
    if runner.val_loop is None or not hasattr(loop, 'val_interval'):
        return False
    if isinstance(loop, IterBasedTrainLoop):
        done, end = loop.iter, loop.max_iters
    else:
        done, end = loop.epoch, loop.max_epochs
        if hasattr(loop, '_decide_current_val_interval'):
            loop._decide_current_val_interval()
    return done > 0 and done >= loop.val_begin and (done % loop.val_interval == 0 or done == end)
