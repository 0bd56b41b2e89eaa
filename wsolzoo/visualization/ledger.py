"""One self-contained HTML page about a search: every trial, score against each parameter, the best so far."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from wsolzoo.visualization import charts

STATES = ('complete', 'pruned', 'failed', 'running')


def ledger_page(ledger: Mapping[str, Any]) -> str:
    """The page; it fetches nothing and runs no script, and the same ledger gives the same bytes.

    Args:
        ledger: ``config``, ``options``, ``settings`` (with ``space``, ``metric``, ``minimize``), ``best`` (number
            of the best trial, or ``None``) and ``trials``, each with ``number``, ``state`` (of :data:`STATES`),
            ``score``, ``parameters``, ``validations`` (score by step), ``reason`` and ``seconds``.
    """
    settings, trials = ledger['settings'], ledger['trials']
    counts = Counter(trial['state'] for trial in trials)
    context = {
        'style': Markup(_resource('report.css')),  # noqa: S704 - ours, not the user's
        'title': f'Search of {ledger["config"].rpartition("/")[2]}',
        'facts': [f'{len(trials)} trials', *(f'{counts[state]} {state}' for state in STATES if counts[state])],
        'metric': settings['metric'],
        'parameters': list(settings['space']),
        'rows': [row(trial, list(settings['space'])) for trial in in_order(trials, settings['minimize'])],
        'best': ledger['best'],
        'charts': [Markup(svg) for svg in score_charts(ledger)],  # noqa: S704 - charts escape what they get
        'run': [
            *((key, value) for key, value in settings.items() if key not in ('space', 'config')),
            *(f'option {place}={value}'.split('=', 1) for place, value in ledger['options'].items()),
        ],
    }
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_resource('ledger.html.j2')).render(context)


def in_order(trials: Sequence[Mapping[str, Any]], minimize: bool) -> list[Mapping[str, Any]]:
    """Complete trials, the best first, then the others as they were begun."""
    sign = 1 if minimize else -1
    complete = sorted((t for t in trials if t['score'] is not None), key=lambda t: (sign * t['score'], t['number']))
    return [*complete, *(trial for trial in trials if trial['score'] is None)]


def row(trial: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """A trial as the cells of a line."""
    values = [value for value in trial['validations'].values() if value is not None and math.isfinite(value)]
    last = f'{values[-1]:.4g}' if values else '–'
    return {
        'number': trial['number'],
        'state': trial['state'],
        'score': f'{trial["score"]:.4g}' if trial['score'] is not None else last,
        'cells': [text(trial['parameters'].get(name, '–')) for name in names],
        'validations': len(trial['validations']),
        'seconds': '–' if trial['seconds'] is None else f'{trial["seconds"]:.0f}',
        'reason': trial['reason'],
    }


def text(value: Any) -> str:
    """A value in a table."""
    return charts.number(value) if isinstance(value, float) else str(value)


def score_charts(ledger: Mapping[str, Any]) -> list[str]:
    """Score by trial with the best so far, then score against each parameter; of complete trials only."""
    settings = ledger['settings']
    complete = [trial for trial in ledger['trials'] if trial['score'] is not None]
    if not complete:
        return []
    metric = settings['metric']
    so_far: list[tuple[float, float]] = []
    for trial in complete:
        scores = [*(value for _, value in so_far[-1:]), trial['score']]
        so_far.append((trial['number'], (min if settings['minimize'] else max)(scores)))
    by_number: dict[str, charts.Points] = {
        'score': [(trial['number'], trial['score']) for trial in complete],
        'best so far': so_far,
    }
    found = [charts.line_chart(metric, by_number, 'trial')]
    best = next(index for index, trial in enumerate(complete) if trial['number'] == ledger['best'])
    for name, parameter in settings['space'].items():
        values = [trial['parameters'][name] for trial in complete]
        choices, label = parameter['choices'], name
        if choices:
            label = f'{name}: ' + ', '.join(f'{index} = {choice}' for index, choice in enumerate(choices))
            values = [choices.index(value) for value in values]
        elif parameter['log']:
            values, label = [math.log10(value) for value in values], f'log10 of {name}'
        points = [
            (
                float(value),
                trial['score'],
                f'trial {trial["number"]}: {text(trial["parameters"][name])}, {text(trial["score"])}',
            )
            for value, trial in zip(values, complete, strict=True)
        ]
        found.append(charts.scatter_chart(metric, points, label, best))
    return found


def _resource(name: str) -> str:
    return resources.files('wsolzoo.visualization').joinpath(name).read_text(encoding='utf-8')
