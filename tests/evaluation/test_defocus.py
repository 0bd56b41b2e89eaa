"""Defocus metrics against golden values and against definitions written out."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from wsolzoo.evaluation.functional import defocus as fn
from wsolzoo.evaluation.metrics.defocus import BlurMaskMetric, DefocusError, RTFError
from wsolzoo.structures import DataSample
from wsolzoo.synthetic.optics.lens import to_sigma

DISC = np.array([[0, 0.5, 0.6], [1, 3.1, 6]])
OUT = np.array([[0, 0.05, 1 / 15], [0.2, 0.5, 1]])
MAP = np.array([[0.1, 0.2, 0.4], [0.6, 0.8, 0.9]])
MASK = np.array([[0, 0, 0], [1, 1, 1]])


def test_units_are_the_same_blur():
    sigma = np.linspace(0, 7, 29)
    assert np.allclose(to_sigma(sigma / 7, 'sigma7'), sigma)
    assert np.allclose(to_sigma((2 * sigma + 1) / 15, 'coc15'), sigma)
    assert to_sigma(np.array([0.0, 1 / 15]), 'coc15').tolist() == [0, 0]  # a disc of up to 1 px is sharp
    with pytest.raises(ValueError, match='coc15, sigma7'):
        to_sigma(sigma, 'coc29')


def test_disc_table_golden():
    assert np.allclose(fn.rtf_sigma(DISC), [[0.3, 0.3, 0.3], [0.65, 1.65, 3.275]])
    assert fn.rtf_sigma(0.625) == 0.3  # a tie takes the first row
    assert len(fn.RTF_TABLE) == 23


def test_rtf_error_golden():
    mse, mae = fn.rtf_error(OUT, DISC, 'coc15', eight_bit=False)
    assert mse == pytest.approx(0.0458792, abs=5e-8)
    assert mae == pytest.approx(0.1450382, abs=5e-8)
    rounded = fn.rtf_error(OUT, DISC, 'coc15')
    assert rounded.mae != mae and rounded.mae == pytest.approx(mae, abs=5e-3)


def test_adaptive_threshold_golden():
    assert fn.adaptive_threshold(MAP, 0.3) == pytest.approx(0.34)
    assert fn.blur_accuracy(MAP, MASK, 0.3) == pytest.approx(5 / 6)
    assert fn.adaptive_threshold(MAP, 0.5) == pytest.approx(0.5)
    assert fn.blur_accuracy(MAP, MASK, 0.5) == 1


def test_accuracy_ignores_255():
    mask = np.array([[0, 0, 255], [1, 1, 1]])
    assert fn.blur_accuracy(MAP, mask, 0.3) == 1


def brute_average_precision(pred, mask, levels):
    low, high, area, last = pred.min(), pred.max(), 0.0, 0.0
    for a in np.linspace(1, 0, levels):
        taken = pred >= a * high + (1 - a) * low - 1e-12
        recall = (taken & (mask == 1)).sum() / (mask == 1).sum()
        area += (recall - last) * (taken & (mask == 1)).sum() / taken.sum()
        last = recall
    return area


def test_average_precision_is_the_sweep_of_a():
    rng = np.random.default_rng(0)
    for _ in range(5):
        pred, mask = rng.random((9, 7)), rng.integers(0, 2, (9, 7))
        assert fn.blur_average_precision(pred, mask, 32) == pytest.approx(
            brute_average_precision(pred, mask, 32), abs=1e-9
        )
    assert fn.blur_average_precision(MAP, MASK) == 1
    assert fn.blur_average_precision(1 - MAP, MASK) < 0.7
    assert fn.blur_average_precision(np.full((2, 3), 0.5), MASK) == pytest.approx(0.5)  # share of blurred pixels
    with pytest.raises(ValueError, match='blurred'):
        fn.blur_average_precision(MAP, 0 * MASK)


def test_common_part():
    assert fn.map_error(np.zeros((32, 48)), np.ones((40, 50))) == (1, 1)
    with pytest.raises(ValueError, match='not the same image'):
        fn.map_error(np.zeros((32, 48)), np.ones((64, 48)))


def test_rank_correlation_ignores_scale():
    truth = np.random.default_rng(0).random((24, 20))
    assert fn.rank_correlation(truth**3 + 5, truth) == pytest.approx(1)
    assert fn.rank_correlation(-truth, truth, stride=1) == pytest.approx(-1)
    assert fn.rank_correlation(0 * truth, truth) == 0
    ties = np.round(truth * 3)
    from scipy.stats import spearmanr

    assert fn.rank_correlation(ties, truth, 1) == pytest.approx(spearmanr(ties.ravel(), truth.ravel())[0])


def test_stack_agreement():
    index = np.random.default_rng(0).uniform(1, 3, (12, 12))
    blur = np.abs(np.arange(5)[:, None, None] - index)
    assert fn.stack_agreement(index, blur) == pytest.approx((1, 1, 1, 1, 144))
    assert fn.stack_agreement(index, -blur).rank == pytest.approx(-1)
    noise = fn.stack_agreement(index, np.random.default_rng(1).random(blur.shape))
    assert abs(noise.rank) < 0.15 and abs(noise.within) < 0.15
    assert fn.stack_agreement(index, 0 * blur).rank == 0  # a constant map orders nothing
    with pytest.raises(ValueError, match='clear focus'):
        fn.stack_agreement(index, blur, np.zeros((12, 12), bool))
    with pytest.raises(ValueError, match='F >= 3'):
        fn.stack_agreement(index, blur[:2])


@pytest.fixture(scope='module')
def tilted():
    """Frames of a tilted plane whose right half has a thirtieth of the contrast, and its true place of focus."""
    place = np.repeat(np.linspace(1, 5, 128)[:, None], 96, 1)
    contrast = np.where(np.arange(96) < 48, 90.0, 3.0)
    texture = np.random.default_rng(0).standard_normal((128, 96)) * contrast
    pyramid = np.stack([gaussian_filter(texture, s) for s in np.arange(0, 6.6, 0.25)])
    level = np.rint(np.abs(np.arange(7)[:, None, None] - place) / 0.25).astype(int)
    frames = np.stack([np.take_along_axis(pyramid, one[None], 0)[0] for one in level])
    noise = np.random.default_rng(1).standard_normal(frames.shape)
    return frames + 0.02 * noise, place


def test_focus_index_does_not_depend_on_contrast(tilted):
    frames, place = tilted
    sharp = np.stack([fn.sharpness(frame, 4) for frame in frames])
    focus = fn.focus_index(sharp, smooth=4, quantile=0.0)
    inner = np.abs(focus.index - place)[12:-12, 8:-8]
    assert inner.mean() < 0.25
    assert focus.clear[20:-20].mean() > 0.8
    with pytest.raises(ValueError, match='F >= 3'):
        fn.focus_index(sharp[:2])


def test_an_answer_to_contrast_is_told_from_blur(tilted):
    """Sharpness itself follows the frames of each pixel, but not the blur over the pixels of one frame."""
    frames, place = tilted
    sharp = np.stack([fn.sharpness(frame, 4) for frame in frames])
    perfect = fn.stack_agreement(place, np.abs(np.arange(7)[:, None, None] - place))
    contrast = fn.stack_agreement(place, -np.log(sharp))
    assert perfect.rank == pytest.approx(1) and perfect.within == pytest.approx(1)
    assert contrast.rank > 0.9 and contrast.within < 0.75


def sample(name='a', pred=None, meta=(), **fields):
    one = DataSample(metainfo={'img_id': name, **dict(meta)})
    one.pred_map = torch.as_tensor(MAP if pred is None else pred)
    for key, value in fields.items():
        one.set_field(value, key)
    return one.to_dict()


def test_defocus_error_knows_units():
    truth = torch.full((1, 4, 4), 0.5)
    metric = DefocusError()
    pred = torch.full((4, 4), (2 * 3.5 + 1) / 15)  # the same 3.5 px in the other unit
    meta = {'pred_unit': 'coc15', 'map_unit': 'sigma7'}
    metric.process(None, [sample(pred=pred, meta=meta, gt_map=truth)])
    result = metric.evaluate(1)
    assert result['defocus/MAE_px'] == pytest.approx(0, abs=1e-6)
    assert result['defocus/mean_px'] == pytest.approx(3.5)
    assert 'defocus/MAE' not in result  # map values of two units cannot be subtracted
    metric.process(None, [sample(pred=pred, meta={'pred_unit': 'sigma7', 'map_unit': 'sigma7'}, gt_map=truth)])
    assert metric.evaluate(1)['defocus/MAE'] == pytest.approx(abs(8 / 15 - 0.5))
    with pytest.raises(ValueError, match='map_unit'):
        metric.process(None, [sample(pred=pred, gt_map=truth)])


def test_blur_mask_metric_refuses_inverted_maps():
    metric = BlurMaskMetric()
    metric.process(None, [sample(gt_mask=MASK)])
    result = metric.evaluate(1)
    assert result['blur/accuracy'] == pytest.approx(500 / 6)
    assert result['blur/AP'] == 100 and result['blur/polarity'] > 0
    metric.process(None, [sample(pred=1 - MAP, gt_mask=MASK)])
    with pytest.raises(ValueError, match='inverted'):
        metric.evaluate(1)
    lenient = BlurMaskMetric(min_polarity=None)
    lenient.process(None, [sample(pred=1 - MAP, gt_mask=MASK)])
    assert lenient.evaluate(1)['blur/polarity'] < 0


def test_rtf_metric():
    metric = RTFError()
    metric.process(None, [sample(pred=OUT, meta={'pred_unit': 'coc15'}, gt_disc=DISC)])
    assert metric.evaluate(1)['rtf/MAE'] == pytest.approx(0.1450382, abs=5e-3)
