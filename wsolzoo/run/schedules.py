"""Schedules against the length of the training: a rate that never comes down, or comes down long before the end."""

from collections.abc import Iterator
from typing import Any

EARLY = 0.6
"""A schedule that ends before this share of the training is probably meant for a shorter one."""
WHAT_TO_DO = 'Give param_scheduler the length of the training, or train_cfg the length {:g}.'
WARM_UPS = ('Linear', 'Constant')
NEVER = 10**9  # MMEngine's end of a schedule that has none


def schedule_warnings(runner: Any) -> Iterator[str]:
    """Schedules that end after the training does, or long before.

    Args:
        runner: with its training loop and schedules built.
    """
    loop = runner.train_loop
    per_epoch = len(loop.dataloader)
    by_epoch = loop.max_iters == loop.max_epochs * per_epoch
    unit, length = ('epoch', loop.max_epochs) if by_epoch else ('iteration', loop.max_iters)
    for schedules in _groups(runner.param_schedulers):
        ends = [
            (last_change(one) * (per_epoch if one.by_epoch else 1) / (per_epoch if by_epoch else 1), one)
            for one in schedules
            if last_change(one) < NEVER
        ]
        for end, one in ends:
            if end > length:
                yield (
                    f'{type(one).__name__} ends at {unit} {end:g}, but training ends at {unit} {length}: its '
                    f'last values are never reached. {WHAT_TO_DO.format(end)}'
                )
        if len(ends) == len(schedules) > 0:
            end, one = max(ends, key=lambda pair: pair[0])
            if end < EARLY * length and not may_end_early(one):
                yield (
                    f'{type(one).__name__} ends at {unit} {end:g}, and training goes on to {unit} {length} with '
                    f'what it left. {WHAT_TO_DO.format(end)}'
                )


def may_end_early(schedule: Any) -> bool:
    """Whether a schedule is made to leave the rate where it is: a warm-up, or steps of which the last is the last."""
    warms_up = schedule.begin == 0 and type(schedule).__name__.startswith(WARM_UPS)
    return warms_up or bool(getattr(schedule, 'milestones', None))


def _groups(schedulers: Any) -> list[list[Any]]:
    """The schedules of each optimizer."""
    if isinstance(schedulers, dict):
        return list(schedulers.values())
    return [schedulers or []]


def last_change(schedule: Any) -> float:
    """The last epoch or iteration at which a schedule changes anything."""
    milestones = getattr(schedule, 'milestones', None)
    if milestones:
        return max(milestones)
    period = getattr(schedule, 'T_max', None)
    return schedule.end if period is None else min(schedule.end, schedule.begin + period)
