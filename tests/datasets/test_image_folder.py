"""Folders of classes as everybody has them, with boxes from the files that annotation tools write."""

import json

import layouts
import numpy as np
import pytest

from wsolzoo.datasets.annotation import AnnotationError
from wsolzoo.datasets.verification import verify_split
from wsolzoo.registry import DATASETS


def build(root, role='test', **changes):
    return DATASETS.build({'type': 'ImageFolder', 'role': role, 'data_root': str(root), **changes})


def infos(dataset):
    return [dataset.get_data_info(i) for i in range(len(dataset))]


@pytest.fixture
def root(tmp_path):
    return layouts.image_folder(tmp_path)


def coco(*boxes, categories=('cat', 'dog')):
    """A COCO file of (picture, category, x0, y0, x1, y1)."""
    names = sorted({box[0] for box in boxes})
    return {
        'images': [{'id': 10 + i, 'file_name': name} for i, name in enumerate(names)],
        'categories': [{'id': 3 + i, 'name': name} for i, name in enumerate(categories)],
        'annotations': [
            {
                'id': i,
                'image_id': 10 + names.index(name),
                'category_id': 3 + categories.index(label),
                'bbox': [x0, y0, x1 - x0, y1 - y0],
            }
            for i, (name, label, x0, y0, x1, y1) in enumerate(boxes)
        ],
    }


def voc(*objects):
    """A VOC file of (class, x0, y0, x1, y1)."""
    return '<annotation>{}</annotation>'.format(
        ''.join(
            f'<object><name>{name}</name><bndbox><xmin>{a}</xmin><ymin>{b}</ymin><xmax>{c}</xmax><ymax>{d}</ymax>'
            '</bndbox></object>'
            for name, a, b, c, d in objects
        )
    )


def test_folders_are_classes_and_splits_number_them_alike(root):
    train, test = build(root, 'train-weaksup', split='train'), build(root, split='test')
    assert train.metainfo['classes'] == test.metainfo['classes'] == ('cat', 'dog')
    assert [info['gt_label'] for info in infos(train)] == [0, 0, 0, 1, 1, 1]
    assert infos(train)[0]['img_id'] == 'train/cat/0.jpg'
    for name in ('0', '2', '4'):
        (root / f'test/cat/{name}.jpg').unlink()
    (root / 'test/cat').rmdir()
    assert {info['gt_label'] for info in infos(build(root, split='test'))} == {1}


def test_one_folder_is_split_by_holdout_and_strangers_are_left_alone(tmp_path):
    for name in ('a/1.JPG', 'a/deep/2.png', 'b/1.jpeg', 'b/2.webp'):
        layouts.picture(tmp_path / name)
    for name in ('a/Thumbs.db', 'a/._1.jpg', '.git/x.jpg', '__MACOSX/y.jpg', 'notes.txt'):
        layouts.write(tmp_path / name, 'no picture')
    rest = build(tmp_path, 'train-weaksup', holdout=2)
    held = build(tmp_path, 'train-fullsup', holdout=2, held_out=True)
    assert [[info['img_id'] for info in infos(side)] for side in (rest, held)] == [
        ['a/1.JPG', 'b/1.jpeg'],
        ['a/deep/2.png', 'b/2.webp'],
    ]


def test_boxes_of_a_csv_file_and_pictures_without_one(root):
    test = build(root, split='test', boxes='boxes.csv')
    assert [info['img_id'] for info in infos(test)] == [
        f'test/{n}.jpg' for n in ('cat/2', 'cat/4', 'dog/1', 'dog/3', 'dog/5')
    ]
    assert infos(test)[0]['gt_bboxes'].tolist() == [[5, 4, 27, 20]] and infos(test)[0]['gt_box_labels'].tolist() == [0]
    assert (
        verify_split(
            'test',
            {'type': 'ImageFolder', 'role': 'test', 'data_root': str(root), 'split': 'test', 'boxes': 'boxes.csv'},
        ).problems
        == []
    )
    assert len(build(root, split='test')) == 6
    (root / 'boxes.csv').unlink()
    assert 'gt_bboxes' not in infos(build(root, 'train-weaksup', split='train', boxes='boxes.csv'))[0]


def test_coco_and_voc_files_tell_the_same(root):
    boxes = [('cat/2.jpg', 'cat', 1, 2, 30, 20), ('cat/2.jpg', 'dog', 5, 5, 9, 9.5), ('5.jpg', 'dog', 0, 0, 40, 30)]
    for file in ('train/cat/2.jpg', 'train/dog/5.jpg'):
        (root / file).unlink()  # so that the ends of the paths tell which picture is meant
    layouts.write(root / 'boxes.json', json.dumps(coco(*boxes)))
    layouts.write(root / 'xml/cat/2.xml', voc(*(box[1:] for box in boxes[:2])))
    layouts.write(root / 'xml/5.xml', voc(boxes[2][1:]))
    for file in ('boxes.json', 'xml'):
        first, second = infos(build(root, split='test', boxes=file))
        assert first['gt_bboxes'].tolist() == [[1, 2, 30, 20], [5, 5, 9, 9.5]] and second['img_id'] == 'test/dog/5.jpg'
        assert first['gt_box_labels'].tolist() == [0, 1] and first['gt_box_labels'].dtype == np.int64


def test_a_word_for_every_box_is_no_class_and_a_crowd_is_no_box(root):
    told = coco(
        ('test/cat/2.jpg', 'object', 1, 2, 30, 20), ('test/dog/5.jpg', 'object', 1, 2, 30, 20), categories=('object',)
    )
    told['annotations'].append({**told['annotations'][0], 'iscrowd': 1, 'bbox': [0, 0, 40, 30]})
    layouts.write(root / 'boxes.json', json.dumps(told))
    assert [info['gt_box_labels'].tolist() for info in infos(build(root, split='test', boxes='boxes.json'))] == [
        [0],
        [1],
    ]


GOOD = coco(('test/cat/2.jpg', 'cat', 1, 2, 30, 20))


def spoiled(key, **changes):
    return json.dumps({**GOOD, key: [{**GOOD[key][0], **changes}]})


@pytest.mark.parametrize(
    ('file', 'text', 'says'),
    [
        ('b.csv', 'file,x1,y1,x2\n', 'b.csv has no column y2'),
        ('b.csv', 'file,x1,y1,x2,y2\ntest/cat/2.jpg,9,2,3,20\n', 'b.csv, line 2: the box .* is empty or upside down'),
        ('b.csv', 'file,x1,y1,x2,y2\ntest/cat/9.jpg,1,2,3,20\n', 'line 2: test/cat/9.jpg is no picture below'),
        (
            'b.csv',
            'file,x1,y1,x2,y2\ncat/2.jpg,1,2,3,20\n',
            'line 2: cat/2.jpg is one of test/cat/2.jpg and train/cat/2',
        ),
        ('b.csv', 'file,x1,y1,x2,y2\ntrain/cat/2.jpg,1,2,3,20\n', 'b.csv has no box of a picture in .*/test'),
        ('b.csv', 'file,class,x1,y1,x2,y2\n2,cat,1,2,3,9\n5,owl,1,2,3,9\n', "line 3: 'owl' is no class"),
        ('b.json', '{', 'b.json is no JSON'),
        ('b.json', '[' * 100000, 'b.json is no JSON'),
        ('b.json', '[]', "b.json: a COCO file holds a list of objects under 'images'"),
        ('b.json', json.dumps({**GOOD, 'annotations': [3]}), "a list of objects under 'annotations'"),
        (
            'b.json',
            spoiled('images', file_name=None),
            r'b.json, images\[0\]: expected an id of its own and a file_name',
        ),
        ('b.json', spoiled('categories', id=[1]), r'b.json, categories\[0\]: expected an id'),
        ('b.json', spoiled('annotations', image_id=99), r'annotations\[0\]: image_id 99 is not in the file'),
        ('b.json', spoiled('annotations', category_id=None), r'annotations\[0\]: category_id None is not in the file'),
        ('b.json', spoiled('annotations', bbox=[1, 2, 3]), r'annotations\[0\]: a box is four numbers x, y, width'),
        ('b.json', spoiled('annotations', bbox=[1, 2, -3, 4]), r'annotations\[0\]: the box .* is empty or upside down'),
        ('b.json', spoiled('annotations', bbox=[1, 2, float('nan'), 4]), r'annotations\[0\]: a box is four numbers'),
        ('b.json', spoiled('annotations', bbox='1234'), r'annotations\[0\]: a box is four numbers'),
        ('xml/test/cat/2.xml', voc(('cat', 9, 2, 'nan', 20)), '2.xml, object 1: a box is four numbers'),
        ('xml/test/cat/2.xml', voc(('cat', 9, 2, 3, 20)), '2.xml, object 1: the box .* is empty or upside down'),
        ('xml/test/cat/2.xml', voc(('cat', 1, 2, 3, 20))[:-20], '2.xml is no annotation in VOC form'),
        ('xml/other.xml', voc(('cat', 1, 2, 3, 20)), 'other.xml, object 1: other is no picture below'),
        ('b.tsv', '', 'b.tsv: boxes come from a CSV file with the columns'),
    ],
)
def test_broken_boxes_are_named(root, file, text, says):
    layouts.write(root / file, text)
    if 'owl' in says:
        for name in ('train/cat/2.jpg', 'train/dog/5.jpg'):
            (root / name).unlink()
    with pytest.raises(AnnotationError, match=says):
        build(root, split='test', boxes=file.split('/')[0])


@pytest.mark.parametrize(
    ('changes', 'says'),
    [
        ({}, r'holds no folders of classes \(found test, train\).*split="train"'),
        ({'split': 'test', 'metainfo': {'classes': ('cat', 'owl')}}, "'dog' is no class of"),
    ],
)
def test_folders_that_are_no_classes_are_named(root, changes, says):
    with pytest.raises(AnnotationError, match=says):
        build(root, **changes)


def test_a_missing_split_an_empty_folder_and_a_class_that_training_lacks_are_named(root, tmp_path):
    with pytest.raises(FileNotFoundError, match='the folder of classes is missing: .*/dev .*Expected layout'):
        build(root, split='dev')
    with pytest.raises(FileNotFoundError, match='the file of boxes is missing: .*/other.csv'):
        build(root, split='test', boxes='other.csv')
    layouts.picture(root / 'test/owl/1.jpg')
    with pytest.raises(AnnotationError, match="'owl' is no class of .*/train"):
        build(root, split='test')
    (tmp_path / 'empty').mkdir()
    with pytest.raises(AnnotationError, match='found no folder'):
        build(tmp_path / 'empty')
