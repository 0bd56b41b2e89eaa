"""Box formats: named values, round trips, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsolzoo.evaluation.functional.box_formats import FORMATS, convert_boxes

SAME_BOX = {
    'xyxy': [2, 3, 5, 9],
    'xyxy_inclusive': [2, 3, 4, 8],
    'xywh': [2, 3, 3, 6],
    'cxcywh': [3.5, 6, 3, 6],
}
coordinate = st.integers(-(2**20), 2**20).map(lambda value: value / 1024)
length = st.integers(0, 2**20).map(lambda value: value / 1024)
exact_boxes = st.lists(st.tuples(coordinate, coordinate, length, length), max_size=4)


@pytest.mark.parametrize('source', FORMATS)
@pytest.mark.parametrize('target', FORMATS)
def test_every_pair_on_one_box(source, target):
    result = convert_boxes(np.array(SAME_BOX[source]), source, target)
    assert result.tolist() == SAME_BOX[target] and result.dtype == np.float64


@pytest.mark.parametrize('source', FORMATS)
@pytest.mark.parametrize('target', FORMATS)
@settings(max_examples=25)  # of each pair
@given(boxes=exact_boxes)
def test_round_trip_is_exact(source, target, boxes):
    boxes = convert_boxes(np.array(boxes).reshape(-1, 4), 'xywh', source)
    there = convert_boxes(boxes, source, target)
    np.testing.assert_array_equal(convert_boxes(there, target, source), boxes)


@given(seed=st.integers(0, 2**32 - 1))
def test_round_trip_of_any_box_is_close_and_through_any_third_format(seed):
    rng = np.random.default_rng(seed)
    boxes = rng.uniform(0, 1000, (5, 4))
    boxes[:, 2:] += boxes[:, :2]
    for middle in FORMATS:
        for last in FORMATS:
            direct = convert_boxes(boxes, 'xyxy', last)
            np.testing.assert_allclose(
                convert_boxes(convert_boxes(boxes, 'xyxy', middle), middle, last), direct, atol=1e-9
            )


def test_shapes_and_copies():
    boxes = np.array([[0, 0, 2, 2]], dtype=np.float64)
    same = convert_boxes(boxes, 'xyxy', 'xyxy')
    same += 1
    assert boxes.max() == 2
    assert convert_boxes([], 'xywh', 'xyxy').shape == (0, 4)
    assert convert_boxes(np.zeros((2, 3, 4), np.float32), 'cxcywh', 'xyxy').shape == (2, 3, 4)


@pytest.mark.parametrize(
    'boxes, source, message',
    [
        ([0, 0, 1, 1], 'yxyx', "unknown box format 'yxyx'.*xyxy_inclusive"),
        ([0, 0, 1], 'xyxy', r'\(\.\.\., 4\).*\(3,\)'),
        ([0, 0, np.nan, 1], 'xyxy', 'NaN'),
        ([[0, 0, 1, 1], [5, 0, 2, 1]], 'xyxy', r'\[5.0, 0.0, 2.0, 1.0\] read as xyxy.*negative'),
        ([0, 0, 1, -1], 'cxcywh', 'negative'),
        ([0, 0, -2, 1], 'xyxy_inclusive', 'negative'),
    ],
)
def test_errors_name_the_box(boxes, source, message):
    with pytest.raises(ValueError, match=message):
        convert_boxes(boxes, source, 'xywh')
