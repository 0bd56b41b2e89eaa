"""The built-in scenes: reproducible, balanced, true to their annotation, and told by the head."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from wsolzoo.datasets.scenes import Glyphs, ScenesSaliency, WSOLScenes
from wsolzoo.datasets.scenes.store import SceneStore, draw_many
from wsolzoo.registry import DATASETS
from wsolzoo.synthetic.scenes import SPECIES, SceneSpec, draw_glyph, draw_scene, scene_label
from wsolzoo.synthetic.scenes.focus import circle_of_confusion, lens_for
from wsolzoo.synthetic.scenes.habitat import ground_depth
from wsolzoo.synthetic.scenes.species import draw_evidence, species_hue


@pytest.fixture(scope='module')
def scenes():
    return [draw_scene(3, 'test', i) for i in range(40)]


def same(a, b):
    arrays = ('image', 'sharp', 'box', 'mask', 'head', 'depth', 'coc')
    return a.label == b.label and all(np.array_equal(getattr(a, name), getattr(b, name)) for name in arrays)


def test_the_same_scene_whatever_was_drawn_before(scenes):
    assert same(draw_scene(3, 'test', 17), scenes[17])
    assert same(draw_scene(3, 'test', 2), scenes[2])
    for other in (draw_scene(4, 'test', 17), draw_scene(3, 'train', 17), scenes[18]):
        assert not np.array_equal(other.image, scenes[17].image)


def test_workers_draw_what_one_process_draws(scenes):
    spec, fields = SceneSpec(), ('image', 'box', 'mask')
    pooled = draw_many(3, 'test', spec, fields, range(8), workers=2)
    for name in fields:
        assert np.array_equal(pooled[name], np.stack([getattr(scene, name) for scene in scenes[:8]]))


FORKED = """
import cv2, numpy as np
cv2.setNumThreads(2)
cv2.GaussianBlur(np.zeros((2000, 2000, 3), np.uint8), (31, 31), 5)  # OpenCV starts its threads
from wsolzoo.datasets.scenes.store import draw_many
from wsolzoo.synthetic.scenes import SceneSpec
assert len(draw_many(3, 'test', SceneSpec(size=64), ('image',), range(4), workers=2)['image']) == 4
assert cv2.getNumThreads() == 2
"""


def test_workers_draw_after_opencv_has_started_threads():
    subprocess.run([sys.executable, '-c', FORKED], check=True, timeout=100)


@pytest.mark.parametrize('size', [64, 96, 128])
def test_sizes(size):
    scene = draw_scene(0, 'train', 5, size=size)
    assert scene.image.shape == (size, size, 3) and scene.image.dtype == np.uint8
    assert scene.mask.shape == scene.head.shape == scene.depth.shape == scene.coc.shape == (size, size)
    assert scene.depth.dtype == scene.coc.dtype == np.float32 and scene.mask.dtype == scene.head.dtype == bool


def test_boxes_are_tight_and_end_exclusive(scenes):
    for scene in scenes:
        x0, y0, x1, y1 = scene.box.astype(int)
        assert scene.box.dtype == np.float64 and 0 <= x0 < x1 <= 96 and 0 <= y0 < y1 <= 96
        inside = scene.mask[y0:y1, x0:x1]
        assert inside.sum() == scene.mask.sum()
        assert inside[0].any() and inside[-1].any() and inside[:, 0].any() and inside[:, -1].any()


def test_sides_of_the_boxes(scenes):
    longest = [max(s.box[2] - s.box[0], s.box[3] - s.box[1]) / 96 for s in scenes]
    assert min(longest) > 0.3 and max(longest) < 0.9 and max(longest) - min(longest) > 0.25


def test_the_head_is_a_small_part(scenes):
    share = [s.head.sum() / s.mask.sum() for s in scenes]
    assert all((s.head & ~s.mask).sum() == 0 for s in scenes)
    assert 0.05 < np.median(share) < 0.15 and max(share) < 0.3


def test_labels_are_balanced_in_every_ten():
    labels = np.array([scene_label(1, 'train', i) for i in range(60)]).reshape(6, 10)
    assert (np.sort(labels, 1) == np.arange(10)).all()
    assert len({tuple(row) for row in labels}) > 1


def test_depth(scenes):
    rows = ground_depth(np.array([0.0, 80.0, 200.0]), 80.0, 200)
    assert rows.tolist() == [30.0, 30.0, 2.0]
    assert 1 / ground_depth(np.array(140.0), 80.0, 200) == pytest.approx((1 / 30 + 1 / 2) / 2)
    for scene in scenes:
        assert scene.depth.min() >= 2 and scene.depth.max() <= 30
        assert np.allclose(scene.depth[scene.mask], scene.params['animal_depth'])
        sky = scene.depth[: int(scene.params['horizon']) - 1]
        assert (sky == 30).any() and scene.focus == scene.params['animal_depth']


def test_nearer_things_cover_farther_ones(scenes):
    for scene in scenes:
        x0, y0, x1, y1 = scene.box.astype(int)
        hidden_by = scene.depth[y0:y1, x0:x1][~scene.mask[y0:y1, x0:x1]]
        empty = draw_scene(3, 'test', 0, animal=False) if scene is scenes[0] else None
        assert hidden_by.size and (empty is None or not empty.mask.any())


def test_spread_and_flip():
    canonical = [draw_scene(0, 'train', i, spread=0.25, flip=False) for i in range(30)]
    random = [draw_scene(0, 'train', i) for i in range(30)]

    def peak(found):
        return np.mean([s.mask for s in found], 0).max()

    def facing(scene):
        return np.nonzero(scene.head)[1].mean() - np.nonzero(scene.mask)[1].mean()

    assert all(facing(s) > 0 for s in canonical)
    assert {facing(s) > 0 for s in random} == {True, False}
    assert peak(canonical) > peak(random) + 0.1


def test_body_evidence():
    rng = np.random.default_rng(0)
    told = [draw_evidence(rng, 7, 1.0) for _ in range(200)]
    assert {(e.coat, e.tail) for e in told} == {(2, 3)}
    assert np.mean(np.cos([e.hue - species_hue(7) for e in told])) == pytest.approx(0.935, abs=0.02)
    free = [draw_evidence(rng, 7, 0.0) for _ in range(400)]
    assert len({(e.coat, e.tail) for e in free}) == 25
    assert abs(np.mean(np.cos([e.hue - species_hue(7) for e in free]))) < 0.12
    half = np.mean([draw_evidence(rng, 7, 0.5).coat == 2 for _ in range(600)])
    assert half == pytest.approx(0.6, abs=0.07)


def test_the_place_does_not_depend_on_the_animal():
    places = [draw_scene(3, 'test', 6, animal=False, body_evidence=rho).image for rho in (0.0, 1.0)]
    assert np.array_equal(*places)


def test_defocus_is_zero_in_focus_and_the_thin_lens_elsewhere():
    for focus in ('animal', 'random'):
        scene = draw_scene(3, 'test', 4, max_coc=12.0, focus=focus)
        lens, depth = scene.params['lens'], 1000 * scene.depth.astype(np.float64)
        aperture = lens.focal / lens.f_number
        coc = aperture * lens.focal / (lens.focus - lens.focal) * np.abs(depth - lens.focus) / depth * 96 / 36
        assert np.allclose(scene.coc, coc, atol=1e-4) and scene.coc.max() <= 12
        assert circle_of_confusion(scene.focus, lens) == 0
    scene = draw_scene(3, 'test', 4, max_coc=12.0)
    assert (scene.coc[scene.mask] == 0).all()
    assert not np.array_equal(scene.image, scene.sharp)
    core = scene.mask.copy()
    core[:-1] &= scene.mask[1:]
    core[1:] &= scene.mask[:-1]
    blurred = np.abs(scene.image.astype(int) - scene.sharp).mean(2)
    assert blurred[~scene.mask].mean() > 4 * blurred[core].mean()
    assert np.array_equal(scene.sharp, draw_scene(3, 'test', 4).image)


def test_lens_reaches_exactly_the_largest_disc():
    lens = lens_for(70.0, 3.0, 15.0, 1024)
    ends = circle_of_confusion(np.array([2.0, 30.0]), lens)
    assert ends.max() == pytest.approx(15.0) and lens.f_number > 0


def test_role_decides_about_boxes_and_masks():
    train, val, test = (WSOLScenes(split, count=10) for split in ('train', 'val', 'test'))
    assert [d.role for d in (train, val, test)] == ['train-weaksup', 'train-fullsup', 'test']
    assert 'gt_bboxes' not in train[3] and 'gt_seg_map' not in train[3]
    info = test[3]
    scene = draw_scene(0, 'test', 3)
    assert info['img_id'] == 'scenes/test/00003' and info['gt_label'] == scene.label
    assert np.array_equal(info['gt_bboxes'], scene.box[None]) and np.array_equal(info['gt_seg_map'] == 1, scene.mask)
    assert np.array_equal(info['img'], scene.image)
    assert 'gt_bboxes' in WSOLScenes('train', role='train-fullsup', count=10)[3]
    assert test.metainfo['classes'] == SPECIES


def test_default_counts_and_subsets():
    assert [len(WSOLScenes(split)) for split in ('train', 'val', 'test')] == [2000, 500, 500]
    assert WSOLScenes('test', indices=[7, 9], count=20)[1]['img_id'] == 'scenes/test/00009'


def test_registered_under_both_names():
    for name in ('WSOLScenes', 'ScenesLocalization'):
        assert isinstance(DATASETS.build(dict(type=name, split='val', count=10)), WSOLScenes)


def test_saliency_reader():
    info = ScenesSaliency('train', count=10)[1]
    assert set(np.unique(info['gt_map'])) == {0.0, 1.0} and np.array_equal(info['gt_map'], info['gt_seg_map'])


@pytest.mark.parametrize(
    'broken',
    [dict(scene=dict(size=100)), dict(scene=dict(spread=2)), dict(count=0), dict(cache='tape'), dict(role='oracle')],
)
def test_wrong_arguments_are_named(broken):
    with pytest.raises(
        ValueError, match=str(next(iter(next(iter(broken.values()))), '')) if 'scene' in broken else '.'
    ):
        WSOLScenes('train', **broken)
    with pytest.raises(ValueError, match='train, val, test'):
        WSOLScenes('dev')


def test_cache_on_disk(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    path = WSOLScenes('val', count=6, cache=True).store.path(6)
    assert path.parent == tmp_path / 'wsolzoo' and [p.name for p in path.parent.iterdir()] == [path.name]
    monkeypatch.setattr('wsolzoo.datasets.scenes.store.draw_scene', None)
    again = WSOLScenes('val', count=6, cache=True)
    for i in range(6):
        scene = draw_scene(0, 'val', i)
        assert np.array_equal(again[i]['img'], scene.image) and np.array_equal(again[i]['gt_bboxes'][0], scene.box)
        assert np.array_equal(again[i]['gt_seg_map'] == 1, scene.mask)
    again[0]['img'][:] = 0
    assert again[0]['img'].any()


@pytest.mark.parametrize('damage', ['stale', 'torn'])
def test_stale_or_torn_cache_is_drawn_anew(tmp_path, monkeypatch, damage, caplog):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    store = SceneStore(0, 'val', SceneSpec(), ('image',), 'disk')
    store.fill(2)
    path = store.path(2)
    if damage == 'torn':
        path.write_bytes(path.read_bytes()[:500])
    else:
        np.savez(path, recipe=np.array('{"version": 0}'), image=np.zeros((2, 96, 96, 3), np.uint8))
    other = SceneStore(0, 'val', SceneSpec(), ('image',), 'disk')
    other.fill(2)
    assert np.array_equal(other.get(1)['image'], draw_scene(0, 'val', 1).image)
    with np.load(path) as file:
        assert np.array_equal(file['image'][1], other.get(1)['image'])


def test_cache_version_and_parameters_name_the_file(monkeypatch):
    def path(**spec):
        return SceneStore(0, 'val', SceneSpec(**spec), ('image',), 'disk').path(2)

    first = path()
    assert path(body_evidence=0.5) != first == path()
    monkeypatch.setattr('wsolzoo.datasets.scenes.store.FORMAT_VERSION', 999)
    assert path() != first


def test_unwritable_cache_folder_keeps_scenes_in_memory(tmp_path, monkeypatch):
    blocker = tmp_path / 'file'
    blocker.write_text('')
    monkeypatch.setenv('XDG_CACHE_HOME', str(blocker))
    data = WSOLScenes('val', count=2, cache=True)
    assert data[1]['img'].any()


def test_glyphs():
    data = Glyphs('test', count=20)
    info, (picture, mask, label) = data[7], draw_glyph(0, 'test', 7)
    assert info['img_id'] == 'glyphs/test/00007' and info['gt_label'] == label
    assert np.array_equal(info['img'], picture) and picture.shape == (32, 32, 1) and picture.dtype == np.uint8
    assert np.array_equal(info['gt_seg_map'] == 1, mask) and 0.03 < mask.mean() < 0.4
    assert picture[mask].mean() > picture[~mask].mean() + 40
    assert sorted(data[i]['gt_label'] for i in range(10)) == list(range(10))
    assert 'gt_bboxes' in info and 'gt_bboxes' not in Glyphs('train', count=10)[0]


def small_classifier_accuracy(count, **params):
    """Test accuracy of a small net trained on ``count`` scenes at 64 pixels."""
    torch.manual_seed(0)

    def load(split, n):
        images = draw_many(5, split, SceneSpec(size=64, **params), ('image',), range(n))['image']
        labels = torch.tensor([scene_label(5, split, i) for i in range(n)])
        return (torch.from_numpy(images).permute(0, 3, 1, 2).float() - 115) / 60, labels

    def block(i, o):
        return nn.Sequential(nn.Conv2d(i, o, 3, 2, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU())

    net = nn.Sequential(
        block(3, 16), block(16, 32), block(32, 64), nn.Conv2d(64, 10, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )
    (x, y), (xt, yt) = load('train', count), load('test', 400)
    optim = torch.optim.AdamW(net.parameters(), 3e-3)
    for _ in range(30):
        for batch in torch.randperm(count).split(32):
            loss = nn.functional.cross_entropy(net(x[batch]), y[batch])
            optim.zero_grad()
            loss.backward()
            optim.step()
    net.eval()
    with torch.no_grad():
        return (net(xt).argmax(1) == yt).float().mean().item()


@pytest.mark.slow
def test_places_without_the_animal_tell_nothing_about_the_species():
    easy = dict(spread=0.25, flip=False)
    seen, unseen = small_classifier_accuracy(800, **easy), small_classifier_accuracy(800, **easy, animal=False)
    assert seen > 0.4, 'the classifier is too weak for its failure to mean anything'
    print(f'accuracy with the animal {seen:.3f}, without {unseen:.3f}')
    assert unseen < 0.1 + 3.5 * np.sqrt(0.1 * 0.9 / 400)
