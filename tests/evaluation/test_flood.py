"""The one-pass kernels against findContours at every threshold."""

import threading

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from wsolzoo.evaluation.functional import flood

SIZES = [(1, 1), (1, 7), (7, 1), (2, 2), (3, 5), (4, 4), (9, 9), (17, 23), (32, 31), (96, 112)]


def reference(levels, truths, offset):
    """Threshold by threshold, contour by contour, number by number; shares no code with the package."""
    height, width = levels.shape
    largest, best, pixels = [], [], []
    previous = None
    for t in range(256):
        mask = (levels > t).astype(np.uint8)
        if previous is not None and (mask == previous).all():
            for results in (largest, best, pixels):
                results.append(results[-1])
            continue
        previous = mask
        contours = cv2.findContours(mask, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)[0]
        if not contours:
            largest.append((0, 0, 0, 0))
            best.append(-1.0)
            pixels.append((0, 0, 0, 0))
            continue
        x, y, w, h = cv2.boundingRect(max(contours, key=cv2.contourArea))
        largest.append((x, y, x + w, y + h))
        ious = [0.0]
        for contour in contours:
            x, y, w, h = cv2.boundingRect(contour)
            box = (x, y, min(x + w, width - 1), min(y + h, height - 1))
            ious += [overlap(box, truth, offset) for truth in truths]
        best.append(max(ious))
        count, names, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        firsts = [np.flatnonzero(names.ravel() == k)[0] for k in range(1, count)]
        ranked = sorted(range(1, count), key=lambda k: (-stats[k, cv2.CC_STAT_AREA], firsts[k - 1]))
        x, y, w, h = stats[ranked[0], :4]
        pixels.append((x, y, x + w, y + h))
    return np.array(largest), np.array(best), np.array(pixels)


def overlap(a, b, offset):
    wide = min(a[2], b[2]) - max(a[0], b[0]) + offset
    high = min(a[3], b[3]) - max(a[1], b[1]) + offset
    if wide <= 0 or high <= 0:
        return 0.0
    both = wide * high
    whole = (a[2] - a[0] + offset) * (a[3] - a[1] + offset) + (b[2] - b[0] + offset) * (b[3] - b[1] + offset) - both
    return both / whole if whole > 0 else 0.0


def rings(shape):
    y, x = np.indices(shape)
    distance = np.minimum(np.minimum(y, shape[0] - 1 - y), np.minimum(x, shape[1] - 1 - x))
    return np.where(distance % 2 == 0, 240 - distance, distance)


KINDS = {
    'noise': lambda rng, shape: rng.integers(0, 256, shape),
    'few levels': lambda rng, shape: rng.integers(0, 4, shape) * 60,
    'two levels': lambda rng, shape: (rng.random(shape) < 0.5) * 255,
    'constant': lambda rng, shape: np.full(shape, rng.integers(0, 256)),
    'empty': lambda rng, shape: np.zeros(shape),
    'full': lambda rng, shape: np.full(shape, 255),
    'sparse pixels': lambda rng, shape: (rng.random(shape) < 0.1) * rng.integers(1, 256, shape),
    'lines': lambda rng, shape: np.maximum(
        (rng.random(shape[0]) < 0.3)[:, None] * 90, (rng.random(shape[1]) < 0.3) * 200
    ),
    'checkerboard': lambda rng, shape: np.indices(shape).sum(0) % 2 * 100 + rng.integers(0, 2, shape),
    'rings': lambda rng, shape: rings(shape),
    'holes': lambda rng, shape: 255 - (rng.random(shape) < 0.15) * rng.integers(1, 256, shape),
    'ramp': lambda rng, shape: np.indices(shape).sum(0) * 3 % 256,
    'smooth': lambda rng, shape: cv2.resize(rng.random((4, 4)), shape[::-1], interpolation=cv2.INTER_LINEAR) * 255,
}


def check(levels, truths, offset=1):
    largest, best, pixels = reference(levels, truths, offset)
    np.testing.assert_array_equal(flood.largest_boxes(levels), largest)
    np.testing.assert_array_equal(flood.largest_boxes(levels, flood.PIXELS), pixels)
    ious, boxes = flood.best_boxes(levels, np.array(truths, float).reshape(-1, 4), offset)
    np.testing.assert_array_equal(ious, best)
    for iou, box in zip(ious, boxes, strict=True):  # the box given is one that has this IoU
        assert iou == (max([overlap(box, truth, offset) for truth in truths], default=0.0) if iou >= 0 else -1)


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('size', SIZES, ids=str)
def test_equal_to_contours_at_every_threshold(kind, size):
    rng = np.random.default_rng([list(KINDS).index(kind), *size])
    for _ in range(1 if size[0] > 40 else 3):
        levels = KINDS[kind](rng, size).astype(np.uint8)
        corners = rng.integers(0, max(size), (2, 2))
        truths = np.concatenate([corners, corners + rng.integers(0, max(size), (2, 2))], 1).tolist()
        check(levels, truths)


@settings(max_examples=80, deadline=None)
@given(
    npst.arrays(
        np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.sampled_from([0, 1, 7, 128, 255])
    ),
    st.lists(st.tuples(*[st.integers(0, 9)] * 4), max_size=3),
    st.sampled_from([0, 1]),
)
def test_equal_to_contours_on_anything(levels, corners, offset):
    check(levels, [(x, y, x + w, y + h) for x, y, w, h in corners], offset)


def test_golden_contours():
    """Two objects, one with a hole: the boxes that OpenCV 5.0 gives at three thresholds."""
    levels = np.zeros((224, 224), np.uint8)
    levels[50:151, 60:181] = 255
    levels[80:121, 90:131] = 51
    levels[200:206, 5:11] = 204
    cases = {
        25: {(5, 200, 11, 206), (60, 50, 181, 151)},
        76: {(5, 200, 11, 206), (60, 50, 181, 151), (89, 79, 132, 122)},
    }
    cases[229] = {(60, 50, 181, 151), (89, 79, 132, 122)}
    for t, expected in cases.items():
        for box in expected:
            ious, boxes = flood.best_boxes(levels, np.array([box], float))
            assert ious[t] == 1
            np.testing.assert_array_equal(boxes[t], box)
        for box in {(5, 200, 11, 206), (89, 79, 132, 122)} - expected:
            assert flood.best_boxes(levels, np.array([box], float))[0][t] < 1
    np.testing.assert_array_equal(flood.largest_boxes(levels)[[25, 76, 229]], [[60, 50, 181, 151]] * 3)
    full = np.full((224, 224), 255, np.uint8)
    np.testing.assert_array_equal(flood.best_boxes(full, np.zeros((0, 4)))[1][:255], [[0, 0, 223, 223]] * 255)


def test_more_levels_than_a_byte_holds():
    rng = np.random.default_rng(3)
    ranks = rng.integers(0, 1000, (20, 30)).astype(np.uint16)
    boxes = flood.largest_boxes(ranks, flood.PIXELS, count=1000)
    for t in (0, 300, 800, 998):
        count, _, stats, _ = cv2.connectedComponentsWithStats((ranks > t).astype(np.uint8), connectivity=8)
        sizes = stats[1:, cv2.CC_STAT_AREA]
        x, y, w, h = stats[1 + sizes.argmax(), :4]
        assert (sizes == sizes.max()).sum() > 1 or tuple(boxes[t]) == (x, y, x + w, y + h)
    with pytest.raises(ValueError, match='does not fit'):
        flood.largest_boxes(ranks, count=500)


def test_workspaces_are_clean_between_maps_and_sizes():
    rng = np.random.default_rng(5)
    found = []
    shapes = [(12, 15), (15, 12), (12, 15), (3, 60)] * 3
    levels = [rng.integers(0, 256, shape).astype(np.uint8) for shape in shapes]
    truth = np.array([[2, 2, 9, 9.0]])
    for _ in range(2):
        found.append([(flood.largest_boxes(m), *flood.best_boxes(m, truth)) for m in levels])
        levels = levels[::-1]
    for once, again in zip(found[0], found[1][::-1], strict=True):
        for a, b in zip(once, again, strict=True):
            np.testing.assert_array_equal(a, b)


def test_threads_do_not_share_memory():
    rng = np.random.default_rng(6)
    levels = [rng.integers(0, 256, (40, 40)).astype(np.uint8) for _ in range(12)]
    expected, found = [flood.largest_boxes(m) for m in levels], {}

    def work(start):
        for k in range(start, 12, 3):
            found[k] = flood.largest_boxes(levels[k])

    threads = [threading.Thread(target=work, args=(k,)) for k in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k, boxes in enumerate(expected):
        np.testing.assert_array_equal(found[k], boxes)


def test_without_numba_the_answers_are_the_same(monkeypatch):
    rng = np.random.default_rng(7)
    levels = [KINDS[kind](rng, (13, 11)).astype(np.uint8) for kind in KINDS]
    truth = np.array([[1, 2, 8, 9.0], [3, 3, 5, 5]])

    def everything():
        return [
            (flood.largest_boxes(m), flood.largest_boxes(m, flood.PIXELS), flood.best_boxes(m, truth)[0])
            for m in levels
        ]

    compiled = everything()
    monkeypatch.setattr(flood, 'kernels', lambda: None)
    for one, other in zip(compiled, everything(), strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize('bad', [np.zeros((3, 3)), np.zeros((3, 3, 1), np.uint8), np.zeros((0, 3), np.uint8)])
def test_wrong_input(bad):
    with pytest.raises(ValueError, match='levels are'):
        flood.largest_boxes(bad)
    with pytest.raises(ValueError, match='component is'):
        flood.largest_boxes(np.zeros((2, 2), np.uint8), 'biggest')
