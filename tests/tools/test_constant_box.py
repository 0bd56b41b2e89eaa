"""The best constant box: chosen on validation, reported on test."""

import numpy as np
import pytest

from tests import tiny_run
from wsolzoo.evaluation.functional.boxes import best_constant
from wsolzoo.evaluation.localization.protocols import vary


def test_the_box_that_hits_most_images_is_the_first_of_equals():
    low, high, odd = [0, 0, 10, 10], [0, 0, 10, 9], [50, 50, 60, 60]
    images = [np.array([odd], float), np.array([low, odd], float), np.array([high], float), np.array([low], float)]
    assert best_constant(images, 0.5).tolist() == low
    assert best_constant(images[:2], 0.5).tolist() == odd
    assert best_constant(images, 0.95).tolist() == odd


def test_thinned_candidates_are_still_compared_with_every_box():
    images = [np.array([[0, 0, 10 + k, 10]], float) for k in range(9)]
    assert best_constant(images, 0.8, candidates=3).tolist() == [0, 0, 13, 10]


@pytest.fixture
def run(tmp_path, monkeypatch):
    tiny_run.hurry(monkeypatch, tmp_path)

    def start(extra: str) -> int:
        return tiny_run.tool('analysis_tools/constant_box.py').main([str(tiny_run.write_config(tmp_path, extra=extra))])

    return start


def test_one_row_a_level_and_their_mean(run, capsys):
    assert run("test_evaluator = dict(type='LocalizationMetric', protocols=['choe2020-v2', 'choe2020-pxap'])") == 0
    rows = [line.split(' | ') for line in capsys.readouterr().out.splitlines()[2:]]
    assert [row[1] for row in rows] == ['0.3', '0.5', '0.7', 'mean']
    hits = [float(row[-1].strip(' |')) for row in rows]
    assert hits[0] >= hits[1] >= hits[2] and hits[3] == pytest.approx(np.mean(hits[:3]), abs=0.1)


def test_the_test_split_may_not_choose(run, capsys):
    assert run("val_dataloader['dataset'] = dict(scenes, split='test', role='test')") == 2
    assert 'the box would be chosen on a test split' in capsys.readouterr().err


def test_hits_and_averages_are_those_of_the_protocol():
    accuracy = tiny_run.tool('analysis_tools/constant_box.py').accuracy
    box, half = np.array([[0.0, 0.0, 10.0, 10.0]]), np.array([[0.0, 0.0, 10.0, 5.0]])
    rule = {'ious': (0.5,), 'offset': 0, 'truth': 'float'}
    micro, macro, strict = (
        vary('choe2020-v1', name, hit=rule | more)
        for name, more in (('a', {}), ('b', {'average': 'macro'}), ('c', {'strict': True}))
    )
    far = np.array([[50.0, 50.0, 60.0, 60.0]])
    split, labels = [half, far, far, far], [0, 1, 1, 1]
    assert accuracy(micro, [box], split, labels, (64, 64))[0][2] == 25.0
    assert accuracy(macro, [box], split, labels, (64, 64))[0][2] == 50.0
    assert accuracy(strict, [box], split, labels, (64, 64))[0][2] == 0.0
