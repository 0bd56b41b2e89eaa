"""A whole run in miniature: parts in a loose file beside a text config, as a user would write them."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]

PARTS = '''
import torch
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from torch import nn
from torch.utils.data import Dataset

from wsolzoo.registry import DATASETS, METRICS, MODELS


@DATASETS.register_module()
class TinyPoints(Dataset):
    """Points on a line, labelled by their sign."""

    metainfo = {'classes': ('minus', 'plus')}

    def __init__(self, length=8, pipeline=()):
        self.x = torch.linspace(-1, 1, length)[:, None]

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        return self.x[index], int(self.x[index] > 0)


@MODELS.register_module()
class TinyNet(BaseModel):
    """One linear layer; `predict` gives a dict per image."""

    def __init__(self, num_classes, **kwargs):
        super().__init__(**kwargs)
        self.fc = nn.Linear(1, num_classes)

    def forward(self, inputs, labels, mode='tensor'):
        logits = self.fc(inputs)
        if mode == 'loss':
            return {'loss_cls': nn.functional.cross_entropy(logits, labels)}
        return [dict(hit=bool(row.argmax() == label)) for row, label in zip(logits, labels)]


@METRICS.register_module()
class Hits(BaseMetric):
    """Percentage of right answers."""

    default_prefix = 'tiny'

    def process(self, data_batch, data_samples):
        self.results += [sample['hit'] for sample in data_samples]

    def compute_metrics(self, results):
        self.result = dict(images=[dict(hit=hit) for hit in results])
        return dict(top1=100 * sum(results) / len(results), count=len(results))
'''

BASE = """
default_scope = 'wsolzoo'
custom_imports = dict(imports=['tiny_parts'])
pipeline = []
train_pipeline = [dict(type='LoadImageFromFile')]
loader = dict(batch_size=4, num_workers=0, collate_fn=dict(type='default_collate'))
shuffled = dict(type='DefaultSampler', shuffle=True)
train_dataloader = dict(**loader, dataset=dict(type='TinyPoints', pipeline=train_pipeline), sampler=shuffled)
in_order = dict(type='DefaultSampler', shuffle=False)
val_dataloader = dict(**loader, dataset=dict(type='TinyPoints', pipeline=pipeline), sampler=in_order)
test_dataloader = val_dataloader
val_evaluator = dict(type='Hits')
test_evaluator = val_evaluator
train_cfg = dict(by_epoch=True, max_epochs=2)
val_cfg = dict()
test_cfg = dict()
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1))
param_scheduler = dict(type='ConstantLR', factor=0.5, end=1)
auto_scale_lr = dict(base_batch_size=8)
default_hooks = dict(checkpoint=dict(type='CheckpointHook', interval=1))
"""

LEAF = "_base_ = './base.py'\nmodel = dict(type='TinyNet', num_classes=2)\n"


@pytest.fixture
def tiny_config(tmp_path: Path) -> Path:
    """A leaf config, its base and its parts, in a folder of their own."""
    (tmp_path / 'tiny_parts.py').write_text(PARTS)
    (tmp_path / 'base.py').write_text(BASE)
    leaf = tmp_path / 'tiny.py'
    leaf.write_text(LEAF)
    return leaf


@pytest.fixture
def run_tool():
    """Run a tool in a process of its own, as a user does; returns the completed process."""

    def run(name: str, *args, cwd: Path | None = None, flags: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
        command = [sys.executable, *flags, str(REPO / 'tools' / name), *map(str, args)]
        env = os.environ | {'PYTHONPATH': str(REPO)}
        return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=240)

    return run


@pytest.fixture
def in_process(capsys, monkeypatch):
    """Run a tool inside the test; returns the exit status and what it printed (stderr, or both with `split`)."""

    def run(name: str, *args: str, split: bool = False):
        monkeypatch.setattr(sys, 'path', list(sys.path))
        capsys.readouterr()
        spec = importlib.util.spec_from_file_location(f'tool_{Path(name).stem}', REPO / 'tools' / name)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        status = module.main(list(args))
        out, err = capsys.readouterr()
        return (status, out, err) if split else (status, err)

    return run


@pytest.fixture(autouse=True)
def forget_parts():
    """The loose file of one test must not be the registered one of the next."""
    yield
    sys.modules.pop('tiny_parts', None)
    from wsolzoo.registry import DATASETS, METRICS, MODELS

    for registry, name in ((DATASETS, 'TinyPoints'), (MODELS, 'TinyNet'), (METRICS, 'Hits')):
        registry.module_dict.pop(name, None)
