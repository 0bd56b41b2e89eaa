"""Broken files: counted and replaced in training, an error that names the file everywhere else."""

import logging
import os

import layouts
import pytest
import torch
from torch.utils.data import DataLoader

from wsolzoo.datasets.annotation import AnnotationError, as_box
from wsolzoo.datasets.base import LocalizationDataset
from wsolzoo.datasets.decoding import BrokenFile
from wsolzoo.datasets.loading import LoadImage, need

PIPELINE = [{'type': 'LoadImage'}, {'type': 'Geometry', 'name': 'WE', 'size': 16}, {'type': 'PackLocalization'}]


class Folder(LocalizationDataset):
    """``total`` entries over a few files, so that one broken file in many is cheap to have."""

    def __init__(self, paths, total, **kwargs):
        self.paths, self.total = paths, total
        super().__init__(pipeline=PIPELINE, **kwargs)

    def load_data_list(self):
        return [
            {'img_id': f'{i}', 'img_path': str(self.paths[min(i, len(self.paths) - 1)]), 'gt_label': i % 2}
            for i in range(self.total)
        ]


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)  # the replacement of a broken image is drawn


@pytest.fixture
def files(tmp_path):
    good = layouts.picture(tmp_path / 'good.jpg')
    truncated = tmp_path / 'truncated.jpg'
    truncated.write_bytes(good.read_bytes()[:40])
    return {'good': good, 'truncated': truncated, 'missing': tmp_path / 'missing.jpg'}


@pytest.fixture
def warnings_of(caplog):
    """Messages of MMEngine's current logger, which does not propagate."""
    from mmengine.logging import MMLogger

    logger = MMLogger.get_instance('loading', logger_name='loading')
    logger.addHandler(caplog.handler)
    yield lambda: [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    logger.removeHandler(caplog.handler)


def test_training_names_counts_and_replaces_a_broken_image(files, warnings_of):
    dataset = Folder([files['truncated'], files['missing'], files['good']], 200, role='train-weaksup')
    for _ in range(3):
        assert dataset[0]['inputs'].shape == (3, 16, 16)
    assert len(warnings_of()) == 1  # once a file, not once an epoch
    dataset[1]
    first, second = warnings_of()
    assert f'{files["truncated"]} (40 bytes; truncated, or not an image); another image takes its place' in first
    assert 'broken so far: 1 of 200, limit 1%' in first
    assert str(files['missing']) in second and 'broken so far: 2 of 200' in second


def test_more_than_one_in_a_hundred_ends_training(files):
    dataset = Folder([files['truncated'], files['truncated'], files['good']], 100, role='train-weaksup')
    dataset[0]
    with pytest.raises(BrokenFile, match=r'2 of 100 images are broken, more than 1%; the last: .*verify\.py'):
        dataset[1]


def test_loader_processes_share_the_count(files):
    paths = [files['truncated'] if i in (0, 33, 66, 99) else files['good'] for i in range(300)]
    dataset = Folder(paths, 300, role='train-weaksup')
    list(DataLoader(dataset, 10, sampler=range(99), num_workers=2, collate_fn=len))
    assert int(dataset._broken.sum()) == 3
    with pytest.raises(BrokenFile, match='4 of 300 images are broken'):
        dataset[99]


@pytest.mark.parametrize(
    'kwargs', [{'role': 'test'}, {'role': 'train-fullsup'}, {'role': 'train-weaksup', 'test_mode': True}]
)
@pytest.mark.parametrize('kind', ['truncated', 'missing'])
def test_everywhere_else_it_is_an_error_that_names_the_file(files, kwargs, kind):
    dataset = Folder([files[kind], files['good']], 1000, **kwargs)
    with pytest.raises(BrokenFile, match=os.path.basename(files[kind])):
        dataset[0]


def test_the_replacement_comes_from_torchs_generator(files):
    def replacement(seed):
        torch.manual_seed(seed)
        return Folder([files['missing'], files['good']], 1000, role='train-weaksup')[0]['data_samples'].img_id

    assert replacement(1) == replacement(1) != replacement(2)


def test_broken_images_say_what_is_wrong(tmp_path, files):
    (tmp_path / 'empty.jpg').touch()
    (tmp_path / 'text.jpg').write_text('not a picture')
    (tmp_path / 'folder.jpg').mkdir()
    for name, message in [
        ('empty.jpg', r'cannot be decoded: .*empty\.jpg \(0 bytes'),
        ('text.jpg', r'cannot be decoded: .*text\.jpg \(13 bytes; truncated, or not an image'),
        ('folder.jpg', r'cannot be read: .*folder\.jpg \(Is a directory'),
        ('missing.jpg', r'cannot be read: .*missing\.jpg \(No such file'),
    ]:
        with pytest.raises(BrokenFile, match=message):
            LoadImage()({'img_path': str(tmp_path / name)})


def test_need_returns_what_is_there(tmp_path):
    assert need(str(tmp_path), 'the folder', 'any') == tmp_path
    with pytest.raises(
        FileNotFoundError, match='the list is missing: .*/list.txt .*Expected layout: a/b.*docs/datasets.md'
    ):
        need(tmp_path / 'list.txt', 'the list', 'a/b')


@pytest.mark.parametrize('words', [['1', '2', '3'], ['1', '2', '3', 'x'], ['1', '2', '3', 'inf'], ['', '', '', '']])
def test_boxes_that_are_none(words):
    with pytest.raises(AnnotationError, match='boxes.txt, line 3: a box is four numbers'):
        as_box(words, 'boxes.txt, line 3')
    assert as_box(['1', '2.5', '3', '4'], '') == [1, 2.5, 3, 4]
