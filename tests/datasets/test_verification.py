"""The verifier finds what is wrong, says where, and lets a good data set pass."""

import json

import cv2
import layouts
import numpy as np
import pytest

from wsolzoo.datasets.verification import dataset_configs, summary, verify_split, wrong_boxes


def verify(cfg, root, **kwargs):
    return verify_split('test', {'role': 'test', 'data_root': str(root), **cfg}, partial=True, **kwargs)


def kinds(report):
    return sorted(problem.kind for problem in report.problems)


GOOD = {
    'cub': {'type': 'CUB', 'split': 'test'},
    'ilsvrc': {'type': 'ILSVRC', 'split': 'val'},
    'wsol_boxes': {'type': 'WSOLMetadata', 'ann_file': 'metadata/val'},
    'openimages': {'type': 'OpenImages30k', 'split': 'test'},
    'tiny_imagenet': {'type': 'TinyImageNet', 'split': 'val'},
    'pets': {'type': 'ImageMaskFolder', 'ann_file': 'annotations/test.txt'},
}


@pytest.mark.parametrize('name', GOOD)
def test_good_copies_pass(name, tmp_path):
    report = verify(GOOD[name], getattr(layouts, name)(tmp_path))
    assert not report.problems, summary([report])
    assert report.images and (report.boxes or report.masks)
    assert summary([report]).endswith('good')


def test_official_counts_are_compared_unless_it_is_a_part(tmp_path):
    root = str(layouts.cub(tmp_path))
    report = verify_split('test', {**GOOD['cub'], 'role': 'test', 'data_root': root})
    assert kinds(report) == ['count', 'count']
    assert '2 images, the official split has 5794' in report.problems[0].detail


def test_every_broken_thing_is_listed(tmp_path):
    root = layouts.cub(tmp_path)
    images = root / 'images'
    (images / '001.Auk/Auk_3.jpg').unlink()
    whole = (images / '002.Wren/Wren_3.jpg').read_bytes()
    (images / '002.Wren/Wren_3.jpg').write_bytes(whole[: len(whole) // 2])
    report = verify(GOOD['cub'], root)
    assert kinds(report) == ['image', 'image']
    text = summary([report])
    assert 'Auk_3.jpg' in text and 'No such file' in text and 'Wren_3.jpg' in text and '2 problems' in text


def test_boxes_are_compared_with_sizes(tmp_path):
    root = layouts.wsol_boxes(tmp_path)
    path = root / 'metadata/val/localization.txt'
    path.write_text('0/5.jpeg,1,2,300,20\n1/6.jpeg,5,-5,9,30')
    report = verify(GOOD['wsol_boxes'], root)
    assert [problem.detail for problem in report.problems] == [
        'the box [1.0, 2.0, 300.0, 20.0] leaves the image of 40x30',
        'the box [5.0, -5.0, 9.0, 30.0] leaves the image of 40x30',
    ]


@pytest.mark.parametrize(
    ('box', 'wrong'),
    [((0, 0, 40, 30), 0), ((0, 0, 40.9, 30), 0), ((0, 0, 42, 30), 1), ((-2, 0, 4, 4), 1), ((0, 0, np.nan, 4), 1)],
)
def test_a_pixel_of_slack(box, wrong):
    assert len(list(wrong_boxes([box], 40, 30))) == wrong


def test_masks_are_opened(tmp_path):
    root = layouts.pets(tmp_path)
    masks = root / 'annotations/trimaps'
    (masks / 'Bombay_2.png').write_text('no picture')
    cv2.imwrite(str(masks / 'pug_2.png'), np.ones((30, 90), np.uint8))
    report = verify(GOOD['pets'], root)
    assert kinds(report) == ['mask', 'mask'] and 'the mask is 90x30, the image 40x30' in summary([report])


def test_checksum_of_a_kept_download(tmp_path):
    root = layouts.cub(tmp_path / 'CUB_200_2011')
    (tmp_path / 'CUB_200_2011.tgz').write_bytes(b'not it')
    report = verify(GOOD['cub'], root)
    assert kinds(report) == ['checksum'] and '97eceeb196236b17998738112f37df78' in report.problems[0].detail


def test_a_class_without_images_and_a_missing_folder(tmp_path):
    root = layouts.cub(tmp_path)
    with open(root / 'classes.txt', 'a') as file:
        file.write('3 003.Owl\n')
    assert kinds(verify(GOOD['cub'], root)) == ['class']
    report = verify(GOOD['cub'], tmp_path / 'nowhere')
    assert kinds(report) == ['annotation'] and 'Expected layout' in report.problems[0].detail


def test_readers_inside_wrappers_are_found():
    reader = {'type': 'CUB', 'role': 'test', 'split': 'test'}
    cfg = {
        'train_dataloader': {'dataset': {'type': 'RepeatDataset', 'times': 2, 'dataset': reader}},
        'test_dataloader': {'dataset': {'type': 'ConcatDataset', 'datasets': [reader, reader]}},
    }
    assert [split for split, _ in dataset_configs(cfg)] == ['train', 'test', 'test']
    sources = {'train_dataloader': {'dataset': {'type': 'MultiSource', 'sources': [reader, reader]}}}
    assert [cfg['type'] for _, cfg in dataset_configs(sources)] == ['CUB', 'CUB']


def test_photographs_with_blur_masks_are_verified_too(tmp_path):
    for n in range(3):
        layouts.picture(tmp_path / f'image/{n}.jpg')
        layouts.mask(tmp_path / f'gt/{n}.png', np.eye(*layouts.SIZE) * 255)
    cfg = {'type': 'BlurMaskFolder', 'blurred': 'white', 'data_root': str(tmp_path), 'role': 'test'}
    report = verify_split('test', cfg)
    assert summary([report]) == 'test  BlurMaskFolder (test): 3 images, 0 boxes, 3 masks: good'
    layouts.mask(tmp_path / 'gt/1.png', np.zeros((30, 90)))
    (tmp_path / 'gt/2.png').write_text('no picture')
    assert kinds(verify_split('test', cfg)) == ['mask', 'mask']


def test_the_tool_writes_a_report_and_its_exit_status_tells(tmp_path, repo, capsys, monkeypatch):
    monkeypatch.syspath_prepend(str(repo / 'tools/dataset_tools'))
    import verify as tool

    (tmp_path / 'data').mkdir()
    layouts.box_csv(tmp_path / 'data')
    config = tmp_path / 'config.py'
    config.write_text(
        'test_dataloader = dict(dataset=dict(type="BoxCSV", role="test", subset="pets", '
        f'data_root={str(tmp_path / "data")!r}))\n'
    )
    assert tool.main([str(config), '--out', str(tmp_path / 'out/report.json')]) == 0
    found = json.loads((tmp_path / 'out/report.json').read_text())
    assert found['splits'][0]['images'] == 2 and found['splits'][0]['boxes'] == 3
    (tmp_path / 'data/images/b.jpg').unlink()
    assert tool.main([str(config)]) == 1
    assert 'b.jpg' in capsys.readouterr().out
    assert tool.main([str(config), '--splits', 'train']) == 2
    assert tool.main([str(tmp_path / 'no.py')]) == 2
