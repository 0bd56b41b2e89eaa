"""Folders of defocused pictures, their readers, and the loader of several sources."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from layouts import CROPS, noise, ramp
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader

from wsolzoo.datasets.defocus.multi_source import MultiSource, MultiSourceSampler
from wsolzoo.datasets.defocus.sources import DepthFolder
from wsolzoo.registry import DATASETS, TRANSFORMS
from wsolzoo.synthetic.optics import lens as L
from wsolzoo.synthetic.optics.generate import Recipe, draw, generate, make_one, read_manifest

pytestmark = pytest.mark.usefixtures('zoo_scope')

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

PIPELINE = [{'type': 'LoadImage'}, {'type': 'LoadDefocusTruth'}, *CROPS]


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


def test_a_camera_takes_every_crop_anew_and_leaves_the_map_alone():
    """Grain and compression come in the shares that the settings say; one draw is one photograph."""
    camera = {'exposure': (1, 1), 'grain': (9, 9), 'softness': (0, 0), 'quality': None, 'grainy': 0.5}
    augment = TRANSFORMS.build({'type': 'DefocusAugment', 'size': 32, 'camera': camera})
    flat, grainy = np.full((32, 32, 3), 100, np.uint8), 0
    for number in range(24):
        start = {'img': flat, 'gt_map': np.full((32, 32), number, np.float32), 'img_id': 'a', 'draw': number}
        taken, again = augment(dict(start)), augment(dict(start))
        assert (taken['img'] == again['img']).all() and (taken['gt_map'] == number).all()
        assert taken['img'].std() == 0 or taken['img'].std() == pytest.approx(9, rel=0.1)
        grainy += bool(taken['img'].std())
    assert 6 < grainy < 18
