"""What each role may see: training reads labels only."""

import copy
import pickle

import layouts
import numpy as np
import pytest
from mmcv.transforms import Compose

from wsolzoo.datasets.base import LabelsOnly, ZooDataset
from wsolzoo.datasets.defocus.multi_source import MultiSource
from wsolzoo.datasets.loading import LoadMask
from wsolzoo.engine.hooks.selection import splits_of
from wsolzoo.registry import DATASETS

PETS = {'type': 'BoxCSV', 'subset': 'pets', 'split': 'test'}
PIPELINE = [{'type': 'LoadImage'}, {'type': 'Geometry', 'name': 'WE', 'train': True}, {'type': 'PackLocalization'}]


@pytest.fixture
def root(tmp_path):
    return str(layouts.box_csv(tmp_path))


def test_weak_supervision_gets_labels_only(root):
    weak = DATASETS.build({**PETS, 'role': 'train-weaksup', 'data_root': root, 'pipeline': PIPELINE})
    sample = weak[0]['data_samples']
    assert sample.gt_label == 1 and sample.role == 'train-weaksup'
    assert 'gt_boxes' not in sample and 'gt_mask' not in sample
    info = weak.get_data_info(0)
    assert not {'gt_bboxes', 'gt_seg_map', 'seg_map_path', 'ignore_map_path'} & set(info)


@pytest.mark.parametrize('role', ['train-fullsup', 'test'])
def test_other_roles_get_boxes_and_masks(root, role):
    pipeline = [PIPELINE[0], {'type': 'LoadMask'}, *PIPELINE[1:]]
    sample = DATASETS.build({**PETS, 'role': role, 'data_root': root, 'pipeline': pipeline})[0]['data_samples']
    assert sample.gt_boxes.shape == (2, 4) and sample.gt_mask.shape == (224, 224)


@pytest.mark.parametrize('key', ['gt_bboxes', 'gt_seg_map', 'seg_map_path'])
def test_a_transform_that_asks_for_truth_is_told_why_there_is_none(root, key):
    pipeline = [PIPELINE[0], lambda results: results[key]]
    weak = DATASETS.build({**PETS, 'role': 'train-weaksup', 'data_root': root, 'pipeline': pipeline})
    with pytest.raises(KeyError, match=f'{key} of images/b.jpg: a train-weaksup split gives class labels only'):
        weak[0]


def test_labels_only_is_an_ordinary_dict_otherwise():
    info = LabelsOnly(img_id='a', gt_label=1)
    for twin in (copy.deepcopy(info), pickle.loads(pickle.dumps(info))):
        assert twin == info and isinstance(twin, LabelsOnly)
    assert info.get('gt_bboxes') is None and 'gt_bboxes' not in info
    with pytest.raises(KeyError, match='^.img.$'):
        info['img']


@pytest.mark.parametrize(
    'step',
    [
        {'type': 'LoadMask'},
        {'type': 'BoxFromMask'},
        {'type': 'LoadAnnotations'},
        Compose([Compose([LoadMask()])]),
    ],
)
def test_a_weak_pipeline_that_reads_truth_is_refused(root, step):
    with pytest.raises(ValueError, match='reads boxes or masks, but a train-weaksup split gives class labels only'):
        DATASETS.build({**PETS, 'role': 'train-weaksup', 'data_root': root, 'pipeline': [PIPELINE[0], step]})


def test_the_labels_of_a_weak_split_do_not_depend_on_its_boxes(tmp_path, root):
    cfg = {**PETS, 'role': 'train-weaksup', 'split': 'train', 'data_root': root, 'pipeline': PIPELINE}
    before = [item['data_samples'].gt_label for item in DATASETS.build(cfg)]
    table = tmp_path / 'ANNOTATIONS.csv'
    table.write_text(table.read_text().replace('0,0,10,10', 'no,box,at,all'))
    assert [item['data_samples'].gt_label for item in DATASETS.build(cfg)] == before


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'role': 'train'}, "role must be one of train-weaksup, train-fullsup, test; got 'train'"),
        ({'role': 'test', 'holdout': 1}, 'holdout is 0'),
        ({'role': 'test', 'held_out': True}, 'held_out needs one'),
    ],
)
def test_wrong_arguments(root, changes, message):
    with pytest.raises(ValueError, match=message):
        DATASETS.build({**PETS, 'data_root': root, **changes})


def test_ilsvrcs_training_split_has_no_other_role(tmp_path):
    cfg = {'type': 'ILSVRC', 'split': 'train', 'data_root': str(layouts.ilsvrc(tmp_path))}
    with pytest.raises(ValueError, match='its role is train-weaksup'):
        DATASETS.build({**cfg, 'role': 'test'})


def test_drawn_truth_is_dropped_as_well():
    """Scenes draw boxes and masks themselves; the guard holds there too."""
    scenes = DATASETS.build({'type': 'WSOLScenes', 'split': 'train', 'role': 'train-weaksup', 'count': 10})
    info = scenes.get_data_info(3)
    assert isinstance(info['img'], np.ndarray) and not {'gt_bboxes', 'gt_seg_map'} & set(info)


def test_every_reader_of_every_task_has_a_role():
    ours = [c for c in DATASETS.module_dict.values() if c.__module__.startswith('wsolzoo.datasets')]
    assert len(ours) > 12
    wrappers = {c.__name__ for c in ours if not issubclass(c, ZooDataset)}
    assert wrappers == {'MultiSource', 'PseudoBoxes'}, 'which ask what is in them'


def drawn(split='train', **kwargs):
    return DATASETS.build({'type': 'ScenesDefocus', 'split': split, 'count': 4, 'scenes': {'size': 64}, **kwargs})


def test_defocus_learns_from_pixels_and_its_test_split_reports():
    assert [drawn(split).role for split in ('train', 'val', 'test')] == ['train-fullsup', 'train-fullsup', 'test']
    assert drawn('train', role='test').get_data_info(0)['role'] == 'test'
    weak = drawn(role='train-weaksup').get_data_info(0)
    assert 'img' in weak and not {'gt_map', 'gt_seg_map'} & set(weak)
    with pytest.raises(ValueError, match='role must be one of'):
        drawn(role='train')
    with pytest.raises(ValueError, match='LoadDefocusTruth reads boxes or masks'):
        drawn(role='train-weaksup', pipeline=[{'type': 'LoadDefocusTruth'}])


def test_a_defocus_split_is_held_out_like_any_other():
    rest, held = drawn(holdout=2), drawn(holdout=2, held_out=True)
    ids = [{data.get_data_info(i)['img_id'] for i in range(len(data))} for data in (rest, held)]
    assert [len(side) for side in ids] == [2, 2] and not ids[0] & ids[1]


def test_the_roles_of_several_sources_are_found_and_none_may_be_a_test_split():
    both = MultiSource([drawn(), drawn(truth='none')])
    assert [split.role for split in splits_of(both)] == ['train-fullsup', 'train-fullsup']
    with pytest.raises(ValueError, match='source 1 has role="test"; a test split reports and is never learnt from'):
        MultiSource([drawn(), drawn('test')])
