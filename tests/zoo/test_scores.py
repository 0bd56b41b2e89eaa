"""Recorded numbers beside new ones, by hand."""

import pytest

from wsolzoo.zoo.scores import Score, compare, failures, measured

REPORT = {
    'protocols': {
        'choe2020-v1': {
            'GTKnown': 62.8,
            'columns': {'transferred': {'GTKnown': 61.6}},
            'centered_box': {'GTKnown': 27.4},
        }
    },
    'metrics': {'classification/top1': 90.0, 'saliency/MAE': 0.0518, 'a/rank': 1.0, 'b/rank': 2.0},
}
RESULT = {'Dataset': 'Scenes', 'Protocol': 'choe2020-v1'}


@pytest.mark.parametrize(
    ('metric', 'value'),
    [
        ('GT-known', 62.8),
        ('GT-known (threshold from val)', 61.6),
        ('Top-1', 90.0),
        ('MAE', 0.0518),
        ('rank', None),  # of two
        ('PxAP', None),
    ],
)
def test_a_metric_is_found_where_its_report_has_it(metric, value):
    assert measured(REPORT, RESULT, metric) == value


def test_a_section_says_which_of_several_sets_is_meant():
    report = {'sets': {'pairs': {'blur/AP': 94.5}}, 'stacks': {'usb': {'hit': 72.0}}}
    assert measured(report, RESULT | {'Section': 'sets/pairs'}, 'AP') == 94.5
    assert measured(report, RESULT | {'Section': 'stacks/usb'}, 'hit') == 72.0
    assert measured(report, RESULT | {'Section': 'stacks/other'}, 'hit') is None


def test_every_number_is_compared_the_centred_box_too():
    result = RESULT | {'Metrics': {'GT-known': 62.8, 'Top-1': 91.0}, 'Centered Box': {'GT-known': 30.0}}
    holds = {score.metric: score.holds for score in compare(result, REPORT)}
    assert holds == {'GT-known': True, 'Top-1': False, 'GT-known of the centred box': False}, '91.0 and 1 % is 90.09'


def test_tolerances():
    def allowed(**more):
        return compare(RESULT | {'Metrics': {'GT-known': 50.0}} | more, REPORT)[0].allowed

    assert allowed() == 0.5, '1 % of the number'
    assert allowed(Tolerance=2) == 2
    assert allowed(Tolerance={'GT-known': 3.0}) == 3
    assert allowed(Tolerance={'Top-1': 3.0}) == 0.5
    assert allowed(Deviation={'GT-known': 4.0}) == 0.5, 'the checkpoint is the same one'
    result = RESULT | {'Metrics': {'GT-known': 50.0}, 'Deviation': {'GT-known': 4.0}}
    assert compare(result, REPORT, retrained=True)[0].allowed == 12


def test_digits_that_the_record_rounds_away_do_not_count():
    assert Score('', '', '', 57.53, 57.5349, 0.0).holds
    assert not Score('', '', '', 57.53, 57.536, 0.0).holds
    assert not Score('', '', '', 62, 62.01, 0.0).holds


def test_what_fails_is_said():
    scores = [Score('', 'v1', 'PxAP', 43.1, None, 0.5), Score('', 'v1', 'Top-1', 90.0, 80.0, 0.5)]
    assert list(failures(scores)) == [
        'PxAP (v1): recorded 43.1, and the command gives no such number',
        'Top-1 (v1): recorded 90, measured 80, allowed ± 0.5',
    ]


def test_a_new_training_moves_the_class_beside_the_centred_box_and_not_the_box():
    result = {
        'Dataset': 'scenes',
        'Protocol': 'choe2020-v1',
        'Metrics': {'Top-1': 90.0, 'MaxBoxAcc': 60.0},
        'Centered Box': {'Top-1 Loc': 25.0, 'MaxBoxAcc': 27.0},
        'Deviation': {'Top-1': 2.0, 'MaxBoxAcc': 6.0},
        'Tolerance': 0.5,
    }
    allowed = {score.metric: score.allowed for score in compare(result, {}, retrained=True)}
    assert allowed == {
        'Top-1': 6.0,
        'MaxBoxAcc': 18.0,
        'Top-1 Loc of the centred box': 6.0,
        'MaxBoxAcc of the centred box': 0.5,
    }
    assert {score.allowed for score in compare(result, {})} == {0.5}
