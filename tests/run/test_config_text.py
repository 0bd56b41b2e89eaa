"""The text of a config is a config: reading it gives the same values."""

from pathlib import Path

import pytest
from mmengine.config import Config

from wsolzoo.run.config_text import text_of
from wsolzoo.run.launch import read_config

REPO = Path(__file__).resolve().parents[2]
LEAVES = [path for path in sorted((REPO / 'configs').glob('*/*.py')) if not path.parent.name.startswith('_')]


@pytest.mark.parametrize('path', LEAVES[::4], ids=lambda path: path.stem)
def test_the_text_of_a_config_reads_as_the_same_config(path, tmp_path):
    cfg = read_config(path, imports=False)
    cfg.dump(str(tmp_path / 'again.py'))
    again = read_config(tmp_path / 'again.py', imports=False)
    assert again.to_dict() == cfg.to_dict()
    assert again.pretty_text == cfg.pretty_text
    assert max(map(len, cfg.pretty_text.splitlines())) <= 140


def test_copies_write_the_same_text():
    cfg = read_config(LEAVES[0], imports=False)
    assert cfg.copy().pretty_text == cfg.pretty_text
    assert isinstance(cfg, Config)


@pytest.mark.parametrize(
    'value',
    [
        {'a': 1, 'b.c': (1,), 'class': []},
        {1: None, 'x': {'from': 'a\n\'b"'}},
        [(), {}, 1e-7, -0.0, True, ['long' * 9] * 9, ('long' * 40,)],
        {'stage3.0': {'type': 'ADL', 'deep': [[{'a': 'b' * 100}]]}},
        float,
    ],
)
def test_what_is_nested_comes_back(value):
    expected = 'builtins.float' if value is float else value
    assert eval(text_of(value), {'dict': dict}) == expected


def test_short_values_stay_on_a_line():
    assert text_of({'type': 'SGD', 'lr': 0.1}) == "dict(type='SGD', lr=0.1)"
    assert text_of({'a': 'x' * 120, 'b': 1}) == f"dict(\n    a='{'x' * 120}',\n    b=1,\n)"
