"""Readers of salient objects: the layouts as the archives unpack them, pairs by name, masks brighter than 128."""

import shutil

import layouts
import numpy as np
import pytest

from wsolzoo.datasets.annotation import AnnotationError
from wsolzoo.datasets.saliency import FOLDERS, LoadSaliencyMask, SalientObjects


def make(root, layout, names=('a', 'b', 'c')):
    images, end, masks, mask_end = FOLDERS[layout]
    for seed, name in enumerate(names):
        layouts.picture(root / images / (name + end), seed=seed)
        grey = np.zeros(layouts.SIZE)
        grey[5:10, 5:20], grey[10, 5:20], grey[11, 5:20] = 255, 128, 129
        layouts.mask(root / masks / (name + mask_end), grey)
    return root


def build(root, layout, role='test', **kwargs):
    return SalientObjects(role, layout, data_root=str(root), serialize_data=False, **kwargs)


@pytest.mark.parametrize('layout', FOLDERS)
def test_every_layout(layout, tmp_path):
    make(tmp_path, layout)
    images = tmp_path / FOLDERS[layout][0]
    (images / 'Thumbs.db').write_text('')
    (images / f'._a{FOLDERS[layout][1]}').write_text('')
    data = build(tmp_path, layout, pipeline=[{'type': 'LoadImage'}, LoadSaliencyMask(), {'type': 'PackLocalization'}])
    assert [info['img_id'] for info in map(data.get_data_info, range(len(data)))] == ['a', 'b', 'c']
    mask = data[0]['data_samples'].gt_mask
    assert set(np.unique(mask)) == {0, 1}
    assert mask[5, 5] == 1 and mask[10, 5] == 0 and mask[11, 5] == 1  # 128 is background, 129 is not
    assert data.count_key == layout and layout in data.COUNTS


def test_doubled_and_missing_folders_are_found(tmp_path):
    make(tmp_path / 'one', 'dut-omron')
    folder = tmp_path / 'one' / 'DUT-OMRON-image'
    shutil.move(folder, tmp_path / 'inner')
    shutil.move(tmp_path / 'inner', folder / 'DUT-OMRON-image')
    (tmp_path / 'one' / '__MACOSX').mkdir()
    assert len(build(tmp_path / 'one', 'dut-omron')) == 3
    make(tmp_path / 'two', 'msra10k')
    assert len(build(tmp_path / 'two' / 'MSRA10K_Imgs_GT', 'msra10k')) == 3


def test_what_is_wrong_is_said(tmp_path):
    make(tmp_path, 'ecssd')
    (tmp_path / 'list.txt').write_text('# names\nc\n\na\n')
    listed = build(tmp_path, 'ecssd', ann_file='list.txt')
    assert [listed.get_data_info(i)['img_id'] for i in range(2)] == ['c', 'a']
    (tmp_path / 'ground_truth_mask/b.png').unlink()
    with pytest.raises(FileNotFoundError, match='b has no mask'):
        build(tmp_path, 'ecssd')
    with pytest.raises(FileNotFoundError, match='folder of images'):
        build(tmp_path, 'duts-te')
    with pytest.raises(ValueError, match='layout must be one of msra10k'):
        build(tmp_path, 'coco')
    layouts.mask(tmp_path / 'ground_truth_mask/a.png', np.zeros((4, 4)))
    data = build(tmp_path, 'ecssd', ann_file='list.txt', pipeline=[{'type': 'LoadImage'}, LoadSaliencyMask()])
    with pytest.raises(AnnotationError, match='are they a pair'):
        data[1]


def test_holdout_splits_what_has_no_split(tmp_path):
    make(tmp_path, 'ecssd', [f'{i:02d}' for i in range(10)])
    sides = [build(tmp_path, 'ecssd', holdout=5, held_out=side) for side in (False, True)]
    names = [[side.get_data_info(i)['img_id'] for i in range(len(side))] for side in sides]
    assert names[1] == ['04', '09'] and len(names[0]) == 8 and not set(names[0]) & set(names[1])
