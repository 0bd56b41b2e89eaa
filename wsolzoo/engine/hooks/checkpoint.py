"""Checkpoints of a run that may be killed at any moment."""

import re
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process, master_only
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

from wsolzoo.engine.weights.atomic import save_named_after_hash
from wsolzoo.engine.weights.sources import load_from_local
from wsolzoo.registry import HOOKS

SUPERSEDED = 'superseded_best'
_SAVED = re.compile(r'(epoch|iter)_(\d+)\.pth')


def newest_checkpoint(work_dir: str | Path) -> Path | None:
    """The checkpoint of the latest epoch or iteration in a work dir, or ``None``; every file found is complete."""
    found = [(int(m[2]), path) for path in Path(work_dir).glob('*.pth') if (m := _SAVED.fullmatch(path.name))]
    return max(found)[1] if found else None


def saves_after_iter(runner: Runner) -> bool:
    """Whether a checkpoint is due after the iteration that has just ended."""
    saving = [hook for hook in runner.hooks if isinstance(hook, CheckpointHook) and not hook.by_epoch]
    return any(
        hook.every_n_train_iters(runner, hook.interval, hook.save_begin)
        or (hook.save_last and hook.is_last_train_iter(runner))
        for hook in saving
    )


@HOOKS.register_module()
class SafeCheckpointHook(CheckpointHook):
    """MMEngine's checkpoint hook, which removes a file only after the next is on the disk, and only its own.

    MMEngine removes first: with ``max_keep_ckpts=1`` a run that is killed while saving has nothing left to resume from,
    and with ``save_best`` no best checkpoint. It also removes whatever path a resumed checkpoint names as its best: a
    file of another run, or a folder. Here names count, in the work dir alone, and those of a checkpoint from elsewhere
    are forgotten. The arguments are the same.
    """

    max_keep_ckpts: int
    keep_ckpt_ids: deque

    def before_train(self, runner: Runner) -> None:
        """Believe of a resumed checkpoint only what this work dir holds, and finish what a kill interrupted."""
        folder = Path(runner.work_dir)
        if self.out_dir is not None and self.out_dir != runner.work_dir:  # MMEngine makes a folder there
            folder = Path(self.out_dir, folder.name)
        hub, info = runner.message_hub, dict(runner.message_hub.runtime_info)
        source = runner._load_from if runner._resume else None
        own = source is None or Path(source).resolve().parent == folder.resolve()
        if 'keep_ckpt_ids' in info:
            steps = [step for step in info['keep_ckpt_ids'] or () if own and type(step) is int]
            files = [step for step in steps if (folder / self.filename_tmpl.format(step)).is_file()]
            hub.update_info('keep_ckpt_ids', files)
        for key in (key for key in info if re.match(r'best_ckpt(_|$)', key)):
            hub.update_info(key, self._best_in(folder, info[key]) if own else None)
        super().before_train(runner)
        if own and source is not None:
            self.last_ckpt = str(source)  # saved again if the validation after it, repeated, finds it to be the best
        if own and self.save_best:
            self._remove_best(info.get(SUPERSEDED) or [], self._best().values())

    def _best_in(self, folder: Path, recorded: Any) -> str | None:
        """The best checkpoint of that name in the folder, if it is one of those that this hook writes."""
        path = folder / Path(str(recorded)).name
        pattern = 'best_.+_' + re.escape(self.filename_tmpl).replace(r'\{\}', r'\d+')
        return str(path) if re.fullmatch(pattern, path.name) and path.is_file() else None

    def _best(self) -> dict[str, str | None]:
        """Best checkpoints by what they are best at."""
        return {'': self.best_ckpt_path} if len(self.key_indicators) == 1 else dict(self.best_ckpt_path_dict)

    def _set_best(self, paths: dict[str, str | None]) -> None:
        if len(self.key_indicators) == 1:
            (self.best_ckpt_path,) = paths.values()
        else:
            self.best_ckpt_path_dict = paths

    def _remove_best(self, outdated: Iterable[Any], kept: Iterable[str | None]) -> None:
        if is_main_process():
            for path in {self._best_in(Path(self.out_dir), old) for old in outdated} - {None, *kept}:
                Path(path).unlink(missing_ok=True)

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        if not self.save_best:
            return
        before = self._best()
        # the new checkpoint knows what it replaces: a run resumed from it removes what a kill spared
        runner.message_hub.update_info(SUPERSEDED, list(filter(None, before.values())))
        self._set_best(dict.fromkeys(before))  # so that nothing is removed yet
        super()._save_best_checkpoint(runner, metrics)
        now = {key: path or before[key] for key, path in self._best().items()}
        self._set_best(now)
        self._remove_best(filter(None, before.values()), now.values())
        runner.message_hub.update_info(SUPERSEDED, [])

    @master_only
    def _publish_model(self, runner: Runner, ckpt_path: str | None) -> None:
        """Write the parts in ``published_keys`` under a name that holds the hash of the file."""
        if ckpt_path is None:  # nothing was ever best
            return
        checkpoint = load_from_local(ckpt_path, map_location='cpu')
        kept = {key: value for key, value in checkpoint.items() if key in self.published_keys}
        path = save_named_after_hash(kept, Path(ckpt_path).with_suffix(''))
        runner.logger.info(f'{ckpt_path} is published as {path}')

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        runner.call_hook('gather_for_checkpoint')  # in every process; only the first one goes on to save
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
