"""Mixed precision that also runs without an accelerator."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import torch
from mmengine.device import get_device
from mmengine.optim import OptimWrapper
from torch import nn

from wsolzoo.registry import OPTIM_WRAPPERS


def bfloat16_forward() -> AbstractContextManager:
    """Autocast to bfloat16 on the device of the run."""
    return torch.autocast(get_device().partition(':')[0], dtype=torch.bfloat16)


def has_bfloat16() -> bool:
    """Whether the device of the run computes in bfloat16; a CPU without the instructions is many times slower in it."""
    device = get_device().partition(':')[0]
    if device == 'cuda':
        return torch.cuda.is_bf16_supported()
    # a private name: a release may move it, and bfloat16 is then not offered
    return device == 'cpu' and getattr(torch.cpu, '_is_avx512_bf16_supported', lambda: False)()


def use_bfloat16(wrapper: OptimWrapper) -> None:
    """Have an existing optimizer wrapper run forward passes in bfloat16; its type, options and state stay."""
    enter_plain = wrapper.optim_context

    @contextmanager
    def optim_context(model: nn.Module) -> Iterator[None]:
        with enter_plain(model), bfloat16_forward():
            yield

    wrapper.optim_context = optim_context


@OPTIM_WRAPPERS.register_module()
class BFloat16OptimWrapper(OptimWrapper):
    """Runs the forward pass in bfloat16, on a CPU too; parameters, gradients and the optimizer stay float32.

    bfloat16 has float32's range, so no loss scaling is needed. MMEngine's ``AmpOptimWrapper`` refuses to start without
    an accelerator.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Enter autocast besides what the plain wrapper enters (no gradient exchange while accumulating)."""
        with super().optim_context(model), bfloat16_forward():
            yield
