"""The kit for authors of methods: tiny data, and one call that judges a config as the zoo judges its own.

``check_method('configs/my_method.py')``, in a test of your own.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.registry import DefaultScope
from torch import Tensor, nn

from wsolzoo.models.initial import without_weights
from wsolzoo.registry import METRICS, MODELS, OPTIM_WRAPPER_CONSTRUCTORS
from wsolzoo.structures import TEST, DataSample


@contextmanager
def scope() -> Iterator[None]:
    """Build components by their short names, as in a Runner."""
    with DefaultScope.overwrite_default_scope('wsolzoo'):
        yield


def build_model(config: Config | dict) -> BaseModel:
    """The model of a config with random weights."""
    with scope():
        model = MODELS.build(without_weights(config['model']))
        model.init_weights()
    return model


def tiny_batch(num_classes: int, size: int = 64, batch_size: int = 2, seed: int = 0) -> dict:
    """Random images with labels, boxes and masks, as a data loader delivers them.

    Args:
        num_classes: labels are drawn from 0..num_classes-1.
        size: side of the images in pixels.
        batch_size: N.
        seed: of the generator.

    Returns:
        ``dict(inputs=[(3, size, size) uint8 BGR], data_samples=[DataSample])``.
    """
    rng = np.random.default_rng(seed)
    inputs, samples = [], []
    for index in range(batch_size):
        image = rng.integers(0, 256, (3, size, size), dtype=np.uint8)
        x0, y0 = rng.integers(0, size // 2, 2)
        x1, y1 = rng.integers(size // 2 + 1, size, 2)
        image[:, y0:y1, x0:x1] //= 2
        mask = np.zeros((size, size), np.uint8)
        mask[y0:y1, x0:x1] = 1
        meta = {'img_id': f'tiny/{index}', 'img_shape': (size, size), 'ori_shape': (size, size), 'role': TEST}
        sample = DataSample(metainfo=meta, gt_label=int(rng.integers(num_classes)), gt_mask=mask)
        sample.gt_boxes = np.array([[x0, y0, x1, y1]], np.float64)
        inputs.append(torch.from_numpy(image))
        samples.append(sample)
    return {'inputs': inputs, 'data_samples': samples}


def train_step(model: BaseModel, config: Config | dict, batch: dict) -> dict[str, Tensor]:
    """One step of the config's optimizer on ``batch``; the scalars that the step logs."""
    with scope():
        wrapper = dict(config['optim_wrapper'])
        paramwise = wrapper.pop('paramwise_cfg', None)
        kind = wrapper.pop('constructor', 'DefaultOptimWrapperConstructor')
        if wrapper.get('type') == 'AmpOptimWrapper':
            wrapper['type'] = 'OptimWrapper'
        constructor = OPTIM_WRAPPER_CONSTRUCTORS.build(
            {'type': kind, 'optim_wrapper_cfg': wrapper, 'paramwise_cfg': paramwise}
        )
        model.train()
        return model.train_step(copy.deepcopy(batch), constructor(model))


def evaluate(config: Config | dict, samples: list[DataSample], split_at: int | None = None) -> dict[str, float]:
    """The config's test metrics over predicted samples, gathered from two processes when ``split_at`` is given."""
    evaluators = config['test_evaluator']
    evaluators = evaluators if isinstance(evaluators, (list, tuple)) else [evaluators]
    values: dict[str, float] = {}
    for settings in evaluators:
        with scope():
            metric = METRICS.build(dict(settings))
        metric.dataset_meta = {}
        records = [sample.to_dict() for sample in samples]
        parts = [records] if split_at is None else [records[split_at:], records[:split_at]]
        for part in parts:
            metric.process({}, part)
        values |= metric.evaluate(len(records))
    return values


def check_method(config: Config | str, size: int = 64) -> dict[str, float]:
    """Judge a localization config as the zoo judges its own, on random images and a CPU.

    Checked: it builds; one step has finite losses and moves parameters in the backbone and in the head; ``forward``
    leaves nothing on any module; prediction gives a finite raw map and K scores an image; an image predicted alone
    gives what it gives in a batch; weights survive a round trip through a state dict; metrics are the same from one
    process and from two.

    Args:
        config: a loaded config or the path of one.
        size: side of the images in pixels.

    Returns:
        The test metrics on the random images.

    Raises:
        AssertionError: naming the promise that is broken.
    """
    config = Config.fromfile(config) if isinstance(config, str) else config
    torch.manual_seed(0)
    model = build_model(config)
    num_classes = model.head.num_classes
    batch = tiny_batch(num_classes, size, batch_size=3)
    check_step(model, config, batch)
    model.eval()
    with torch.no_grad():
        samples = model.test_step(copy.deepcopy(batch))
        check_predictions(samples, num_classes)
        check_alone(model, batch, samples)
        copied = build_model(config)
        copied.load_state_dict(model.state_dict())
        copied.eval()
        reloaded = copied.test_step(copy.deepcopy(batch))
    for one, other in zip(samples, reloaded, strict=True):
        assert torch.equal(one.pred_raw_map, other.pred_raw_map), (
            'a model restored from its state dict predicts another map'
        )
    whole, merged = evaluate(config, samples), evaluate(config, samples, split_at=1)
    assert whole == merged, f'metrics differ between one process and two: {whole} and {merged}'
    return whole


def check_step(model: BaseModel, config: Config | dict, batch: dict) -> None:
    """One training step: finite losses, moved parameters, no state left behind."""
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    attributes = {name: set(module.__dict__) for name, module in model.named_modules()}
    scalars = train_step(model, config, batch)
    losses = [name for name in scalars if 'loss' in name]
    assert losses, f'no loss among the logged scalars {sorted(scalars)}'
    for name, value in scalars.items():
        assert torch.isfinite(torch.as_tensor(value)).all(), f'{name} is {value} after one step'
    moved = {name for name, parameter in model.named_parameters() if not torch.equal(before[name], parameter)}
    for part in ('backbone', 'head'):
        assert any(name.startswith(part) for name in moved), f'no parameter of the {part} moved in a training step'
    for name, module in model.named_modules():
        left = set(module.__dict__) - attributes[name]
        assert not left, f'forward left {sorted(left)} on {name or type(module).__name__}'


def check_predictions(samples: list[DataSample], num_classes: int) -> None:
    """Shapes and finiteness of the predictions."""
    for sample in samples:
        assert sample.pred_raw_map.ndim == 2, f'pred_raw_map must be (h, w); got {tuple(sample.pred_raw_map.shape)}'
        assert torch.isfinite(sample.pred_raw_map).all(), 'pred_raw_map has values that are not finite'
        assert sample.pred_scores.shape == (num_classes,), f'pred_scores must be ({num_classes},)'
        assert torch.isclose(sample.pred_scores.sum(), torch.tensor(1.0), atol=1e-4), 'pred_scores must sum to 1'


def check_alone(model: nn.Module, batch: dict, samples: list[DataSample]) -> None:
    """A batch of one gives what the batch of many gave."""
    for index, sample in enumerate(samples):
        single = {key: copy.deepcopy(value[index : index + 1]) for key, value in batch.items()}
        alone = model.test_step(single)[0]
        scale = sample.pred_raw_map.abs().max().clamp(min=1e-6)
        assert torch.allclose(alone.pred_raw_map / scale, sample.pred_raw_map / scale, atol=1e-4), (
            'an image predicted alone gives another map than in a batch'
        )
