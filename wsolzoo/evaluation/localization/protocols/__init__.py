"""Evaluation protocols as named objects: what a published localization number means, field by field.

A number without its protocol cannot be compared: papers differ in how the map is resized and normalised, which
component becomes the box, what an empty map counts as, and on which split the threshold was chosen. Metrics, configs
and ``tools/evaluate_maps.py`` all take protocols from here, by name.

Example:
    >>> from wsolzoo.evaluation.localization import protocols
    >>> protocols.get('choe2020-v2').hit.ious
    (0.3, 0.5, 0.7)
    >>> mine = protocols.vary('choe2020-v2', name='choe2020-v2-ivr', map={'normalizer': 'ivr'})
    >>> mine.map.normalizer
    'ivr'

This module imports neither torch nor MMEngine.
"""

import warnings
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from wsolzoo.evaluation.localization.protocols.definition import (
    BoxRule,
    HitRule,
    MapRule,
    Protocol,
    ThresholdRule,
    View,
)
from wsolzoo.evaluation.localization.protocols.published import ALIASES, PUBLISHED

__all__ = [
    'BoxRule',
    'HitRule',
    'MapRule',
    'Protocol',
    'ThresholdRule',
    'UnknownProtocolError',
    'View',
    'explain',
    'get',
    'names',
    'register',
    'resolve',
    'vary',
]

_PROTOCOLS: dict[str, Protocol] = {protocol.name: protocol for protocol in PUBLISHED}


def register(protocol: Protocol) -> Protocol:
    """Make a protocol known by its name.

    Raises:
        ValueError: the name is taken by a different definition.
    """
    known = _PROTOCOLS.setdefault(protocol.name, protocol)
    if known != protocol:
        raise ValueError(
            f'protocol {protocol.name!r} exists already with another definition ({known.source}); choose another name'
        )
    return protocol


def names() -> list[str]:
    """All registered names."""
    return list(_PROTOCOLS)


def get(name: str) -> Protocol:
    """The protocol of that name; an old name gives the same rules under the old name, and says so.

    Raises:
        KeyError: no protocol has it; close names are listed.
    """
    if name in ALIASES:
        target, why = ALIASES[name]
        warnings.warn(f'protocol {name!r} is {why}', FutureWarning, stacklevel=2)
        return replace(_PROTOCOLS[target], name=name, notes=(why, *_PROTOCOLS[target].notes))
    if name not in _PROTOCOLS:
        close = get_close_matches(str(name), _PROTOCOLS, cutoff=0.5)
        hint = f'did you mean {" or ".join(close)}?' if close else f'there are {", ".join(_PROTOCOLS)}'
        raise UnknownProtocolError(f'there is no protocol {name!r}; {hint}')
    return _PROTOCOLS[name]


class UnknownProtocolError(KeyError):
    """A name that no protocol has; the message lists close ones."""

    def __str__(self) -> str:
        return str(self.args[0])


def vary(base: str | Protocol, name: str, source: str = '', **changes: Mapping[str, Any]) -> Protocol:
    """A protocol that differs from ``base`` in some fields, under a name of its own.

    Args:
        base: a protocol or its name.
        name: the new name.
        source: what the variant is; default: the source of ``base``, "varied".
        **changes: new values by group, such as ``map={'normalizer': dict(type='ivr', percentile=0.3)}`` or
            ``threshold={'interval': 0.01}``. Another normaliser begins with its own defaults.

    Raises:
        TypeError: a group or a field does not exist.
        NormalizerError: a normaliser does not exist, or does not take what it is given.
    """
    base = get(base) if isinstance(base, str) else base
    if 'normalizer' in changes.get('map', {}):
        changes['map'] = {'arguments': {}, **changes['map']}
    groups = {group: replace(getattr(base, group), **values) for group, values in changes.items()}
    return replace(base, name=name, source=source or f'{base.source}; varied from {base.name}', **groups)


def resolve(spec: str | Protocol | Mapping[str, Any]) -> Protocol:
    """A protocol from what a config may hold: a name, a protocol, or a dict with the arguments of :func:`vary`."""
    if isinstance(spec, Protocol):
        return spec
    if isinstance(spec, str):
        return get(spec)
    missing = [key for key in ('base', 'name') if key not in spec]
    if missing:
        raise ValueError(
            f'a protocol given as a dict needs "base" and "name"; {" and ".join(missing)} missing in {spec}'
        )
    return vary(**dict(spec))


def explain(name: str) -> None:
    """Print the definition of a protocol in words."""
    print(get(name).describe())
