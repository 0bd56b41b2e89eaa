"""The kit for authors of methods: tiny data, and one call that judges a config as the zoo judges its own.

``check_method('configs/my_method.py')``, in a test of your own.
"""

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from mmengine.config import Config
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.registry import DefaultScope
from torch import Tensor, nn

from wsolzoo.models.initial import without_weights
from wsolzoo.models.tasks.contract import Task, task_of
from wsolzoo.registry import METRICS, MODELS, OPTIM_WRAPPER_CONSTRUCTORS
from wsolzoo.run.launch import load_config
from wsolzoo.structures import TEST, DataSample
from wsolzoo.visualization import draw


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


def tiny_batch(model: BaseModel, size: int = 64, batch_size: int = 2, seed: int = 0) -> dict:
    """Random images with the truth that the model's task reads, as a data loader delivers them.

    Args:
        model: whose task says what the truth is.
        size: side of the images in pixels.
        batch_size: N.
        seed: of the generator.

    Returns:
        ``dict(inputs=[(3, size, size) uint8 BGR], data_samples=[DataSample])``.
    """
    rng, task = np.random.default_rng(seed), task_of(model)()
    inputs, samples = [], []
    for index in range(batch_size):
        image = rng.integers(0, 256, (3, size, size), dtype=np.uint8)
        truth = task.truth(model, image, index, rng)
        meta = {'img_id': f'tiny/{index}', 'img_shape': (size, size), 'ori_shape': (size, size), 'role': TEST}
        samples.append(DataSample(metainfo=meta | truth.pop('metainfo', {}), **truth))
        inputs.append(torch.from_numpy(image))
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
        records = [sample.to_dict() for sample in samples if can_read(metric, sample)]
        if not records:
            continue
        parts = [records] if split_at is None else [records[split_at:], records[:split_at]]
        for part in parts:
            metric.process({}, part)
        values |= metric.evaluate(len(records))
    return values


def can_read(metric: BaseMetric, sample: DataSample) -> bool:
    """Whether a sample holds the fields that a metric declares as ``required_fields``; ``'a|b'`` means one of them."""
    needed = getattr(metric, 'required_fields', ())
    return all(any(name in sample for name in field.split('|')) for field in needed)


def check_method(config: Config | str, size: int = 64) -> dict[str, float]:
    """Judge a config of any task as the zoo judges its own, on random images and a CPU.

    Checked: it builds; one step has finite losses and moves parameters in every part that the task says must learn;
    ``forward`` leaves nothing on any module; predictions are what the task promises; an image predicted alone gives
    what it gives in a batch; weights survive a round trip through a state dict; an answer can be made and drawn; the
    metrics that read what these samples hold are the same from one process and from two.

    Args:
        config: a loaded config or the path of one.
        size: side of the images in pixels.

    Returns:
        The test metrics on the random images.

    Raises:
        AssertionError: naming the promise that is broken.
    """
    config = load_config(config) if isinstance(config, str) else config
    torch.manual_seed(0)
    model = build_model(config)
    task = task_of(model)()
    batch = tiny_batch(model, size, batch_size=3)
    if any(True for _ in model.parameters()):  # a baseline without any has nothing to learn
        check_step(model, config, batch)
    model.eval()
    with torch.no_grad():
        samples = model.test_step(copy.deepcopy(batch))
        for sample in samples:
            task.check(model, sample, size)
            check_answer(task, sample, size)
        check_alone(model, batch, samples)
        copied = build_model(config)
        copied.load_state_dict(model.state_dict())
        copied.eval()
        reloaded = copied.test_step(copy.deepcopy(batch))
    for one, other in zip(samples, reloaded, strict=True):
        for name in task.writes:
            same = torch.equal(torch.as_tensor(one.get(name)), torch.as_tensor(other.get(name)))
            assert same, f'a model restored from its state dict predicts another {name}'
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
    learning = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    for part in task_of(model).learns:
        if not any(name.startswith(f'{part}.') for name in learning):
            continue  # frozen for good
        assert any(name.startswith(f'{part}.') for name in moved), f'no parameter of {part} moved in a training step'
    for name, module in model.named_modules():
        left = set(module.__dict__) - attributes[name]
        assert not left, f'forward left {sorted(left)} on {name or type(module).__name__}'


def check_answer(task: Task, sample: DataSample, size: int) -> None:
    """An answer about an image can be made of a prediction, drawn, and written to files."""
    asked: dict[str, list[str] | None] = {'label': None, 'classes': []}
    answer = task.answer(sample, (size, size), np.array([0, 0, size, size], np.float64), asked)
    picture = draw(np.zeros((size, size, 3), np.uint8), task.drawing(answer))
    assert picture.ndim == 3 and picture.dtype == np.uint8, 'a drawing must give an (H, W, 3) uint8 picture'
    array, told = task.saved(answer)
    assert np.isfinite(array).all(), 'the saved array has values that are not finite'
    json.dumps(told, allow_nan=False)


def check_alone(model: nn.Module, batch: dict, samples: list[DataSample]) -> None:
    """A batch of one gives what the batch of many gave."""
    for index, sample in enumerate(samples):
        single = {key: copy.deepcopy(value[index : index + 1]) for key, value in batch.items()}
        alone = model.test_step(single)[0]
        for name in task_of(model).writes:
            together, one = (torch.as_tensor(found.get(name)).float() for found in (sample, alone))
            scale = together.abs().max().clamp(min=1e-6)
            assert torch.allclose(one / scale, together / scale, atol=1e-4), (
                f'an image predicted alone gives another {name} than in a batch'
            )
