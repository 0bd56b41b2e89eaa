"""Damaged annotations: a reader takes them or says what is wrong with which file, and never anything else.

What a reader takes must be sound: labels that are class numbers, boxes that are boxes, ids that occur once.
"""

import json

import layouts
import numpy as np
import pytest
from fuzz.damage import try_many
from hypothesis import strategies as st

from wsolzoo.registry import DATASETS
from wsolzoo.structures import FULLSUP, TEST, WEAKSUP

COCO = {
    'images': [{'id': 1, 'file_name': 'test/cat/2.jpg'}, {'id': 2, 'file_name': 'test/dog/5.jpg'}],
    'categories': [{'id': 1, 'name': 'cat'}, {'id': 2, 'name': 'dog'}],
    'annotations': [
        {'id': 1, 'image_id': 1, 'category_id': 1, 'bbox': [1, 2, 10, 9.5]},
        {'id': 2, 'image_id': 2, 'category_id': 2, 'bbox': [0, 0, 40, 30], 'iscrowd': 0},
    ],
}
XML = (
    '<annotation><object><name>cat</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>9</xmax><ymax>8</ymax></bndbox>'
    '</object></annotation>'
)
FOLDER = {'type': 'ImageFolder', 'split': 'test'}


def with_coco(root):
    layouts.write(layouts.image_folder(root) / 'boxes.json', json.dumps(COCO))


def with_voc(root):
    layouts.write(layouts.image_folder(root) / 'xml/test/cat/2.xml', XML)


METADATA = [f'metadata/val/{name}.txt' for name in ('image_ids', 'class_labels', 'localization')]
READERS = {
    'box_csv': (layouts.box_csv, {'type': 'BoxCSV', 'subset': 'pets'}, ['ANNOTATIONS.csv']),
    'cub': (
        layouts.cub,
        {'type': 'CUB', 'split': 'test'},
        [f'{n}.txt' for n in ('images', 'image_class_labels', 'train_test_split', 'bounding_boxes', 'classes')],
    ),
    'ilsvrc': (
        layouts.ilsvrc,
        {'type': 'ILSVRC', 'split': 'val'},
        ['LOC_synset_mapping.txt', 'Annotations/CLS-LOC/val/ILSVRC2012_val_00000002.xml'],
    ),
    'imagenetv2': (layouts.wsol_boxes, {'type': 'ImageNetV2', 'ann_file': 'metadata/val'}, METADATA),
    'openimages': (
        layouts.openimages,
        {'type': 'OpenImages30k', 'split': 'test'},
        [name.replace('val', 'test') for name in METADATA],
    ),
    'tiny_imagenet': (
        layouts.tiny_imagenet,
        {'type': 'TinyImageNet', 'split': 'val'},
        ['wnids.txt', 'words.txt', 'val/val_annotations.txt'],
    ),
    'pets': (layouts.pets, {'type': 'ImageMaskFolder', 'ann_file': 'annotations/test.txt'}, ['annotations/test.txt']),
    'folder csv': (layouts.image_folder, {**FOLDER, 'boxes': 'boxes.csv'}, ['boxes.csv']),
    'folder coco': (with_coco, {**FOLDER, 'boxes': 'boxes.json'}, ['boxes.json']),
    'folder voc': (with_voc, {**FOLDER, 'boxes': 'xml'}, ['xml/test/cat/2.xml']),
}
WORDS = ['nan', 'inf', '-1', '1.7', '1e400', '', ' ', '0', '9' * 40, 'cat', '²', '\0', '"', ',', '\t', '\n', '\r']
WORDS += ['\ufeff', '{', '[', 'null', '<', '&']
KINDS = ['put', 'cut', 'swap', 'double', 'byte']
STEP = st.tuples(st.sampled_from(KINDS), st.floats(0, 1), st.floats(0, 0.3), st.sampled_from(WORDS))
DAMAGE = st.lists(STEP, min_size=1, max_size=4)


def damaged(text: bytes, steps) -> bytes:
    """A few small accidents: something put in, cut out or doubled, two lines swapped, a byte of another encoding."""
    for kind, where, length, word in steps:
        start = int(where * len(text))
        end = min(len(text), start + max(1, int(length * len(text))))
        if kind == 'put':
            text = text[:start] + word.encode() + text[start + len(word) :]
        elif kind == 'cut':
            text = text[:start] + text[end:]
        elif kind == 'double':
            text = text[:end] + text[start:end] + text[end:]
        elif kind == 'byte':
            text = text[:start] + bytes([int(length * 850) % 256]) + text[start + 1 :]
        else:
            lines = text.split(b'\n')
            lines[0], lines[int(where * (len(lines) - 1))] = lines[int(where * (len(lines) - 1))], lines[0]
            text = b'\n'.join(lines)
    return text


def sound(dataset) -> None:
    """What every reader promises of every entry."""
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    classes = dataset.metainfo.get('classes')
    assert infos and len({info['img_id'] for info in infos}) == len(infos)
    for info in infos:
        assert isinstance(info['gt_label'], int) and 0 <= info['gt_label'] < (len(classes) if classes else 10**12)
        assert isinstance(info['img_path'], str)
        if 'gt_bboxes' in info:
            boxes = info['gt_bboxes']
            assert boxes.dtype == np.float64 and boxes.ndim == 2 and boxes.shape[1] == 4
            assert np.isfinite(boxes).all() and (boxes[:, 2:] > boxes[:, :2]).all() and (boxes[:, 2:] > 0).all()
            assert len(info.get('gt_box_labels', boxes)) == len(boxes)


def body(name: str):
    make, cfg, files = READERS[name]

    def check(example, folder) -> None:
        file, steps, role = example
        root = folder / name.replace(' ', '-')
        settings = {**cfg, 'data_root': str(root), 'serialize_data': False}  # which collects garbage each time
        if not root.exists():
            make(root)
            sound(DATASETS.build({**settings, 'role': TEST}))
        good = (root / file).read_bytes()
        (root / file).write_bytes(damaged(good, steps))
        try:
            sound(DATASETS.build({**settings, 'role': role}))
        except (ValueError, FileNotFoundError) as error:
            assert str(root) in str(error), f'names no file: {error}'
        finally:
            (root / file).write_bytes(good)

    return st.tuples(st.sampled_from(sorted(files)), DAMAGE, st.sampled_from([TEST, FULLSUP, WEAKSUP])), check


BODIES = {f'annotation: {name}': body(name) for name in READERS}


@pytest.mark.slow
@pytest.mark.parametrize('name', BODIES)
def test_a_damaged_annotation_is_sound_or_named(tmp_path, name, record_property):
    try_many(BODIES[name], 200, tmp_path)
    record_property('damaged files refused by name or read as they were', 200)
