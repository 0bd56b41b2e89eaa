"""The one-pass kernels against findContours at every threshold."""

import threading

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from tests.evaluation import oracle
from tests.evaluation.oracle import overlap
from wsolzoo.evaluation.functional import flood
from wsolzoo.evaluation.localization import protocols
from wsolzoo.evaluation.localization.records import box_record, pixel_record
from wsolzoo.evaluation.localization.summary import thresholds_of

CONTOUR, EVERY, PIXELS = flood.COMPONENTS
SIZES = [(1, 1), (1, 7), (7, 1), (2, 2), (3, 5), (4, 4), (9, 9), (17, 23), (32, 31), (48, 56)]


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


def every_level(levels, component, truths=(), offset=1, clip=True, count=256):
    """Box and IoU at every level, -1 where nothing is above it."""
    space = flood.workspace(levels.shape, count, count)
    space.levels[:] = levels
    truths = np.array(truths, float).reshape(-1, 4)
    runs = space.sweep(truths, np.arange(float(count)), None, component, offset, clip)
    lengths = np.diff(runs.starts, append=count)
    return np.repeat(runs.boxes, lengths, 0), np.repeat(np.where(runs.empty, -1, runs.ious), lengths)


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
    np.testing.assert_array_equal(every_level(levels, CONTOUR, clip=False)[0], largest)
    np.testing.assert_array_equal(every_level(levels, PIXELS, clip=False)[0], pixels)
    boxes, ious = every_level(levels, EVERY, truths, offset)
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
            boxes, ious = every_level(levels, EVERY, [box])
            assert ious[t] == 1
            np.testing.assert_array_equal(boxes[t], box)
        for box in {(5, 200, 11, 206), (89, 79, 132, 122)} - expected:
            assert every_level(levels, EVERY, [box])[1][t] < 1
    np.testing.assert_array_equal(every_level(levels, CONTOUR)[0][[25, 76, 229]], [[60, 50, 181, 151]] * 3)
    full = np.full((224, 224), 255, np.uint8)
    np.testing.assert_array_equal(every_level(full, EVERY)[0][:255], [[0, 0, 223, 223]] * 255)


def test_more_levels_than_a_byte_holds():
    rng = np.random.default_rng(3)
    ranks = rng.integers(0, 1000, (20, 30)).astype(np.uint16)
    boxes, _ = every_level(ranks, PIXELS, count=1000, clip=False)
    for t in (0, 300, 800, 998):
        count, _, stats, _ = cv2.connectedComponentsWithStats((ranks > t).astype(np.uint8), connectivity=8)
        sizes = stats[1:, cv2.CC_STAT_AREA]
        x, y, w, h = stats[1 + sizes.argmax(), :4]
        assert (sizes == sizes.max()).sum() > 1 or tuple(boxes[t]) == (x, y, x + w, y + h)


def test_workspaces_are_clean_between_maps_and_sizes():
    rng = np.random.default_rng(5)
    found = []
    shapes = [(12, 15), (15, 12), (12, 15), (3, 60)] * 3
    levels = [rng.integers(0, 256, shape).astype(np.uint8) for shape in shapes]
    for _ in range(2):
        found.append([(*every_level(m, CONTOUR), *every_level(m, EVERY, [[2, 2, 9, 9]])) for m in levels])
        levels = levels[::-1]
    for once, again in zip(found[0], found[1][::-1], strict=True):
        for a, b in zip(once, again, strict=True):
            np.testing.assert_array_equal(a, b)


def test_threads_do_not_share_memory():
    rng = np.random.default_rng(6)
    levels = [rng.integers(0, 256, (40, 40)).astype(np.uint8) for _ in range(12)]
    expected, found = [every_level(m, CONTOUR)[0] for m in levels], {}

    def work(start):
        for k in range(start, 12, 3):
            found[k] = every_level(levels[k], CONTOUR)[0]

    threads = [threading.Thread(target=work, args=(k,)) for k in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k, boxes in enumerate(expected):
        np.testing.assert_array_equal(found[k], boxes)


RAW = {
    **KINDS,
    'signed': lambda rng, shape: rng.normal(size=shape),
    'half precision': lambda rng, shape: rng.random(shape).astype(np.float16),
    'bool': lambda rng, shape: rng.random(shape) < 0.3,
    'tiny values': lambda rng, shape: rng.random(shape) * 1e-310,
    'huge values': lambda rng, shape: rng.normal(size=shape) * 1e299,
    'not a number': lambda rng, shape: np.where(rng.random(shape) < 0.05, np.nan, rng.random(shape)),
    'infinity': lambda rng, shape: np.where(rng.random(shape) < 0.05, np.inf, rng.random(shape)),
}
VARIED = (
    protocols.vary('choe2020-v1', 'ivr', map={'normalizer': 'ivr'}, threshold={'interval': 0.01}),
    protocols.vary('choe2020-v2', 'pas', map={'normalizer': 'pas'}, threshold={'interval': 0.01}),
    protocols.vary('bas-v1', 'cubic', map={'interpolation': 'cubic'}, threshold={'interval': 0.003}),
    protocols.vary('choe2020-v2', 'absolute', threshold={'reference': 'one', 'interval': 0.01}),
)


@pytest.mark.parametrize('kind', RAW)
@pytest.mark.parametrize('size', [(30, 41), (7, 5)], ids=str)
def test_a_whole_map_equals_the_plain_way(kind, size):
    """From the raw map to the record, by every protocol, and the histograms of pixels."""
    rng = np.random.default_rng([list(RAW).index(kind), *size])
    for protocol in (*map(protocols.get, protocols.names()), *VARIED):
        raw = RAW[kind](rng, tuple(rng.integers(1, 20, 2)))
        thresholds = thresholds_of(protocol)
        if protocol.is_pixel:
            mask = rng.choice([0, 0, 1, 255], size).astype(np.uint8)
            found = pixel_record(raw, mask, protocol, thresholds).histogram
            np.testing.assert_array_equal(found, oracle.pixel_histograms(raw, mask, protocol, thresholds))
            continue
        corners = rng.uniform(0, max(size), (int(rng.integers(0, 3)), 2))
        truths = np.concatenate([corners, corners + rng.uniform(0, max(size), corners.shape)], 1)
        record = box_record(raw, truths, protocol, thresholds, size)
        lengths = np.diff(record.starts, append=len(thresholds))
        boxes, ious, empty = oracle.judge(raw, truths, protocol, thresholds, size)
        np.testing.assert_array_equal(np.repeat(record.empty, lengths), empty)
        np.testing.assert_array_equal(np.repeat(record.ious, lengths), ious)
        if protocol.box.component != 'all contours':  # of contours of equal fit and size either may be named
            np.testing.assert_array_equal(np.repeat(record.boxes, lengths, 0), boxes)


def test_a_map_that_is_normalised_already_must_be():
    space = flood.workspace((2, 2), 256, 3)
    with pytest.raises(ValueError, match=r'lies in \[0, 1\]; got -1.0 to 0.5'):
        space.put_grey(np.array([[0.5, -1.0], [0, 0]]), stretch=False)
