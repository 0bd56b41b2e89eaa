"""One optimizer for each named child of a model."""

from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapperDict, build_optim_wrapper
from torch import nn

from wsolzoo.registry import OPTIM_WRAPPER_CONSTRUCTORS


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class ChildOptimWrapperConstructor:
    """``dict(constructor='ChildOptimWrapperConstructor', a=dict(optimizer=…), b=…)``: one wrapper for ``model.a`` and
    one for ``model.b``, nothing for the other children.

    A child that the model does not have (``None``, switched off) is skipped, so that an ablation changes one line.

    Args:
        optim_wrapper_cfg: wrapper settings by child name.
        paramwise_cfg: not supported here; give it inside a child's settings.

    Raises:
        ValueError: a name is no child of the model, or a child with trainable parameters has no optimizer.
    """

    def __init__(self, optim_wrapper_cfg: dict, paramwise_cfg: dict | None = None) -> None:
        if paramwise_cfg:
            raise ValueError('paramwise_cfg belongs inside the settings of a child')
        self.cfg = {name: dict(cfg) for name, cfg in optim_wrapper_cfg.items() if name != 'type'}

    def __call__(self, model: nn.Module) -> OptimWrapperDict:
        model = model.module if is_model_wrapper(model) else model
        unknown = [name for name in self.cfg if not hasattr(model, name)]
        if unknown:
            raise ValueError(
                f'{type(model).__name__} has no child {unknown}; it has {[n for n, _ in model.named_children()]}'
            )
        idle = [
            name
            for name, child in model.named_children()
            if name not in self.cfg and any(p.requires_grad for p in child.parameters())
        ]
        if idle:
            raise ValueError(f'no optimizer for the children {idle} of {type(model).__name__}; add a line for each')
        children = {name: getattr(model, name) for name in self.cfg}
        wrappers = {
            name: build_optim_wrapper(child, self.cfg[name]) for name, child in children.items() if child is not None
        }
        return OptimWrapperDict(**wrappers)
