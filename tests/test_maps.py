"""Normalisers, resize and boxes against hand-computed values."""

import subprocess
import sys

import numpy as np
import pytest

from wsolzoo import maps
from wsolzoo.maps import normalizers

A = np.array([[-0.4, -0.1, 0, 0.1], [0.2, 0.3, 0.5, 0.4], [0.1, 0.9, 2, 0.6], [-0.2, 0, 0.7, 0.3]])
SIGMOID = 1 / (1 + np.exp(-A))


def test_golden_normalisers():
    np.testing.assert_allclose(maps.pas(A)[0], [0, 0.2308, 0.3077, 0.3846], atol=5e-5)
    np.testing.assert_allclose(maps.pas(A)[2], [0.3846, 1, 1, 0.7692], atol=5e-5)
    np.testing.assert_allclose(maps.ivr(A)[1], [0, 0.0556, 0.1667, 0.1111], atol=5e-5)
    np.testing.assert_allclose(maps.ivr(A)[2], [0, 0.3889, 1, 0.2222], atol=5e-5)
    np.testing.assert_allclose(maps.max_norm(A)[2], [0.05, 0.45, 1, 0.3], atol=5e-5)
    np.testing.assert_allclose(maps.minmax(A)[2], [0.2083, 0.5417, 1, 0.4167], atol=5e-5)


def test_golden_percentile_maximum():
    assert np.percentile(SIGMOID, 90) == pytest.approx(0.689569, abs=1e-6)
    np.testing.assert_allclose(maps.percentile(SIGMOID, 90)[0], [0.5820, 0.6889, 0.7251, 0.7613], atol=5e-5)
    np.testing.assert_allclose(maps.percentile_max(SIGMOID, 0.9)[0], [0.5062, 0.5992, 0.6307, 0.6623], atol=5e-5)


@pytest.mark.parametrize('name', maps.NORMALIZERS)
@pytest.mark.parametrize(
    'bad', [np.full((3, 4), np.nan), np.full((3, 4), 7.0), np.where(A > 1, np.nan, A), np.where(A > 1, np.inf, A)]
)
def test_degenerate_maps_become_zeros(name, bad):
    out = maps.normalize(bad, name)
    assert out.shape == bad.shape and out.dtype == np.float64
    if name == 'clip' and np.isfinite(bad).all():  # a probability map may be constant
        assert (out == 1).all()
    else:
        assert not out.any()


@pytest.mark.parametrize('name', maps.NORMALIZERS)
@pytest.mark.parametrize('dtype', [np.float32, np.float16, np.int16, bool])
def test_range_and_type(name, dtype):
    rng = np.random.default_rng(0)
    raw = (rng.normal(size=(5, 7)) * 3).astype(dtype)
    kept = raw.copy()
    out = maps.normalize(raw, name)
    assert out.dtype == np.float64 and out.min() >= 0 and out.max() <= 1
    assert (raw == kept).all(), 'the input was changed'


@pytest.mark.parametrize('name', ['max', 'ivr', 'percentile', 'percentile_max'])
def test_nothing_positive(name):
    raw = -np.arange(1.0, 13).reshape(3, 4)
    out = maps.normalize(raw, name)
    assert np.isfinite(out).all()
    if name != 'ivr':  # subtracts a percentile, so that a negative map has a top half too
        assert not out.any()


def test_percentiles_of_mostly_constant_maps_do_not_divide_by_zero():
    raw = np.zeros((10, 10))
    raw[4, 4] = 2
    for name in ('pas', 'percentile'):
        out = maps.normalize(raw, name)
        assert out[4, 4] == 1 and out.sum() == 1


def test_minmax_with_eps_is_a_little_below_one():
    out = maps.minmax(np.array([[0.0, 1.0]]), eps=1e-5)
    assert out[0, 1] == pytest.approx(1 / (1 + 1e-5), abs=1e-12)


@pytest.mark.parametrize(
    'bad', [np.zeros((2, 2, 2)), np.zeros(3), np.zeros((0, 4)), np.array([['a']]), np.array([[1j]])]
)
def test_not_a_map(bad):
    with pytest.raises(ValueError, match='map is'):
        maps.minmax(bad)


def test_unknown_normaliser_names_close_ones():
    with pytest.raises(ValueError, match='minmax'):
        maps.normalize(A, 'min_max')
    for call in (lambda: maps.ivr(A, 45), lambda: maps.percentile(A, 0), lambda: maps.percentile_max(A, 1.5)):
        with pytest.raises(ValueError, match='percentile|fraction'):
            call()


@pytest.fixture
def gamma(monkeypatch):
    """A normaliser of somebody else's, registered as a plugin would."""
    monkeypatch.setattr(normalizers, 'NORMALIZERS', dict(maps.NORMALIZERS))

    @maps.register_normalizer('gamma')
    def gamma(map, power, floor=0.0):
        return np.maximum(maps.minmax(map) ** power, floor)

    return gamma


def test_a_registered_normaliser_is_asked_for_like_ours(gamma):
    np.testing.assert_array_equal(maps.normalize(A, {'type': 'gamma', 'power': 2}), maps.minmax(A) ** 2)
    np.testing.assert_array_equal(maps.normalize(A, 'gamma', power=2), maps.minmax(A) ** 2)
    assert maps.normalizer_of({'type': 'gamma', 'power': 2}) == ('gamma', {'power': 2})
    assert maps.settings_of('gamma') == ['power', 'floor']
    assert maps.register_normalizer('gamma')(gamma) is gamma, 'a module that is imported twice'


@pytest.mark.parametrize(
    ('spec', 'message'),
    [
        ({'type': 'gamma', 'powr': 2}, "'gamma' takes no 'powr'; did you mean 'power'"),
        ({'type': 'gamma'}, "'gamma'.*missing.*'power'"),
        ({'type': 'gamma', 'power': 'two'}, "'gamma'.*not supported for the input types"),
        ({'type': 'gamma', 'power': 2, 'floor': 1.5}, 'values in .0, 1.'),
        ({'type': 'ivr', 'percentile': 30}, "'ivr': percentile is a fraction in"),
        ({'type': 'max', 'p': 1}, "'max' takes no 'p'; it takes no arguments"),
        ('gama', "no map normaliser 'gama'; did you mean 'gamma'"),
        ('softmax?!', 'there are clip, gamma, ivr, max, minmax'),
        ({'percentile': 0.3}, "its name as 'type'"),
    ],
)
def test_what_is_wrong_with_a_normaliser_is_said_before_there_is_a_map(gamma, spec, message):
    with pytest.raises(maps.NormalizerError, match=message):
        maps.normalizer_of(spec)


def test_a_taken_name_is_refused(gamma):
    with pytest.raises(maps.NormalizerError, match="'ivr' is registered already by wsolzoo.maps.normalizers"):
        maps.register_normalizer('ivr')(gamma)


def test_others_are_loaded_before_an_unknown_name_is_refused_and_not_for_a_known_one(gamma):
    loaded = []

    def load():
        loaded.append(maps.register_normalizer('late')(maps.minmax))

    assert maps.normalizer_of('ivr', load) == ('ivr', {}) and not loaded
    assert maps.normalizer_of('late', load) == ('late', {}) and loaded


def test_resize():
    raw = np.array([[0.0, 1.0], [2.0, 3.0]], np.float32)
    linear = maps.resize(raw, (4, 6), 'linear')
    assert linear.shape == (4, 6) and linear.dtype == np.float64
    assert linear[0, 0] == 0 and linear[-1, -1] == 3
    assert maps.resize(raw, (32, 32)).max() > 3, 'cubic interpolation overshoots'
    with pytest.raises(ValueError, match='linear, cubic'):
        maps.resize(raw, (4, 4), 'nearest')


def test_quantise_truncates():
    np.testing.assert_array_equal(maps.quantise(np.array([[0, 0.999, 1, 0.5]])), [[0, 254, 255, 127]])
    for bad in ([[1.1]], [[-0.1]], [[np.nan]]):
        with pytest.raises(ValueError, match=r'\[0, 1\]'):
            maps.quantise(np.array(bad))


def test_golden_thresholds():
    """The unit test of the reference evaluator, in our terms: boxes clipped to the index of the last pixel."""
    raw = np.array([[0, 0, 0, 0, 0], [0, 0.4, 0.4, 0.4, 0.6], [0, 0.4, 1, 0.8, 0.6], [0, 0.4, 0.4, 0.4, 0.6]])
    expected = {0: [1, 1, 4, 3], 0.2: [1, 1, 4, 3], 0.4: [2, 1, 4, 3], 0.6: [2, 2, 4, 3], 0.8: [2, 2, 3, 3]}
    for t, box in expected.items():
        found = maps.largest_contour_box(maps.threshold(maps.quantise(raw), t))
        np.testing.assert_array_equal(np.minimum(found, [99, 99, 4, 3]), box)


def test_holes_and_ties():
    mask = np.zeros((9, 12), bool)
    mask[1:8, 1:8] = True
    mask[3:6, 3:6] = False
    mask[4, 10] = mask[7, 10] = True
    assert {tuple(box) for box in maps.contour_boxes(mask)} == {
        (1, 1, 8, 8),
        (2, 2, 7, 7),
        (10, 4, 11, 5),
        (10, 7, 11, 8),
    }
    np.testing.assert_array_equal(maps.largest_contour_box(mask), [1, 1, 8, 8])
    np.testing.assert_array_equal(maps.largest_component_box(mask), [1, 1, 8, 8])
    lines = np.zeros((5, 9), bool)  # polygon areas are all zero: the contour that OpenCV lists first, the last one
    lines[0, 1:8] = lines[4, 2] = True
    np.testing.assert_array_equal(maps.largest_contour_box(lines), [2, 4, 3, 5])
    np.testing.assert_array_equal(maps.largest_component_box(lines), [1, 0, 8, 1])
    pair = np.zeros((1, 5), bool)
    pair[0, [1, 3]] = True
    np.testing.assert_array_equal(maps.largest_component_box(pair), [1, 0, 2, 1])


def test_empty_masks():
    empty = np.zeros((4, 5), bool)
    assert maps.largest_contour_box(empty) is None
    assert maps.largest_component_box(empty) is None
    assert maps.contour_boxes(empty).shape == (0, 4)


def test_threshold_of_grey_levels_is_relative_and_strict():
    levels = np.array([[0, 100, 101, 200]], np.uint8)
    np.testing.assert_array_equal(maps.threshold(levels, 0.5), [[False, False, True, True]])
    np.testing.assert_array_equal(maps.threshold(np.array([[0.4, 0.5, 0.6]]), 0.5), [[False, False, True]])


def test_import_needs_no_torch():
    code = (
        'import sys, wsolzoo.maps, wsolzoo.evaluation.localization.protocols, wsolzoo.evaluation.functional.flood\n'
        'assert not {"torch", "numba"} & set(sys.modules)'
    )
    subprocess.run([sys.executable, '-c', code], check=True)
