"""What every shipped config amounts to, key by key, so that tidying the configs cannot change one unnoticed.

A change that is meant is written down with ``python tests/test_resolved_configs.py --write``, which prints it too.
"""

import argparse
import json
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from mmengine.config import Config

from wsolzoo.run.names import runner_names

ROOT = Path(__file__).resolve().parents[1]
STORED = Path(__file__).with_name('resolved_configs.json')

Digests = dict[str, dict[str, str]]


def digest(value) -> str:
    """Twelve hexadecimal digits that stand for a value; the order of keys and the checkout's place do not matter."""
    text = json.dumps(value, sort_keys=True).replace(str(ROOT), '<checkout>')
    return sha256(text.encode()).hexdigest()[:12]


def resolved() -> Digests:
    """Digests of what is read from every leaf config: config, key, digest."""
    found: Digests = {}
    for path in sorted((ROOT / 'configs').glob('*/*.py')):
        if path.parent.name != '_base_':
            values = Config.fromfile(str(path), import_custom_modules=False).to_dict()
            found[f'{path.parent.name}/{path.stem}'] = {
                key: digest(values[key]) for key in sorted(runner_names() & set(values))
            }
    return found


def differences(stored: Mapping, found: Mapping) -> list[str]:
    """One line for each config and key that has come, gone or changed."""
    lines = []
    for config in sorted({*stored, *found}):
        old, new = stored.get(config, {}), found.get(config, {})
        for key in sorted({*old, *new}):
            if old.get(key) != new.get(key):
                what = 'is new' if key not in old else 'is gone' if key not in new else 'has changed'
                lines.append(f'{config}: {key} {what}')
    return lines


def test_configs_amount_to_what_is_written_down(monkeypatch):
    monkeypatch.delenv('WSOLZOO_DATA', raising=False)
    changed = differences(json.loads(STORED.read_text(encoding='utf-8')), resolved())
    assert not changed, 'run `python tests/test_resolved_configs.py --write` if this is meant:\n' + '\n'.join(changed)


def test_differences_name_config_and_key():
    old = {'a/x': {'model': '1', 'resume': '1'}, 'a/y': {'model': '1'}}
    new = {'a/x': {'model': '2', 'load_from': '1'}, 'a/y': {'model': '1'}}
    assert differences(old, new) == ['a/x: load_from is new', 'a/x: model has changed', 'a/x: resume is gone']
    assert digest({'a': 1, 'b': [1]}) == digest({'b': [1], 'a': 1}) != digest({'a': 1, 'b': [2]})


def main() -> None:
    """Print what differs from the stored digests; with ``--write``, store what the configs amount to now."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument('--write', action='store_true', help=f'write {STORED.name}')
    write = parser.parse_args().write
    os.environ.pop('WSOLZOO_DATA', None)
    found = resolved()
    stored = json.loads(STORED.read_text(encoding='utf-8')) if STORED.is_file() else {}
    print('\n'.join(differences(stored, found)) or 'nothing has changed')
    if write:
        rows = ',\n'.join(f'{json.dumps(config)}: {json.dumps(keys)}' for config, keys in found.items())
        STORED.write_text(f'{{\n{rows}\n}}\n', encoding='utf-8')


if __name__ == '__main__':
    main()
