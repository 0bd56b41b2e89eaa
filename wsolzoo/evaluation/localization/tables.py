"""Tables of results that cannot mix protocols."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from wsolzoo.errors import UserError

COLUMNS = ('oracle', 'transferred', 'fixed')


class MixedProtocolsError(UserError, ValueError):
    """Two rows of a table would not mean the same."""


def over_seeds(values: Sequence[float | None]) -> str:
    """``mean ± standard deviation`` (n - 1) of the seeds that have the number; the number of a single seed; ''."""
    known = [value for value in values if value is not None]
    if not known:
        return ''
    mean = f'{statistics.mean(known):.1f}'
    return mean if len(known) == 1 else f'{mean} ± {statistics.stdev(known):.1f}'


class ResultTable:
    """Rows of one protocol and one column: who chose the threshold.

    The first row fixes the definition; a row whose protocol differs in any field that changes numbers is refused, also
    if it carries the same name.

    Args:
        column: 'oracle', 'transferred' or 'fixed'; ignored by pixel protocols, which choose no threshold.

    Example:
        >>> table = ResultTable('oracle')
        >>> entry = {'protocol': 'p', 'fingerprint': '0', 'columns': {'oracle': {'MaxBoxAcc': 61.2}}}
        >>> table.add('CAM', entry)
        >>> table.rows
        {'CAM': {'MaxBoxAcc': 61.2}}
    """

    def __init__(self, column: str = 'oracle') -> None:
        if column not in COLUMNS:
            raise ValueError(f'column is one of {", ".join(COLUMNS)}; got {column!r}')
        self.column = column
        self.protocol: str | None = None
        self.rows: dict[str, dict[str, float]] = {}
        self._definition: tuple | None = None

    def add(self, name: str, entry: Mapping[str, Any]) -> None:
        """Add a row.

        Args:
            name: of the row.
            entry: a protocol's part of a result, ``result['protocols'][...]``.

        Raises:
            MixedProtocolsError: it follows another definition than the rows before.
            ValueError: the column was not computed for it.
        """
        definition = (entry['protocol'], entry['fingerprint'])
        if self._definition is not None and definition != self._definition:
            raise MixedProtocolsError(
                f'{name}: {definition[0]} ({definition[1]}) cannot stand in a table of {self._definition[0]} '
                f'({self._definition[1]}); make a table for each protocol'
            )
        values = entry['columns'].get(self.column) if 'columns' in entry else entry
        if not values:
            raise ValueError(f'{name} has no {self.column} column of {definition[0]}; transfer a threshold first')
        self._definition, self.protocol = definition, definition[0]
        self.rows[name] = {key: value for key, value in values.items() if isinstance(value, float)}

    def markdown(self) -> str:
        """The table with the protocol and the column in its heading."""
        keys = list(dict.fromkeys(key for row in self.rows.values() for key in row))
        lines = [f'| {self.protocol}, {self.column} | {" | ".join(keys)} |', '| --- |' + ' ---: |' * len(keys)]
        for name, row in self.rows.items():
            lines.append(f'| {name} | ' + ' | '.join(f'{row[key]:.2f}' if key in row else '' for key in keys) + ' |')
        return '\n'.join(lines)
