"""The ``metrics.json`` of tested runs: their numbers, what must agree before two are compared, and hits by image."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from wsolzoo.errors import UserError
from wsolzoo.evaluation.localization.intervals import unpack

COLUMNS = {
    'Top-1': ('classification', None, 'top1'),
    'GT-known': ('choe2020-v1', '{policy}', 'GTKnown'),
    'Top-1 Loc': ('choe2020-v1', '{policy}', 'Top1Loc'),
    'MaxBoxAcc': ('choe2020-v1', 'oracle', 'MaxBoxAcc'),
    'MaxBoxAccV2': ('choe2020-v2', 'oracle', 'MaxBoxAccV2'),
    'PxAP': ('choe2020-pxap', None, 'PxAP'),
    'pIoU': ('choe2020-pxap', None, 'pIoU'),
}
"""Numbers by name: the protocol, the column of its table (``{policy}``: how the threshold was chosen), the key."""


class NoRunError(UserError, FileNotFoundError):
    """A folder holds no tested run."""


def read(folder: str | Path) -> dict[str, Any]:
    """One run's metrics.

    Raises:
        NoRunError: the folder has none.
    """
    path = Path(folder) / 'metrics.json'
    if not path.is_file():
        raise NoRunError(f'{path} does not exist; tools/test.py writes it into the work dir')
    return json.loads(path.read_text(encoding='utf-8'))


def identity(run: Mapping[str, Any]) -> dict[str, Any]:
    """What must agree before two runs are compared: the data, the protocols, and who chose."""
    protocols = {name: entry['fingerprint'] for name, entry in run['protocols'].items()}
    counts = {name: entry['num_images'] for name, entry in run['protocols'].items()}
    hits = {name: entry['hits']['images'] for name, entry in run['protocols'].items() if entry.get('hits')}
    return {
        'data': run['meta']['data'],
        'images': counts,
        'ids of the images': hits,
        'protocols': protocols,
        'selected on the test split': run['meta'].get('selected_on_test'),
    }


def number(run: Mapping[str, Any], column: str, policy: str) -> float | None:
    """One number of one run, percent; None where the run does not have it."""
    part, table, key = COLUMNS[column]
    entry = run[part] if part == 'classification' else run['protocols'].get(part, {})
    if table is not None:
        entry = (entry.get('columns') or {}).get(table.format(policy=policy)) or {}
    return entry.get(key)


def mean_hits(runs: Sequence[Mapping[str, Any]], policy: str, key: str) -> np.ndarray | None:
    """Share of the seeds that hit each image, (N,); None where a run does not say."""
    entries = [run['protocols'].get('choe2020-v1', {}) for run in runs]
    packed = [((entry.get('hits') or {}).get(policy) or {}).get(key) for entry in entries]
    if None in packed:
        return None
    return np.mean([unpack(bits, entry['num_images']) for bits, entry in zip(packed, entries, strict=True)], axis=0)
