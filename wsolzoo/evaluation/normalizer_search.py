"""The argument of a map normaliser, chosen on a validation split together with the threshold."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wsolzoo import maps
from wsolzoo.evaluation.protocols import Protocol, vary

PERCENTILES = (90.0, 95.0, 98.0, 99.0, 99.5, 100.0)


@dataclass(frozen=True)
class NormalizerGrid:
    """Variants of a protocol that differ in one argument of the map normaliser.

    Attributes:
        normalizer: a name of :data:`wsolzoo.maps.NORMALIZERS` that takes an argument.
        values: of its first argument (``q`` of ``percentile``, ``p`` of ``percentile_max``, …).
        before_resize: normalise at the resolution of the network's output, as BAS does.

    Raises:
        ValueError: there is no such normaliser, or it takes no argument, or no value is given.
    """

    normalizer: str = 'percentile'
    values: Sequence[float] = PERCENTILES
    before_resize: bool = True

    def __post_init__(self) -> None:
        searchable = [name for name in maps.NORMALIZERS if _arguments(name)]
        if self.normalizer not in searchable:
            raise ValueError(f'normalizer must be one of {", ".join(searchable)}; got {self.normalizer!r}')
        if not self.values:
            raise ValueError(f'no value of {self.argument} was given to choose from')

    @property
    def argument(self) -> str:
        """Name of the argument that is searched."""
        return _arguments(self.normalizer)[0]

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


def _arguments(normalizer: str) -> list[str]:
    function = maps.NORMALIZERS.get(normalizer)
    names = list(inspect.signature(function).parameters)[1:] if function else []
    return [name for name in names if name != 'eps']
