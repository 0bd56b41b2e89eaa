"""The method that the docs add is added here as they say, and trains."""

import re
import shutil
import sys
from pathlib import Path

import pytest

from tests import tiny_run
from wsolzoo.registry import METRICS, MODELS
from wsolzoo.run.launch import load_config
from wsolzoo.testing import build_model, scope, tiny_batch
from wsolzoo.zoo import config_rules

ROOT = Path(__file__).parents[1]


def test_two_loose_files_are_a_method(tmp_path, monkeypatch):
    page = (ROOT / 'docs/add_a_method.md').read_text()
    head, config = re.findall(r'```python\n(.*?)```', page, re.DOTALL)[:2]
    (tmp_path / 'sharp_head.py').write_text(head)
    (tmp_path / 'sharp_scenes.py').write_text(config)
    small = ['train_cfg.max_epochs=1', 'train_dataloader.batch_size=8']
    small += [f'{split}_dataloader.dataset.{key}' for split in ('train', 'val') for key in ('count=8', 'cache=memory')]
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, 'path', [*sys.path])
    command = [str(tmp_path / 'sharp_scenes.py'), '--work-dir', str(tmp_path / 'run'), '--cfg-options', *small]
    try:
        assert tiny_run.tool('train.py').main(command) == 0
    finally:
        MODELS.module_dict.pop('SharpHead', None)
        sys.modules.pop('sharp_head', None)
    assert (tmp_path / 'run/epoch_1.pth').is_file()


def test_the_leaf_of_the_docs_keeps_the_rules_and_is_the_loose_config(tmp_path):
    page = (ROOT / 'docs/add_a_method.md').read_text()
    loose, leaf = re.findall(r'```python\n(_base_.*?)```', page, re.DOTALL)
    assert len(leaf.splitlines()) <= 8
    shutil.copytree(ROOT / 'configs/_base_', tmp_path / 'configs/_base_')
    path = tmp_path / 'configs/sharp' / f'{re.search("`(sharp_plainnet.*?.py)`", page)[1]}'
    path.parent.mkdir()
    path.write_text(leaf)
    cfg = config_rules.load(path)
    assert not list(config_rules.check_file(path, tmp_path))
    assert not list(config_rules.check_said(path, cfg, path.name))
    (tmp_path / 'loose.py').write_text(loose.replace('wsolzoo::', f'{ROOT}/configs/'))
    same = config_rules.load(tmp_path / 'loose.py').to_dict()
    del same['custom_imports']
    assert same == cfg.to_dict()


def test_the_config_of_three_methods_learns_with_the_parts_of_each(tmp_path):
    page = (ROOT / 'docs/combinations.md').read_text()
    text = re.search(r'```python\n(.*?)```', page, re.DOTALL)[1]
    (tmp_path / 'mine.py').write_text(text.replace('wsolzoo::', f'{ROOT}/configs/'))
    model = build_model(load_config(str(tmp_path / 'mine.py'))).train()
    kinds = {type(part).__name__ for part in model.parts}
    assert {'BASHead', 'ADLNeck', 'HaS'} <= kinds
    seen = []
    model.backbone.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    batch = model.data_preprocessor(tiny_batch(model, 96), training=True)
    scalars = model(**batch, mode='loss')
    assert (seen[0] == 0).all(1).any(), 'cells are hidden'
    losses = {name: value for name, value in scalars.items() if 'loss' in name}
    assert set(losses) == {'loss_cls', 'loss_frg', 'loss_bas', 'loss_ac'}
    sum(losses.values()).backward()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())


@pytest.mark.parametrize('leaf', ['class-average_mobilenetv1_1xb32-200e_cub-224px', 'bas_vgg16_1xb32-100e_cub-224px'])
def test_the_percentile_protocol_of_the_docs_goes_into_a_full_size_config(tmp_path, leaf):
    page = (ROOT / 'docs/methods/class_average.md').read_text()
    snippet = re.search(r'```python\n(.*?)```', page, re.DOTALL)[1]
    folder = 'bas' if leaf.startswith('bas') else 'class_average'
    (tmp_path / 'mine.py').write_text(f"_base_ = '{ROOT}/configs/{folder}/{leaf}.py'\n{snippet}")
    cfg = load_config(str(tmp_path / 'mine.py'))
    with scope():
        metric = METRICS.build(cfg.test_evaluator)
    assert metric.protocols['bas-v1-percentile'].map.arguments == {'q': 95}
    assert cfg.val_evaluator.protocols == cfg.test_evaluator.protocols
