"""``--cfg-options``: from the words of a command line to values at their places in a config."""

from argparse import Namespace
from collections.abc import Sequence

from mmengine.config import DictAction

from wsolzoo.errors import UserError


class UsageError(UserError, ValueError):
    """The command line asks for something that cannot be done."""


def parse_options(pairs: Sequence[str]) -> dict:
    """Turn ``['optim_wrapper.optimizer.lr=0.1', 'a=[1,2]']`` into a dict of values, by MMEngine's rules.

    Raises:
        UsageError: an item has no ``=``.
    """
    for pair in pairs:
        if '=' not in pair:
            raise UsageError(f'--cfg-options takes key=value; got {pair!r}')
    holder = Namespace(options=None)
    DictAction(['--cfg-options'], 'options')(None, holder, pairs)
    return holder.options or {}


def nest(options: dict, cfg: dict) -> dict:
    """Dotted keys as nested dicts; where ``cfg`` has a key with dots in it, such as a stage's name, it is one key.

    ``{'model.necks.stage3.0.drop_prob': 0.5}`` → ``{'model': {'necks': {'stage3.0': {'drop_prob': 0.5}}}}``

    Raises:
        UsageError: a key and something inside it are both set.
    """
    nested: dict = {}
    for dotted, value in options.items():
        place, here, parts = nested, cfg, dotted.split('.')
        while parts:
            length = next((n for n in range(len(parts), 0, -1) if '.'.join(parts[:n]) in here), 1)
            key, parts = '.'.join(parts[:length]), parts[length:]
            if isinstance(here, list):
                here = dict(enumerate(here)).get(int(key), {}) if key.isdigit() else {}
            else:
                here = here.get(key, {})
            here = here if isinstance(here, (dict, list)) else {}
            if not isinstance(place, dict):
                raise UsageError(f'--cfg-options sets {dotted} and a part before its end; set one of the two')
            place = place.setdefault(key, {}) if parts else place.update({key: value})
    return nested
