"""Which channels of a layer to keep: orders that look at nothing, and scores of weights, gradients and activations."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvTransposeNd
from torch.utils.hooks import RemovableHandle

from wsolzoo.engine.width_plan.cut import WidthPlanError

ORDERS = ('first', 'last', 'random', 'even')
WEIGHTS = ('l1', 'l2', 'fpgm')
DATA = ('taylor', 'activation')
SCORES = (*WEIGHTS, 'bn_scale', *DATA)
SELECTORS = (*ORDERS, *SCORES)


def by_order(select: str, count: int, keep: int, seed: int = 0) -> list[int]:
    """``keep`` of ``count`` channels, ascending.

    ``first`` is the published "sequential copy"; ``last`` the part which that removes; ``even`` takes them at even
    distances; ``random`` draws them with a generator of its own.
    """
    if select == 'first':
        return list(range(keep))
    if select == 'last':
        return list(range(count - keep, count))
    if select == 'even':
        return [i * count // keep for i in range(keep)]
    drawn = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    return sorted(drawn[:keep].tolist())


def best(scores: Tensor, keep: int) -> list[int]:
    """The ``keep`` channels of the highest scores, ascending; of equal ones those that come first."""
    return sorted(scores.argsort(descending=True, stable=True)[:keep].tolist())


def filters(layer: nn.Module) -> Tensor:
    """Weights (channels, rest) in float64, a row for every channel that the layer writes."""
    weight = layer.weight.detach().double()
    return (weight.transpose(0, 1) if isinstance(layer, _ConvTransposeNd) else weight).flatten(1)


def weight_score(layer: nn.Module, select: str) -> Tensor:
    """A score (channels,) of each filter: ``l1`` its absolute sum, ``l2`` its norm, ``fpgm`` its distances to others.

    Sources: Li et al., ICLR 2017 (l1); He et al., CVPR 2019 (fpgm: a filter near all others can be done without).
    """
    rows = filters(layer)
    if select == 'l1':
        return rows.abs().sum(1)
    return rows.norm(dim=1) if select == 'l2' else torch.cdist(rows, rows).sum(1)


def data_scores(
    model: BaseModel, layers: Mapping[str, nn.Module], batches: Iterable[dict]
) -> dict[str, dict[str, Tensor]]:
    """``taylor`` and ``activation`` of every layer, averaged over batches; the network is left as it was.

    ``taylor`` of a channel is ``(sum of weight x gradient of the loss over its filter)^2`` (Molchanov et al., CVPR
    2019); ``activation`` the mean of what it writes, rectified. Batch norm and dropout are in evaluation mode.

    Raises:
        WidthPlanError: no batch, or a layer that no loss reaches.
    """
    taylor: dict[str, Tensor] = {}
    activation: dict[str, Tensor] = {}
    count = 0
    with _evaluating(model), ExitStack() as stack:
        for name, layer in layers.items():
            stack.enter_context(_removed(layer.register_forward_hook(_noting(activation, name))))
        for batch in batches:
            data = model.data_preprocessor(batch, training=False)
            model.zero_grad()
            model.parse_losses(model.loss(data['inputs'], data['data_samples']))[0].backward()
            for name, layer in layers.items():
                if layer.weight.grad is None:
                    raise WidthPlanError(f'no loss reaches {name}: its channels cannot be chosen by data')
                product = layer.weight.detach().double() * layer.weight.grad.double()
                rows = (product.transpose(0, 1) if isinstance(layer, _ConvTransposeNd) else product).flatten(1)
                taylor[name] = taylor.get(name, 0) + rows.sum(1) ** 2
            count += 1
    model.zero_grad()
    if not count:
        raise WidthPlanError(f'{" and ".join(DATA)} look at data; give batches of the training set')
    return {
        'taylor': {n: s / count for n, s in taylor.items()},
        'activation': {n: s / count for n, s in activation.items()},
    }


def _noting(totals: dict[str, Tensor], name: str) -> Callable:
    def note(layer: nn.Module, inputs: tuple, output: Tensor) -> None:
        dims = [d for d in range(output.ndim) if d != (1 if output.ndim > 2 else output.ndim - 1)]
        totals[name] = totals.get(name, 0) + output.detach().double().relu().mean(dims)

    return note


@contextmanager
def _removed(handle: RemovableHandle) -> Iterator[None]:
    """Take a hook away at the end."""
    try:
        yield
    finally:
        handle.remove()


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Every module in evaluation mode, and as it was at the end."""
    before = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, training in before.items():
            module.training = training
