import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsolzoo.evaluation.functional import boxes


def test_golden_ious():
    assert boxes.ious([[0, 0, 9, 9]], [[5, 5, 14, 14]], offset=1)[0, 0] == pytest.approx(25 / 175)
    assert boxes.ious([[1, 2, 5, 6]], [[3, 1, 4, 5]], offset=1)[0, 0] == pytest.approx(8 / 27)
    assert boxes.ious([[0, 0, 0, 0]], [[0, 0, 0, 0]], offset=1)[0, 0] == 1
    assert boxes.ious([[0, 0, 0, 0]], [[0, 0, 0, 0]], offset=0)[0, 0] == 0


def test_two_negative_sides_do_not_make_an_intersection():
    assert boxes.ious([[0, 0, 2, 2]], [[10, 10, 12, 12]])[0, 0] == 0


def test_touching_boxes_differ_by_the_offset():
    assert boxes.ious([[0, 0, 5, 5]], [[5, 0, 10, 5]], offset=0)[0, 0] == 0
    assert boxes.ious([[0, 0, 5, 5]], [[5, 0, 10, 5]], offset=1)[0, 0] == pytest.approx(6 / 66)


_BOX = st.tuples(*[st.integers(0, 30)] * 4).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3]))


@settings(max_examples=60, deadline=None)
@given(st.lists(_BOX, max_size=4), st.lists(_BOX, max_size=4), st.sampled_from([0, 1]))
def test_against_counting(first, second, offset):
    """Integer boxes are sets of cells: count them."""

    def cells(box):
        x0, y0, x1, y1 = box
        return {(x, y) for x in range(x0, x1 + offset) for y in range(y0, y1 + offset)}

    found = boxes.ious(np.array(first).reshape(-1, 4), np.array(second).reshape(-1, 4), offset)
    assert found.shape == (len(first), len(second))
    for i, a in enumerate(first):
        for j, b in enumerate(second):
            whole = len(cells(a) | cells(b))
            assert found[i, j] == (len(cells(a) & cells(b)) / whole if whole else 0)


def test_golden_resize():
    """An image of CUB: box 60,27,385,331 of 500x335 pixels."""
    frame = boxes.to_frame([[60, 27, 385, 331]], (335, 500), (224, 224))
    np.testing.assert_array_equal(boxes.truncate(frame), [[26, 18, 172, 221]])


def test_centre_crop_shifts_clips_and_marks_lost_boxes():
    whole = boxes.to_frame([[0, 0, 256, 256], [40, 30, 100, 90], [0, 0, 10, 256]], (256, 256), (256, 256), (224, 224))
    np.testing.assert_array_equal(whole, [[0, 0, 224, 224], [24, 14, 84, 74], [0, 0, 0, 224]])
    np.testing.assert_array_equal(boxes.is_lost(whole), [False, False, True])
    with pytest.raises(ValueError, match='positive'):
        boxes.to_frame([[0, 0, 1, 1]], (0, 10), (224, 224))


def test_truncation_survives_the_rounding_of_a_scale():
    exact = 125 * 224 / 500
    assert exact == 56
    np.testing.assert_array_equal(boxes.truncate([[56 - 7e-15, 55.9, 56 + 7e-15, 0]]), [[56, 55, 56, 0]])


def test_centred_box():
    np.testing.assert_allclose(boxes.centred((100, 200), 0.8), [[20, 10, 180, 90]])
    np.testing.assert_allclose(boxes.centred((100, 200), 1), [[0, 0, 200, 100]])


def test_wrong_shape():
    with pytest.raises(ValueError, match='x0 y0 x1 y1'):
        boxes.ious(np.zeros(4), np.zeros((1, 4)))
