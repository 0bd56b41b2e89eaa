"""Who reads the channels of a layer: through skips, concatenations, flattening, residual sums and depthwise layers."""

import copy
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from wsolzoo.engine.width_plan.cut import WidthPlanError, is_depthwise


class Touched(NamedTuple):
    """A layer that changes with the channels of another.

    Attributes:
        name: of the layer.
        side: ``out`` where it writes them (batch norms and depthwise convolutions too), ``in`` where it reads them.
        channels: its own channels; roots: those of the layer asked about that they belong to, as many.
    """

    name: str
    side: str
    channels: tuple[int, ...]
    roots: tuple[int, ...]


class Consumers:
    """What hangs together in a network, as Torch-Pruning (Fang et al., CVPR 2023) reads it from autograd's graph.

    Two graphs are looked at. That of the prediction decides. That of the loss is asked only about layers which the
    prediction does not run (auxiliary heads, discriminators), and only for what they read: a loss multiplies features
    by labels and masks, which looks like a bond between channels where there is none.

    Args:
        model: the network; left as it was.
        batch: what a data loader gives, with the truth that the loss reads; a small image is enough.
    """

    def __init__(self, model: BaseModel, batch: dict) -> None:
        self.names = {module: name for name, module in model.named_modules()}
        self.layers = dict(model.named_modules())
        self.prediction = _graph(model, batch, 'tensor')
        self.loss = _graph(model, batch, 'loss')

    def touched(self, name: str) -> list[Touched]:
        """Every layer that changes with the channels of ``name``, itself included.

        Raises:
            WidthPlanError: neither graph has it.
        """
        layer = self.layers[name]
        if layer in self.prediction.module2node:
            found = list(self._group(self.prediction, layer))
            known = self.prediction.module2node
            loss = self._group(self.loss, layer) if layer in self.loss.module2node else ()
            return found + [t for t in loss if self.layers[t.name] not in known and t.side == 'in']
        if layer in self.loss.module2node:
            return list(self._group(self.loss, layer))
        raise WidthPlanError(f'{name} runs neither in a prediction nor in the loss, so nobody knows who reads it')

    def _group(self, graph: Any, layer: nn.Module) -> Iterator[Touched]:
        width = layer.out_features if isinstance(layer, nn.Linear) else layer.out_channels
        prune, seen = graph.get_pruner_of_module(layer).prune_out_channels, set()
        for item in graph.get_pruning_group(layer, prune, list(range(width))):
            module = item.dep.target.module
            if isinstance(module, nn.Parameter):
                raise WidthPlanError(f'{self.names[layer]}: a bare parameter reads its channels; a plan cannot cut it')
            if module not in self.names:  # an operation
                continue
            both = is_depthwise(module) or hasattr(module, 'num_features')
            side = 'out' if both or graph.is_out_channel_pruning_fn(item.dep.handler) else 'in'
            part = Touched(self.names[module], side, tuple(item.idxs), tuple(item.root_idxs))
            if part not in seen:
                seen.add(part)
                yield part


def _graph(model: BaseModel, batch: dict, mode: str) -> Any:
    try:
        from torch_pruning import DependencyGraph
    except ImportError as error:
        raise WidthPlanError("planning needs Torch-Pruning: pip install 'wsolzoo[prune]'") from error

    def run(model: BaseModel, data: dict) -> list[Tensor]:
        return _tensors(model(data['inputs'], data['data_samples'], mode=mode))

    training = {module: module.training for module in model.modules()}
    learning = [parameter for parameter in model.parameters() if not parameter.requires_grad]
    data = model.data_preprocessor(copy.deepcopy(batch), training=True)
    graph = DependencyGraph()
    try:
        for parameter in learning:  # a frozen layer leaves no trace in autograd's graph
            parameter.requires_grad_(True)
        with warnings.catch_warnings(), torch.enable_grad():
            warnings.simplefilter('ignore')
            graph.build_dependency(model, data, forward_fn=run, verbose=False)
    finally:
        for parameter in learning:
            parameter.requires_grad_(False)
        for module, mode_before in training.items():
            module.training = mode_before
    return graph


def _tensors(value: Any) -> list[Tensor]:
    """Every tensor with a history inside an output."""
    if isinstance(value, Tensor):
        return [value] if value.grad_fn is not None else []
    if isinstance(value, dict):
        return [tensor for inner in value.values() for tensor in _tensors(inner)]
    if isinstance(value, (tuple, list)):
        return [tensor for inner in value for tensor in _tensors(inner)]
    if isinstance(value, nn.Module) or not hasattr(value, '__dict__'):
        return []
    return _tensors(vars(value))
