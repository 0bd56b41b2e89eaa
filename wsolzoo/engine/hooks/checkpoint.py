"""Checkpoints of a run that may be killed at any moment."""

import re
from collections import deque
from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

from wsolzoo.registry import HOOKS

_SAVED = re.compile(r'(epoch|iter)_(\d+)\.pth')


def newest_checkpoint(work_dir: str | Path) -> Path | None:
    """The checkpoint of the latest epoch or iteration in a work dir, or ``None``; every file found is complete."""
    found = [(int(m[2]), path) for path in Path(work_dir).glob('*.pth') if (m := _SAVED.fullmatch(path.name))]
    return max(found)[1] if found else None


@HOOKS.register_module()
class SafeCheckpointHook(CheckpointHook):
    """MMEngine's checkpoint hook, with the outdated checkpoint removed *after* the new one is on the disk.

    MMEngine removes first: with ``max_keep_ckpts=1`` a run that is killed while saving has nothing left to resume from.
    The arguments are the same.
    """

    max_keep_ckpts: int
    keep_ckpt_ids: deque

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        keep, self.max_keep_ckpts = self.max_keep_ckpts, -1
        outdated: list[int] = []
        if keep > 0 and step not in self.keep_ckpt_ids:
            outdated = list(self.keep_ckpt_ids)[: max(0, len(self.keep_ckpt_ids) + 1 - keep)]
            kept = [*list(self.keep_ckpt_ids)[len(outdated) :], step]
            # the new checkpoint still knows the outdated ones: a run resumed from it removes those that a kill spared
            runner.message_hub.update_info('keep_ckpt_ids', [*outdated, *kept])
            self.keep_ckpt_ids = deque(kept, keep)
        try:
            super()._save_checkpoint_with_step(runner, step, meta)
        finally:
            self.max_keep_ckpts = keep
        if keep > 0:
            runner.message_hub.update_info('keep_ckpt_ids', list(self.keep_ckpt_ids))
        if is_main_process():
            for old in outdated:
                Path(self.out_dir, self.filename_tmpl.format(old)).unlink(missing_ok=True)
