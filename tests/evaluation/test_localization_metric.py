"""The metric: columns, breakdown, causes, and the same number from one process and two."""

import copy
import json

import numpy as np
import pytest
import torch

from wsolzoo.evaluation.functional.causes import DEFINITIONS, cause_of
from wsolzoo.registry import METRICS
from wsolzoo.structures import DataSample

ALL = [
    'choe2020-v1',
    'choe2020-v2',
    'choe2020-pxap',
    'bas-v1',
    'bas-v2',
    'pas2020',
    'spol2021',
    'tscam2021',
    'choe2020-v2-fullsup',
]
SMALL = 56


def sample(index, rng, cam_class='gt', scores=True, classes=7):
    """A noisy block, boxes around it, as the model leaves it."""
    data = DataSample(metainfo={'img_id': f'folder/{index}', 'img_shape': (SMALL, SMALL), 'cam_class': cam_class})
    x, y = rng.integers(0, 8, 2)
    array = rng.random((14, 14)) * 0.6
    array[y : y + 5, x : x + 6] += 0.5
    data.pred_raw_map, data.gt_label = torch.tensor(array, dtype=torch.float32), int(rng.integers(0, 3))
    if scores:
        data.pred_scores = torch.tensor(rng.random(classes)).softmax(0)
    data.gt_boxes = np.array([[x * 4, y * 4, x * 4 + 24, y * 4 + 20.0]])
    data.gt_mask = np.zeros((SMALL, SMALL), np.uint8)
    data.gt_mask[y * 4 : y * 4 + 20, x * 4 : x * 4 + 24] = 1
    return data.to_dict()


def samples(count=11, seed=0, **kwargs):
    rng = np.random.default_rng(seed)
    return [sample(k, rng, **kwargs) for k in range(count)]


def build(protocols=('choe2020-v1',), **kwargs):
    return METRICS.build({'type': 'LocalizationMetric', 'protocols': list(protocols), **kwargs})


def evaluate(metric, data):
    metric.process(None, data)
    return metric.evaluate(len(data))


def test_keys_are_qualified_and_the_result_is_plain_data(capsys, caplog):
    metric = build(ALL)
    metric.dataset_meta = {'classes': ['cat', 'dog', 'emu', 'fox', 'gnu', 'hen', 'ibis']}
    scores = evaluate(metric, samples())
    assert all(isinstance(value, float) for value in scores.values())
    for key in (
        'choe2020-v1/MaxBoxAcc', 'choe2020-v2/MaxBoxAccV2', 'choe2020-v2/BoxAcc@0.3', 'choe2020-pxap/PxAP',
        'choe2020-pxap/pIoU', 'bas-v1/GTKnown', 'choe2020-v1/GTKnown@0.5/oracle', 'choe2020-v1/Top1Loc@0.5/fixed',
    ):  # fmt: skip
        assert key in scores
    assert 'choe2020-v2-fullsup/GTKnown' not in scores, 'nothing was transferred: there is no such number'
    result = json.loads(json.dumps(metric.result))
    assert set(result['protocols']) == set(ALL)
    entry = result['protocols']['choe2020-v2']
    assert len(entry['curve']['0.5']) == len(entry['thresholds']) == 1000
    assert entry['num_images'] == 11 and entry['columns']['transferred'] is None
    assert entry['deviations'] == ['the network saw 56x56, the protocol asks for 224x224']
    assert set(result['breakdown']['class']) <= {'cat', 'dog', 'emu'}
    assert sum(group['num_images'] for group in result['breakdown']['size'].values()) == 11
    assert {image['cause'] for image in result['images']} <= set(DEFINITIONS) == set(result['causes'])
    assert set(result['classification']) == {'top1', 'top5'}


def test_headline_numbers_follow_from_the_columns():
    metric = build(['choe2020-v2'])
    scores = evaluate(metric, samples())
    entry = metric.result['protocols']['choe2020-v2']
    assert entry['MaxBoxAccV2'] == pytest.approx(np.mean([max(curve) for curve in entry['curve'].values()]))
    for iou, best in entry['threshold'].items():
        at = entry['thresholds'].index(best)
        assert entry['curve'][iou][at] == entry['BoxAcc'][iou] == max(entry['curve'][iou])
        assert at == entry['curve'][iou].index(entry['BoxAcc'][iou]), 'the lowest of equally good thresholds'
    hits = [image['iou'] >= 0.5 for image in metric.result['images']]
    assert scores['choe2020-v2/GTKnown'] == pytest.approx(100 * np.mean(hits))
    right = [image['pred_labels'][0] == image['label'] for image in metric.result['images']]
    assert scores['choe2020-v2/Top1Loc'] == pytest.approx(100 * np.mean(np.logical_and(hits, right)))
    among = [image['label'] in image['pred_labels'] for image in metric.result['images']]
    assert scores['choe2020-v2/Top5Loc'] == pytest.approx(100 * np.mean(np.logical_and(hits, among)))
    assert scores['classification/top1'] == pytest.approx(100 * np.mean(right))


def test_two_processes_give_the_number_of_one(monkeypatch):
    data = samples(13)
    alone = build(ALL)
    expected = evaluate(alone, data)
    first, second = build(ALL), build(ALL)
    first.process(None, data[0::2][::-1])
    second.process(None, data[1::2] + data[:1])  # a padded sampler serves one image twice
    parts = [first.results, second.results]
    monkeypatch.setattr('wsolzoo.evaluation.metrics.keyed.all_gather_object', lambda own: [list(p) for p in parts])
    assert first.evaluate(13) == expected
    assert first.result == alone.result
    assert first.chosen == alone.chosen


def test_transferred_thresholds():
    names = ['choe2020-v2', 'choe2020-v2-fullsup', 'choe2020-pxap']
    validation, test = build(names), build(names)
    evaluate(validation, samples(9, seed=1))
    assert set(validation.chosen['choe2020-v2-fullsup']) == {'0.3', '0.5', '0.7'}
    test.transfer(validation.chosen)
    scores = evaluate(test, samples(20, seed=2))
    entry = test.result['protocols']['choe2020-v2-fullsup']
    assert entry['columns']['transferred']['threshold'] == validation.chosen['choe2020-v2-fullsup']
    assert entry['GTKnown'] == entry['columns']['transferred']['GTKnown'] == scores['choe2020-v2-fullsup/GTKnown']
    at = entry['thresholds'].index(validation.chosen['choe2020-v2-fullsup']['0.3'])
    assert entry['columns']['transferred']['BoxAcc']['0.3'] == entry['curve']['0.3'][at]
    assert entry['columns']['transferred']['MeanBoxAcc'] <= entry['columns']['oracle']['MaxBoxAccV2']
    assert scores['choe2020-v2/GTKnown'] == scores['choe2020-v2/GTKnown@0.5/oracle']
    again = build(names, chosen=validation.chosen)
    assert evaluate(again, samples(20, seed=2)) == scores


def test_maps_of_the_predicted_class_have_no_gt_known():
    data = samples(cam_class='pred')
    with pytest.raises(ValueError, match="cam_class='pred'"):
        evaluate(build(), data)
    metric = build(report=['Top1Loc'])
    scores = evaluate(metric, data)
    assert not [key for key in scores if 'GTKnown' in key or 'BoxAcc' in key]
    entry = metric.result['protocols']['choe2020-v1']
    assert scores['choe2020-v1/Top1Loc'] == max(entry['curve']['0.5']) and entry['curve_of'] == 'Top1Loc'


def test_a_classifier_of_other_classes_is_judged_by_its_maps_alone():
    """Its map is that of the class it predicts; no score of it means a class of the data."""
    own, foreign = build(), build()
    own.dataset_meta, foreign.dataset_meta = {'classes': [*'abcdefg']}, {'classes': ['cat', 'dog', 'emu']}
    expected, scores = evaluate(own, samples()), evaluate(foreign, samples(cam_class='pred'))
    assert scores == {key: value for key, value in expected.items() if 'Top' not in key and 'top' not in key}
    assert {'Top1Loc', 'top1'} <= {key.split('/')[1].split('@')[0] for key in expected}
    assert not foreign.result['classification'] and 'Top1Loc' not in foreign.result['protocols']['choe2020-v1']
    silent = build()
    silent.dataset_meta = foreign.dataset_meta
    assert evaluate(silent, samples()) == expected  # maps of the given class: nothing disappears without a word


def test_top_k_localization_reads_the_map_of_the_true_class():
    """With a map for each of five classes it is what the map of the given class gives, at every threshold."""
    known = samples()
    several = copy.deepcopy(known)
    rng = np.random.default_rng(0)
    for sample in several:
        labels = np.argsort(-np.asarray(sample['pred_scores']), kind='stable')[:5]
        maps = rng.random((len(labels), *np.shape(sample['pred_raw_map'])))
        maps[labels == sample['gt_label']] = sample['pred_raw_map']
        sample |= {'pred_raw_maps': maps, 'pred_map_labels': labels, 'pred_raw_map': maps[0], 'cam_class': 'top5'}
    curves = []
    for data in (known, several):
        metric = build(report=['Top5Loc'])
        evaluate(metric, data)
        curves.append(metric.result['protocols']['choe2020-v1']['curve'])
    assert curves[0] == curves[1]
    assert max(curves[0]['0.5']) > 0
    with pytest.raises(ValueError, match='GT-known'):
        evaluate(build(), several)


def test_top_5_needs_the_maps_of_five_classes():
    with pytest.raises(ValueError, match='maps of 1'):
        evaluate(build(report=['Top1Loc', 'Top5Loc']), samples(cam_class='pred'))


def test_without_class_scores_there_is_only_gt_known():
    scores = evaluate(build(), samples(scores=False))
    assert 'choe2020-v1/GTKnown' in scores and not [key for key in scores if 'Top' in key]
    with pytest.raises(ValueError, match='pred_scores'):
        evaluate(build(report=['Top1Loc']), samples(scores=False))
    with pytest.raises(ValueError, match='have no pred_scores'):
        evaluate(build(), samples(3) + samples(5, scores=False)[3:])


def test_truth_that_is_missing_is_named():
    data = samples(2)
    del data[1]['gt_mask']
    with pytest.raises(ValueError, match='gt_mask.*folder/1'):
        evaluate(build(['choe2020-pxap']), data)
    data = samples(1)
    del data[0]['gt_boxes']
    with pytest.raises(ValueError, match='gt_boxes'):
        evaluate(build(), data)


def test_a_method_that_predicts_boxes_passes_every_box_protocol():
    """The same boxes at every threshold: hits as by hand, and what a map of exactly that box gets."""
    data, drawn = samples(5), samples(5)
    for one, other in zip(data, drawn, strict=True):
        x0, y0, x1, y1 = np.round(one['gt_boxes'][0])
        del one['pred_raw_map']
        one['pred_boxes'] = torch.tensor([[0.0, 0, 3, 3], [x0, y0, x1 - 2, y1]])
        one['pred_box_scores'] = torch.tensor([0.1, 0.9])
        raw = torch.zeros(other['img_shape'][:2])
        raw[int(y0) : int(y1), int(x0) : int(x1) - 2] = 1
        other['pred_raw_map'] = raw
    boxes, maps = (build([name for name in ALL if name != 'choe2020-pxap']) for _ in range(2))
    scores = evaluate(boxes, data)
    assert scores == evaluate(maps, drawn)
    for entry in boxes.result['protocols'].values():
        assert all(len(set(curve)) == 1 for curve in entry['curve'].values())
    with pytest.raises(ValueError, match='needs `pred_raw_map` of image'):
        evaluate(build(ALL), data)
    data[0]['pred_boxes'], data[0]['pred_box_scores'] = torch.zeros(0, 4), torch.zeros(0)
    nothing = build(['choe2020-v2'])
    evaluate(nothing, data)
    assert nothing.result['protocols']['choe2020-v2']['degenerate_maps'] == 1


def test_fixed_thresholds():
    metric = build(['choe2020-v1', 'bas-v1'], fixed={'choe2020-v1': 0.4321})
    evaluate(metric, samples())
    assert metric.result['protocols']['choe2020-v1']['columns']['fixed']['threshold'] == {'0.5': 0.4321}
    assert len(metric.result['protocols']['choe2020-v1']['thresholds']) == 1000
    assert metric.result['protocols']['bas-v1']['columns']['fixed']['threshold'] == {'0.5': 0.15}
    with pytest.raises(ValueError, match='not among the protocols'):
        build(fixed={'bas-v2': 0.1})


def test_protocols_in_a_config_may_be_varied():
    spec = {'base': 'choe2020-v2', 'name': 'with-ivr', 'map': {'normalizer': 'ivr'}, 'threshold': {'interval': 0.05}}
    metric = build([spec])
    assert 'with-ivr/MaxBoxAccV2' in evaluate(metric, samples())
    assert metric.result['protocols']['with-ivr']['interval'] == 0.05


def test_centred_boxes():
    data = samples(2)
    data[0]['gt_boxes'] = np.array([[5.6, 5.6, 50.4, 50.4]])
    data[1]['gt_boxes'] = np.array([[0, 0, 3, 3.0]])
    metric = build()
    evaluate(metric, data)
    entry = metric.result['protocols']['choe2020-v1']
    assert entry['centered_box']['MaxBoxAcc'] == 50
    assert entry['whole_image']['MaxBoxAcc'] == 50


@pytest.mark.parametrize('raw', [np.zeros((7, 7)), np.full((7, 7), 3.0), np.full((7, 7), np.nan)])
def test_degenerate_maps_are_counted(raw):
    data = samples(3)
    data[1]['pred_raw_map'] = torch.tensor(raw)
    metric = build()
    evaluate(metric, data)
    assert metric.result['protocols']['choe2020-v1']['degenerate_maps'] == 1
    assert metric.result['images'][1]['cause'] == 'degenerate-map'


def test_equal_scores_do_not_make_everybody_right():
    data = samples(4)
    for k, one in enumerate(data):
        one['pred_scores'], one['gt_label'] = torch.full((7,), 1 / 7), k
    assert evaluate(build(), data)['classification/top1'] == 25


def test_ids_must_be_unique():
    data = samples(3)
    data[2]['img_id'] = data[1]['img_id']
    with pytest.raises(ValueError, match='unique'):
        evaluate(build(), data)


@pytest.mark.parametrize(
    'kwargs', [{'protocols': []}, {'protocols': ['choe2020-v1', 'choe2020-v1']}, {'report': ['GTLoc']}, {'report': []}]
)
def test_nonsense_is_refused(kwargs):
    with pytest.raises(ValueError, match='protocols must|report is'):
        build(**kwargs)


def test_no_images_left():
    with pytest.warns(UserWarning, match='0 of 3'):
        assert build().evaluate(3) == {}


ONE = [[20, 20, 60, 60]]
TWO = [[0, 0, 20, 40], [30, 0, 50, 40]]


@pytest.mark.parametrize(
    ('box', 'truths', 'cause'),
    [
        ([30, 30, 45, 45], ONE, 'part-only'),  # inside 1, covered 0.14
        ([18, 18, 40, 40], ONE, 'part-only'),  # inside 400/484, covered 0.25
        ([0, 0, 100, 100], ONE, 'over-extended'),  # covered 1, inside 0.16
        ([25, 0, 100, 100], ONE, 'over-extended'),  # covered 0.875
        ([60, 60, 90, 90], ONE, 'wrong-place'),
        ([40, 40, 80, 80], ONE, 'wrong-place'),  # inside 0.25, covered 0.25
        ([0, 0, 50, 40], TWO, 'multi-instance'),
        ([0, 0, 10, 40], TWO, 'part-only'),
        ([10, 10, 20, 20], [], 'wrong-place'),
    ],
)
def test_causes(box, truths, cause):
    assert cause_of(np.array(box), np.array(truths), hit=False) == cause


def test_causes_that_need_no_box():
    box, truths = np.array(ONE[0]), np.array(ONE)
    assert cause_of(box, truths, hit=True) == 'hit'
    assert cause_of(box, truths, hit=True, right_class=True) == 'hit'
    assert cause_of(box, truths, hit=True, right_class=False) == 'wrong-class'
    assert cause_of(box, truths, hit=True, degenerate=True, right_class=False) == 'degenerate-map'
    assert cause_of(np.zeros(4), truths, hit=False, right_class=False) == 'wrong-place'


def test_intervals_are_of_the_headline_numbers():
    """Against the quantiles of the binomial the bootstrap of hits is, and around the number itself."""
    metric = build(['choe2020-v1', 'choe2020-v2', 'bas-v1'], bootstrap=4000)
    evaluate(metric, samples(40))
    entry = metric.result['protocols']['choe2020-v1']
    rng = np.random.default_rng(1)
    for kind in ('GTKnown', 'Top1Loc', 'Top5Loc'):
        low, high = entry['intervals'][kind]
        assert low <= entry[kind] <= high
        drawn = rng.binomial(40, entry[kind] / 100, 40000) / 40 * 100
        assert (low, high) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=2.6)
    assert metric.result['protocols']['bas-v1']['intervals'] == {}, 'its mean over classes is another number'
    without = build(bootstrap=0)
    evaluate(without, samples())
    assert without.result['protocols']['choe2020-v1']['intervals'] == {}


def test_a_box_of_another_class_is_no_hit():
    data, others = samples(), samples()
    for one in others:
        right = one['gt_boxes']
        one['gt_boxes'] = np.concatenate([np.array([[0, 0, 56, 56.0]]), right])
        one['gt_box_labels'] = np.array([one['gt_label'] + 1, one['gt_label']])
    numbers = []
    for found in (data, others):
        metric = build()
        metric.process({}, found)
        numbers.append(metric.evaluate(len(found)))
    assert numbers[0] == numbers[1]
    others[3]['gt_box_labels'][:] = 99
    with pytest.raises(ValueError, match='none of its boxes is of that class'):
        build().process({}, others)
