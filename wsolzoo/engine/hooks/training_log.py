"""Training curves from the scalars that MMEngine's visualizer wrote."""

import json
from pathlib import Path

SKIP = ('time', 'data_time', 'memory', 'epoch', 'iter', 'step', 'base_lr', 'grad_norm')
PERCENT = ('top1', 'gtknown', 'maxboxacc', 'top1loc', 'maxboxaccv2', 'pxap')
"""Validation scores in percent, in the order people ask for them."""


def training_rows(work_dir: str | Path) -> tuple[list[dict], list[dict]]:
    """What a training logged, a dict of scalars a row: rows of training and rows of validation.

    Every ``<time>/vis_data/scalars.json`` below ``work_dir`` is read, oldest first. A later run replaces what an
    earlier one wrote from its own first step on: a resumed run continues the curve, a fresh run starts it anew.

    Args:
        work_dir: of the training run.
    """
    train: list[dict] = []
    val: list[dict] = []
    for file in sorted(Path(work_dir).glob('*/vis_data/scalars.json')):
        rows = _read(file)
        new_train = [row for row in rows if 'loss' in row and 'step' in row]
        if not new_train:
            continue
        new_val = [row for row in rows if 'loss' not in row and 'step' in row]
        train = [row for row in train if row['step'] < new_train[0]['step']] + new_train
        first = new_train[0].get('epoch', new_train[0]['step'])  # validation is counted in epochs where there are any
        val = [row for row in val if row['step'] < first] + new_val
    return train, val


def training_curves(work_dir: str | Path) -> dict[str, dict]:
    """Loss, first-guess accuracy, mean scores, learning rates and validation over the course of training.

    Validation scores in percent share a panel; of a task that has none the first three have one each, because their
    scales differ.

    Args:
        work_dir: of the training run, see :func:`training_rows`.

    Returns:
        Panel name -> ``{'x': axis name, 'series': {name: [(step, value)…]}}``; empty where nothing was logged.
    """
    train, val = training_rows(work_dir)
    return _panels(train, val, 'epoch' if train and 'epoch' in train[0] else 'iteration')


def _read(file: Path) -> list[dict]:
    """The rows of a file of one JSON object a line; a line cut short by a killed run is left out."""
    rows = []
    for line in file.read_text(encoding='utf-8').splitlines():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(row, dict):
            rows.append(row)
    return rows


def _series(rows: list[dict], key: str) -> list[tuple[float, float]]:
    return [(row['step'], row[key]) for row in rows if isinstance(row.get(key), (int, float))]


def _panels(train: list[dict], val: list[dict], val_axis: str) -> dict[str, dict]:
    keys = list(dict.fromkeys(key for row in train for key in row))
    parts = [key for key in keys if 'loss' in key and key != 'loss']
    losses = {key: _series(train, key) for key in ['loss', *(parts if len(parts) > 1 else ())] if key in keys}
    panels: dict[str, dict] = {'loss': {'x': 'iteration', 'series': losses}}
    guesses = [key for key in keys if key.split('/')[-1].lower() in ('top1', 'top-1', 'acc', 'accuracy')]
    panels['top-1 (%)'] = {'x': 'iteration', 'series': {key: _series(train, key) for key in guesses}}
    panels['mean scores'] = {'x': 'iteration', 'series': {key: _series(train, key) for key in keys if _is_mean(key)}}
    rates = [key for key in keys if key.split('.')[-1] == 'lr']  # of several optimizers: generator.lr
    panels['learning rate'] = {'x': 'iteration', 'series': {key: _series(train, key) for key in rates}}
    scores = preferred([key for key in dict.fromkeys(key for row in val for key in row) if _is_score(key)])[:3]
    percent = any(_plain(key) in PERCENT for key in scores)
    for key in scores:
        name = 'validation (%)' if percent else f'validation {key.split("/")[-1]}'
        panels.setdefault(name, {'x': val_axis, 'series': {}})['series'][key] = _series(val, key)
    for panel in panels.values():
        panel['series'] = {key: points for key, points in panel['series'].items() if points}
    return {name: panel for name, panel in panels.items() if panel['series']}


def _is_mean(key: str) -> bool:
    """Whether it is the mean score of a discriminator, such as ``score_real``."""
    return key.startswith('score_')


def _is_score(key: str) -> bool:
    return key not in SKIP and 'threshold' not in key.lower() and 'centered' not in key.lower()


def preferred(keys: list[str]) -> list[str]:
    """Metric keys in the order people ask for them; those nobody asks for follow in their own order.

    Of keys that end alike (one metric under several protocols) the first one is kept.
    """
    found = [next((key for key in keys if _plain(key) == name), None) for name in PERCENT]
    first = [key for key in found if key is not None]
    return first + [key for key in keys if key not in first and _plain(key) not in PERCENT]


def _plain(key: str) -> str:
    return key.split('/')[-1].lower().replace('-', '').replace('_', '').replace(' ', '')
