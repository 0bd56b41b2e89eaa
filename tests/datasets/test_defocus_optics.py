"""The thin lens: from depth to discs, from discs to a blurred picture, and the camera behind it."""

import dataclasses
import sys

import cv2
import numpy as np
import pytest
from layouts import noise, ramp

from wsolzoo.datasets.defocus.drawn import RECIPE
from wsolzoo.datasets.defocus.sources import ScenePairs
from wsolzoo.synthetic.optics import lens as L
from wsolzoo.synthetic.optics.camera import Camera, to_bytes
from wsolzoo.synthetic.optics.generate import Recipe, draw
from wsolzoo.synthetic.optics.layers import composite, cut, defocus, kernel
from wsolzoo.synthetic.scenes import draw_scene


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
