"""Every reader on a tiny copy of the real layout, through the pipeline of its base config; and on real data."""

import os
import tarfile

import layouts
import numpy as np
import pytest
from mmengine.config import Config

from wsolzoo.registry import DATASETS

LAYOUTS = {
    'cub_224px': ('data/cub', lambda root: (layouts.cub(root / 'CUB_200_2011'), layouts.wsol_boxes(root, 'CUBV2'))),
    'ilsvrc_224px': ('data/ilsvrc', lambda root: (layouts.ilsvrc(root), layouts.wsol_boxes(root))),
    'openimages30k_224px': ('data/openimages30k', layouts.openimages),
    'tiny-imagenet_64px': ('data/tiny-imagenet-200', layouts.tiny_imagenet),
    'pets_224px': ('data/oxford-iiit-pet', layouts.pets),
}


def build(cfg, split, **changes):
    return DATASETS.build({**cfg[f'{split}_dataloader'].dataset, 'serialize_data': False, **changes})


def boxes_of(dataset):
    return [dataset.get_data_info(i)['gt_bboxes'].tolist() for i in range(len(dataset))]


def labels_of(dataset):
    return [dataset.get_data_info(i)['gt_label'] for i in range(len(dataset))]


@pytest.fixture(scope='module')
def base_config(repo):
    return lambda name: Config.fromfile(repo / f'configs/_base_/datasets/{name}.py')


@pytest.mark.parametrize('name', LAYOUTS)
def test_base_config_reads_the_real_layout(name, base_config, tmp_path, monkeypatch):
    folder, make = LAYOUTS[name]
    make(tmp_path / folder)
    monkeypatch.chdir(tmp_path)
    cfg = base_config(name)
    holdout = {'holdout': 2} if cfg.val_dataloader.dataset.get('holdout') else {}
    sides = {}
    for split, role in [('train', 'train-weaksup'), ('val', 'train-fullsup'), ('test', 'test')]:
        dataset = build(cfg, split, **(holdout if split != 'test' else {}))
        sides[split] = {dataset.get_data_info(i)['img_path'] for i in range(len(dataset))}
        assert all(os.path.isfile(path) for path in sides[split])
        for item in dataset:
            sample = item['data_samples']
            assert item['inputs'].shape[1:] == sample.img_shape == tuple(sample.img_shape)
            assert sample.role == role and isinstance(sample.gt_label, int)
            assert ('gt_boxes' in sample or 'gt_mask' in sample) == (split != 'train')
    assert not sides['train'] & sides['val'] and not sides['train'] & sides['test'] and not sides['val'] & sides['test']


def test_cub(tmp_path):
    root = str(layouts.cub(tmp_path))
    train = DATASETS.build({'type': 'CUB', 'role': 'train-weaksup', 'split': 'train', 'data_root': root})
    assert labels_of(train) == [0, 0, 1, 1] and train.metainfo['classes'] == ('Auk', 'Wren')
    test = DATASETS.build({'type': 'CUB', 'role': 'test', 'split': 'test', 'data_root': root})
    assert boxes_of(test) == [[[3, 2, 13.5, 22]], [[6, 2, 16.5, 22]]]
    assert test.get_data_info(0)['img_id'] == '001.Auk/Auk_3.jpg'


def test_training_labels_need_no_box_files(tmp_path):
    (layouts.cub(tmp_path) / 'bounding_boxes.txt').unlink()
    cfg = {'type': 'CUB', 'split': 'train', 'data_root': str(tmp_path)}
    assert len(DATASETS.build({**cfg, 'role': 'train-weaksup'})) == 4
    with pytest.raises(FileNotFoundError, match='bounding_boxes.txt'):
        DATASETS.build({**cfg, 'role': 'train-fullsup'})


def test_ilsvrc(tmp_path):
    root = str(layouts.ilsvrc(tmp_path))
    train = DATASETS.build({'type': 'ILSVRC', 'role': 'train-weaksup', 'split': 'train', 'data_root': root})
    assert labels_of(train) == [0, 0, 1, 1] and train.metainfo['classes'] == ('tench', 'crane')
    val = DATASETS.build({'type': 'ILSVRC', 'role': 'test', 'split': 'val', 'data_root': root})
    assert labels_of(val) == [1, 0] and boxes_of(val) == [[[1, 2, 30, 20]], [[0, 0, 5, 5], [6, 6, 39, 29]]]


def test_wsol_metadata(tmp_path):
    cfg = {'type': 'WSOLMetadata', 'data_root': str(layouts.wsol_boxes(tmp_path)), 'ann_file': 'metadata/val'}
    dataset = DATASETS.build({**cfg, 'role': 'train-fullsup'})
    assert labels_of(dataset) == [0, 1] and boxes_of(dataset)[1] == [[0, 0, 5, 5], [6.5, 6, 39, 29]]


def test_openimages_masks_are_merged_at_their_own_size(tmp_path):
    pipeline = [{'type': 'LoadImage'}, {'type': 'LoadMask', 'ignore_value': None}]
    cfg = {'type': 'OpenImages30k', 'role': 'test', 'split': 'test', 'data_root': str(layouts.openimages(tmp_path))}
    seg = DATASETS.build({**cfg, 'pipeline': pipeline})[0]['gt_seg_map']
    assert seg.shape == (60, 80)
    assert (seg[:, :40] == 1).all() and (seg[:, 40:60] == 255).all() and (seg[:, 60:] == 0).all()


def test_tiny_imagenet_boxes_become_end_exclusive(tmp_path):
    cfg = {'type': 'TinyImageNet', 'data_root': str(layouts.tiny_imagenet(tmp_path))}
    val = DATASETS.build({**cfg, 'role': 'test', 'split': 'val'})
    assert labels_of(val) == [1, 0] and val.metainfo['classes'] == ('bell', 'lakeside')
    assert boxes_of(val) == [[[0, 32, 45, 63]], [[5, 5, 6, 6]]]
    full = DATASETS.build({**cfg, 'role': 'train-fullsup', 'split': 'train'})
    assert boxes_of(full)[0] == [[0, 10, 64, 31]]


def test_pets_masks_and_boxes(tmp_path, base_config):
    dataset = build(base_config('pets_224px'), 'test', data_root=str(layouts.pets(tmp_path)))
    sample = dataset[0]['data_samples']
    assert labels_of(dataset) == [0, 1]
    assert np.allclose(sample.gt_boxes[0], np.array([6 / 40, 5 / 30, 34 / 40, 25 / 30]) * 224)
    assert set(np.unique(sample.gt_mask)) == {0, 1, 255}


def test_box_csv(tmp_path):
    cfg = {'type': 'BoxCSV', 'data_root': str(layouts.box_csv(tmp_path)), 'subset': 'pets'}
    test = DATASETS.build({**cfg, 'role': 'test', 'split': 'test', 'class_column': 'fine_class'})
    assert test.metainfo['classes'] == ('Siamese', 'beagle', 'boxer') and labels_of(test) == [2]
    assert boxes_of(test) == [[[1.5, 2, 20, 25], [21, 2, 39, 29]]]
    weak = DATASETS.build({**cfg, 'role': 'train-weaksup', 'split': 'train'})
    assert labels_of(weak) == [0, 1] and weak.metainfo['classes'] == ('cat', 'dog')
    full = DATASETS.build({**cfg, 'role': 'train-fullsup', 'split': 'train'})
    assert len(full) == 1  # the image without a box is left out, and said so
    numbers = DATASETS.build({**cfg, 'role': 'test', 'subset': 'numbers'})
    assert labels_of(numbers) == [7, 3] and 'classes' not in numbers.metainfo
    named = DATASETS.build({**cfg, 'role': 'test', 'metainfo': {'classes': ('dog', 'cat')}})
    assert labels_of(named) == [0, 1]


PACKED = [{'type': 'LoadImage'}, {'type': 'PackLocalization'}]


def test_a_table_tells_the_class_of_each_box(tmp_path):
    cfg = {'type': 'BoxCSV', 'data_root': str(layouts.box_csv(tmp_path)), 'subset': 'pets', 'pipeline': PACKED}
    sample = DATASETS.build({**cfg, 'role': 'test', 'split': 'test'})[0]['data_samples']
    assert sample.gt_box_labels.tolist() == [1, 1] and sample.gt_box_labels.dtype == np.int64
    assert 'gt_box_labels' not in DATASETS.build({**cfg, 'role': 'train-weaksup', 'split': 'test'})[0]['data_samples']


def test_a_table_of_images_with_several_classes(tmp_path):
    table = layouts.box_csv(tmp_path) / 'ANNOTATIONS.csv'
    table.write_text(table.read_text().replace('b.jpg,dog,boxer,21', 'b.jpg,cat,boxer,21'))
    cfg = {'type': 'BoxCSV', 'data_root': str(tmp_path), 'subset': 'pets', 'multi_label': True, 'pipeline': PACKED}
    sample = DATASETS.build({**cfg, 'role': 'test', 'split': 'test'})[0]['data_samples']
    assert sample.gt_label == 1 and sample.gt_box_labels.tolist() == [1, 0]
    assert sample.gt_multilabel.tolist() == [1, 1] and sample.gt_multilabel.dtype == np.float32
    weak = DATASETS.build({**cfg, 'role': 'train-weaksup'})
    assert [weak[i]['data_samples'].gt_multilabel.tolist() for i in range(3)] == [[1, 1], [1, 0], [0, 1]]
    table.write_text('file,class\na.jpg,cat\na.jpg,dog\n')  # labels alone need no columns of boxes
    assert len(DATASETS.build({**cfg, 'subset': None, 'role': 'train-weaksup'})) == 1


def test_holdout_sides_are_disjoint_complete_and_balanced(tmp_path):
    cfg = {'type': 'TinyImageNet', 'split': 'train', 'data_root': str(layouts.tiny_imagenet(tmp_path)), 'holdout': 2}
    rest = DATASETS.build({**cfg, 'role': 'train-weaksup'})
    held = DATASETS.build({**cfg, 'role': 'train-fullsup', 'held_out': True})
    ids = [{data.get_data_info(i)['img_id'] for i in range(len(data))} for data in (rest, held)]
    assert not ids[0] & ids[1] and len(ids[0] | ids[1]) == 8
    assert sorted(labels_of(held)) == [0, 0, 1, 1]


def test_per_class_keeps_that_many_of_each_class_spread_over_the_list(tmp_path):
    cfg = {'type': 'TinyImageNet', 'split': 'train', 'data_root': str(layouts.tiny_imagenet(tmp_path))}
    every, some = (DATASETS.build({**cfg, 'role': 'train-weaksup', 'per_class': n}) for n in (0, 2))
    ids = [[data.get_data_info(i)['img_id'] for i in range(len(data))] for data in (every, some)]
    first, second = ids[0][:4], ids[0][4:]
    assert ids[1] == [first[0], first[2], second[0], second[2]] and labels_of(some) == [0, 0, 1, 1]
    more = DATASETS.build({**cfg, 'role': 'train-weaksup', 'per_class': 100})
    assert len(more) == len(every)
    with pytest.raises(ValueError, match='per_class is a number of images'):
        DATASETS.build({**cfg, 'role': 'train-weaksup', 'per_class': -1})


def test_a_missing_root_names_layout_and_doc_page():
    with pytest.raises(FileNotFoundError) as error:
        DATASETS.build({'type': 'CUB', 'role': 'test', 'split': 'test', 'data_root': 'nowhere/cub'})
    text = str(error.value)
    assert 'nowhere/cub' in text and 'bounding_boxes.txt' in text and 'docs/datasets.md' in text


def test_the_reader_in_the_documentation_works(repo, tmp_path):
    text = (repo / 'docs/datasets.md').read_text()
    code = text[text.index('## A reader of your own') :].split('```python')[1].split('```')[0]
    exec(code, {'__name__': 'mine'})
    layouts.picture(tmp_path / 'images/a.jpg')
    layouts.write(tmp_path / 'list.txt', 'a.jpg\n')
    pipeline = [{'type': 'LoadImage'}, {'type': 'Geometry', 'name': 'WE', 'size': 16}, {'type': 'PackLocalization'}]
    dataset = DATASETS.build({'type': 'Mine', 'role': 'test', 'data_root': str(tmp_path), 'pipeline': pipeline})
    assert dataset[0]['data_samples'].img_id == 'a.jpg'
    DATASETS.module_dict.pop('Mine')


@pytest.mark.data
def test_val1300_counts(data_dir, base_config, monkeypatch):
    monkeypatch.setenv('WSOLZOO_DATA', str(data_dir))
    dataset = build(base_config('ilsvrc-val1300_227px'), 'test')
    assert len(dataset) == 1300 and sum(map(len, boxes_of(dataset))) == 1943
    assert len(set(labels_of(dataset))) == 725
    item = dataset[0]
    assert item['inputs'].shape == (3, 227, 227)
    assert np.allclose(item['data_samples'].gt_boxes, dataset.get_data_info(0)['gt_bboxes'])


@pytest.mark.data
def test_pets370(data_dir, base_config, monkeypatch):
    monkeypatch.setenv('WSOLZOO_DATA', str(data_dir))
    cfg = base_config('pets370_224px')
    train, val, test = (build(cfg, split) for split in ('train', 'val', 'test'))
    assert (len(train), len(val), len(test)) == (148, 62, 148)
    assert len(train.metainfo['classes']) == 37
    for index in range(0, len(test), 7):
        sample = test[index]['data_samples']
        rows, cols = np.nonzero(sample.gt_mask == 1)
        around = np.array([cols.min(), rows.min(), cols.max() + 1, rows.max() + 1])
        assert np.abs(around - sample.gt_boxes[0]).max() < 30  # the box lies between the pet and its unknown band


@pytest.mark.data
@pytest.mark.slow
def test_tiny_imagenet_36(data_dir, tmp_path):
    keep = ('wnids.txt', 'words.txt', 'val_annotations.txt', '_boxes.txt')
    with tarfile.open(data_dir / 'tiny-imagenet-36.tar.gz') as archive:
        for member in archive:
            if member.name.endswith(keep) or 'val/images/val_1.' in member.name:
                archive.extract(member, tmp_path, filter='data')
    cfg = {'type': 'TinyImageNet', 'data_root': str(tmp_path / 'tiny-imagenet-36')}
    val = DATASETS.build({**cfg, 'role': 'test', 'split': 'val'})
    train = DATASETS.build({**cfg, 'role': 'train-fullsup', 'split': 'train'})
    assert len(val) == 1800 and len(train) == 18000 and len(val.metainfo['classes']) == 36
    boxes = np.concatenate(boxes_of(val))
    assert boxes.min() >= 0 and boxes.max() == 64 and (boxes[:, 2:] > boxes[:, :2]).all()
