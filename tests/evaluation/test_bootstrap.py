"""Bootstrap intervals: exactness against a plain loop, against SciPy, coverage, and the paired comparison."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsolzoo.evaluation.functional import bootstrap
from wsolzoo.evaluation.functional.bootstrap import bootstrap_interval, paired_bootstrap


def test_equals_a_plain_loop():
    values = np.random.default_rng(3).random(40)
    rng = np.random.default_rng(7)
    means = [values[rng.integers(0, 40, 40)].mean() for _ in range(300)]
    interval = bootstrap_interval(values, num_resamples=300, level=0.9, rng=7)
    assert interval.value == values.mean()
    assert (interval.low, interval.high) == pytest.approx(tuple(np.quantile(means, [0.05, 0.95])))


def test_chunks_do_not_change_the_answer(monkeypatch):
    values = np.random.default_rng(0).random(30)
    whole = bootstrap_interval(values, num_resamples=100)
    monkeypatch.setattr(bootstrap, '_CHUNK', 64)
    assert bootstrap_interval(values, num_resamples=100) == pytest.approx(whole)


def test_agrees_with_scipy():
    from scipy import stats

    values = np.random.default_rng(1).exponential(size=200)
    reference = stats.bootstrap((values,), np.mean, method='percentile', n_resamples=20000, rng=5).confidence_interval
    interval = bootstrap_interval(values, num_resamples=20000, rng=5)
    assert (interval.low, interval.high) == pytest.approx((reference.low, reference.high), abs=0.01)


def test_covers_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        interval = bootstrap_interval(rng.random(60) < 0.7, num_resamples=200, level=0.9, rng=rng)
        covered += interval.low <= 0.7 <= interval.high
    assert 0.82 <= covered / 200 <= 0.96


def test_a_choice_made_on_the_data_is_made_again():
    """Taking the best of many equally good thresholds is optimistic, and the interval shows it."""
    hits = np.random.default_rng(0).random((50, 20)) < 0.5
    best = bootstrap_interval(hits, lambda rows: rows.mean(0).max(), num_resamples=200)
    assert best.value == hits.mean(0).max()
    assert best.low > bootstrap_interval(hits[:, 0], num_resamples=200).low


def test_matrices_resample_by_image():
    matrices = np.random.default_rng(0).integers(0, 9, (12, 2, 2))

    def accuracy(sample):
        total = sample.sum(0)
        return np.trace(total) / total.sum()

    interval = bootstrap_interval(matrices, accuracy, num_resamples=100)
    assert interval.low <= interval.value <= interval.high and interval.value == accuracy(matrices)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), size=st.integers(1, 30), level=st.floats(0.5, 0.99))
def test_bounds_and_nesting(seed, size, level):
    values = np.random.default_rng(seed).random(size)
    wide = bootstrap_interval(values, num_resamples=50, level=0.995, rng=seed)
    narrow = bootstrap_interval(values, num_resamples=50, level=level, rng=seed)
    assert values.min() - 1e-12 <= wide.low <= narrow.low <= narrow.high <= wide.high <= values.max() + 1e-12
    moved = bootstrap_interval(values * 2 + 1, num_resamples=50, level=level, rng=seed)
    assert (moved.low, moved.high) == pytest.approx((narrow.low * 2 + 1, narrow.high * 2 + 1))


def test_paired_difference_is_narrower_than_the_unpaired():
    rng = np.random.default_rng(0)
    difficulty = rng.random(100)
    a, b = difficulty + rng.normal(0, 0.02, 100), difficulty + 0.02 + rng.normal(0, 0.02, 100)
    difference = paired_bootstrap(a, b, num_resamples=500)
    assert difference.low > 0 and difference.p_value < 0.02
    assert difference.value == pytest.approx(b.mean() - a.mean())
    alone = bootstrap_interval(a, num_resamples=500)
    assert alone.high - alone.low > 4 * (difference.high - difference.low)
    swapped = paired_bootstrap(b, a, num_resamples=500)
    assert (swapped.low, swapped.high) == pytest.approx((-difference.high, -difference.low))


def test_p_value_equals_a_plain_count():
    rng = np.random.default_rng(2)
    a, b = rng.random(20), rng.random(20) - 0.1
    rows = np.concatenate(list(bootstrap.resample_indices(20, 99, 5)))
    drawn = [b[row].mean() - a[row].mean() for row in rows]
    worse = sum(difference <= 0 for difference in drawn)
    assert 0 < worse < 50
    assert paired_bootstrap(a, b, num_resamples=99, rng=5).p_value == pytest.approx(2 * (worse + 1) / 100)


def test_paired_with_itself_shows_nothing():
    values = np.random.default_rng(0).random(30)
    assert paired_bootstrap(values, values, num_resamples=100)[:3] == (0, 0, 0)
    assert paired_bootstrap(values, values, num_resamples=100).p_value == 1


def test_generator_continues_and_seed_repeats():
    values = np.random.default_rng(0).random(30)
    rng = np.random.default_rng(4)
    first, second = (bootstrap_interval(values, num_resamples=50, rng=rng) for _ in range(2))
    assert first != second and first == bootstrap_interval(values, num_resamples=50, rng=4)


@pytest.mark.parametrize(
    'values, kwargs, message',
    [
        ([], {}, 'at least one image'),
        (3.0, {}, 'at least one image'),
        ([1.0, np.nan], {}, 'NaN'),
        ([1.0], {'level': 95}, r'\(0, 1\).*95'),
        ([1.0], {'num_resamples': 0}, 'at least 1'),
    ],
)
def test_errors(values, kwargs, message):
    with pytest.raises(ValueError, match=message):
        bootstrap_interval(values, **kwargs)


def test_pairs_need_the_same_images():
    with pytest.raises(ValueError, match='got 2 and 3'):
        paired_bootstrap([1, 2], [1, 2, 3])
