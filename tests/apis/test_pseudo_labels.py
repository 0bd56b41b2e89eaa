"""Pseudo-labels: what is written, that a kill loses nothing, and that labels of something else are refused."""

import json

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config

from tests import tiny_run
from wsolzoo.apis.pseudo_labels import PROBE, Recipe, make_pseudo_labels, word
from wsolzoo.datasets.pseudo_labels import LoadPseudoLabels, PseudoLabelError, read_manifest, read_table
from wsolzoo.registry import DATASETS
from wsolzoo.structures import DataSample
from wsolzoo.testing import build_model, scope

COUNT = 24


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """A config of 24 scenes, and random weights."""
    folder = tmp_path_factory.mktemp('pseudo')
    config = tiny_run.write_config(folder)
    torch.manual_seed(0)
    torch.save(build_model(Config.fromfile(config)).state_dict(), folder / 'first.pth')
    return folder


@pytest.fixture
def make(place, tmp_path, monkeypatch):
    tiny_run.hurry(monkeypatch, place)

    def run(kind='boxes', out='labels', weights='first.pth', stop_after=None, overwrite=False, **recipe):
        steps = make_pseudo_labels(
            Config.fromfile(place / 'tiny.py'), str(place / weights), tmp_path / out, Recipe(kind, **recipe),
            batch_size=5, overwrite=overwrite,
        )  # fmt: skip
        for done, total in steps:
            assert total == COUNT
            if stop_after is not None and done >= stop_after:
                steps.close()
        return tmp_path / out

    return run


def scenes(folder, kind='boxes', **settings):
    pipeline = [
        {'type': 'LoadPseudoLabels', 'folder': str(folder), 'kind': kind},
        {'type': 'RandomFlip', 'prob': 1.0},
        {'type': 'PackLocalization'},
    ]
    settings = {'split': 'train', 'count': COUNT, 'scene': {'size': 64}, 'cache': 'memory', **settings}
    with scope():
        return DATASETS.build({'type': 'WSOLScenes', 'pipeline': pipeline, **settings})


def test_boxes_reach_a_split_that_gives_no_truth(make):
    folder = make()
    manifest = read_manifest(folder)
    assert manifest.complete and manifest.images == COUNT and manifest.rule == {'type': 'otsu'}
    assert len(manifest.checkpoint_sha256) == 64
    label = read_table(folder / 'labels.csv')['scenes/train/00003']
    sample = scenes(folder)[3]['data_samples']
    x0, y0, x1, y1 = label.box
    np.testing.assert_allclose(sample.pseudo_boxes, [[64 - x1, y0, 64 - x0, y1]], err_msg='flipped with the image')
    assert 'gt_boxes' not in sample and sample.gt_label == label.label


def test_the_tables_of_boxes_and_masks_are_data_sets_too(make, tmp_path):
    for kind in ('boxes', 'masks'):
        folder = make(kind, out=kind)
        data = DATASETS.build({'type': 'wsolzoo.BoxCSV', 'role': 'train-fullsup', 'data_root': str(folder),
                               'ann_file': 'labels.csv'})  # fmt: skip
        assert len(data) == COUNT and ({'gt_bboxes', 'seg_map_path'} & set(data.get_data_info(0)))


def test_masks_and_maps_come_back_as_they_were_written(make):
    rule = {'type': 'fixed', 'threshold': 0.6, 'background': 0.2}
    mask = scenes(make('masks', out='masks', rule=rule), 'masks')[0]['data_samples'].pseudo_mask
    assert mask.shape == (64, 64) and set(np.unique(mask)) == {0, 1, 255}
    folder = make('seeds', out='seeds')
    assert read_manifest(folder).rule is None
    stored = cv2.imread(str(folder / 'seeds/0000/0000000.png'), cv2.IMREAD_UNCHANGED)
    assert stored.dtype == np.uint16 and stored.shape == (8, 8) and stored.min() == 0 and stored.max() == 65535
    map = scenes(folder, 'seeds')[0]['data_samples'].pseudo_map
    assert map.shape == (1, 64, 64) and map.dtype == torch.float32 and 0 <= map.min() < map.max() <= 1
    np.testing.assert_allclose(map[0, 32, 32], (map[0, 31:33, 31:33].mean()), atol=0.1)


def test_an_interrupted_run_goes_on_and_gives_the_same(make, tmp_path):
    whole = (make(out='whole') / 'labels.csv').read_bytes()
    folder = make(stop_after=8)
    assert not read_manifest(folder).complete and not (folder / 'labels.csv').exists()
    with pytest.raises(PseudoLabelError, match='not finished'):
        scenes(folder)
    part = folder / 'labels.csv.part'
    part.write_bytes(part.read_bytes()[:-7])  # killed within a row
    assert (make() / 'labels.csv').read_bytes() == whole
    before = (folder / 'labels.csv').stat().st_mtime_ns
    assert make() == folder and (folder / 'labels.csv').stat().st_mtime_ns == before, 'nothing is left to do'


def test_labels_of_two_sources_never_mix(make, place):
    folder = make()
    torch.manual_seed(1)
    torch.save(build_model(Config.fromfile(place / 'tiny.py')).state_dict(), place / 'second.pth')
    with pytest.raises(PseudoLabelError, match='checkpoint_sha256'):
        make(weights='second.pth')
    with pytest.raises(PseudoLabelError, match="rule: {'type': 'otsu'} and {'type': 'mean'}"):
        make(rule='mean')
    assert read_manifest(make(weights='second.pth', overwrite=True)).checkpoint.endswith('second.pth')
    assert read_manifest(folder).complete


def test_stale_and_foreign_labels_are_refused(make, place, tmp_path):
    with pytest.raises(PseudoLabelError, match=r'there are no pseudo-labels .*make_pseudo_labels.py'):
        scenes(tmp_path / 'nothing')
    torch.save({'head.fc.bias': torch.zeros(10)}, place / 'other.pth')
    folder = make()
    with pytest.raises(PseudoLabelError, match='holds boxes, and masks are asked for'):
        scenes(folder, 'masks')
    with pytest.raises(PseudoLabelError, match='of seed 0, .* but these are .* of seed 1'):
        scenes(folder, seed=1)
    with pytest.raises(PseudoLabelError, match='16 of 40 images have no label, such as scenes/train/00024'):
        scenes(folder, count=40)
    assert len(scenes(folder, count=10)) == 10, 'a part of the images will do'
    with pytest.raises(PseudoLabelError, match='stale'):
        LoadPseudoLabels(str(folder), 'boxes', checkpoint=str(place / 'other.pth')).read()
    manifest = json.loads((folder / 'manifest.json').read_text())
    (folder / 'manifest.json').write_text(json.dumps(manifest | {'format': 0}))
    with pytest.raises(PseudoLabelError, match='no manifest'):
        scenes(folder)


def test_the_test_split_gets_no_pseudo_labels(make, place, monkeypatch):
    with pytest.raises(PseudoLabelError, match='role="test"'):
        make(split='test')


def sample_of(raw, size, seen, window):
    """A prediction on an image of ``size`` of which the network saw ``window`` as ``seen`` pixels."""
    probe = PROBE[0] * np.tile(size[::-1], 2)
    scale = np.tile(seen[::-1], 2) / np.tile(window[2:] - window[:2], 2)
    sample = DataSample(metainfo={'ori_shape': size, 'img_shape': seen})
    sample.pseudo_boxes = ((probe - np.tile(window[:2], 2)) * scale)[None]
    sample.pred_raw_map = torch.tensor(raw)
    return sample


def test_labels_are_in_the_frame_of_the_stored_image():
    raw = np.zeros((4, 4), np.float32)
    raw[1:3, 1:3] = 1
    cropped = sample_of(raw, (100, 200), (8, 8), np.array([50.0, 0, 150, 100]))
    assert word(cropped, Recipe('boxes', {'type': 'fixed', 'threshold': 0.5})).tolist() == [75, 25, 125, 75]
    mask = word(cropped, Recipe('masks'))
    assert mask.shape == (100, 200) and (mask[:, :50] == 255).all() and mask[50, 100] == 1 and mask[0, 60] == 0
    with pytest.raises(PseudoLabelError, match='cuts a part off'):
        word(cropped, Recipe('seeds'))
    nothing = sample_of(np.ones((4, 4), np.float32), (100, 200), (8, 8), np.array([0.0, 0, 200, 100]))
    assert word(nothing, Recipe('boxes')).tolist() == [0, 0, 200, 100], 'no foreground: the whole image'
    nothing.pred_boxes = torch.tensor([[1.0, 2.0, 5.0, 6.0]])
    assert word(nothing, Recipe('boxes')).tolist() == pytest.approx([25, 25, 125, 75]), (
        'a model of boxes is taken at its word'
    )


def test_recipes_are_refused_before_anything_is_read():
    for wrong, match in (
        ({'kind': 'box'}, 'boxes, masks, seeds'),
        ({'kind': 'boxes', 'rule': 'ots'}, "did you mean 'otsu'"),
        ({'kind': 'boxes', 'rule': {'type': 'fixed', 'value': 1}}, "takes no 'value'"),
        ({'kind': 'masks', 'rule': {'type': 'fixed', 'threshold': 0.1, 'background': 0.2}}, 'must not exceed'),
        ({'kind': 'boxes', 'normalizer': 'minmaxx'}, "did you mean 'minmax'"),
    ):
        with pytest.raises(ValueError, match=match):
            Recipe(**wrong)
