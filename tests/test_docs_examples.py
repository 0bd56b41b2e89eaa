"""The method that the docs add is added here as they say, and trains."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_two_loose_files_are_a_method(tmp_path):
    page = (ROOT / 'docs/add_a_method.md').read_text()
    head, config = re.findall(r'```python\n(.*?)```', page, re.DOTALL)[:2]
    (tmp_path / 'sharp_head.py').write_text(head)
    (tmp_path / 'sharp_scenes.py').write_text(config)
    small = ['train_cfg.max_epochs=1', 'train_dataloader.batch_size=8']
    small += [f'{split}_dataloader.dataset.{key}' for split in ('train', 'val') for key in ('count=8', 'cache=memory')]
    command = [sys.executable, ROOT / 'tools/train.py', tmp_path / 'sharp_scenes.py', '--work-dir', tmp_path / 'run']
    done = subprocess.run([*command, '--cfg-options', *small], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / 'run/epoch_1.pth').is_file()
