"""Photographs with a drawn depth."""

import cv2
import numpy as np
import pytest
from layouts import CROPS, noise

from wsolzoo.datasets.defocus.multi_source import MultiSource, MultiSourceSampler
from wsolzoo.datasets.defocus.photographs import Photographs
from wsolzoo.registry import DATASETS
from wsolzoo.synthetic.optics import depth as D
from wsolzoo.synthetic.optics.generate import read_manifest

pytestmark = pytest.mark.usefixtures('zoo_scope')


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


def test_a_smaller_photograph_is_enlarged_only_where_it_is_asked_for(photographs):
    """Enlarging blurs it without a label."""
    stored = cv2.imread(photographs + '/deep/2.jpg')
    part = Photographs(photographs, size=48, shrink=(1, 1)).part('deep/2.jpg', np.random.default_rng(0))
    assert (part[:30, :40] == stored).all()
    part = Photographs(photographs, size=48, shrink=(2, 2), parts=1).part('deep/2.jpg', np.random.default_rng(0))
    assert part.shape == (48, 48, 3) and np.abs(np.diff(part.astype(int), axis=0)).mean() < (
        0.8 * np.abs(np.diff(stored.astype(int), axis=0)).mean()
    )


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
    common = {'pipeline': CROPS, 'recipe': {'variants': 2}}
    photos = {'type': 'PhotoDepth', 'data_root': photographs, 'photographs': {'size': 32}, 'keep': keep, **common}
    scenes = {'type': 'ScenesDefocus', 'split': 'train', 'count': 2, 'scenes': {'size': 64}, 'pipeline': CROPS}
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
