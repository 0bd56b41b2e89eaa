"""The grid over a normaliser's argument: variants mean what they say, and the validation split alone decides."""

import numpy as np
import pytest

from wsolzoo import maps
from wsolzoo.evaluation.localization.normalizer_search import VALUES, NormalizerGrid
from wsolzoo.evaluation.localization.protocols import get
from wsolzoo.evaluation.localization.records import normalised
from wsolzoo.evaluation.metrics import LocalizationMetric

BASE = get('choe2020-v1')


def test_a_variant_divides_by_the_percentile_at_the_networks_resolution():
    raw = np.random.default_rng(0).random((12, 12))
    variant = NormalizerGrid().variant(BASE, 95)
    expected = np.clip(maps.resize(np.minimum(raw / np.percentile(raw, 95), 1), (48, 48), 'cubic'), 0, 1)
    assert np.array_equal(normalised(raw, variant, (48, 48)), expected)
    assert variant.fingerprint != BASE.fingerprint and variant.name == 'choe2020-v1-percentile-95'


@pytest.mark.parametrize(
    ('name', 'argument'), [('percentile', 'q'), ('percentile_max', 'p'), ('ivr', 'percentile'), ('pas', 'percentile')]
)
def test_the_first_argument_is_searched(name, argument):
    assert NormalizerGrid(name, (0.5,)).argument == argument


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ({'normalizer': 'max'}, "'max' takes no argument"),
        ({'normalizer': 'minmax'}, "which values of 'eps' of 'minmax'"),
        ({'normalizer': 'irv'}, "did you mean 'ivr'"),
        ({'normalizer': 'percentile_max', 'values': (90.0,)}, 'p is a fraction'),
        ({'values': (0.0,)}, 'q is a percentile'),
    ],
)
def test_a_search_without_choice_is_refused_before_a_map_is_made(arguments, message):
    with pytest.raises(ValueError, match=message):
        NormalizerGrid(**arguments)


@pytest.mark.parametrize('name', VALUES)
def test_every_normaliser_has_values_it_takes(name):
    assert NormalizerGrid(name).values == VALUES[name]


def test_the_value_that_localizes_best_is_chosen_and_the_first_of_equals():
    """A hot pixel outshines a faint object: only a percentile below it finds the object."""
    raw = np.zeros((32, 32))
    raw[8:24, 8:24] = 0.0005
    raw[0, 31] = 1.0
    grid = NormalizerGrid(values=(100.0, 99.0, 95.0), before_resize=True)
    metric = LocalizationMetric([grid.variant(BASE, q) for q in grid.values], report=['GTKnown'], bootstrap=0)
    sample = {
        'img_id': 'a',
        'gt_label': 0,
        'pred_raw_map': raw,
        'gt_boxes': np.array([[8, 8, 24, 24.0]]),
        'img_shape': (32, 32),
    }
    metric.process({}, [sample])
    metric.evaluate(1)
    assert [grid.score(BASE, q, metric.result) for q in grid.values] == [0.0, 100.0, 100.0]
    assert grid.choose(BASE, metric.result) == 99.0
