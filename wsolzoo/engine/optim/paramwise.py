"""Learning rates by parameter name."""

import re

from mmengine.optim import DefaultOptimWrapperConstructor
from torch import nn

from wsolzoo.registry import OPTIM_WRAPPER_CONSTRUCTORS


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class RegexOptimWrapperConstructor(DefaultOptimWrapperConstructor):
    """Parameter groups by regular expressions over parameter names; the first rule that matches decides.

    ``paramwise_cfg=dict(rules=[dict(pattern='^head', lr_mult=10), dict(pattern='', bias_lr_mult=2)])``

    A rule has ``pattern`` (for ``re.search``) and optionally ``lr_mult`` (default 1), ``bias_lr_mult`` (default: as
    ``lr_mult``) and ``decay_mult`` (default 1). A parameter that no rule matches keeps the base values.

    Raises:
        ValueError: a rule matches no parameter, which is how a misspelt pattern shows.
    """

    def add_params(self, params: list[dict], module: nn.Module, **kwargs) -> None:
        """Append one group for every distinct pair of multipliers to ``params``."""
        rules = self.paramwise_cfg['rules']
        matched = set()
        groups: dict[tuple[float, float], list[nn.Parameter]] = {}
        for name, parameter in module.named_parameters():
            index = next((i for i, rule in enumerate(rules) if re.search(rule['pattern'], name)), None)
            matched.add(index)
            rule = {} if index is None else rules[index]
            if parameter.requires_grad:
                groups.setdefault(multipliers(rule, name), []).append(parameter)
        unused = [rule['pattern'] for i, rule in enumerate(rules) if i not in matched and rule['pattern']]
        if unused:
            some = ', '.join(name for name, _ in list(module.named_parameters())[:3])
            raise ValueError(f'optimizer rules {unused} match no parameter; parameter names look like {some}, …')
        for (lr_mult, decay_mult), parameters in groups.items():
            group = {'params': parameters, 'lr': self.base_lr * lr_mult}
            params.append(group | ({} if self.base_wd is None else {'weight_decay': self.base_wd * decay_mult}))


def multipliers(rule: dict, name: str) -> tuple[float, float]:
    """Learning rate and weight decay multipliers of the parameter ``name`` under ``rule``."""
    lr_mult = rule.get('lr_mult', 1.0)
    if name.endswith('bias'):
        lr_mult = rule.get('bias_lr_mult', lr_mult)
    return float(lr_mult), float(rule.get('decay_mult', 1.0))
