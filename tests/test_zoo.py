"""Every shipped config is well-formed, and a shrunken model of it learns, predicts and is evaluated."""

import copy
import functools
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config

from wsolzoo.registry import DATASETS, HOOKS, MODELS, PARAM_SCHEDULERS, TRANSFORMS
from wsolzoo.run.names import check_config
from wsolzoo.testing import build_model, check_method, scope

ROOT = Path(__file__).parents[1] / 'configs'
CONFIGS = sorted(path for path in ROOT.glob('*/*.py') if path.parent.name != '_base_')
NARROW = {'VGG16': 0.125, 'ResNet': 0.125, 'MobileNetV1': 0.125, 'SqueezeNet': 0.25, 'VGG19': 0.125, 'FCN8s': 1 / 32}


@functools.cache
def read(path: Path) -> Config:
    return Config.fromfile(str(path))


def load(path: Path) -> Config:
    return copy.deepcopy(read(path))


def shrink(config: Config) -> Config:
    """The same structure with narrow layers, so that a step costs a moment."""
    for part in parts(config.model):
        if part.get('type') in NARROW:
            part.width = NARROW[part.type]
        if part.get('type') == 'TimmViT':
            part.update(embed_dim=24, num_heads=2, patch_size=16)
        if isinstance(part.get('widths'), dict):
            part.widths = {name: max(1, count // 32) for name, count in part.widths.items()}
        if 'base' in part:
            part.base = 8
        if isinstance(part.get('mid_channels'), int):
            part.mid_channels = 16
        elif part.get('mid_channels'):
            part.mid_channels = [16 for _ in part.mid_channels]
        if 'side_channels' in part:
            part.side_channels = (16, 16)
    return config


def parts(value):
    """Every dict inside a model's config."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ():
        yield from parts(inner)


def name(path: Path) -> str:
    return path.stem


def test_there_are_configs():
    assert len(CONFIGS) > 20


@pytest.mark.parametrize('path', CONFIGS, ids=name)
def test_well_formed(path):
    """No misspelt or unused key, and nothing that only fails once training has begun."""
    config = load(path)
    check_config(config)
    with scope():
        for split in ('train', 'val', 'test'):
            loader = config.get(f'{split}_dataloader')
            if loader:
                for transform in loader.dataset.get('pipeline', []):
                    TRANSFORMS.build(transform)
                assert DATASETS.get(loader.dataset.type) is not None
        for hook in config.get('custom_hooks', []):
            HOOKS.build(hook)
    schedulers = config.get('param_scheduler') or []
    for scheduler in [schedulers] if isinstance(schedulers, dict) else schedulers:
        assert PARAM_SCHEDULERS.get(scheduler['type']) is not None


def learnable(path: Path) -> Config:
    config = shrink(load(path))
    if 'optim_wrapper' not in config:
        config.optim_wrapper = {'optimizer': {'type': 'SGD', 'lr': 0.01}}
    if config.model.get('cam_class') == 'pred':  # maps of other classes, of which random images have none
        config.test_evaluator.report = ['Top1Loc']
    return config


def check(config: Config) -> None:
    metrics = check_method(config)
    assert metrics
    assert all(math.isfinite(value) for value in metrics.values())


def kind(config: Config) -> str:
    """Everything that a step, a prediction and the metrics depend on, but for weights, rates and counts of classes."""
    return repr(weightless([config.model.to_dict(), config.optim_wrapper, config.test_evaluator]))


def weightless(value: Any) -> Any:
    """The value with every fraction known by its sign alone, and without counts of classes and files of weights."""
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if key not in ('num_classes', 'init_cfg')}
        return {key: weightless(item) for key, item in sorted(kept.items())}
    if isinstance(value, list | tuple):
        return [weightless(item) for item in value]
    return (value > 0) - (value < 0) if isinstance(value, float) else value


@pytest.fixture(scope='module')
def checked() -> dict[str, Path]:
    """The first config of each kind."""
    return {}


@pytest.mark.parametrize('path', CONFIGS, ids=name)
def test_learns_predicts_and_is_evaluated(path, checked):
    """A config of the kind of another (CUB and ILSVRC, say) is built; the slow suite takes a step with it as well."""
    config = learnable(path)
    if checked.setdefault(kind(config), path) == path:
        check(config)
    else:
        build_model(config)


@pytest.mark.slow
@pytest.mark.parametrize('path', CONFIGS, ids=name)
def test_learns_whatever_others_of_its_kind_do(path):
    check(learnable(path))


@pytest.mark.slow
@pytest.mark.parametrize('path', CONFIGS, ids=name)
def test_builds_at_full_size(path):
    config = load(path)
    if '-plan-' in path.stem:  # 134 M weights, but for the plan's: shapes say enough
        with torch.device('meta'), scope():
            model = MODELS.build(config.model)
    else:
        model = build_model(config)
    learns = not path.stem.startswith('reblur_')  # baselines without a network
    assert any(parameter.numel() for parameter in model.parameters()) == learns
