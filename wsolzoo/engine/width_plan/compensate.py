"""What removed channels gave on average goes into the biases of the layers that read them."""

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd

from wsolzoo.engine.width_plan.cut import WidthPlanError, is_depthwise, width_of
from wsolzoo.engine.width_plan.scores import evaluating, removed


@torch.no_grad()
def compensate(model: BaseModel, kept: Mapping[str, Mapping[str, Sequence[int]]], batches: Iterable[dict]) -> list[str]:
    """Add to each bias what the channels that its layer will no longer read gave it on average; before the cut.

    ``bias += sum over removed channels of (sum of the kernel) x (mean of the channel)``. Exact for a channel that is
    constant, but for the zeros that pad the border. Layers without a bias (a batch norm follows) and transposed
    convolutions stay as they are.

    Args:
        model: the whole network; its biases change.
        kept: the plan.
        batches: batches of training data; means are taken in evaluation mode.

    Returns:
        The layers that were changed.

    Raises:
        WidthPlanError: no batch.
    """
    gone = {name: _gone(model.get_submodule(name), sides['in']) for name, sides in kept.items() if 'in' in sides}
    layers = {name: layer for name in gone if _has_bias(layer := model.get_submodule(name))}
    means = input_means(model, layers, batches)
    for name, mean in means.items():
        layer = layers[name]
        weight = layer.weight.double().reshape(*layer.weight.shape[:2], -1).sum(2)
        layer.bias += (weight[:, gone[name]] @ mean[gone[name]]).to(layer.bias.dtype)
    return list(means)


def input_means(model: BaseModel, layers: Mapping[str, nn.Module], batches: Iterable[dict]) -> dict[str, Tensor]:
    """The mean (channels,) of what each layer reads in a prediction, over images and places, float64.

    Raises:
        WidthPlanError: no batch.
    """
    totals: dict[str, Tensor] = {}
    count = 0
    with evaluating(model), ExitStack() as stack, torch.no_grad():
        for name, layer in layers.items():
            stack.enter_context(removed(layer.register_forward_pre_hook(_noting(totals, name))))
        for batch in batches:
            data = model.data_preprocessor(copy.deepcopy(batch), training=False)
            model(data['inputs'], data['data_samples'], mode='tensor')
            count += 1
    if not count:
        raise WidthPlanError('means of channels need data; give batches of the training set')
    return {name: total / count for name, total in totals.items()}


def _gone(layer: nn.Module, kept: Sequence[int]) -> list[int]:
    return sorted(set(range(width_of(layer, 'in'))) - set(kept))


def _has_bias(layer: nn.Module) -> bool:
    plain = isinstance(layer, _ConvNd | nn.Linear) and not isinstance(layer, _ConvTransposeNd)
    return plain and not is_depthwise(layer) and layer.bias is not None


def _noting(totals: dict[str, Tensor], name: str) -> Callable:
    def note(layer: nn.Module, inputs: tuple) -> None:
        value = inputs[0]
        channel = value.ndim - 1 if isinstance(layer, nn.Linear) else 1
        dims = [dim for dim in range(value.ndim) if dim != channel]
        totals[name] = totals.get(name, 0) + value.double().mean(dims)

    return note
