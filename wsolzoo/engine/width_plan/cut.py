"""Kept channels applied to a network; nothing here needs to know how they were chosen."""

import copy
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd

from wsolzoo.errors import UserError

Kept = dict[str, dict[str, list[int]]]
"""Layer name → ``out`` and ``in`` → the channels kept, ascending; a side that is whole is left out."""
VECTORS = ('weight', 'bias', 'running_mean', 'running_var')


class WidthPlanError(UserError, ValueError):
    """A width plan that cannot be carried out on this network."""


def is_depthwise(layer: nn.Module) -> bool:
    """Whether each channel of a convolution reads the channel of its own number, and no other."""
    return isinstance(layer, _ConvNd) and layer.groups == layer.in_channels == layer.out_channels and layer.groups > 1


def width_of(layer: nn.Module, side: str = 'out') -> int:
    """Channels that a layer writes (``out``) or reads (``in``).

    Raises:
        WidthPlanError: a layer whose channels nobody knows how to cut.
    """
    if isinstance(layer, _ConvNd):
        if layer.groups > 1 and not is_depthwise(layer):
            raise WidthPlanError(f'{layer} works in groups of channels; a plan cuts plain and depthwise convolutions')
        return layer.out_channels if side == 'out' else layer.in_channels
    if isinstance(layer, nn.Linear):
        return layer.out_features if side == 'out' else layer.in_features
    if isinstance(layer, _BatchNorm):
        return layer.num_features
    raise WidthPlanError(f'a plan cuts convolutions, linear layers and batch norms; not {layer}')


def cut(model: nn.Module, kept: Mapping[str, Mapping[str, Sequence[int]]]) -> None:
    """Leave only the kept channels, in place. Parameters stay the same objects, so that an optimizer keeps them.

    Raises:
        WidthPlanError: the network has no such layer or channel: it is not the one that the plan was made for.
    """
    layers = dict(model.named_modules())
    for name, sides in kept.items():
        if name not in layers:
            raise WidthPlanError(f'the network has no layer {name!r}; is the config that of the network that was cut?')
        for side, indices in sides.items():
            if not indices or max(indices) >= width_of(layers[name], side):
                count = width_of(layers[name], side)
                raise WidthPlanError(
                    f'{name} has {count} channels ({side}), but the plan keeps {len(indices)} of them up to number '
                    f'{max(indices, default=-1)}; is the config that of the network that was cut?'
                )
    for name, sides in kept.items():
        for side, indices in sides.items():
            _cut_layer(layers[name], side, torch.tensor(indices))


def _cut_layer(layer: nn.Module, side: str, indices: Tensor) -> None:
    if isinstance(layer, _BatchNorm):
        for name in VECTORS:
            _slice(layer, name, 0, indices)
        layer.num_features = len(indices)
        return
    if is_depthwise(layer):
        _slice(layer, 'weight', 0, indices)
        _slice(layer, 'bias', 0, indices)
        layer.groups = layer.in_channels = layer.out_channels = len(indices)
        return
    transposed = isinstance(layer, _ConvTransposeNd)
    _slice(layer, 'weight', int((side == 'in') != transposed), indices)
    if side == 'out':
        _slice(layer, 'bias', 0, indices)
    ending = 'features' if isinstance(layer, nn.Linear) else 'channels'
    setattr(layer, f'{side}_{ending}', len(indices))


def _slice(layer: nn.Module, name: str, dim: int, indices: Tensor) -> None:
    value = getattr(layer, name, None)
    if value is None:
        return
    kept = value.data.index_select(dim, indices.to(value.device)).clone()
    if isinstance(value, nn.Parameter):
        value.grad = None
        value.data = kept
    else:
        setattr(layer, name, kept)


def masked(model: nn.Module, kept: Mapping[str, Mapping[str, Sequence[int]]]) -> nn.Module:
    """A copy of full width in which whatever a removed channel writes is 0: it computes what the cut network does."""
    model = copy.deepcopy(model)
    for name, sides in kept.items():
        if 'out' not in sides:
            continue
        layer = model.get_submodule(name)
        removed = torch.ones(width_of(layer), dtype=torch.bool)
        removed[sides['out']] = False
        for part in ('weight', 'bias', 'running_mean'):
            value = getattr(layer, part, None)
            if value is not None:
                target = value.data.transpose(0, 1) if isinstance(layer, _ConvTransposeNd) and value.ndim > 1 else value
                target.data[removed.to(value.device)] = 0
    return model


def compose(first: Mapping[str, Mapping], second: Mapping[str, Mapping]) -> Kept:
    """What is left of the original where ``second`` was planned on the network that ``first`` had left."""
    kept: Kept = {name: {side: list(indices) for side, indices in sides.items()} for name, sides in first.items()}
    for name, sides in second.items():
        for side, indices in sides.items():
            before = kept.setdefault(name, {}).get(side)
            kept[name][side] = list(indices) if before is None else [before[i] for i in indices]
    return kept
