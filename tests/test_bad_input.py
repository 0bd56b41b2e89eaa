"""Everything that comes from outside may be broken: each row of ``bad_input/`` is, and must say so in these words."""

import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bad_input.annotations import ANNOTATIONS
from tests.bad_input.checkpoints import CHECKPOINTS
from tests.bad_input.commands import COMMANDS
from tests.bad_input.configs import CONFIGS
from tests.bad_input.images import IMAGES, MASKS
from tests.bad_input.maps import MAPS
from tests.bad_input.plugins import PLUGINS
from tests.tiny_run import REPO
from wsolzoo.testing import scope

TABLE = {
    f'{kind}: {row.what}': row
    for kind, rows in {
        'image': IMAGES,
        'annotation': ANNOTATIONS,
        'mask': MASKS,
        'map': MAPS,
        'config': CONFIGS,
        'checkpoint': CHECKPOINTS,
        'plugin': PLUGINS,
        'command': COMMANDS,
    }.items()
    for row in rows
}


def said(call: Callable[[Path], object], tmp: Path, capsys) -> str:
    """The text of the error, of the warning, or of what a tool printed before it left with status 2."""
    capsys.readouterr()
    try:
        with scope(), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            status = call(tmp)
    except SystemExit as left:
        status = left.code
    except KeyError as error:
        return str(error) if type(error) is not KeyError else error.args[0]
    except Exception as error:
        return str(error)
    if status == 2:
        return capsys.readouterr().err.strip().splitlines()[-1]
    assert caught, 'nothing was said'
    return str(caught[-1].message)


@pytest.mark.parametrize('name', TABLE)
def test_what_is_said(name, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, 'argv', ['tool'])
    assert (
        said(TABLE[name].call, tmp_path, capsys).replace(str(tmp_path), '~').replace(str(REPO), '<repo>')
        == TABLE[name].says
    )
    assert not (tmp_path / 'evil_was_here').exists()


def test_the_table_is_large_and_every_sentence_complete():
    assert len(TABLE) >= 60
    assert all(row.says for row in TABLE.values())
