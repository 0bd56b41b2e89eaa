"""Tables of results that cannot mix protocols."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from wsolzoo.errors import UserError


class MixedProtocolsError(UserError, ValueError):
    """Two rows of a table would not mean the same."""


def over_seeds(values: Sequence[float | None]) -> str:
    """``mean ± standard deviation`` (n - 1) of the seeds that have the number; the number of a single seed; ''."""
    known = [value for value in values if value is not None]
    if not known:
        return ''
    mean = f'{statistics.mean(known):.1f}'
    return mean if len(known) == 1 else f'{mean} ± {statistics.stdev(known):.1f}'


def require_same(definitions: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse to put numbers into one table that were not made alike.

    Args:
        definitions: by row, what must agree: data, protocols by fingerprint, …

    Raises:
        MixedProtocolsError: two rows differ; both and the difference are named.

    Example:
        >>> require_same({'CAM': {'protocol': 'a1b2'}, 'BAS': {'protocol': 'a1b2'}})
    """
    rows = iter(definitions.items())
    first, expected = next(rows, ('', {}))
    for name, definition in rows:
        for key in dict.fromkeys([*expected, *definition]):
            if definition.get(key) != expected.get(key):
                raise MixedProtocolsError(
                    f'{first} and {name} cannot share a table: {key} differ '
                    f'({expected.get(key)} and {definition.get(key)}); make a table for each'
                )
