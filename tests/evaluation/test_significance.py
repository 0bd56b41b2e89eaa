"""Differences over seeds and among many comparisons: by hand, and where the distribution has a closed form."""

import math

import pytest

from wsolzoo.evaluation.functional.bootstrap import paired_bootstrap
from wsolzoo.evaluation.functional.significance import holm, paired_t


@pytest.mark.parametrize('differences', [[1.0, 2.0, 3.0], [-4.0, -4.5, -3.0], [0.1, -0.2, 0.4]])
def test_two_degrees_of_freedom_have_a_closed_form(differences):
    """Three seeds: P(|T| > t) = 1 - t / sqrt(2 + t^2)."""
    found = paired_t(differences)
    mean = sum(differences) / 3
    error = math.sqrt(sum((value - mean) ** 2 for value in differences) / 2 / 3)
    assert found.t == pytest.approx(mean / error)
    assert found.p_value == pytest.approx(1 - abs(found.t) / math.sqrt(2 + found.t**2))


def test_one_degree_of_freedom_is_cauchy():
    found = paired_t([1.0, 3.0])
    assert found.t == pytest.approx(2.0)
    assert found.p_value == pytest.approx(1 - 2 / math.pi * math.atan(2.0))


@pytest.mark.parametrize(
    ('differences', 'sign'), [([1.0, 2.0], 1), ([-1.0, -2.0], -1), ([1.0, -2.0], 0), ([0.0, 2.0], 0), ([5.0], 1)]
)
def test_a_sign_is_shared_by_all_seeds_or_there_is_none(differences, sign):
    assert paired_t(differences).sign == sign


def test_one_seed_says_nothing_of_chance():
    assert math.isnan(paired_t([5.0]).p_value)
    assert math.isnan(paired_t([0.0, 0.0]).p_value)


def test_differences_without_spread():
    assert paired_t([2.0, 2.0]).p_value == 0


@pytest.mark.parametrize('differences', [[], [1.0, math.nan], [math.inf]])
def test_what_is_no_difference_is_refused(differences):
    with pytest.raises(ValueError, match='one finite difference a seed'):
        paired_t(differences)


def test_holm_by_hand():
    """0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1: 0.02, 0.03, 0.06 and 0.04, which may not be under the one before."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_what_was_not_compared_is_not_counted():
    first, none = holm([0.02, math.nan])
    assert first == 0.02
    assert math.isnan(none)


def test_ten_images_of_forty_that_only_one_method_finds():
    """The gain in a resample is Binomial(40, 1/4) / 40: mean 0.25, deviation sqrt(0.25 x 0.75 / 40), p of (3/4)^40."""
    ours = [1.0] * 10 + [0.0] * 30
    found = paired_bootstrap([0.0] * 40, ours, num_resamples=10_000)
    spread = math.sqrt(0.25 * 0.75 / 40)
    assert found.value == 0.25
    assert (found.low, found.high) == pytest.approx((0.25 - 1.96 * spread, 0.25 + 1.96 * spread), abs=0.02)
    assert found.p_value == pytest.approx(2 / 10_001, abs=6 / 10_001)
