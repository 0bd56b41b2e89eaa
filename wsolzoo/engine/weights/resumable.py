"""What a checkpoint must hold so that a run can continue from it."""

from collections.abc import Mapping
from typing import Any

from wsolzoo.engine.weights.reading import CheckpointError


def check_resumable(checkpoint: Mapping[str, Any], source: str, scheduled: bool = True) -> None:
    """Refuse to continue from weights alone: the optimizer and the schedule would begin anew, and nobody would notice.

    Args:
        checkpoint: as it was read.
        source: its name.
        scheduled: the run has schedules of the learning rate.

    Raises:
        CheckpointError: something is missing.
    """
    wanted = ['meta', 'message_hub', 'optimizer', *(['param_schedulers'] if scheduled else [])]
    missing = [name for name in wanted if name not in checkpoint]
    if missing:
        raise CheckpointError(
            f'{source} holds no {", ".join(missing)}, so no run can continue from it; best checkpoints (best_*.pth) '
            'and published ones are saved without. Resume from epoch_*.pth or iter_*.pth (--resume alone takes the '
            'newest of the work dir), or start a run of its own from these weights: load_from=<checkpoint> without '
            '--resume.'
        )
    meta, hub = checkpoint['meta'], checkpoint['message_hub']
    counts = [meta.get(name) for name in ('epoch', 'iter')] if isinstance(meta, dict) else [None]
    names = ('log_scalars', 'runtime_info', 'resumed_keys')
    parts = [hub.get(name) for name in names] if isinstance(hub, dict) else [None]
    counted = all(type(count) is int and count >= 0 for count in counts)
    if not (counted and all(isinstance(part, dict) for part in parts)):
        raise CheckpointError(f'{source}: its meta or its message_hub is not that of a training. Take another one.')
