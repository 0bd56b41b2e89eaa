"""Every shipped config is well-formed, and a shrunken model of it learns, predicts and is evaluated."""

import math
from pathlib import Path

import pytest
from mmengine.config import Config

from wsolzoo.registry import DATASETS, HOOKS, PARAM_SCHEDULERS, TRANSFORMS
from wsolzoo.run.names import check_config
from wsolzoo.testing import build_model, check_method, scope

ROOT = Path(__file__).parents[1] / 'configs'
CONFIGS = sorted(path for path in ROOT.glob('*/*.py') if path.parent.name != '_base_')
NARROW = {'VGG16': 0.125, 'ResNet': 0.125, 'MobileNetV1': 0.125, 'SqueezeNet': 0.25, 'VGG19': 0.125, 'FCN8s': 1 / 32}


def load(path: Path) -> Config:
    return Config.fromfile(str(path))


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


@pytest.mark.parametrize('path', CONFIGS, ids=name)
def test_learns_predicts_and_is_evaluated(path):
    config = load(path)
    if 'optim_wrapper' not in config:
        config.optim_wrapper = {'optimizer': {'type': 'SGD', 'lr': 0.01}}
    metrics = check_method(shrink(config))
    assert metrics
    assert all(math.isfinite(value) for value in metrics.values())


@pytest.mark.slow
@pytest.mark.parametrize('path', CONFIGS, ids=name)
def test_builds_at_full_size(path):
    config = load(path)
    model = build_model(config)
    learns = not path.stem.startswith('reblur_')  # baselines without a network
    assert any(parameter.numel() for parameter in model.parameters()) == learns
