"""The numbers of a metafile beside those that a command has just printed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

TOLERANCE = 0.01
"""Share of a recorded number by which a repetition may differ where the metafile names no ``Tolerance``."""
DEVIATIONS = 3.0
"""How many standard deviations over seeds a new training may differ by."""
_SPELLED = {'GT-known': 'GTKnown', 'Top-1 Loc': 'Top1Loc', 'Top-5 Loc': 'Top5Loc', 'Top-1': 'top1', 'Top-5': 'top5'}
_TRANSFERRED = ' (threshold from val)'


@dataclass(frozen=True)
class Score:
    """One recorded number and its repetition.

    Attributes:
        dataset: as the metafile names it.
        protocol: likewise.
        metric: likewise; that of the box in the middle ends in ``of the centred box``.
        recorded: the number of the metafile.
        measured: the new one; ``None`` where the command gives no such number.
        allowed: by how much they may differ.
    """

    dataset: str
    protocol: str
    metric: str
    recorded: float
    measured: float | None
    allowed: float

    @property
    def difference(self) -> float | None:
        """What was measured less what is recorded."""
        return None if self.measured is None else self.measured - self.recorded

    @property
    def holds(self) -> bool:
        """Whether the repetition is near enough; digits that the record rounds away do not count."""
        return self.difference is not None and abs(self.difference) <= self.allowed + _rounding(self.recorded)


def compare(result: Mapping[str, Any], report: Mapping[str, Any], retrained: bool = False) -> list[Score]:
    """Every number of one of a model's ``Results``, beside what a test wrote.

    Args:
        result: of the metafile.
        report: ``metrics.json``, or what ``evaluate_defocus.py --out`` writes.
        retrained: the test was of a new training, which may differ by what seeds differ by.
    """
    scores = []
    for key, of in (('Metrics', ''), ('Centered Box', ' of the centred box')):
        for metric, recorded in (result.get(key) or {}).items():
            allowed = tolerance(result, metric, recorded)
            if retrained:
                spread = (result.get('Deviation') or {}).get(_moved_by(metric, bool(of)), 0.0)
                allowed = max(allowed, DEVIATIONS * spread)
            found = measured(report, result, metric, centred=bool(of))
            place = (str(result['Dataset']), str(result['Protocol']))
            scores.append(Score(*place, metric + of, recorded, found, allowed))
    return scores


def _moved_by(metric: str, centred: bool) -> str | None:
    """The metric whose spread over seeds this one may have: the centred box stays, the class beside it may not."""
    if not centred:
        return metric
    return metric.removesuffix(' Loc') if metric.endswith(' Loc') else None


def tolerance(result: Mapping[str, Any], metric: str, recorded: float) -> float:
    """By how much a repetition may differ: ``Tolerance`` of the result, a number or one for each metric."""
    told = result.get('Tolerance')
    told = told.get(metric) if isinstance(told, Mapping) else told
    return abs(recorded) * TOLERANCE if told is None else float(told)


def measured(report: Mapping, result: Mapping, metric: str, centred: bool = False) -> float | None:
    """A metric as a report has it: in the result's ``Section``, in its protocol, or among all metrics by its name."""
    if 'Section' in result:
        return _number(_named(_inside(report, str(result['Section'])), metric))
    name = metric.removesuffix(_TRANSFERRED)
    name = _SPELLED.get(name, name)
    protocol = (report.get('protocols') or {}).get(str(result['Protocol']), {})
    if centred:
        return _number((protocol.get('centered_box') or {}).get(name))
    if metric.endswith(_TRANSFERRED):
        return _number(_inside(protocol, 'columns/transferred').get(name))
    found = _number(protocol.get(name))
    return _number(_named(report.get('metrics') or {}, name)) if found is None else found


def _inside(report: Mapping, path: str) -> Mapping:
    """The mapping at ``sets/pairs``; an empty one where there is none."""
    for key in path.split('/'):
        report = report.get(key) or {}
    return report


def _named(values: Mapping, name: str) -> Any:
    """The value called ``name``, or the only one whose key ends in ``/name``."""
    if name in values:
        return values[name]
    found = [value for key, value in values.items() if key.endswith(f'/{name}')]
    return found[0] if len(found) == 1 else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _rounding(recorded: float) -> float:
    """Half a unit of the last digit of a number as it is written: 0.05 for 62.8, 0 for 62."""
    return 0.5 * 10.0 ** -len(_decimals(recorded)) if _decimals(recorded) else 0.0


def _decimals(recorded: float) -> str:
    return f'{recorded:.10f}'.rstrip('0').partition('.')[2]


def failures(scores: list[Score]) -> Iterator[str]:
    """A line for each number that does not hold."""
    for score in scores:
        what = f'{score.metric} ({score.protocol})'
        if score.measured is None:
            yield f'{what}: recorded {score.recorded:g}, and the command gives no such number'
        elif not score.holds:
            yield f'{what}: recorded {score.recorded:g}, measured {score.measured:.4g}, allowed ± {score.allowed:.2g}'
