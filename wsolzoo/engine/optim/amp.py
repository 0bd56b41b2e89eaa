"""Mixed precision that also runs without an accelerator."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.device import get_device
from mmengine.optim import OptimWrapper
from torch import nn

from wsolzoo.registry import OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class BFloat16OptimWrapper(OptimWrapper):
    """Runs the forward pass in bfloat16, on a CPU too; parameters, gradients and the optimizer stay float32.

    bfloat16 has float32's range, so no loss scaling is needed. MMEngine's ``AmpOptimWrapper`` refuses to start without
    an accelerator.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Enter autocast besides what the plain wrapper enters (no gradient exchange while accumulating)."""
        device = get_device()
        with super().optim_context(model), torch.autocast(device.partition(':')[0], dtype=torch.bfloat16):
            yield
