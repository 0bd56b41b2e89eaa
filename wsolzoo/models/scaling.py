"""Maps and features brought to a scale on which they can be compared."""

import torch
from torch import Tensor


def wide(x: Tensor) -> Tensor:
    """The tensor in float32 at least: sums over positions and small divisors do not fit into half precision."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def minmax(maps: Tensor) -> Tensor:
    """Maps (..., h, w) scaled to [0, 1] one by one, in float32 at least; a constant one becomes 0."""
    maps = wide(maps)
    low, high = maps.amin((-2, -1), keepdim=True), maps.amax((-2, -1), keepdim=True)
    return (maps - low) / (high - low).clamp(min=1e-12)
