"""The page about inference names every field of a result, and no other; its first command writes what it says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from wsolzoo.apis import Inferencer

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / 'docs/inference.md').read_text(encoding='utf-8')
DENSE = 'dmenet_vgg19-eighth-b_1xb4-8e_defocus-photos-128px'


def fields(heading: str) -> list[str]:
    """First column of the table under a line."""
    table = PAGE.split(f'\n{heading}', 1)[1].split('|---|---|---|\n', 1)[1].split('\n\n', 1)[0]
    return re.findall(r'^\| `(\w+)`', table, re.MULTILINE)


@pytest.mark.parametrize(
    ('model', 'weights', 'heading'),
    [('cam_plainnet_1xb32-15e_scenes-96px', True, 'Localization'), (DENSE, False, 'Dense models')],
)
def test_every_field_is_on_the_page(model, weights, heading):
    result = Inferencer(model, weights, device='cpu')(ROOT / 'docs/_static/scene.png')[0]
    assert sorted(result) == sorted({*fields('Every model'), *fields(heading)})


@pytest.mark.slow
def test_the_first_command_writes_its_files(tmp_path):
    command = re.search(r'python (tools/infer\.py .*)', PAGE)[1].split()
    done = subprocess.run([sys.executable, *command, '--out-dir', tmp_path], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == [f'scene.png.{end}' for end in ('json', 'npy', 'png')]
