"""What a test run leaves behind: a table on the terminal, and one JSON file with numbers, curves and provenance."""

import json
import sys
from collections.abc import Mapping
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path

VERSIONS = ('wsolzoo', 'torch', 'torchvision', 'numpy', 'onedl-mmengine', 'mmengine', 'opencv-python')


def print_scores(scores: Mapping[str, float], title: str) -> None:
    """Print a table of ``scores``, one row each."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify='left')
    table.add_column('metric')
    table.add_column('value', justify='right')
    for name, value in scores.items():
        table.add_row(name, f'{value:.2f}' if isinstance(value, float) else str(value))
    Console().print(table)


def versions() -> dict[str, str]:
    """The installed versions that may change a number."""
    found = {'python': sys.version.split()[0]}
    for name in VERSIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def write_result(path: str, runner, scores: Mapping[str, float]) -> None:
    """Write what the test run found.

    The file is the ``result`` of the localization metric (its docstring is the schema) with ``metrics``, the scores by
    name, and ``run``: config, checkpoint, seed, command, date and versions.

    Args:
        path: the JSON file; its folder is made.
        runner: the Runner that has tested.
        scores: what ``runner.test()`` returned.
    """
    content: dict = {}
    for metric in runner.test_evaluator.metrics:
        content.update(getattr(metric, 'result', None) or {})
    content['metrics'] = dict(scores)
    content['run'] = {
        'config': runner.cfg.filename,
        'checkpoint': runner.cfg.get('load_from'),
        'seed': runner.seed,
        'command': ' '.join(sys.argv),
        'date': datetime.now(timezone.utc).isoformat(timespec='seconds'),
        'versions': versions(),
    }
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, indent=1, default=_plain) + '\\n', encoding='utf-8')


def _plain(value):
    """JSON for NumPy and torch scalars and arrays."""
    if hasattr(value, 'tolist'):
        return value.tolist()
    raise TypeError(f'{type(value).__name__} cannot be written as JSON: {value!r}')
