"""The argument of a map normaliser, chosen on a validation split together with the threshold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wsolzoo import maps
from wsolzoo.evaluation.localization.protocols import Protocol, vary
from wsolzoo.evaluation.localization.protocols.definition import import_components

VALUES = {
    'percentile': (90.0, 95.0, 98.0, 99.0, 99.5, 100.0),
    'percentile_max': (0.7, 0.8, 0.9, 0.95, 1.0),
    'pas': (0.7, 0.8, 0.9, 0.95, 0.98),
    'ivr': (0.15, 0.3, 0.45, 0.6, 0.75),
}
"""Values to choose from by normaliser: percentiles in (0, 100], or fractions. Others need theirs given."""


@dataclass(frozen=True)
class NormalizerGrid:
    """Variants of a protocol that differ in one argument of the map normaliser.

    Attributes:
        normalizer: a name of :data:`wsolzoo.maps.NORMALIZERS` that takes an argument.
        values: of its first argument (``q`` of ``percentile``, ``p`` of ``percentile_max``, …); by default those of
            :data:`VALUES`.
        before_resize: normalise at the resolution of the network's output, as BAS does.

    Raises:
        ValueError: there is no such normaliser, or it takes no argument, or does not take one of the values, or there
            are none.
    """

    normalizer: str = 'percentile'
    values: Sequence[float] = ()
    before_resize: bool = True

    def __post_init__(self) -> None:
        maps.normalizer_of(self.normalizer, load=import_components)
        if not maps.settings_of(self.normalizer):
            raise ValueError(f'the map normaliser {self.normalizer!r} takes no argument that could be searched')
        object.__setattr__(self, 'values', tuple(self.values or VALUES.get(self.normalizer, ())))
        if not self.values:
            raise ValueError(f'say which values of {self.argument!r} of {self.normalizer!r} to choose from')
        for value in self.values:
            maps.normalizer_of({'type': self.normalizer, self.argument: value})

    @property
    def argument(self) -> str:
        """Name of the argument that is searched."""
        return maps.settings_of(self.normalizer)[0]

    def variant(self, base: Protocol, value: float) -> Protocol:
        """``base`` with the normaliser at one value of its argument."""
        rule = {
            'normalizer': self.normalizer,
            'arguments': {self.argument: float(value)},
            'before_resize': self.before_resize,
        }
        return vary(base, f'{base.name}-{self.normalizer}-{value:g}', map=rule)

    def choose(self, base: Protocol, result: Mapping[str, Any]) -> float:
        """The value with the best GT-known accuracy at its own best threshold, the first of equals.

        Args:
            base: a box protocol whose variants were evaluated on the split that may choose.
            result: of a :class:`~wsolzoo.evaluation.metrics.LocalizationMetric`.
        """
        return max(self.values, key=lambda value: self.score(base, value, result))

    def score(self, base: Protocol, value: float, result: Mapping[str, Any]) -> float:
        """GT-known accuracy of a variant at its own best threshold, percent."""
        return result['protocols'][self.variant(base, value).name]['columns']['oracle']['GTKnown']
