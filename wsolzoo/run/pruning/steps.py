"""Steps from a config and a checkpoint to a cut checkpoint."""

import copy
import io
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.model import BaseModel
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from torch.utils.data import DataLoader
from torch.utils.flop_counter import FlopCounterMode

from wsolzoo.digest import sha256_of
from wsolzoo.engine import width_plan as plans
from wsolzoo.engine.weights.atomic import AtomicLocalBackend
from wsolzoo.run.launch import load_config
from wsolzoo.run.options import UsageError


def read_plan(path: str) -> tuple[list[dict], int]:
    """The rules of a config with ``width_plan``, and what widths are rounded to.

    Raises:
        UsageError: it has none.
    """
    plan = load_config(path).get('width_plan')
    if plan is None:
        raise UsageError(f'{path} has no width_plan=dict(rules=[…])')
    return [dict(rule) for rule in plan.get('rules', ())], plan.get('round_to', 1)


def training_batches(cfg: Config, count: int) -> Iterator[dict]:
    """``count`` batches of the training set, from its beginning again where it is short; the same ones every time."""
    with DefaultScope.overwrite_default_scope('wsolzoo'):
        loader = Runner.build_dataloader(cfg.train_dataloader, seed=0)
    return islice(cycle(loader), count)


def multiplications(model: BaseModel, batch: dict) -> float:
    """Millions of multiplications for the first image of a batch."""
    data = model.data_preprocessor({key: value[:1] for key, value in batch.items()}, training=False)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model.predict(data['inputs'], data['data_samples'])
    return counter.get_total_flops() / 2e6


def scores(model: BaseModel, loader: DataLoader, evaluator: Any) -> dict[str, float]:
    """What a metric of a config, or several, find over a split.

    Args:
        model: in evaluation mode.
        loader: of the split.
        evaluator: as in the config.
    """
    with DefaultScope.overwrite_default_scope('wsolzoo'):
        judge = Evaluator(copy.deepcopy(evaluator))
    dataset = loader.dataset
    judge.dataset_meta = getattr(dataset, 'metainfo', {})
    with torch.no_grad():
        for batch in loader:
            judge.process(data_samples=model.test_step(copy.deepcopy(batch)), data_batch=batch)
    return judge.evaluate(len(dataset))


def parameters(model: BaseModel) -> int:
    """How many there are, those that do not learn included."""
    return sum(parameter.numel() for parameter in model.parameters())


def hash_of(path: str | Path) -> str:
    """SHA-256 of a file; empty where ``path`` is an address."""
    return sha256_of(path) if Path(path).is_file() else ''


def write_cut(
    model: BaseModel, kept: plans.Kept, parent: str, rules: Sequence[Mapping[str, Any]], path: str | Path
) -> None:
    """Write a cut network with the record by which it is rebuilt.

    Args:
        model: after the cut; its record, if it has one, is that of its parent.
        kept: in the network that was cut.
        parent: SHA-256 of the checkpoint of that network.
        rules: what was asked for.
        path: where to.
    """
    record = plans.make_record(kept, parent, rules, getattr(model, plans.KEY, None))
    meta = {plans.KEY: record, 'dataset_meta': getattr(model, 'dataset_meta', {})}
    weights = {name: value.contiguous() for name, value in model.state_dict().items()}
    buffer = io.BytesIO()
    torch.save({'state_dict': weights, 'meta': meta}, buffer)
    AtomicLocalBackend().put(buffer.getvalue(), str(path))
