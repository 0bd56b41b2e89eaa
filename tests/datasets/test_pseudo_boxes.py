"""Choosing without true boxes: what is replaced, who may be wrapped, and what reports say."""

import json
import types

import layouts
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MessageHub

from tests import tiny_run
from wsolzoo.datasets.annotation import AnnotationError
from wsolzoo.datasets.pseudo_boxes import PseudoBoxes
from wsolzoo.engine.hooks.selection import SelectionHook, guard_selection, selected_on, splits_of
from wsolzoo.registry import DATASETS
from wsolzoo.testing import build_model

SPLIT = {'type': 'BoxCSV', 'subset': 'pets', 'split': 'test', 'role': 'train-fullsup'}
PIPELINE = [
    {'type': 'LoadImage'},
    {'type': 'LoadMask'},
    {'type': 'AntialiasResize', 'size': (60, 80)},
    {'type': 'PackLocalization'},
]


@pytest.fixture
def root(tmp_path):
    layouts.box_csv(tmp_path)
    (tmp_path / 'guess.csv').write_text('file,x1,y1,x2,y2\nimages/b.jpg,5,6,15,20\nimages/other.jpg,0,0,1,1\n')
    return tmp_path


def wrapped(root, boxes='guess.csv', source='guess', **settings):
    inner = {**SPLIT, 'data_root': str(root), 'pipeline': PIPELINE, **settings}
    return DATASETS.build(
        {'type': 'wsolzoo.PseudoBoxes', 'dataset': inner, 'boxes': str(root / boxes), 'source': source}
    )


def test_the_boxes_of_the_file_go_through_the_pipeline_and_no_truth_is_left(root):
    data = wrapped(root)
    sample = data[0]['data_samples']
    np.testing.assert_allclose(sample.gt_boxes, [[10, 12, 30, 40]])
    assert sample.gt_label == 1 and 'gt_mask' not in sample and 'gt_box_labels' not in sample
    assert len(data) == 1 and data.metainfo['classes'] == ('cat', 'dog')
    assert [split.role for split in splits_of(data)] == ['train-fullsup']


def test_lines_without_a_header_will_do(root):
    (root / 'guess.txt').write_text('images/b.jpg,5,6,15,20\nimages/b.jpg,1,1,2,2\n')
    assert wrapped(root, 'guess.txt')[0]['data_samples'].gt_boxes.shape == (2, 4)


@pytest.mark.parametrize('role', ['test', 'train-weaksup'])
def test_another_role_is_refused(root, role):
    pipeline = [step for step in PIPELINE if step['type'] != 'LoadMask']
    with pytest.raises(ValueError, match=f'got role="{role}"'):
        wrapped(root, role=role, pipeline=pipeline)


def test_every_image_needs_a_box(root):
    (root / 'guess.csv').write_text('file,x1,y1,x2,y2\nb.jpg,5,6,15,20\n')
    with pytest.raises(AnnotationError, match="no box of 1 of 1 images, such as 'images/b.jpg'; it names .* 'b.jpg'"):
        wrapped(root)
    with pytest.raises(FileNotFoundError, match='the file of pseudo-boxes is missing'):
        wrapped(root, 'nothing.csv')


def test_what_chose_is_noted_and_travels_with_the_checkpoint(root, request):
    runner = types.SimpleNamespace(cfg={}, message_hub=MessageHub(f'pseudo {request.node.name}'))
    assert selected_on(runner) is None
    guard_selection(runner, wrapped(root, source='ss-consensus'), 'checkpoint')
    assert selected_on(runner) == 'pseudo:ss-consensus'
    later = types.SimpleNamespace(cfg={}, message_hub=MessageHub(f'later {request.node.name}'))
    told = {'message_hub': {'runtime_info': dict(runner.message_hub.runtime_info)}}
    SelectionHook().after_load_checkpoint(later, told)
    guard_selection(later, types.SimpleNamespace(role='train-fullsup'), 'thresholds')
    assert selected_on(later) == 'checkpoint on pseudo:ss-consensus; thresholds on train-fullsup'


def test_a_report_says_so_and_pixel_protocols_are_refused(tmp_path, monkeypatch, capfd):
    tiny_run.hurry(monkeypatch, tmp_path)
    rows = ['file,x1,y1,x2,y2', *(f'scenes/val/{i:05d},8,8,56,56' for i in range(24))]
    (tmp_path / 'centre.csv').write_text('\n'.join(rows) + '\n')
    extra = """
val_dataloader = dict(dataset=dict(_delete_=True, type='PseudoBoxes', boxes='{boxes}', source='centre', dataset=dict(
    type='WSOLScenes', split='val', pipeline=[dict(type='PackLocalization')], **scenes)))
test_evaluator = dict(type='LocalizationMetric', protocols=['choe2020-v1', 'choe2020-v2-fullsup'])
val_evaluator = dict(type='LocalizationMetric', protocols=[{protocols}])
"""
    boxes = tmp_path / 'centre.csv'
    protocols = "protocols=['choe2020-v1', 'choe2020-pxap']"
    config = tiny_run.write_config(tmp_path, extra=f'val_evaluator = test_evaluator = dict({protocols})')
    torch.save(build_model(Config.fromfile(config)).state_dict(), tmp_path / 'weights.pth')
    run = ['--work-dir', str(tmp_path / 'run')]
    test, weights = tiny_run.tool('test.py').main, str(tmp_path / 'weights.pth')
    assert test([str(config), weights, *run, '--pseudo-boxes', f'centre={boxes}']) == 0
    assert 'selected on pseudo:centre' in capfd.readouterr().out
    assert json.loads((tmp_path / 'run/metrics.json').read_text())['meta']['selected_on'] == 'pseudo:centre'
    assert 'pseudo:centre' in (tmp_path / 'run/report.html').read_text()
    assert test([str(config), weights, '--pseudo-boxes', 'centre']) == 2
    assert 'SOURCE=FILE' in capfd.readouterr().err
    config = tiny_run.write_config(tmp_path, extra=extra.format(boxes=boxes, protocols="'choe2020-pxap'"))
    assert tiny_run.tool('train.py').main([str(config), *run]) == 2
    assert 'there are no masks: leave PxAP and other pixel protocols out' in capfd.readouterr().err


def test_a_wrapper_of_a_built_data_set(root):
    inner = DATASETS.build({**SPLIT, 'data_root': str(root), 'pipeline': PIPELINE})
    assert PseudoBoxes(inner, str(root / 'guess.csv'), 'guess').selected_on == 'pseudo:guess'
    with pytest.raises(ValueError, match='source is a word'):
        PseudoBoxes(inner, str(root / 'guess.csv'), '')
