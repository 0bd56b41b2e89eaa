"""What a look at a config found."""

from dataclasses import dataclass, field

from wsolzoo.errors import UserError


@dataclass
class Report:
    """Errors stop a run, warnings are printed."""

    name: str
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class ConfigError(UserError, ValueError):
    """A config has keys that nothing reads or types that do not exist."""

    def __init__(self, report: Report) -> None:
        count = len(report.errors)
        lines = [f'{report.name} has {count} problem{"s" if count > 1 else ""}:']
        super().__init__('\n'.join([*lines, *(f'  {error}' for error in report.errors)]))
