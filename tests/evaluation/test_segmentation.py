"""Segmentation measures against golden values, against torchmetrics and against their own properties."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsolzoo.evaluation.functional import segmentation

PRED = [[0, 0, 1, 1], [2, 2, 0, 0]]
GT = [[0, 1, 1, 1], [2, 0, 0, 0]]
pictures = st.tuples(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 12))


def draw(seed, num_classes, size):
    rng = np.random.default_rng(seed)
    pred, gt = rng.integers(0, num_classes, (2, 3, size, size + 1))
    gt[rng.random(gt.shape) < 0.1] = 255
    return pred, gt


def test_golden():
    matrix = segmentation.confusion_matrix(PRED, GT, 3)
    assert matrix.tolist() == [[3, 0, 1], [1, 2, 0], [0, 0, 1]]
    per_class = segmentation.class_scores(matrix)
    assert per_class['IoU'] == pytest.approx([0.6, 2 / 3, 0.5])
    assert per_class['Dice'] == pytest.approx([0.75, 0.8, 2 / 3])
    expected = {'mIoU': 0.588889, 'PA': 0.75, 'mPA': 0.805556, 'mDice': 0.738889, 'FWIoU': 0.6125}
    assert segmentation.summary(matrix) == pytest.approx(expected, abs=5e-7)


def test_ignored_pixels_do_not_count_even_where_the_prediction_is_ignored_too():
    matrix = segmentation.confusion_matrix(np.uint8([0, 1, 255, 9]), np.uint8([0, 0, 255, 255]), 2)
    assert matrix.tolist() == [[1, 1], [0, 0]]


def test_absent_classes_are_nan():
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        matrix = segmentation.confusion_matrix([0, 1, 0], [0, 0, 0], 3)
        per_class = segmentation.class_scores(matrix)
        empty = segmentation.summary(np.zeros((3, 3), int))
    np.testing.assert_array_equal(np.isnan(per_class['IoU']), [False, False, True])
    np.testing.assert_array_equal(np.isnan(per_class['Acc']), [False, True, True])
    assert per_class['IoU'][1] == 0 and per_class['Dice'][1] == 0
    assert segmentation.summary(matrix)['mIoU'] == pytest.approx((2 / 3 + 0) / 2)
    assert segmentation.summary(matrix)['mPA'] == pytest.approx(2 / 3)
    assert all(np.isnan(value) for value in empty.values())


def test_labels_from_scores_breaks_ties_low():
    scores = np.zeros((2, 3, 4, 5))
    scores[1, 2, 0, 0] = 1
    labels = segmentation.labels_from_scores(scores)
    assert labels.shape == (2, 4, 5) and labels.dtype == np.int64
    assert labels[1, 0, 0] == 2 and labels.sum() == 2


@settings(max_examples=25, deadline=None)
@given(picture=pictures)
def test_equals_pixel_sets(picture):
    """IoU, accuracy and Dice from sets of pixels, class by class, without a confusion matrix."""
    pred, gt = draw(*picture)
    valid = gt != 255
    scores = segmentation.class_scores(segmentation.confusion_matrix(pred, gt, picture[1]))
    for label in range(picture[1]):
        a, b = (pred == label) & valid, (gt == label) & valid
        if not (a | b).any():
            assert np.isnan(scores['IoU'][label]) and np.isnan(scores['Dice'][label])
            continue
        assert scores['IoU'][label] == (a & b).sum() / (a | b).sum()
        assert scores['Dice'][label] == pytest.approx(2 * (a & b).sum() / (a.sum() + b.sum()))
        if b.any():
            assert scores['Acc'][label] == (a & b).sum() / b.sum()
    assert scores['Dice'] == pytest.approx(2 * scores['IoU'] / (1 + scores['IoU']), nan_ok=True)


@settings(max_examples=25, deadline=None)
@given(picture=pictures, cut=st.integers(0, 3))
def test_matrices_add_up_and_follow_a_renaming(picture, cut):
    pred, gt = draw(*picture)
    num_classes = picture[1]
    whole = segmentation.confusion_matrix(pred, gt, num_classes)
    parts = [segmentation.confusion_matrix(pred[part], gt[part], num_classes) for part in (np.s_[:cut], np.s_[cut:])]
    np.testing.assert_array_equal(whole, sum(parts))
    order = np.random.default_rng(picture[0]).permutation(num_classes)
    table = np.arange(256)
    table[:num_classes] = order
    renamed = segmentation.confusion_matrix(table[pred], table[gt], num_classes)
    assert segmentation.summary(renamed) == pytest.approx(segmentation.summary(whole), nan_ok=True)
    perfect = segmentation.summary(segmentation.confusion_matrix(np.where(gt == 255, 0, gt), gt, num_classes))
    assert all(value == pytest.approx(1) or np.isnan(value) for value in perfect.values())


@pytest.mark.parametrize('seed', range(4))
def test_equals_torchmetrics(seed):
    import torch
    import torchmetrics
    from torchmetrics.segmentation import DiceScore

    num_classes = 4
    rng = np.random.default_rng(seed)
    pred, gt = rng.integers(0, num_classes, (2, 3, 17, 13))
    ignored = gt.copy()
    ignored[rng.random(gt.shape) < 0.2] = 255
    matrix = segmentation.confusion_matrix(pred, ignored, num_classes)
    arguments = dict(task='multiclass', num_classes=num_classes, ignore_index=255)
    tensors = torch.from_numpy(pred), torch.from_numpy(ignored)
    jaccard = torchmetrics.JaccardIndex(average='none', **arguments)(*tensors)
    np.testing.assert_allclose(segmentation.class_scores(matrix)['IoU'], jaccard, rtol=1e-6)
    confusion = torchmetrics.ConfusionMatrix(**arguments)(*tensors)
    np.testing.assert_array_equal(matrix, confusion)
    accuracy = torchmetrics.Accuracy(average='macro', **arguments)(*tensors)
    assert segmentation.summary(matrix)['mPA'] == pytest.approx(float(accuracy), rel=1e-6)
    dice = DiceScore(num_classes, average='macro', aggregation_level='global', input_format='index')
    matrix = segmentation.confusion_matrix(pred, gt, num_classes)
    expected = dice(torch.from_numpy(pred), torch.from_numpy(gt))
    assert segmentation.summary(matrix)['mDice'] == pytest.approx(float(expected), rel=1e-6)


@pytest.mark.parametrize(
    'pred, gt, message',
    [
        (np.zeros((2, 3), int), np.zeros((3, 2), int), r'\(2, 3\).*\(3, 2\)'),
        (np.zeros(4), np.zeros(4, int), 'prediction.*float64'),
        (np.array([3]), np.array([0]), r'prediction holds labels \[3\]; expected 0 .. 2'),
        (np.array([0]), np.array([-1]), r'ground truth holds labels \[-1\]'),
        (np.array([255]), np.array([0]), 'only ground truth may hold 255'),
    ],
)
def test_errors_say_what_came(pred, gt, message):
    with pytest.raises(ValueError, match=message):
        segmentation.confusion_matrix(pred, gt, 3)


def test_scores_refuse_other_shapes():
    with pytest.raises(ValueError, match=r'\(K, K\)'):
        segmentation.class_scores(np.zeros((2, 3)))


def metric(samples, **kwargs):
    from wsolzoo.evaluation.metrics import SegmentationMetric

    evaluator = SegmentationMetric(**kwargs)
    evaluator.process(None, samples)
    return evaluator.evaluate(len({item['img_id'] for item in samples}))


def golden_samples(pred=PRED):
    return [{'img_id': i, 'pred_mask': np.array(pred[i])[None], 'gt_mask': np.array(GT[i])[None]} for i in range(2)]


def test_metric_golden_and_each_image_once():
    samples = golden_samples()
    results = metric(samples + samples[:1], num_classes=3, classwise=True)
    assert results['segmentation/mIoU'] == pytest.approx(58.8889, abs=5e-5)
    assert results['segmentation/IoU/2'] == pytest.approx(50)
    assert results['segmentation/Dice/1'] == pytest.approx(80)


def test_metric_takes_the_argmax_of_resized_scores():
    import torch

    scores = torch.zeros(3, 4, 6)
    scores[0, :, :3] = scores[1, :, 3:] = 1
    item = {'img_id': 'a', 'pred_class_maps': scores, 'gt_mask': np.repeat([[0] * 6 + [1] * 6], 8, 0)}
    results = metric([item], num_classes=3)
    assert results['segmentation/mIoU'] == 100 and results['segmentation/PA'] == 100
    with pytest.raises(ValueError, match=r'\(4, 6\).*\(8, 12\)'):
        metric([item], num_classes=3, resize=None)


def test_metric_cuts_a_foreground_score():
    gt = np.array([[0, 0, 1, 1], [0, 255, 1, 1]], np.uint8)
    pred = np.array([[0.1, 0.6, 0.9, 0.5], [0.2, 0.9, 0.7, 0.8]], np.float32)
    results = metric([{'img_id': 'a', 'pred_map': pred, 'gt_mask': gt}])
    assert results['segmentation/IoU'] == pytest.approx(60)
    assert results['segmentation/Dice'] == pytest.approx(75)
    lower = metric([{'img_id': 'a', 'pred_map': pred, 'gt_map': (gt == 1)[None].astype(np.float32)}], threshold=0.45)
    assert lower['segmentation/IoU'] == pytest.approx(100 * 4 / 6)


def test_one_meaning_for_each_field():
    """The first of mask, class maps and map is read; indices in a map are refused, not guessed at."""
    gt = np.array([[0, 1], [2, 2]], np.uint8)
    scores = np.eye(3)[gt].transpose(2, 0, 1)
    wrong = {'pred_map': np.full((2, 2), 7.0), 'gt_mask': gt, 'img_id': 'a'}
    for fields in ({'pred_mask': gt, 'pred_class_maps': scores[::-1]}, {'pred_class_maps': scores}):
        assert metric([wrong | fields], num_classes=3)['segmentation/mIoU'] == 100
    with pytest.raises(ValueError, match='class indices belong in `pred_mask`'):
        metric([wrong | {'pred_map': gt}])


@pytest.mark.parametrize(
    'field, pred, kwargs, message',
    [
        ('pred_map', np.zeros((2, 2), np.float32), {'num_classes': 3}, r'2 classes, not 3.*\(3, h, w\)'),
        ('pred_class_maps', np.zeros((2, 2, 2), np.float32), {'num_classes': 3}, r'\(3, h, w\), got \(2, 2, 2\)'),
        ('pred_map', np.full((2, 2), 3.0), {}, r'\[0, 1\], got 3'),
        ('pred_map', np.full((2, 2), np.nan), {}, 'finite'),
        ('pred_mask', np.full((2, 2), 2), {}, r"image 'a': prediction holds labels \[2\]"),
        ('pred_mask', np.zeros((2, 2)), {}, 'integer class labels, got float64'),
        ('pred_mask', np.zeros((3, 2), int), {}, r'\(3, 2\).*\(2, 2\)'),
    ],
)
def test_metric_errors_name_the_image(field, pred, kwargs, message):
    with pytest.raises(ValueError, match=message):
        metric([{'img_id': 'a', field: pred, 'gt_mask': np.zeros((2, 2), np.uint8)}], **kwargs)


def test_metric_settings():
    with pytest.raises(ValueError, match='at least 2'):
        metric([], num_classes=1)
    with pytest.raises(ValueError, match='cubic'):
        metric([], resize='cubic')
