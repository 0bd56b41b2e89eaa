"""The thin-lens generator, the readers and the loader of several sources."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.registry import DefaultScope
from torch.utils.data import DataLoader

from wsolzoo.datasets.defocus.drawn import RECIPE
from wsolzoo.datasets.defocus.multi_source import MultiSource, MultiSourceSampler
from wsolzoo.datasets.defocus.photographs import Photographs
from wsolzoo.datasets.defocus.sources import DepthFolder, ScenePairs
from wsolzoo.registry import DATASETS, TRANSFORMS
from wsolzoo.synthetic.optics import depth as D
from wsolzoo.synthetic.optics import lens as L
from wsolzoo.synthetic.optics.camera import Camera, to_bytes
from wsolzoo.synthetic.optics.generate import Recipe, draw, generate, make_one, read_manifest
from wsolzoo.synthetic.optics.layers import composite, cut, defocus, kernel
from wsolzoo.synthetic.scenes import draw_scene

# ---- lens ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ('c_max', 'n', 'near', 'far', 'asymptote'), [(15, 6.343, 15.0, 6.38, 7.5), (29, 3.281, 29.0, 12.33, 14.5)]
)
def test_golden_lens(c_max, n, near, far, asymptote):
    alpha = L.alpha_bound(1000, 20000, 3000, c_max)
    number = L.f_number_of(70, 3000, alpha, 1024)
    assert number == pytest.approx(n, abs=5e-4)
    assert L.alpha_of(70, 3000, number, 1024) == pytest.approx(alpha)
    c = L.disc(np.array([1000.0, 3000.0, 20000.0, 1e12]), 3000, alpha)
    assert c == pytest.approx([near, 0, far, asymptote], abs=6e-3)


def test_equation_1_by_hand():
    f1 = L.image_distance(50, 2000)
    assert 1 / f1 + 1 / 2000 == pytest.approx(1 / 50)  # the lens equation
    millimetres = f1 / 2000 * (50 / 2.8) * abs(5000 - 2000) / 5000
    pixels = L.disc(np.array([5000.0]), 2000, L.alpha_of(50, 2000, 2.8, 720))[0]
    assert pixels == pytest.approx(millimetres * 720 / 36)
    with pytest.raises(ValueError, match='focal length'):
        L.image_distance(50, 50)
    with pytest.raises(ValueError, match='positive'):
        L.disc(np.array([0.0]), 2000, 1)


def test_rules_end_at_seven_pixels():
    assert L.disc_to_sigma(28, 'paper') == L.disc_to_sigma(29, 'released') == L.disc_to_sigma(15, 'coc15') == 7
    assert L.disc_to_sigma(np.array([0.0, 1.0]), 'released').tolist() == [0, 0]


@pytest.mark.parametrize('policy', ['max', 'uniform'])
def test_policies_never_exceed_the_bound(policy):
    depths = np.sort(np.random.default_rng(0).uniform(500, 9000, 300))
    largest = []
    for seed in range(60):
        lens = L.sample_lens(depths, 640, 29, policy, np.random.default_rng(seed))
        largest.append(L.disc(depths, lens.focus, lens.alpha).max())
        assert lens.focal in (50, 70, 85)
    assert max(largest) <= 29 + 1e-9
    if policy == 'max':
        assert min(largest) == pytest.approx(29)
    else:
        assert 8 < np.mean(largest) < 21  # uniform between 0 and the bound


def test_max_policy_favours_near_focus():
    depths = np.linspace(500, 9000, 300)
    rank = [
        np.searchsorted(depths, L.sample_focus(depths, 'max', np.random.default_rng(seed))) / 300 for seed in range(200)
    ]
    spread = [
        np.searchsorted(depths, L.sample_focus(depths, 'uniform', np.random.default_rng(seed))) / 300
        for seed in range(200)
    ]
    assert np.mean(rank) < 0.42 < 0.45 < np.mean(spread) < 0.55


def test_near_scenes_are_moved_back_by_their_own_lens():
    near = np.linspace(100, 2000, 50).reshape(5, 10)
    assert L.shift_depth(near, 50).min() == 250 and L.shift_depth(near, 85).max() == 2325
    assert L.shift_depth(near + 400, 50) is not None and (L.shift_depth(near + 400, 50) == near + 400).all()
    for seed in range(12):
        _, record = draw(near, Recipe(c_max=15, layers=None), np.random.default_rng(seed))
        assert record['near'] == 5 * record['lens']['focal']


def test_focal_lengths_are_drawn_by_weight():
    rng = np.random.default_rng(0)
    drawn = [L.sample_focal(rng) for _ in range(900)]
    assert [drawn.count(f) for f in (50, 70, 85)] == pytest.approx([100, 400, 400], abs=60)


def test_flat_scene_has_no_blur():
    lens = L.sample_lens(np.array([2000.0]), 640, 29, 'max', np.random.default_rng(0))
    assert lens.alpha == 0 and lens.f_number == float('inf')


# ---- compositing -----------------------------------------------------------------------------------------------------


def noise(h=40, w=48, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (h, w, 3)).astype(np.uint8)


def ramp(h=40, w=48):
    return np.repeat(np.linspace(5000, 600, h)[:, None], w, 1)


def test_layers_are_far_to_near_and_merged():
    depth = np.array([[900.0, 1000, 1100, 3000]])
    layers = cut(depth, np.array([[3.0, 1.04, 0.96, 2.0]]))
    assert layers.index.tolist() == [[2, 1, 1, 0]]  # 1.04 and 0.96 are both 1.0
    assert layers.disc.tolist() == [2.0, 1.0, 3.0]
    assert layers.first_sharp == 1


def test_two_sides_of_focus_stay_apart():
    layers = cut(np.array([[900.0, 1000, 1200]]), np.array([[2.0, 0, 2.0]]))
    assert layers.disc.tolist() == [2.0, 0.0, 2.0]


def test_constant_image_stays_constant():
    image = np.full((40, 48, 3), 137, np.uint8)
    for focus in (600, 1500, 5000):
        out, _ = defocus(image, ramp(), L.disc(ramp(), focus, L.alpha_bound(600, 5000, focus, 15)), 15)
        assert np.abs(out - 137).max() < 0.01


def test_one_plane_is_one_gaussian():
    image, depth = noise(), np.full((40, 48), 2000.0)
    out, applied = defocus(image, depth, np.full_like(depth, 9.0), 29, radius_sigmas=None)
    want = cv2.GaussianBlur(image.astype(np.float64), (29, 29), 2.0, borderType=cv2.BORDER_REFLECT)
    assert np.abs(out - want).max() <= 0.01  # sigma = (9 - 1) / 4
    assert np.allclose(applied, 9)
    wide, _ = defocus(image, depth, np.full_like(depth, 29.0), 29)
    want = cv2.GaussianBlur(image.astype(np.float64), (43, 43), 7.0, borderType=cv2.BORDER_REFLECT)
    assert np.abs(wide - want).max() <= 0.5


def rendered_sigma(disc, recipe):
    """Deviation in pixels of a rendered point, along both axes, and what its stored label says."""
    point, flat = np.zeros((97, 97, 1), np.float32), np.full((97, 97), 2000.0)
    point[48, 48] = 255
    out, applied = defocus(
        point, flat, np.full_like(flat, disc), recipe.c_max, recipe.rule, radius_sigmas=recipe.radius_sigmas
    )
    spread, place = out[..., 0].astype(np.float64), np.arange(97) - 48
    moments = [(spread.sum(axis) * place**2).sum() / spread.sum() for axis in (0, 1)]
    label = L.to_sigma(recipe.encode(applied) / (10 * L.MAP_UNITS[recipe.unit]), recipe.unit)
    return np.sqrt(moments), float(label[48, 48])


PRESETS = {
    'released': Recipe(),
    'paper': Recipe.paper(),
    'coc15': Recipe(c_max=15, rule='coc15', unit='coc15'),
    'small': Recipe(c_max=15),
    'drawn': Recipe(**RECIPE),
}


@pytest.mark.parametrize('preset', PRESETS)
def test_labels_are_what_was_rendered(preset):
    """Second moment of a point over the whole range: stored in tenths (0.05 off), cut at three deviations (1.4 %)."""
    recipe = PRESETS[preset]
    for disc in np.linspace(0, recipe.c_max, 13).round(1):
        measured, label = rendered_sigma(disc, recipe)
        assert np.abs(measured - label).max() <= 0.051 + 0.015 * label, disc


def test_published_window_renders_less_than_its_labels_say():
    assert len(kernel(7.0, 29, None)) == 29 and kernel(7.0, 29, None).sum() == pytest.approx(1)
    assert len(kernel(0.05, 29, None)) < 29  # taps that vanish are trimmed
    for name, widest in (('released', 6.26), ('coc15', 4.01)):
        recipe = dataclasses.replace(PRESETS[name], radius_sigmas=None)
        measured, label = rendered_sigma(recipe.c_max, recipe)
        assert label == pytest.approx(7) and measured == pytest.approx([widest] * 2, abs=0.05)


def test_grain_comes_after_the_blur():
    """Of a flat grey picture with wide blur on one half, the grain is the same on both halves."""
    depth = np.where(np.arange(96) < 48, 5000.0, 800.0)[None].repeat(96, 0)
    out, _ = defocus(np.full((96, 96, 3), 120, np.uint8), depth, np.where(depth == 5000, 0.0, 13.0), 29)
    picture = Camera(grain=(4, 4), softness=(0, 0), exposure=(1, 1), quality=None)(out, np.random.default_rng(0))
    left, right = (picture[:, half].std() for half in (slice(0, 40), slice(56, 96)))
    assert left == pytest.approx(4, rel=0.05) and right == pytest.approx(4, rel=0.05)


def test_camera_keeps_the_strength_of_soft_grain_and_compresses():
    flat = np.full((64, 64, 3), 100, np.float32)
    soft = Camera(grain=(5, 5), softness=(0.7, 0.7), exposure=(1.2, 1.2), quality=None)(flat, np.random.default_rng(0))
    assert soft.mean() == pytest.approx(120, abs=0.5) and soft.std() == pytest.approx(5, rel=0.05)
    assert np.corrcoef(soft[:, 1:, 0].ravel(), soft[:, :-1, 0].ravel())[0, 1] > 0.3
    raw, coarse = (Camera(quality=q)(noise().astype(np.float32), np.random.default_rng(0)) for q in (None, (20, 20)))
    assert coarse.dtype == np.uint8 and coarse.shape == raw.shape and np.abs(coarse.astype(int) - raw).max() > 5


def test_scenes_for_defocus_have_no_grain_before_the_lens():
    with_grain = draw_scene(0, 'val', 3, size=64).image.astype(float)
    without = ScenePairs('val', 4, params={'size': 64}).load('val-0-00003')[0]
    gap = with_grain - without
    assert 0.9 < gap.std() < 4.6 and abs(gap.mean()) < 0.5  # the same picture but for its grain


def test_in_focus_pixels_are_untouched_behind_nothing():
    image = noise()
    depth = np.full((40, 48), 2000.0)
    depth[:, 24:] = 6000
    disc = np.where(depth == 2000, 0.0, 8.0)
    out = to_bytes(defocus(image, depth, disc, 29)[0])
    assert (out[:, :24] == image[:, :24]).mean() > 0.999  # a sharp near layer covers what is behind it
    assert (out[:, 30:] != image[:, 30:]).mean() > 0.9


def test_near_blur_bleeds_over_the_sharp_background_smoothly():
    """A blurred near half plane over a sharp far one of constant colour: the edge is the kernel's own profile."""
    image = np.zeros((40, 64, 3), np.uint8)
    image[:, 32:] = 200
    depth = np.where(np.arange(64) < 32, 5000.0, 800.0)[None].repeat(40, 0)
    out = to_bytes(defocus(image, depth, np.where(depth == 5000, 0.0, 13.0), 29)[0])
    taps = kernel(3.0, 29).astype(np.float64)
    edge = np.convolve((np.arange(-64, 192) >= 32).astype(float), taps, mode='same')[64:128]
    assert np.abs(out[20, :, 0] - 200 * edge)[4:-4].max() < 1.5
    assert (np.diff(out[20, :, 0].astype(int)) >= 0).all()


def test_compositing_equals_the_plain_loop(repo):
    sys.path.insert(0, str(repo / 'benchmarks'))
    try:
        import defocus as plain
    finally:
        sys.path.pop(0)
    image, depth = noise(48, 56).astype(np.float32), ramp(48, 56)
    depth[10:30, 20:40] = 900
    depth[25:45, 5:20] = 700
    for focus in (700, 1000, 3000):
        disc = L.disc(depth, focus, L.alpha_bound(600, 5000, focus, 15))
        layers = cut(depth, disc)
        fast = composite(image, layers, 15)
        slow = plain.loop(image, layers.index, layers.disc, layers.first_sharp, 15, 'released')
        assert np.abs(fast - slow).max() < 1.0, focus  # grey levels; the hole is solved to 0.05
        assert np.abs(fast - slow).mean() < 0.02


def test_wrong_inputs_are_refused():
    with pytest.raises(ValueError, match='one size'):
        defocus(noise(), ramp(20, 20), ramp(20, 20), 29)
    with pytest.raises(ValueError, match='c_max'):
        defocus(noise(), ramp(), np.full((40, 48), 31.0), 29)
    with pytest.raises(ValueError, match='coc15'):
        Recipe(unit='coc15')
    with pytest.raises(ValueError, match='7 px'):
        Recipe(c_max=40)


# ---- generating a folder ---------------------------------------------------------------------------------------------


@pytest.fixture
def pairs(tmp_path):
    root = tmp_path / 'pairs'
    root.mkdir()
    for i in range(2):
        cv2.imwrite(str(root / f'p{i}.png'), noise(seed=i))
        depth = ramp().astype(np.uint16)
        depth[0, 0] = 0  # a hole
        cv2.imwrite(str(root / f'p{i}_depth.png'), depth)
    return DepthFolder(str(root))


SMALL = Recipe(c_max=15, layers=None, variants=2)


def files(folder):
    return {p.name: p.read_bytes() for p in sorted(folder.rglob('*.png'))}


def test_generate_resumes_and_does_not_depend_on_order(pairs, tmp_path):
    whole, parts = tmp_path / 'whole', tmp_path / 'parts'
    assert [done for _, done, total in generate(pairs, whole, SMALL)] == [1, 2, 3, 4]
    run = generate(pairs, parts, SMALL, workers=2)
    next(run)
    run.close()  # interrupted after one
    with open(parts / 'manifest.jsonl', 'a') as manifest:
        manifest.write('{"name": "p1_')  # and in the middle of a line
    before = len(read_manifest(parts))
    assert 1 <= before < 4
    assert len(list(generate(pairs, parts, SMALL))) == 4 - before
    assert files(whole / 'images') == files(parts / 'images')
    assert files(whole / 'maps') == files(parts / 'maps')
    assert read_manifest(whole) == read_manifest(parts)
    assert list(generate(pairs, parts, SMALL)) == []
    with pytest.raises(ValueError, match='other settings'):
        next(generate(pairs, parts, Recipe(c_max=15, layers=None, variants=2, seed=1)))


def test_manifest_remakes_the_map(pairs, tmp_path):
    out = tmp_path / 'out'
    list(generate(pairs, out, SMALL))
    meta = json.loads((out / 'meta.json').read_text())
    assert meta['map_unit'] == 'sigma7' and meta['map_scale'] == 70
    for name, record in read_manifest(out).items():
        _, depth = pairs.load(record['pair'])
        depth = L.shift_depth(depth, record['lens']['focal'])
        assert record['near'] == depth.min() and record['far'] == depth.max()
        lens = record['lens']
        assert L.alpha_of(lens['focal'], lens['focus'], lens['f_number'], record['width']) == pytest.approx(
            lens['alpha']
        )
        disc = np.rint(L.disc(depth, lens['focus'], lens['alpha']) * 10) / 10
        stored = cv2.imread(str(out / 'maps' / f'{name}.png'), -1)
        assert stored.dtype == np.uint16
        assert np.abs(stored - 10 * L.disc_to_sigma(disc)).max() <= 0.51
        blurred = cv2.imread(str(out / 'blurred' / f'{name}.png'), -1)
        assert ((blurred == 255) == (disc > 1 + 1e-6)).all()


def test_layers_in_range_are_asked_for(pairs):
    _, depth = pairs.load('p0')
    _, record = draw(depth, Recipe(c_max=15, layers=(5, 10**6)), np.random.default_rng(0))
    assert record['layers_in_range'] and record['trial'] == 1
    _, record = draw(depth, Recipe(c_max=15, layers=(10**5, 10**6), tries=3), np.random.default_rng(0))
    assert not record['layers_in_range'] and record['layers'] <= 40


def test_coc15_unit(pairs):
    sample = make_one(pairs, 'p0', 0, Recipe(c_max=15, rule='coc15', unit='coc15', layers=None))
    assert sample.stored.max() == 150 and sample.record['c_max_applied'] == pytest.approx(15)


def test_disparity_is_turned_around(tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), noise(4, 5))
    cv2.imwrite(str(tmp_path / 'a_disp.png'), np.array([[10, 20, 40, 40, 10]] * 4, np.uint8))
    _, depth = DepthFolder(str(tmp_path), suffix='_disp.png', unit='px', scale=1).load('a')
    assert depth[0].tolist() == [4000, 2000, 1000, 1000, 4000]


def test_too_many_holes_are_refused(tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), noise(4, 5))
    cv2.imwrite(str(tmp_path / 'a_depth.png'), np.array([[0, 0, 400, 400, 100]] * 4, np.uint16))
    with pytest.raises(ValueError, match='60%'):
        DepthFolder(str(tmp_path)).load('a')
    with pytest.raises(FileNotFoundError, match='_depth.png'):
        DepthFolder(str(tmp_path), include=('b*',)).names()


@pytest.mark.data
def test_pairs_with_a_list(data_dir):
    source = DepthFolder(str(data_dir / 'depth'), border=16)
    assert len(source.names()) == 19  # raw sensor depth has too many holes
    image, depth = source.load('nyu/272')
    assert image.shape == (448, 608, 3) and 1000 < depth.min() < depth.max() < 12000
    image, depth = source.load('middlebury/cones')
    assert depth.min() == 1000


def test_command_line(pairs, tmp_path, repo):
    command = [sys.executable, str(repo / 'tools/dataset_tools/make_defocus.py'), str(tmp_path / 'cli')]
    command += ['--pairs', pairs.root, '--c-max', '15', '--layers', '0', '0', '--include', 'p0', '--preset', 'paper']
    command += ['--published-window', '--camera']
    subprocess.run(command, check=True, cwd=repo, env={'PYTHONPATH': str(repo), 'PATH': '/usr/bin:/bin'}, timeout=120)
    assert list(read_manifest(tmp_path / 'cli')) == ['p0_0']
    recipe = json.loads((tmp_path / 'cli' / 'meta.json').read_text())['recipe']
    assert recipe['policy'] == 'uniform' and recipe['rule'] == 'paper' and recipe['c_max'] == 15
    assert recipe['radius_sigmas'] is None and recipe['camera']['grain'] == [0, 4]


# ---- readers and loader ----------------------------------------------------------------------------------------------

META = ('img_id', 'img_shape', 'domain', 'map_unit')
PIPELINE = [
    {'type': 'LoadImage'},
    {'type': 'LoadDefocusTruth'},
    {'type': 'DefocusAugment', 'size': 16, 'max_side': None},
    {'type': 'PackLocalization', 'meta_keys': META},
]


@pytest.fixture(autouse=True)
def scope():
    with DefaultScope.overwrite_default_scope('wsolzoo'):
        yield


@pytest.fixture
def generated(pairs, tmp_path):
    out = tmp_path / 'generated'
    list(generate(pairs, out, SMALL))
    return str(out)


def reader(root, truth='map', pipeline=PIPELINE, **kwargs):
    return DATASETS.build(
        {'type': 'GeneratedDefocus', 'data_root': root, 'truth': truth, 'pipeline': pipeline, **kwargs}
    )


def test_one_folder_plays_three_parts(generated):
    whole = [p for p in PIPELINE if p['type'] != 'DefocusAugment']
    samples = {truth: reader(generated, truth, whole)[1]['data_samples'] for truth in ('map', 'mask', 'none')}
    assert [s.domain for s in samples.values()] == ['synthetic', 'masked', 'real']
    assert samples['map'].gt_map.shape == (1, 40, 48) and samples['map'].map_unit == 'sigma7'
    assert samples['map'].gt_map.max() == pytest.approx(0.5)  # 14 / 4 px of 7
    assert set(np.unique(samples['mask'].gt_mask)) == {0, 1}
    assert 'gt_map' not in samples['mask'] and 'gt_mask' not in samples['none'] and 'gt_map' not in samples['none']
    blurred = samples['mask'].gt_mask == 1
    assert (samples['map'].gt_map[0].numpy()[~blurred] == 0).all()


def test_a_map_in_another_unit_is_refused(generated):
    dataset = reader(generated)
    results = dataset.get_data_info(0) | {'map_scale': 10}
    with pytest.raises(ValueError, match='another unit'):
        TRANSFORMS.build({'type': 'LoadDefocusTruth'})(results)


def test_mask_polarity_must_be_said(tmp_path):
    for folder in ('image', 'gt'):
        (tmp_path / folder).mkdir()
    cv2.imwrite(str(tmp_path / 'image' / 'out_of_focus1.jpg'), noise(20, 20))
    mask = np.zeros((20, 20), np.uint8)
    mask[:5] = 255
    cv2.imwrite(str(tmp_path / 'gt' / 'out_of_focus1.png'), mask)
    pipeline = [{'type': 'LoadImage'}, {'type': 'LoadDefocusTruth'}, {'type': 'PackLocalization'}]
    cfg = {'type': 'BlurMaskFolder', 'data_root': str(tmp_path), 'pipeline': pipeline}
    for blurred, share in (('white', 0.25), ('black', 0.75)):
        assert DATASETS.build(cfg | {'blurred': blurred})[0]['data_samples'].gt_mask.mean() == share
    with pytest.raises(ValueError, match='white'):
        DATASETS.build(cfg | {'blurred': 'yes'})


def test_augmentation_moves_image_and_truth_together():
    grey = np.arange(30 * 40).reshape(30, 40)
    augment = TRANSFORMS.build({'type': 'DefocusAugment', 'size': 16})
    seen = set()
    for draw_number in range(12):
        results = {
            'img': np.dstack([grey] * 3).astype(np.int32),
            'gt_map': grey.astype(np.float32),
            'gt_seg_map': grey % 7,
            'img_id': 'a',
            'draw': draw_number,
        }
        results = augment(results)
        assert results['img'].shape == (16, 16, 3)
        assert (results['img'][..., 0] == results['gt_map']).all() and (
            results['gt_seg_map'] == results['gt_map'] % 7
        ).all()
        seen.add(results['img'].tobytes())
    assert len(seen) == 12


def test_maps_are_never_resized():
    augment = TRANSFORMS.build({'type': 'DefocusAugment', 'size': 64})
    small = {'img': noise(), 'img_id': 'a', 'draw': 0}
    assert augment(dict(small))['img'].shape == (64, 64, 3)  # a photograph is enlarged
    with pytest.raises(ValueError, match='smaller than the crop'):
        augment(small | {'gt_map': np.zeros((40, 48), np.float32)})


def three(root):
    return MultiSource([reader(root), reader(root, 'mask', limit=3), reader(root, 'none', limit=2)])


def draws(sampler):
    return [tuple(d) for d in sampler]


def test_every_source_cycles_at_its_own_length(generated):
    sampler = MultiSourceSampler(three(generated), (2, 1, 1), seed=0, infinite=True)
    stream = iter(sampler)
    first = [next(stream) for _ in range(4 * 12)]
    for source, (count, length) in enumerate([(2, 4), (1, 3), (1, 2)]):
        mine = [index for s, index, _ in first if s == source]
        assert len(mine) == 12 * count
        for lap in range(len(mine) // length):
            assert sorted(mine[lap * length : (lap + 1) * length]) == list(range(length))
    assert [s for s, _, _ in first[:8]] == [0, 0, 1, 2] * 2
    assert len({seed for _, _, seed in first}) == len(first)


def test_sampler_resumes_exactly(generated):
    dataset = three(generated)
    straight = MultiSourceSampler(dataset, (2, 1, 1), seed=3)
    epochs = []
    for epoch in range(4):
        straight.set_epoch(epoch)
        epochs.append(draws(straight))
    assert [len(epoch) for epoch in epochs] == [8] * 4 and len(straight) == 8
    late = MultiSourceSampler(dataset, (2, 1, 1), seed=3)
    late.set_epoch(2)
    assert draws(late) == epochs[2]
    other = MultiSourceSampler(dataset, (2, 1, 1), seed=99)
    other.load_state_dict(json.loads(json.dumps(late.state_dict(batches_done=6))))
    assert draws(other) == epochs[3]
    endless = MultiSourceSampler(dataset, (2, 1, 1), seed=3, infinite=True)
    endless.skip(5 * 4)
    stream = iter(endless)
    assert [next(stream) for _ in range(4)] == (epochs[2] + epochs[3])[4:8]
    with pytest.raises(ValueError, match='whole number of batches'):
        endless.skip(3)


def test_processes_share_the_work(generated, monkeypatch):
    dataset = three(generated)
    module = sys.modules[MultiSourceSampler.__module__]
    parts = []
    for rank in range(2):
        monkeypatch.setattr(module, 'get_dist_info', lambda rank=rank: (rank, 2))
        sampler = MultiSourceSampler(dataset, (1, 1, 1), seed=0)
        parts.append(draws(sampler))
    indices = [index for part in parts for source, index, _ in part if source == 0]
    assert sorted(indices) == [0, 1, 2, 3]


def test_batches_are_the_same_with_workers_and_after_a_resume(generated):
    dataset = three(generated)

    def batches(workers, skip=0):
        torch.manual_seed(workers)  # global randomness must not matter
        sampler = MultiSourceSampler(dataset, (2, 1, 1), seed=1, infinite=True)
        sampler.skip(skip * 4)
        loader = DataLoader(dataset, 4, sampler=sampler, num_workers=workers, collate_fn=pseudo_collate)
        stream = iter(loader)
        return [torch.stack(next(stream)['inputs']) for _ in range(4)]

    alone, helped, resumed = batches(0), batches(2), batches(0, skip=2)
    assert all(torch.equal(a, b) for a, b in zip(alone, helped))
    assert torch.equal(alone[2], resumed[0]) and torch.equal(alone[3], resumed[1])


def test_units_must_agree(pairs, generated, tmp_path):
    other = tmp_path / 'coc15'
    list(generate(pairs, other, Recipe(c_max=15, rule='coc15', unit='coc15', layers=None)))
    with pytest.raises(ValueError, match='coc15, sigma7'):
        MultiSource([reader(generated), reader(str(other))])


def test_drawn_scenes_are_a_function_of_their_number():
    cfg = {'type': 'ScenesDefocus', 'split': 'val', 'count': 2, 'scenes': {'size': 64}, 'recipe': {'c_max': 9}}
    first, again = DATASETS.build(cfg).get_data_info(1), DATASETS.build(cfg | {'cache': False}).get_data_info(1)
    assert (first['img'] == again['img']).all() and (first['gt_map'] == again['gt_map']).all()
    assert first['gt_map'].shape == (64, 64) and 0.2 < first['gt_map'].max() <= 2 / 7 + 1e-6
    masked = DATASETS.build(cfg | {'truth': 'mask'}).get_data_info(1)
    assert (masked['img'] == first['img']).all() and 'gt_map' not in masked and masked['domain'] == 'masked'


# ---- photographs with a drawn depth ----------------------------------------------------------------------------------


@pytest.fixture
def photographs(tmp_path):
    root = tmp_path / 'photos' / 'deep'
    root.mkdir(parents=True)
    for i, shape in enumerate(((90, 70), (60, 80), (30, 40))):  # the last is smaller than the part
        cv2.imwrite(str(root / f'{i}.jpg'), noise(*shape, seed=i), [cv2.IMWRITE_JPEG_QUALITY, 95])
    return str(tmp_path / 'photos')


def test_photographs_with_a_drawn_depth(photographs):
    source = Photographs(photographs, size=48, exclude=('*/1.jpg',))
    assert source.names() == ['deep/0.jpg', 'deep/2.jpg']
    assert Photographs(photographs, limit=2).names() == ['deep/0.jpg', 'deep/2.jpg']
    seen = set()
    for seed in range(8):
        image, depth = source.load('deep/0.jpg', np.random.default_rng(seed))
        assert image.shape == (48, 48, 3) and image.dtype == np.uint8 and depth.shape == (48, 48)
        assert 400 < depth.min() <= depth.max() < 31000
        seen.add(image.tobytes())
    assert len(seen) == 8
    with pytest.raises(FileNotFoundError, match='no photograph'):
        Photographs(photographs, include=('*.gif',)).names()


def test_a_smaller_photograph_is_never_enlarged(photographs):
    """Enlarging would blur it without a label: its sharpest step stays."""
    part = Photographs(photographs, size=48, shrink=(1, 1)).part('deep/2.jpg', np.random.default_rng(0))
    stored = cv2.imread(photographs + '/deep/2.jpg')
    assert (part[:30, :40] == stored).all()


def test_drawn_depth_has_planes_fields_and_layers():
    picture = np.full((64, 64, 3), 100, np.uint8)
    white = np.full((64, 64, 3), 250, np.uint8)
    steps, pasted = [], 0
    for seed in range(40):
        image, depth = D.draw_scene_of(picture, [white], np.random.default_rng(seed))
        steps.append(len(np.unique((1 / depth).round(9))))
        pasted += image.max() > 200
        if image.max() > 200:  # what is pasted lies in front of what is around it, so its edge is one of depth
            cover = image[..., 0] > 200
            assert np.median(depth[cover]) < np.quantile(depth[~cover], 0.95) if (~cover).any() else True
    assert min(steps) < 64 < max(steps) and 8 < pasted < 36
    _, flat = D.draw_scene_of(picture, [], np.random.default_rng(0), max_layers=0)
    assert flat.shape == (64, 64)


def test_a_plane_is_linear_in_nearness():
    plane = D.draw_plane(32, np.random.default_rng(3))
    inner = plane[(plane > 0) & (plane < 1)]
    assert len(inner) and D.to_depth(np.array([0.0, 1.0]), 800.0, 8000.0) == pytest.approx([8000, 800])


def test_photo_depth_is_mixed_with_scenes_and_kept(photographs, tmp_path):
    keep = str(tmp_path / 'kept')
    common = {'pipeline': PIPELINE[2:], 'recipe': {'variants': 2}}
    photos = {'type': 'PhotoDepth', 'data_root': photographs, 'photographs': {'size': 32}, 'keep': keep, **common}
    scenes = {'type': 'ScenesDefocus', 'split': 'train', 'count': 2, 'scenes': {'size': 64}, 'pipeline': PIPELINE[2:]}
    both = MultiSource([photos, scenes])
    assert [len(source) for source in both.sources] == [6, 2] and both.map_unit == 'sigma7'
    sampler = MultiSourceSampler(both, (2, 1), seed=0)
    samples = [both[draw]['data_samples'] for draw in sampler]
    assert {s.domain for s in samples} == {'synthetic'} and all(s.gt_map.shape == (1, 16, 16) for s in samples)
    assert len(read_manifest(keep)) == 6
    again = DATASETS.build(photos | {'cache': False})
    alone = DATASETS.build(photos | {'keep': None})
    for index in range(6):
        a, b = again.get_data_info(index), alone.get_data_info(index)
        assert (a['img'] == b['img']).all() and (a['gt_map'] == b['gt_map']).all()
    with pytest.raises(ValueError, match='other settings'):
        DATASETS.build(photos | {'recipe': {'variants': 2, 'seed': 5}})


def test_the_tool_offers_the_rules_and_units_there_are():
    """The tool writes them out, so that ``--help`` need not import the generator."""
    source = (Path(__file__).parents[2] / 'tools/dataset_tools/make_defocus.py').read_text()
    assert f"'--rule', choices={tuple(L.SIGMA_RULES)}" in source
    assert f"'--unit', choices={tuple(L.MAP_UNITS)}" in source


def test_softening_leaves_the_map_alone():
    """With even chance an image is blurred, by a pixel at the most; the labels stay."""
    plain, soft = (TRANSFORMS.build({'type': 'DefocusAugment', 'size': 32, 'soften': s}) for s in (0.0, 1.0))
    changed = 0
    for number in range(24):
        start = {'img': noise(), 'gt_map': np.zeros((40, 48), np.float32) + number, 'img_id': 'a', 'draw': number}
        a, b = plain(dict(start)), soft(dict(start))
        assert (a['gt_map'] == b['gt_map']).all()
        widest = cv2.GaussianBlur(a['img'], (0, 0), 1.0, borderType=cv2.BORDER_REFLECT)
        assert widest.std() - 0.5 <= b['img'].std() <= a['img'].std()
        changed += bool((a['img'] != b['img']).any())
    assert 6 < changed < 18
