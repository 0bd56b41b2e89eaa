"""Sections of a config that MMEngine takes as plain dicts: what it reads of them stands in its own code."""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache

from mmengine.config import Config

from wsolzoo.errors import meant, nearest


def section_problems(cfg: Config) -> Iterator[str]:
    """Keys that are not read, each with the nearest one that is."""
    for place, section, reader in sections(cfg):
        valid = keys_read(reader)
        free = place == 'default_hooks'  # any name will do, unless it is nearly one that MMEngine fills by itself
        for key in section:
            if key in valid or key.startswith('_') or key == 'type' or (free and not nearest(key, valid)):
                continue
            yield f'{place}.{key}: nothing reads this key; {meant(key, valid)}'


def sections(cfg: Config) -> Iterator[tuple[str, Mapping, Callable]]:
    """Place, content and reader of every plain dict of a config."""
    from mmengine.runner import Runner

    readers = {
        'env_cfg': Runner.setup_env,
        'randomness': Runner.set_randomness,
        'auto_scale_lr': Runner.scale_lr,
        'default_hooks': Runner.register_default_hooks,
        **{f'{split}_dataloader': Runner.build_dataloader for split in ('train', 'val', 'test')},
    }
    for place, reader in readers.items():
        if isinstance(cfg.get(place), Mapping):
            yield place, cfg[place], reader
    wrapper = cfg.get('optim_wrapper')
    if isinstance(wrapper, Mapping) and wrapper.get('paramwise_cfg') and 'constructor' not in wrapper:
        from mmengine.optim import DefaultOptimWrapperConstructor

        yield 'optim_wrapper.paramwise_cfg', wrapper['paramwise_cfg'], DefaultOptimWrapperConstructor


@cache
def keys_read(reader: Callable) -> frozenset[str]:
    """The parameters of a function and every name in quotes or before ``=`` in its source; torch's for data loaders."""
    named = re.findall(r'[\'"](\w+)[\'"]|(\w+)=', inspect.getsource(reader))
    taken = set(inspect.signature(reader).parameters) - {'self'}
    if reader.__name__ == 'build_dataloader':
        from torch.utils.data import DataLoader

        taken |= set(inspect.signature(DataLoader).parameters)
    return frozenset(taken.union(*named))
