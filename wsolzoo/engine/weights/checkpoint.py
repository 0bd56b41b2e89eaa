"""Weights meet a model: what fits is loaded, what does not is said in plain words, and a misfit gives no numbers."""

import logging
from collections.abc import Mapping
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.model.weight_init import PretrainedInit, update_init_info
from mmengine.runner import BaseLoop, Runner
from torch import Tensor, nn

from wsolzoo.engine.weights.mismatch import Mismatch, compare, only_prefix, state_dict_of
from wsolzoo.engine.weights.reading import CheckpointError, UnsafeCheckpointError
from wsolzoo.engine.weights.resumable import check_resumable
from wsolzoo.engine.weights.sources import load_from_local, read_checkpoint
from wsolzoo.engine.width_plan.record import KEY, restore
from wsolzoo.registry import HOOKS, WEIGHT_INITIALIZERS

__all__ = [
    'CheckpointError',
    'CheckpointReportHook',
    'PretrainedWeights',
    'UnsafeCheckpointError',
    'load_from_local',
    'load_weights',
    'partial_weights',
]

FLAG = 'allow_partial_weights'
STAMP = 'partial_weights'


def load_weights(
    model: nn.Module,
    source: str,
    prefix: str = '',
    strict: bool = False,
    map_location: Any = 'cpu',
    checkpoint: Mapping[str, Any] | None = None,
) -> Mismatch:
    """Load the weights that fit from a path or a scheme such as ``torchvision://vgg16``; report the others.

    A model of the width before a width plan is cut as the checkpoint says.

    Args:
        model: receives the weights.
        source: what to read.
        prefix: load only the names under it, without it.
        strict: refuse anything that does not fit.
        map_location: as for :func:`torch.load`.
        checkpoint: what ``source`` holds, where it has been read already.

    Raises:
        CheckpointError: the file is damaged, nothing in it fits, or with ``strict`` something does not.
    """
    if checkpoint is None:
        checkpoint = read_checkpoint(source, map_location)
    state_dict = _plain_names(_weights_in(checkpoint, source))
    state_dict = only_prefix(state_dict, prefix) if prefix else state_dict
    if not prefix:
        restore(model, checkpoint, state_dict)
    mismatch = compare(model, state_dict)
    if not mismatch.matched or (strict and mismatch):
        raise CheckpointError(f'{source} does not fit {type(model).__name__}:\n  {mismatch.summary()}')
    fitting = {name: value for name, value in state_dict.items() if name not in mismatch.shapes}
    try:
        model.load_state_dict(fitting, strict=False)
    except RuntimeError as error:
        raise CheckpointError(f'{source}: {error}') from error
    return mismatch


def _plain_names(state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights without the prefix that a wrapper for several processes puts before them."""
    return {name.removeprefix('module.'): value for name, value in state_dict.items()}


@WEIGHT_INITIALIZERS.register_module(name='Pretrained')
class PretrainedWeights(PretrainedInit):
    """MMEngine's ``Pretrained`` with a readable report, that refuses weights of which none fits.

    Args:
        checkpoint: a path or a scheme such as ``torchvision://vgg16``.
        prefix: load only the names under it, without it, such as ``'backbone.'``.
        map_location: as for :func:`torch.load`.
        whole: refuse a file that leaves a weight of the module as it was drawn: of what is never trained again.
    """

    def __init__(
        self, checkpoint: str, prefix: str | None = None, map_location: Any = 'cpu', whole: bool = False
    ) -> None:
        super().__init__(checkpoint, prefix, map_location)
        self.whole = whole

    def __call__(self, module: nn.Module) -> None:
        mismatch = load_weights(module, self.checkpoint, self.prefix or '', map_location=self.map_location)
        if self.whole and (mismatch.missing or mismatch.shapes):
            raise CheckpointError(
                f'{self.checkpoint} does not hold all of {type(module).__name__}, which is never trained again:\n  '
                f'{mismatch.summary()}\nGive it the settings that the file was trained with'
            )
        print_log(f'{type(module).__name__} from {self.checkpoint}:\n  {mismatch.summary()}', logger='current')
        if hasattr(module, '_params_init_info'):
            update_init_info(module, init_info=self._get_init_info())


def partial_weights(runner: Runner) -> str | None:
    """What of the weights under test does not come from the checkpoint, in a line; ``None`` where all of it does."""
    return runner.message_hub.runtime_info.get(STAMP) or None


@HOOKS.register_module()
class CheckpointReportHook(Hook):
    """Says in plain words what of a checkpoint fits the model, when a Runner loads or resumes one.

    A training may start from a part of its weights (fine-tuning). A test or a resumed training may not: the numbers
    would be those of weights that nobody trained. With ``allow_partial`` a test goes on, and its results say so.

    A bare ``state_dict`` is put where other hooks look for it: MMEngine's moving average stops at one. The network of a
    checkpoint whose channels were cut is cut likewise before the weights go in, and every checkpoint saved from it says
    so again.

    Args:
        allow_partial: test weights that do not fit; ``allow_partial_weights = True`` in the config does the same.
    """

    priority = 'VERY_HIGH'

    def __init__(self, allow_partial: bool = False) -> None:
        self.allow_partial = allow_partial

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare, before the Runner loads the weights.

        Raises:
            CheckpointError: nothing fits; something does not, and it matters; a weight is not a number; a run cannot
                continue from it.
        """
        runner.message_hub.pop_info(STAMP, None)
        source = runner._load_from or 'the checkpoint'
        weights = dict(_weights_in(checkpoint, source))
        if len(weights) != len(checkpoint.get('state_dict', ())):  # a bare state_dict, or one with other things in it
            if 'state_dict' not in checkpoint:
                checkpoint.clear()
            checkpoint['state_dict'] = weights
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        if restore(model, checkpoint, _plain_names(weights)):
            self._check_cut(runner, source)
        mismatch = compare(model, _plain_names(weights))
        summary = mismatch.summary()
        if not mismatch.matched:
            raise CheckpointError(f'no weight of {source} fits the model:\n  {summary}')
        if runner._resume and not mismatch:
            check_resumable(checkpoint, source, scheduled=runner.param_schedulers is not None)
        if not mismatch:
            return
        if runner._resume:
            raise CheckpointError(
                f'{source} is of another model, and a run continues with its own:\n  {summary}\n'
                'Resume with the config it was trained with; or start a run of its own from the weights that fit: '
                'load_from=<checkpoint> without --resume.'
            )
        if isinstance(runner._train_loop, BaseLoop):  # a training that starts from it
            runner.logger.log(logging.WARNING, f'{source} does not fit the model:\n  {summary}')
            return
        self._tested(runner, mismatch, source)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Say again which channels the network has lost."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        if hasattr(model, KEY):
            checkpoint.setdefault('meta', {})[KEY] = getattr(model, KEY)

    def _check_cut(self, runner: Runner, source: str) -> None:
        """A network cannot change its widths once processes share its gradients or a compiler has seen it."""
        runner.logger.info(f'the channels of the network were cut as {source} says')
        training = isinstance(runner._train_loop, BaseLoop)
        if training and is_model_wrapper(runner.model):
            raise CheckpointError(
                f'{source} has fewer channels than the config, and several processes are to train it. Write its widths '
                'into the config, or train in one process.'
            )

    def _tested(self, runner: Runner, mismatch: Mismatch, source: str) -> None:
        if not (self.allow_partial or runner.cfg.get(FLAG)):
            raise CheckpointError(
                f'{source} does not fit the model, so the numbers would be those of weights nobody trained:\n  '
                f'{mismatch.summary()}\nTest it with the config it was trained with. If you must, set {FLAG}=True in '
                'the config; every result will then say so.'
            )
        runner.logger.log(logging.WARNING, f'{source} does not fit the model:\n  {mismatch.summary()}')
        runner.message_hub.update_info(STAMP, mismatch.short())


def _weights_in(checkpoint: Mapping[str, Any], source: str) -> Mapping[str, Tensor]:
    """The weights of a checkpoint.

    Raises:
        CheckpointError: there are none, or one of them is not a number, or none that can be copied.
    """
    try:
        weights = state_dict_of(checkpoint)
    except CheckpointError as error:
        raise CheckpointError(f'{source}: {error}') from None
    odd = [name for name, value in weights.items() if value.is_meta or value.layout is not torch.strided]
    if odd:
        raise CheckpointError(f'{source}: {", ".join(odd[:3])} are no plain tensors; save them as dense ones')
    wrong = [name for name, value in weights.items() if value.is_floating_point() and bool(value.isnan().any())]
    if wrong:
        raise CheckpointError(
            f'{source} holds NaN in {len(wrong)} of its weights ({", ".join(wrong[:3])}): it is damaged, or its '
            'training failed. Take an earlier checkpoint.'
        )
    return weights
