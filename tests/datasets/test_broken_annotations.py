"""Annotations that cannot be right: each reader names the file, and the line where there are lines; none passes."""

from typing import NamedTuple

import layouts
import numpy as np
import pytest

from wsolzoo.datasets.annotation import AnnotationError
from wsolzoo.datasets.base import LocalizationDataset
from wsolzoo.datasets.verification import verify_split
from wsolzoo.registry import DATASETS

READERS = {
    'box_csv': {'type': 'BoxCSV', 'subset': 'pets'},
    'cub': {'type': 'CUB', 'split': 'test'},
    'ilsvrc': {'type': 'ILSVRC', 'split': 'val'},
    'imagenetv2': {'type': 'ImageNetV2', 'ann_file': 'metadata/val'},
    'wsol_metadata': {'type': 'WSOLMetadata', 'ann_file': 'metadata/val'},
    'openimages': {'type': 'OpenImages30k', 'split': 'test'},
    'tiny_imagenet': {'type': 'TinyImageNet', 'split': 'val'},
    'tiny_imagenet_train': {'type': 'TinyImageNet', 'split': 'train', 'role': 'train-fullsup'},
    'image_mask_folder': {'type': 'ImageMaskFolder', 'ann_file': 'annotations/test.txt'},
}
MAKE = {
    'imagenetv2': 'wsol_boxes',
    'wsol_metadata': 'wsol_boxes',
    'tiny_imagenet_train': 'tiny_imagenet',
    'image_mask_folder': 'pets',
}


class Broken(NamedTuple):
    """One text in one file of a good copy, what takes its place, and what is said after the file's name."""

    what: str
    file: str
    old: str
    new: str
    says: str


XML = 'Annotations/CLS-LOC/val/ILSVRC2012_val_00000002.xml'
BOXES = [  # what a box may be, in every reader that reads some: x0, y0, x1, y1 of a good one in, a bad one out
    ('a word for a number', ('x', 'y', 'z', '9'), 'a box is four numbers'),
    ('NaN', ('1', 'nan', '20', '25'), 'a box is four numbers'),
    ('infinite', ('1', '2', 'inf', '25'), 'a box is four numbers'),
    ('upside down', ('20', '2', '3', '25'), 'is empty or upside down'),
    ('end above the beginning', ('1', '25', '20', '2'), 'is empty or upside down'),
    ('left of every picture', ('-30', '2', '-5', '25'), 'lies left of or above every picture'),
]


def boxes(file: str, old: str, form: str, line: str, sized: bool = False) -> list[Broken]:
    """The rows of :data:`BOXES` in the words of one layout."""
    rows = []
    for what, box, says in BOXES:
        x0, y0, x1, y1 = box
        if sized and what not in ('a word for a number', 'NaN', 'infinite'):
            x1, y1 = str(float(x1) - float(x0)), str(float(y1) - float(y0))
        rows.append(Broken(what, file, old, form.format(x0, y0, x1, y1), f'{line}.*{says}'))
    return rows


CSV, LABELS, LOC = 'ANNOTATIONS.csv', 'metadata/val/class_labels.txt', 'metadata/val/localization.txt'
METADATA = [
    *boxes(LOC, '1/6.jpeg,0,0,5,5', '1/6.jpeg,{},{},{},{}', 'line 2: '),
    Broken('three of four numbers', LOC, '1/6.jpeg,0,0,5,5', '1/6.jpeg,0,0,5', "line 2: expected path,.*got '1/6"),
    Broken('one of four numbers', LOC, '1/6.jpeg,0,0,5,5', '1/6.jpeg,0', 'line 2: expected path,x0,y0,x1,y1 or'),
    Broken('five numbers', LOC, '1/6.jpeg,0,0,5,5', '1/6.jpeg,0,0,5,5,5', 'line 2: expected path,'),
    Broken('a line of one word', LOC, '1/6.jpeg,0,0,5,5', '1/6.jpeg', "line 2: expected 'path,box or mask…'"),
    Broken('unknown image', LOC, '1/6.jpeg,0', '1/7.jpeg,0', 'line 2 names 1/7.jpeg, which image_ids.txt does not'),
    Broken('image without a box', LOC, '0/5.jpeg,1,2,30,20\n', '', r'has no line for 0/5.jpeg \(1 such images\)'),
    Broken('fraction for a label', LABELS, '6.jpeg,1', '6.jpeg,1.7', 'line 2: a class is a whole number from 0; got'),
    Broken('word for a label', LABELS, '6.jpeg,1', '6.jpeg,one', "line 2: a class is .*got 'one'"),
    Broken('negative label', LABELS, '6.jpeg,1', '6.jpeg,-1', "line 2: a class is .*got '-1'"),
    Broken('no label', LABELS, '1/6.jpeg,1', '', 'has no line for 1/6.jpeg, which .*image_ids.txt, line 2 names'),
    Broken('label missing', LABELS, '6.jpeg,1', '6.jpeg', "line 2: expected 'path,label' in each line; got '1/6"),
    Broken('two labels', LABELS, '6.jpeg,1', '6.jpeg,1\n0/5.jpeg,1', 'line 3: 0/5.jpeg stands here for the second'),
    Broken('a comma too many', LABELS, '6.jpeg,1', '6.jpeg,1,2', "line 2: expected 'path,label'"),
    Broken('id twice', 'metadata/val/image_ids.txt', '1/6.jpeg', '1/6.jpeg\n0/5.jpeg', 'line 3: 0/5.jpeg stands here'),
]
TINY = 'val/val_annotations.txt'
ROWS = {
    'box_csv': [
        *boxes(CSV, '21,2,39,29', '{},{},{},{}', 'line 5: '),
        Broken('half a box', CSV, '21,2,39,29', '21,2,,', "line 5: a box is four numbers .*got '21, 2, , '"),
        Broken('value missing', CSV, ',21,2,39,29', ',21,2,39', 'line 5: 11 values, but the header names 12 columns'),
        Broken('value too many', CSV, '21,2,39,29', '21,2,39,29,1', 'line 5: 13 values, but the header names 12'),
        Broken('column missing', CSV, ',x1,', ',left,', 'has no column x1'),
        Broken('column twice', CSV, 'width,height', 'width,width', 'has a column twice'),
        Broken('two classes', CSV, 'b.jpg,dog,boxer,21', 'b.jpg,cat,boxer,21', 'line 5: images/b.jpg has two classes'),
        Broken(
            'a number among names', CSV, 'c.jpg,dog', 'c.jpg,1.7', "line 4: classes are numbers or names; got '1.7'"
        ),
        Broken('no file', CSV, 'pets,images/c.jpg', 'pets,', 'line 4: no file is named'),
        Broken('an open quote', CSV, 'images/c.jpg', '"images/c.jpg', r'no CSV \(unexpected end of data\)'),
        Broken('a byte of zero', CSV, '39,29', '39,\0', 'line 5'),
    ],
    'cub': [
        *boxes('bounding_boxes.txt', '3 3.0 2.0 10.5 20.0', '3 {} {} {} {}', 'line 3: ', sized=True),
        Broken(
            'three numbers', 'bounding_boxes.txt', '3 3.0 2.0 10.5 20.0', '3 3 2 1', "line 3: expected 'id x y width"
        ),
        Broken(
            'box missing', 'bounding_boxes.txt', '3 3.0 2.0 10.5 20.0\n', '', 'has no line for 3, which .*images.txt, l'
        ),
        Broken(
            'id twice', 'images.txt', '2 001', '1 001', 'line 2: 1 stands here for the second time, first on .*line 1'
        ),
        Broken(
            'image twice', 'images.txt', '2 001.Auk/Auk_2', '2 001.Auk/Auk_1', 'line 2: 001.Auk/Auk_1.jpg stands here'
        ),
        Broken('a name of two words', 'images.txt', '001.Auk/Auk_2', '001.Auk/Auk 2', "line 2: expected 'id value'"),
        Broken('label too large', 'image_class_labels.txt', '3 1', '3 9', "line 3: a class is .* from 1 to 2; got '9'"),
        Broken('label zero', 'image_class_labels.txt', '3 1', '3 0', "line 3: a class is .* from 1 to 2; got '0'"),
        Broken('fraction for a label', 'image_class_labels.txt', '3 1', '3 1.7', "line 3: a class is .*got '1.7'"),
        Broken(
            'no label', 'image_class_labels.txt', '3 1\n', '', 'has no line for 3, which .*images.txt, line 3 names'
        ),
        Broken('split of two', 'train_test_split.txt', '3 0', '3 2', "line 3: 1 is a training image .*; got '2'"),
        Broken('no split', 'train_test_split.txt', '3 0\n', '', 'has no line for 3'),
        Broken('a class left out', 'classes.txt', '2 002', '3 002', "line 2: expected class 2; got '3'"),
    ],
    'ilsvrc': [
        *boxes(
            XML,
            '<xmin>6</xmin><ymin>6</ymin><xmax>39</xmax><ymax>29</ymax>',
            '<xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax>',
            'object 2: ',
        ),
        Broken('corner missing', XML, '<xmax>39</xmax>', '', 'object 2: a box is four numbers'),
        Broken('no object', XML, 'object', 'thing', 'is not an annotation of CLS-LOC.*got no object'),
        Broken('unknown class', XML, 'n01', 'n07', 'with objects of one known class; got n07'),
        Broken(
            'two classes', XML, '<name>n01</name><bndbox><xmin>6', '<name>n02</name><bndbox><xmin>6', 'got n01, n02'
        ),
        Broken('half a file', XML, '</object></annotation>', '', r'is no annotation in VOC form \('),
        Broken('class twice', 'LOC_synset_mapping.txt', 'n01', 'n02', 'line 2: n02 stands here for the second time'),
        Broken(
            'class without name', 'LOC_synset_mapping.txt', 'n02 crane, bird', 'n02', "line 1: expected 'wnid names"
        ),
    ],
    'imagenetv2': METADATA,
    'wsol_metadata': METADATA,
    'openimages': [
        Broken(
            'three of four numbers',
            'metadata/test/localization.txt',
            '1_m2.png,',
            '1_m2.png,1,2',
            'line 2: expected path',
        ),
        Broken('no mask', 'metadata/test/localization.txt', 'test/0abc/1_m2.png', '', 'line 2: expected path,x0'),
        Broken(
            'second ignore file',
            'metadata/test/localization.txt',
            '1_m2.png,',
            '1_m2.png,b.png',
            'line 2: .* another ignore',
        ),
        Broken(
            'fraction for a label', 'metadata/test/class_labels.txt', ',4', ',4.5', "line 1: a class is .*got '4.5'"
        ),
    ],
    'tiny_imagenet': [
        *boxes(TINY, '5\t5\t5\t5', '{}\t{}\t{}\t{}', 'line 2: '),
        Broken('three numbers', TINY, '5\t5\t5\t5', '5\t5\t5', r"line 2: expected 'name\\twnid\\tx0"),
        Broken('spaces for tabs', TINY, '5\t5\t5\t5', '5 5 5 5', 'line 2: expected'),
        Broken('unknown class', TINY, 'n03', 'n04', "line 2: 'n04' is no class of wnids.txt"),
        Broken('image twice', TINY, 'val_1', 'val_0', 'line 2: val_0.JPEG stands here for the second time'),
        Broken('class twice', 'wnids.txt', 'n03', 'n09', 'line 2: n09 stands here for the second time'),
        Broken('name without class', 'words.txt', 'n09\tlakeside', 'n09', 'line 2: expected'),
    ],
    'tiny_imagenet_train': boxes(
        'train/n03/n03_boxes.txt', '1.JPEG\t0\t10\t63\t30', '1.JPEG\t{}\t{}\t{}\t{}', 'line 2: '
    ),
    'image_mask_folder': [
        Broken(
            'no label', 'annotations/test.txt', 'pug_2 2 1 1', 'pug_2', "line 3: expected 'name label…' in each line"
        ),
        Broken(
            'label before the first',
            'annotations/test.txt',
            'pug_2 2',
            'pug_2 0',
            "line 3: a class is .*from 1; got '0'",
        ),
        Broken(
            'fraction for a label', 'annotations/test.txt', 'pug_2 2', 'pug_2 1.7', "line 3: a class is .*got '1.7'"
        ),
        Broken(
            'image twice', 'annotations/test.txt', 'pug_2', 'Bombay_2', 'line 3: Bombay_2 stands here for the second'
        ),
    ],
}
TABLE = {f'{reader}: {row.what}': (reader, row) for reader, rows in ROWS.items() for row in rows}


def build(reader: str, root, **changes):
    return DATASETS.build({'role': 'test', 'data_root': str(root), **READERS[reader], **changes})


@pytest.mark.parametrize('name', TABLE)
def test_file_and_line_are_named(name, tmp_path):
    reader, (_, file, old, new, says) = TABLE[name]
    path = getattr(layouts, MAKE.get(reader, reader))(tmp_path) / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new) if reader == 'ilsvrc' else text.replace(old, new, 1))
    with pytest.raises(AnnotationError, match=f'^{tmp_path}/{file}.*{says}'):
        build(reader, tmp_path)


def test_the_table_is_large():
    assert len(TABLE) >= 73


TEXTS = [('box_csv', CSV), ('cub', 'images.txt'), ('wsol_metadata', LOC), ('tiny_imagenet', TINY)]


@pytest.mark.parametrize(('reader', 'file'), [*TEXTS, ('image_mask_folder', 'annotations/test.txt')])
def test_other_encodings_are_refused_and_a_byte_order_mark_is_not(reader, file, tmp_path):
    path = getattr(layouts, MAKE.get(reader, reader))(tmp_path) / file
    text = path.read_text()
    before = build(reader, tmp_path)
    path.write_text('\ufeff' + text.replace('\n', '\r\n'), encoding='utf-8')
    after = build(reader, tmp_path)
    ids = [[data.get_data_info(i)['img_id'] for i in range(len(data))] for data in (before, after)]
    assert ids[0] == ids[1]
    path.write_text(text + '# ä', encoding='latin-1')
    with pytest.raises(AnnotationError, match=f'{file} is no text in UTF-8'):
        build(reader, tmp_path)


@pytest.mark.parametrize(
    ('reader', 'file'),
    [
        *TEXTS,
        ('image_mask_folder', 'annotations/trimaps'),
        ('ilsvrc', 'LOC_synset_mapping.txt'),
        ('cub', 'classes.txt'),
    ],
)
def test_what_is_missing_is_named_with_the_layout(reader, file, tmp_path):
    root = getattr(layouts, MAKE.get(reader, reader))(tmp_path)
    (root / file).rename(root / 'elsewhere')
    with pytest.raises(FileNotFoundError, match=f'is missing: .*{file} .*Expected layout: .*docs/datasets.md'):
        build(reader, root)


@pytest.mark.parametrize('reader', READERS)
def test_an_unknown_split_or_an_empty_one_is_named(reader, tmp_path):
    root = getattr(layouts, MAKE.get(reader, reader))(tmp_path)
    if 'split' in READERS[reader]:
        with pytest.raises(ValueError, match='has the splits'):
            build(reader, root, split='dev')
    with pytest.raises(ValueError, match='no image in .* matches the filters'):
        build(reader, root, subset='dogs') if reader == 'box_csv' else build(reader, root, holdout=99, held_out=True)


class Foreign(LocalizationDataset):
    """A reader that trusts its source."""

    def __init__(self, role='test', classes=('x', 'y'), **entry):
        self.entry = {'img_id': 'a', 'img': np.zeros((30, 40, 3), np.uint8), 'gt_label': 0, **entry}
        super().__init__(role, metainfo={'classes': classes})

    def load_data_list(self):
        return [self.entry]


@pytest.mark.parametrize(
    ('entry', 'says'),
    [
        ({'gt_label': 2}, r'Foreign: label 2 of a is outside 0\.\.1; labels count from 0'),
        ({'gt_label': 0.5}, 'label 0.5 of a is outside'),
        ({'gt_bboxes': np.array([[5, 0, 5, 9.0]])}, r'the box \[5.0, 0.0, 5.0, 9.0\] of a is empty or upside down'),
        ({'gt_bboxes': np.array([[5, 0, np.nan, 9.0]])}, 'is not finite'),
        ({'gt_bboxes': np.ones((2, 4)), 'gt_box_labels': np.zeros(1, int)}, 'a: 2 boxes, but 1 labels of boxes'),
        ({'gt_bboxes': np.array([[0, 0, 5, 9.0]]), 'gt_box_labels': np.array([2])}, 'label 2 of a is outside'),
    ],
)
def test_a_reader_of_somebody_else_is_checked_too(entry, says):
    with pytest.raises(AnnotationError, match=says):
        Foreign(**entry)


@pytest.mark.parametrize(
    ('box', 'passes'),
    [
        ((0, 0, 40, 30), True),
        ((0, 0, 40.9, 30), True),
        ((-3, 0, 20, 30), True),  # published data sets have such; verify names it
        ((0, 0, 90, 30), False),
        ((50, 0, 60, 9), False),
        ((30, 20, 300, 200), False),
    ],
)
def test_a_box_outside_its_picture_does_not_get_through_the_pipeline(box, passes, tmp_path):
    layouts.picture(tmp_path / 'a.jpg')
    layouts.write(tmp_path / 'boxes.csv', f'file,class,x1,y1,x2,y2\na.jpg,0,{",".join(map(str, box))}\n')
    cfg = {'type': 'BoxCSV', 'role': 'test', 'data_root': str(tmp_path), 'ann_file': 'boxes.csv'}
    dataset = DATASETS.build({**cfg, 'pipeline': [{'type': 'LoadImage'}, {'type': 'PackLocalization'}]})
    if passes:
        assert dataset[0]['data_samples'].gt_boxes.tolist() == [[*map(float, box)]]
    else:
        with pytest.raises(AnnotationError, match=r'the box .* of .*a.jpg leaves the image of 40x30: \d+% of it lies'):
            dataset[0]
    whole = box in ((0, 0, 40, 30), (0, 0, 40.9, 30))
    assert [p.kind for p in verify_split('test', cfg).problems] == ([] if whole else ['box'])
