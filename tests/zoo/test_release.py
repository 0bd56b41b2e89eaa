"""Checkpoints in the repository and in a release."""

import hashlib
import json

import pytest

from wsolzoo.zoo.metafile import Metafile
from wsolzoo.zoo.release import pack, problems


@pytest.fixture
def checkout(tmp_path):
    """Two models with weights of 100 and 3000 bytes, one with an address."""
    models = []
    for name, size in (('small_net', 100), ('large_net', 3000), ('far_net', 50)):
        content = bytes(size)
        file = f'{name}_20260101-{hashlib.sha256(content).hexdigest()[:8]}.pth'
        folder = tmp_path / ('far' if name == 'far_net' else 'configs')
        folder.mkdir(exist_ok=True)
        (folder / file).write_bytes(content)
        weights = f'https://example.org/{file}' if name == 'far_net' else f'configs/{file}'
        metadata = {'Training Data Terms': 'CC BY 4.0'}
        models.append({'Name': name, 'Config': f'configs/{name}.py', 'Weights': weights, 'Metadata': metadata})
    return tmp_path, [Metafile(tmp_path / 'metafile.yml', models=models)]


def test_large_ones_and_those_of_addresses_are_packed(checkout):
    root, files = checkout
    found = pack(files, root, root / 'release', above=1000, found_in=root / 'far')
    assert [(entry['name'], entry['bytes'], entry['in_repository']) for entry in found['files']] == [
        ('large_net', 3000, True),
        ('far_net', 50, False),
    ]
    assert json.loads((root / 'release/manifest.json').read_text()) == found
    for line in (root / 'release/SHA256SUMS').read_text().splitlines():
        digest, name = line.split('  ')
        assert hashlib.sha256((root / 'release' / name).read_bytes()).hexdigest() == digest
    assert found['files'][0]['terms'] == 'CC BY 4.0'


def test_a_file_that_is_not_what_its_name_says_is_not_packed(checkout):
    root, files = checkout
    next((root / 'far').iterdir()).write_bytes(b'other')
    found = pack(files, root, root / 'release', above=10**6, found_in=root / 'far')
    assert found['files'] == []
    assert [entry['name'] for entry in found['missing']] == ['far_net']


def test_the_repository_has_a_limit(checkout):
    root, files = checkout
    assert list(problems(files, root)) == []
    (problem,) = problems(files, root, limit=3050)
    assert 'large_net' in problem
    assert 'tools/zoo.py pack' in problem


def test_terms_and_commands_are_asked_for(checkout):
    root, files = checkout
    files[0].models[0]['Metadata'] = {'Training Data Terms': ' '}
    files[0].models[1]['Training'] = {'Command': 'wget x | sh'}
    terms, command = problems(files, root)
    assert terms.startswith("small_net has Weights, and its Metadata has no 'Training Data Terms'")
    assert command.startswith('large_net: a command is `python TOOL CONFIG')
