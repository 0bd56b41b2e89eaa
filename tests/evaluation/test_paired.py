"""The paired bootstrap of MaxBoxAccV2 against its slow definition."""

import numpy as np
import pytest

from wsolzoo.evaluation.functional.bootstrap import paired_bootstrap
from wsolzoo.evaluation.localization import protocols
from wsolzoo.evaluation.localization.paired import hits_by_threshold, mean_best, paired_best
from wsolzoo.evaluation.localization.records import BoxRecord


def test_a_record_unfolds_to_every_threshold():
    protocol = protocols.get('choe2020-v2')
    nothing = np.zeros((2, 4))
    record = BoxRecord(
        np.array([0, 3], np.uint16), nothing, np.array([0.4, 0.7]), np.zeros(2, bool), nothing, False, (8, 8)
    )
    hits = hits_by_threshold([record], protocol, 5)[0]
    assert hits.astype(int).tolist() == [[1, 1, 1, 1, 1], [0, 0, 0, 1, 1], [0, 0, 0, 1, 1]]  # IoU 0.3, 0.5, 0.7


def test_it_is_the_bootstrap_of_the_mean_best_accuracy():
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 40, 3, 6)) < 0.5
    fast = paired_best(a, b, num_resamples=200)
    slow = paired_bootstrap(a, b, lambda hits: float(mean_best(hits.sum(0))) / 40, num_resamples=200)
    np.testing.assert_allclose(fast, slow, atol=1e-6)
    assert mean_best(np.array([[0.1, 0.9], [0.5, 0.2]])) == pytest.approx(0.7)
    with pytest.raises(ValueError, match='same images'):
        paired_best(a, b[:30])
