"""The lines of docs/logging.md: they are configs, and name what MMEngine has with arguments that it takes."""

import inspect
import re
from pathlib import Path

import pytest

from wsolzoo.registry import VISBACKENDS
from wsolzoo.run.launch import load_config
from wsolzoo.testing import scope

REPO = Path(__file__).resolve().parents[2]
BLOCKS = re.findall(r'```python\n(.*?)```', (REPO / 'docs/logging.md').read_text(), re.DOTALL)


@pytest.mark.parametrize('block', BLOCKS, ids=['tensorboard', 'wandb', 'mlflow'])
def test_a_line_of_the_docs_is_a_config(block, tmp_path):
    base = REPO / 'configs/cam/cam_plainnet_1xb32-15e_scenes-96px.py'
    (tmp_path / 'mine.py').write_text(f"_base_ = '{base}'\n{block}")
    backends = load_config(str(tmp_path / 'mine.py')).visualizer.vis_backends
    assert [backend['type'] for backend in backends][0] == 'LocalVisBackend' and len(backends) == 2
    for backend in backends:
        with scope():
            known = VISBACKENDS.get(backend['type'])
        inspect.signature(known).bind(save_dir='x', **{k: v for k, v in backend.items() if k != 'type'})
