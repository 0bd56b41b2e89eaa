"""Insertion and deletion by hand."""

import numpy as np

from wsolzoo.evaluation.functional.faithfulness import area_under, most_relevant


def test_the_most_relevant_pixels_come_first_and_ties_in_reading_order():
    map = np.array([[0.2, 0.9, 0.2], [0.2, 0.5, 0.2]])
    masks = most_relevant(map, [0, 1 / 3, 0.5, 1])
    assert masks.sum((1, 2)).tolist() == [0, 2, 3, 6]
    assert masks[1].astype(int).tolist() == [[0, 1, 0], [0, 1, 0]]
    assert masks[2].astype(int).tolist() == [[1, 1, 0], [0, 1, 0]]


def test_area_by_trapezoids_of_uneven_steps():
    assert area_under([1.0, 0.0, 0.0], [0.0, 0.5, 1.0]) == 0.25
    assert area_under([0.0, 1.0, 1.0], [0.0, 0.2, 1.0]) == 0.1 + 0.8
