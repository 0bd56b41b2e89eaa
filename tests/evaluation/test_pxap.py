import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from wsolzoo.evaluation.functional import pxap
from wsolzoo.evaluation.localization import protocols
from wsolzoo.evaluation.localization.records import pixel_record
from wsolzoo.evaluation.localization.summary import centred_pixels

THRESHOLDS = np.arange(0, 1, 0.001)


def reference(scores, mask, thresholds):
    """Average precision and best IoU by looking at every threshold, without histograms."""
    scores, mask = scores[mask != 255], mask[mask != 255]
    positives = (mask == 1).sum()
    precision, recall, ious = [], [], []
    for edge in [3.0, 2.0, 1.0, *thresholds[::-1]]:
        chosen = scores >= edge
        true = (chosen & (mask == 1)).sum()
        precision.append(true / chosen.sum() if chosen.any() else None)
        recall.append(true / positives)
        ious.append(true / (positives + (chosen & (mask == 0)).sum()))
    total = 0.0
    for k in range(1, len(recall)):
        if precision[k] is not None:
            total += precision[k] * (recall[k] - recall[k - 1])
    return total, max(ious)


@settings(max_examples=40, deadline=None)
@given(npst.arrays(np.float64, (5, 6), elements=st.sampled_from([0, 0.1, 0.25, 0.3, 0.999, 1.0])), st.integers(0, 1000))
def test_against_every_threshold(scores, seed):
    mask = np.random.default_rng(seed).choice([0, 1, 255], (5, 6)).astype(np.uint8)
    mask[0, 0] = 1
    thresholds = np.arange(0, 1, 0.05)
    counts = pxap.histograms(scores, mask, thresholds)[0]
    average, best = reference(scores, mask, thresholds)
    assert pxap.pxap(counts) == pytest.approx(average, abs=1e-11)
    assert pxap.piou(counts)[0] == pytest.approx(best, abs=1e-11)


@pytest.mark.parametrize('interval', [0.001, 0.01, 0.003])
def test_histograms_on_and_beside_every_edge(interval):
    """Edges are multiples of the interval only up to rounding: scores on them and one step beside them."""
    thresholds = np.arange(0, 1, interval)
    edges = np.append(thresholds, 1.0)
    scores = np.clip(np.concatenate([edges, np.nextafter(edges, 2), np.nextafter(edges, -1)]), 0, 1)[None]
    mask = np.random.default_rng(0).choice([0, 1, 255], scores.shape).astype(np.uint8)
    found = pxap.histograms(scores, mask, thresholds)[0]
    for row, value in enumerate((0, 1)):
        expected = np.histogram(scores[mask == value], np.append(thresholds, [1.0, 2.0, 3.0]))[0]
        np.testing.assert_array_equal(found[row], expected)
    assert found.sum() == (mask != 255).sum()


def test_perfect_and_worst_maps():
    mask = np.zeros((4, 4), np.uint8)
    mask[1:3, 1:3] = 1
    counts, _ = pxap.histograms(mask.astype(float), mask, THRESHOLDS)
    assert pxap.pxap(counts) == 1 and pxap.piou(counts)[0] == 1
    counts, _ = pxap.histograms(1.0 - mask, mask, THRESHOLDS)
    assert pxap.pxap(counts) == pytest.approx(0.25)  # all objects come last: precision 4 / 16
    assert pxap.piou(counts) == (0.25, 0)


def test_ignored_pixels_count_nowhere():
    scores = np.array([[0.9, 0.8, 0.1]])
    for mask, expected in (([[255, 1, 0]], 1), ([[0, 1, 0]], 0.5)):
        assert pxap.pxap(pxap.histograms(scores, np.array(mask, np.uint8), THRESHOLDS)[0]) == expected


def test_no_object_is_not_a_number():
    counts, _ = pxap.histograms(np.zeros((2, 2)), np.zeros((2, 2), np.uint8), THRESHOLDS)
    assert np.isnan(pxap.pxap(counts)) and np.isnan(pxap.piou(counts)[0])


def test_sums_over_images_are_micro():
    rng = np.random.default_rng(1)
    scores, mask = rng.random((2, 8, 8)), rng.choice([0, 1, 255], (2, 8, 8)).astype(np.uint8)
    parts = sum(pxap.histograms(s, m, THRESHOLDS)[0] for s, m in zip(scores, mask, strict=True))
    whole = pxap.histograms(scores.reshape(8, 16), mask.reshape(8, 16), THRESHOLDS)[0]
    np.testing.assert_array_equal(parts, whole)


@pytest.mark.parametrize(
    ('scores', 'mask', 'message'),
    [
        (np.zeros((2, 2)), np.zeros((2, 3), np.uint8), 'same shape'),
        (np.full((2, 2), 1.5), np.zeros((2, 2), np.uint8), r'\[0, 1\]'),
        (np.full((2, 2), np.nan), np.zeros((2, 2), np.uint8), r'\[0, 1\]'),
        (np.zeros((2, 2)), np.full((2, 2), 128, np.uint8), 'got 128'),
    ],
)
def test_wrong_input(scores, mask, message):
    with pytest.raises(ValueError, match=message):
        pxap.histograms(scores, mask, THRESHOLDS)


def test_the_centred_box_by_hand():
    """8 of 10 object pixels and 12 of 30 background pixels inside: precision 0.4 to recall 0.8, then 0.25 to 1."""
    numbers = centred_pixels(np.array([[18, 12], [2, 8]]))
    assert numbers['PxAP'] == pytest.approx(100 * (8 / 20 * 0.8 + 10 / 40 * 0.2))
    assert numbers['pIoU'] == pytest.approx(100 * 8 / (8 + 2 + 12))


def test_the_centred_box_counts_the_pixels_of_the_record():
    mask = np.zeros((10, 10), np.uint8)
    mask[0:5, 0:5] = 1
    mask[9] = 255
    record = pixel_record(np.ones((2, 2)), mask, protocols.get('choe2020-pxap'), np.arange(0, 1, 0.1))
    assert record.centred.tolist() == [[65 - 48, 64 - 16], [25 - 16, 16]]
    assert (record + record).centred.sum() == 2 * 90
