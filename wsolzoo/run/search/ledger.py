"""What a search leaves: every trial as data and as a page, and the best parameters as a config."""

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config

from wsolzoo.engine.weights.atomic import AtomicLocalBackend
from wsolzoo.run.config_text import text_of
from wsolzoo.run.options import nest
from wsolzoo.run.search.space import values_at, with_values
from wsolzoo.run.search.study import Study, best_of

STATES = {'COMPLETE': 'complete', 'PRUNED': 'pruned', 'FAIL': 'failed', 'RUNNING': 'running'}


def write_results(study: Study, cfg: Config, options: Mapping[str, Any]) -> None:
    """Write ``ledger.json``, ``ledger.html`` and, once a trial is complete, ``best.py``; each file is replaced whole.

    Args:
        study: whose trials they are.
        cfg: the config of the search.
        options: overrides of the command line by place.
    """
    from wsolzoo.visualization.ledger import ledger_page

    ledger, write = ledger_of(study, cfg, options), AtomicLocalBackend().put_text
    write(
        json.dumps(_finite(ledger), indent=1, ensure_ascii=False, allow_nan=False) + '\n', study.folder / 'ledger.json'
    )
    write(ledger_page(ledger), study.folder / 'ledger.html')
    if ledger['best'] is not None:
        drawn = ledger['trials'][ledger['best']]['parameters']
        values = {**options, **values_at(study.settings.space, drawn)}
        write(best_config(cfg, values, study.folder, ledger), study.folder / 'best.py')


def _finite(value: Any) -> Any:
    """The same without numbers that JSON does not have."""
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def ledger_of(study: Study, cfg: Config, options: Mapping[str, Any]) -> dict[str, Any]:
    """All trials as plain data: how each was drawn, validated and ended, by whom and in how many seconds."""
    best = best_of(study.trials, study.settings.minimize)
    return {
        'config': str(cfg.filename),
        'options': dict(options),
        'settings': study.settings.plain(),
        'best': best.number if best else None,
        'trials': [
            {
                'number': trial.number,
                'state': STATES.get(trial.state.name, trial.state.name.lower()),
                'score': trial.value if trial.state.name == 'COMPLETE' else None,
                'parameters': {p.name: trial.params[p.name] for p in study.settings.space if p.name in trial.params},
                'validations': {str(step): value for step, value in sorted(trial.intermediate_values.items())},
                'reason': trial.user_attrs.get('reason', ''),
                'seconds': trial.duration.total_seconds() if trial.duration else None,
                'begun': trial.datetime_start.isoformat(' ', 'seconds') if trial.datetime_start else None,
                'host': trial.user_attrs.get('owner', {}).get('host'),
            }
            for trial in study.trials
        ],
    }


def best_config(cfg: Config, values: Mapping[str, Any], folder: Path, ledger: Mapping[str, Any]) -> str:
    """A config that inherits that of the search and says what differs.

    A list of a config is replaced as a whole, so that a value inside one brings its list along.
    """
    merged = with_values(cfg, values)._cfg_dict
    base = os.path.relpath(cfg.filename, folder)
    score = ledger['trials'][ledger['best']]['score']
    lines = [
        f'# Trial {ledger["best"]}: {ledger["settings"]["metric"]} {score:.4g} on validation.',
        f'_base_ = {base!r}',
    ]
    for name, changed in _said(nest(dict(values), cfg._cfg_dict), merged).items():
        lines.append(f'{name} = {text_of(changed, len(name) + 3)}')
    return '\n'.join(lines) + '\n'


def _said(changes: Any, merged: Any) -> Any:
    if isinstance(merged, (list, tuple)) or not isinstance(changes, dict):
        return _plain(merged)
    return {key: _said(inner, merged[key]) for key, inner in changes.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return type(value)(map(_plain, value)) if type(value) in (list, tuple) else value
