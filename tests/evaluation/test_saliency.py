"""Saliency measures against golden values, against PySODMetrics (a stored run) and against their own properties."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsolzoo.evaluation.functional import saliency

HERE = Path(__file__).parent
_spec = importlib.util.spec_from_file_location('make_saliency_fixture', HERE / 'make_saliency_fixture.py')
cases = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(cases)

NAMES = ('adpF', 'maxF', 'meanF', 'MAE', 'S', 'adpE', 'maxE', 'meanE', 'wF')
GOLDEN = {  # measured with PySODMetrics 1.6.2
    'same': (1, 1, 0.997275, 0, 1, 1.000651, 1.000651, 0.997720, 1),
    'inverse': (0, 0.302326, 0.001181, 1, 0, 0, 0.250163, 0.000977, 0),
    'black': (0.302326, 0.302326, 0.001181, 0.25, 0.375, 0.250163, 0.250163, 0.250163, 0),
    'white': (0.302326, 0.302326, 0.302326, 0.75, 0.125, 0.250163, 0.250163, 0.250163, 0.301193),
    'grey': (0, 0.302326, 0.152344, 0.500980, 0.399527, 0.250163, 0.250163, 0.250163, 0.262039),
    'ramp': (0, 0.393939, 0.215825, 0.5, 0.365511, 0.304994, 0.568885, 0.390152, 0.262453),
    'blob': (0.913223, 0.952690, 0.643294, 0.192533, 0.825044, 0.890589, 0.960414, 0.644458, 0.590841),
    'shift': (0.729167, 0.729167, 0.727499, 0.135417, 0.719282, 0.870567, 0.870567, 0.868143, 0.744367),
    'empty-black': (0, 0, 0, 0, 1, 0, 1.000651, 0.996743, 0),
    'empty-blob': (0, 0, 0, 0.271626, 0.728374, 0.823453, 0.998046, 0.727341, 0),
    'full-white': (1, 1, 1, 0, 1, 1.000651, 1.000651, 1.000651, 1),
    'full-blob': (0.482533, 1, 0.509225, 0.728374, 0.271626, 0.177199, 1.000651, 0.273310, 0.527164),
    'pixel-blob': (0.004774, 0.302326, 0.015470, 0.270975, 0.406957, 0.253538, 0.540740, 0.262146, 0.002829),
}


def golden_case(name):
    rows, columns = np.mgrid[:32, :48]
    gt = np.zeros((32, 48), np.uint8)
    gt[8:24, 12:36] = 255
    blob = np.clip(255 * np.exp(-(((rows - 15.5) / 10) ** 2 + ((columns - 23.5) / 14) ** 2)), 0, 255).astype(np.uint8)
    pixel = np.zeros_like(gt)
    pixel[15, 23] = 255
    constant = np.full_like(gt, 255)
    return {
        'same': (gt, gt),
        'inverse': (255 - gt, gt),
        'black': (0 * gt, gt),
        'white': (constant, gt),
        'grey': (np.full_like(gt, 128), gt),
        'blob': (blob, gt),
        'shift': (np.roll(gt, (2, 4), (0, 1)), gt),
        'ramp': (np.tile(np.round(np.linspace(0, 255, 48)), (32, 1)).astype(np.uint8), gt),
        'empty-black': (0 * gt, 0 * gt),
        'empty-blob': (blob, 0 * gt),
        'full-white': (constant, constant),
        'full-blob': (blob, constant),
        'pixel-blob': (blob, pixel),
    }[name]


def scores(pred, gt, **kwargs):
    return saliency.summarize([saliency.evaluate_image(pred, gt, **kwargs)])


@pytest.mark.parametrize('name', GOLDEN)
def test_golden_table(name):
    results = scores(*golden_case(name))
    assert [results[key] for key in NAMES] == pytest.approx(GOLDEN[name], abs=6e-7)


def test_stretch_golden():
    gt = golden_case('same')[1]
    weak = (gt // 255 * 100).astype(np.uint8)
    assert scores(weak, gt)['MAE'] == 0
    assert scores(weak, gt, normalize=False)['MAE'] == pytest.approx(0.25 * 155 / 255)


@pytest.mark.parametrize('normalize', [True, False])
def test_equals_pysodmetrics(normalize):
    fixture = json.loads((HERE / 'saliency_pysodmetrics.json').read_text())
    pairs = [cases.make_case(seed) for seed in fixture['seeds']]
    assert [cases.digest(*pair) for pair in pairs] == fixture['digests'], 'this NumPy draws other maps from the seeds'
    expected = fixture['stretched' if normalize else 'raw']
    records = [saliency.evaluate_image(*pair, normalize=normalize) for pair in pairs]
    for name, values in expected['per_image'].items():
        assert [record.scalars[name] for record in records] == pytest.approx(values, abs=1e-12), name
    results = saliency.summarize(records)
    for name, value in expected['averages'].items():
        assert results[name] == pytest.approx(value, abs=1e-12), name
    histograms = np.stack([record.histogram for record in records])
    np.testing.assert_allclose(saliency.f_curve(histograms).mean(0), expected['curve_F'], atol=1e-12)
    e_curves = [saliency.e_curve(histogram) for histogram in histograms]
    np.testing.assert_allclose(np.mean(e_curves, 0), expected['curve_E'], atol=1e-12)


def naive_f(pred_mask, mask, beta2=0.3):
    tp = (pred_mask & mask).sum()
    precision = tp / pred_mask.sum() if pred_mask.any() else 0
    recall = tp / mask.sum() if mask.any() else 0
    bottom = beta2 * precision + recall
    return (1 + beta2) * precision * recall / bottom if bottom else 0


def naive_e(pred_mask, mask):
    """Pixel by pixel, as the paper writes it."""
    if not mask.any():
        enhanced = ~pred_mask
    elif mask.all():
        enhanced = pred_mask
    else:
        p, g = pred_mask - pred_mask.mean(), mask - mask.mean()
        enhanced = (2 * p * g / (p * p + g * g + 2.22e-16) + 1) ** 2 / 4
    return enhanced.sum() / (mask.size - 1)


@pytest.mark.parametrize('name', ['ramp', 'blob', 'empty-blob', 'full-blob', 'grey'])
def test_curves_equal_thresholding(name):
    pred, gt = golden_case(name)
    unit, mask = saliency.as_unit_map(pred), saliency.as_mask(gt)
    histogram = saliency.level_histogram(unit, mask)
    levels = np.floor(255 * unit)
    np.testing.assert_allclose(saliency.f_curve(histogram), [naive_f(levels >= t, mask) for t in range(256)])
    np.testing.assert_allclose(saliency.e_curve(histogram), [naive_e(levels >= t, mask) for t in range(256)])


def test_three_maxima_are_three_numbers():
    records = [saliency.evaluate_image(*cases.make_case(seed)) for seed in range(6)]
    results = saliency.summarize(records)
    curves = saliency.f_curve(np.stack([record.histogram for record in records]))
    assert results['maxF'] == curves.mean(0).max() and results['maxF_image'] == curves.max(1).mean()
    assert len({round(results[name], 6) for name in ('maxF', 'maxF_image', 'maxF_pr')}) == 3
    assert results['maxF_image'] >= results['maxF'] >= results['meanF']


def test_centroid_in_the_last_row_or_column_is_a_number():
    for spot in (np.s_[-1:, :], np.s_[:, -1:], np.s_[-1:, -1:]):
        gt = np.zeros((9, 7), bool)
        gt[spot] = True
        assert saliency.s_measure(gt.astype(float), gt) == pytest.approx(1)
        assert 0 <= saliency.s_measure(np.linspace(0, 1, 63).reshape(9, 7), gt) <= 1


def test_mask_f_is_the_cut_at_one_half():
    pred = np.array([[0.2, 0.5], [0.6, 0.9]])
    gt = np.array([[False, True], [True, True]])
    record = saliency.evaluate_image(pred, gt)
    assert record.scalars['maskF'] == pytest.approx(1.3 * (2 / 3) / (0.3 + 2 / 3))


maps = st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed))


@settings(max_examples=40, deadline=None)
@given(rng=maps, height=st.integers(1, 20), width=st.integers(1, 20), object_share=st.sampled_from([0, 0.1, 0.5, 1]))
def test_bounds_and_flips(rng, height, width, object_share):
    if height * width == 1:
        return
    pred = np.floor(rng.random((height, width)) * 256).astype(np.uint8)
    gt = rng.random((height, width)) < object_share
    record = saliency.evaluate_image(pred, gt)
    size = height * width
    for name, value in record.scalars.items():
        top = size / (size - 1) if name == 'adpE' else 1
        assert -1e-12 <= value <= top + 1e-12, name
    assert record.histogram.sum() == size and record.histogram[1].sum() == gt.sum()
    flipped = saliency.evaluate_image(pred[:, ::-1], gt[:, ::-1])
    np.testing.assert_array_equal(record.histogram, flipped.histogram)
    for name in ('MAE', 'adpF', 'adpE', 'maskF'):
        assert flipped.scalars[name] == pytest.approx(record.scalars[name])


@settings(max_examples=20, deadline=None)
@given(rng=maps)
def test_stretch_forgets_gain_and_offset(rng):
    levels = np.floor(rng.random((6, 9)) * 65) / 64
    gt = rng.random((6, 9)) < 0.4
    a, b = saliency.as_unit_map(levels), saliency.as_unit_map(levels * 0.5 + 0.25)
    np.testing.assert_array_equal(a, b)
    assert saliency.s_measure(a, gt) == saliency.s_measure(b, gt)


@pytest.mark.parametrize(
    'pred, gt, message',
    [
        (np.zeros((4, 5)), np.zeros((5, 4), bool), r'\(4, 5\).*\(5, 4\)'),
        (np.full((2, 2), 1.5), np.zeros((2, 2), bool), r'\[0, 1\].*1.5'),
        (np.full((2, 2), np.nan), np.zeros((2, 2), bool), 'NaN'),
        (np.zeros((2, 2), int), np.zeros((2, 2), bool), 'int64'),
        (np.zeros((1, 2, 2)), np.zeros((2, 2), bool), r'\(h, w\)'),
        (np.zeros((2, 2)), np.ones((2, 2), np.uint8), 'only 0 and 1'),
        (np.zeros((2, 2)), np.ones((2, 2), int), 'int64'),
        (np.zeros((2, 2)), np.full((2, 2), 2.0), r'\[0, 1\]'),
    ],
)
def test_errors_name_what_came(pred, gt, message):
    with pytest.raises(ValueError, match=message):
        saliency.evaluate_image(pred, gt)


def test_summarize_refuses_nothing():
    with pytest.raises(ValueError, match='no image'):
        saliency.summarize([])


def sample(seed, **fields):
    pred, gt = cases.make_case(seed)
    return {'img_id': f'im/{seed}', 'pred_map': pred / 255, 'gt_map': (gt[None] > 128).astype(np.float32), **fields}


def metric(samples, size=None, **kwargs):
    from wsolzoo.evaluation.metrics import SaliencyMetric

    evaluator = SaliencyMetric(**kwargs)
    evaluator.process(None, samples)
    return evaluator.evaluate(len({item['img_id'] for item in samples}) if size is None else size)


def test_metric_equals_functional_and_counts_an_image_once():
    from wsolzoo.evaluation.metrics.saliency import EXTRA_KEYS, KEYS

    samples = [sample(seed) for seed in range(4)]
    results = metric(samples + samples[:1], keys=KEYS + EXTRA_KEYS)
    expected = saliency.summarize([saliency.evaluate_image(*cases.make_case(seed)) for seed in range(4)])
    assert results == {f'saliency/{key}': value * (1 if key == 'MAE' else 100) for key, value in expected.items()}
    assert set(metric(samples)) == {f'saliency/{name}' for name in KEYS}


def test_metric_reads_tensors_and_masks():
    import torch

    plain = metric([sample(1)])
    item = sample(1)
    mask = item.pop('gt_map')[0].astype(np.uint8)
    tensor = torch.from_numpy(item['pred_map'])
    assert metric([{**item, 'pred_map': tensor, 'gt_mask': mask}]) == plain
    assert metric([{**item, 'pred_map': tensor[None], 'gt_mask': torch.from_numpy(mask)}]) == plain
    close = metric([{**item, 'pred_map': tensor.to(torch.bfloat16), 'gt_mask': mask}])
    assert close['saliency/MAE'] == pytest.approx(plain['saliency/MAE'], abs=0.01)


def test_metric_resizes_only_if_allowed():
    small = sample(2, pred_map=np.linspace(0, 1, 20).reshape(4, 5))
    assert 0 <= metric([small])['saliency/MAE'] <= 1
    with pytest.raises(ValueError, match=r'im/2.*\(4, 5\)'):
        metric([small], resize=None)


def test_eight_bit_is_the_saved_picture():
    item = sample(1)
    blurred = (item['pred_map'] * 0.7 + 0.1001).astype(np.float32)
    saved = np.round(blurred.astype(np.float64) * 255).astype(np.uint8)
    from_png = metric([{**item, 'pred_map': saved / 255}])
    assert metric([{**item, 'pred_map': blurred}], eight_bit=True) == from_png
    assert metric([{**item, 'pred_map': blurred}]) != from_png


def test_metric_bootstrap_brackets_the_value():
    results = metric([sample(seed) for seed in range(6)], keys=('maxF', 'MAE'), num_resamples=50)
    assert set(results) == {f'saliency/{a}{b}' for a in ('maxF', 'MAE') for b in ('', '_low', '_high')}
    assert results['saliency/MAE_low'] < results['saliency/MAE'] < results['saliency/MAE_high']


@pytest.mark.parametrize(
    'fields, message',
    [
        ({'pred_map': np.full((3, 3), -2.0), 'gt_map': np.zeros((3, 3))}, r'im/1.*\[0, 1\].*-2.*sigmoid'),
        ({'pred_map': np.zeros((2, 3, 3))}, r'`pred_map` must be \(h, w\).*\(2, 3, 3\)'),
        ({'gt_map': np.full((3, 3), 7.0)}, r'\[0, 1\]'),
    ],
)
def test_metric_errors_name_the_image(fields, message):
    with pytest.raises(ValueError, match=message):
        metric([sample(1, **fields)])


def test_metric_refuses_ignored_pixels_missing_fields_and_unknown_keys():
    item = sample(1)
    del item['gt_map']
    with pytest.raises(ValueError, match='`gt_map` or `gt_mask`.*pred_map'):
        metric([item])
    with pytest.raises(ValueError, match='no ignored pixels'):
        metric([{**item, 'gt_mask': np.full(item['pred_map'].shape, 255, np.uint8)}])
    with pytest.raises(ValueError, match="'maxG'.*maxF"):
        metric([], keys=['maxG'])
    with pytest.raises(ValueError, match='nearest'):
        metric([], resize='nearest')
