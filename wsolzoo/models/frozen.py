"""A second pass through a network that must not teach it."""

from torch import nn
from torch.func import functional_call


def frozen_call(module: nn.Module, *args, **kwargs):
    """Call ``module`` with detached parameters and cloned buffers.

    Gradients flow to the inputs and never to the module's parameters. In training mode batch normalisation uses the
    statistics of this pass and updates only the clones, so the running statistics stay as they are.
    """
    state = {name: parameter.detach() for name, parameter in module.named_parameters()}
    state |= {name: buffer.clone() for name, buffer in module.named_buffers()}
    return functional_call(module, state, args, kwargs)
