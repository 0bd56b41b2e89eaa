"""What a look at a config found."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches


@dataclass
class Report:
    """Errors stop a run, warnings are printed."""

    name: str
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class ConfigError(ValueError):
    """A config has keys that nothing reads or types that do not exist."""

    def __init__(self, report: Report) -> None:
        count = len(report.errors)
        lines = [f'{report.name} has {count} problem{"s" if count > 1 else ""}:']
        super().__init__('\n'.join([*lines, *(f'  {error}' for error in report.errors)]))


def nearest(name: str, valid: Iterable[str], cutoff: float = 0.7) -> str | None:
    """The valid name most like ``name``, or nothing where none is alike."""
    found = get_close_matches(name, sorted(valid), n=1, cutoff=cutoff)
    return found[0] if found else None


def meant(name: str, valid: Iterable[str]) -> str:
    """The end of a sentence: the nearest valid name, or all of them where none is near."""
    valid = sorted(valid)
    near = nearest(name, valid, cutoff=0.6)
    return f'did you mean {near!r}?' if near else f'it takes {", ".join(valid) or "no arguments"}'
