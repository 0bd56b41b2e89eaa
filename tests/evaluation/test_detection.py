"""Average precision: the named definitions on one example, matching rules, pycocotools, and the registered metric."""

import contextlib
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsolzoo.evaluation.functional import detection
from wsolzoo.evaluation.functional.detection import ImageDetections, average_precision, box_iou, match_image

FLAGS = np.array([[1, 0, 1, 1, 0]], bool)
EXAMPLE = ImageDetections(np.array([0.9, 0.8, 0.7, 0.6, 0.5]), FLAGS, np.zeros_like(FLAGS), 4)


def one(*args, **kwargs):
    return match_image(*args, **kwargs)[0]


@pytest.mark.parametrize(
    'definition, value', [('step', 0.604167), ('voc12', 0.625), ('voc07', 0.613636), ('coco', 0.628713)]
)
def test_golden_definitions(definition, value):
    assert average_precision([EXAMPLE], definition) == pytest.approx([value], abs=5e-7)


def test_golden_curve():
    precision, recall = detection.precision_recall([EXAMPLE])
    assert precision[0] == pytest.approx([1, 1 / 2, 2 / 3, 3 / 4, 3 / 5])
    assert recall[0] == pytest.approx([0.25, 0.25, 0.5, 0.75, 0.75])


def naive_ap(flags, num_objects, definition):
    """Each definition as its source says it, in plain Python loops."""
    points, hits = [], 0
    for rank, flag in enumerate(flags, 1):
        hits += flag
        points.append((hits / num_objects, hits / rank))

    def best_from(recall):
        return max((p for r, p in points if r >= recall), default=0)

    if definition in ('voc07', 'coco'):
        grid = [0.1 * k for k in range(11)] if definition == 'voc07' else [float(r) for r in np.linspace(0, 1, 101)]
        return sum(best_from(recall) for recall in grid) / len(grid)
    total, last = 0, 0
    for recall, precision in points:
        total += (recall - last) * (precision if definition == 'step' else best_from(recall))
        last = recall
    return total


@settings(max_examples=60, deadline=None)
@given(flags=st.lists(st.booleans(), max_size=25), missed=st.integers(0, 5))
def test_definitions_equal_plain_loops(flags, missed):
    num_objects = max(1, sum(flags) + missed)
    scores = -np.arange(len(flags), dtype=float)
    hit = np.array(flags, bool)[None]
    image = ImageDetections(scores, hit, np.zeros_like(hit), num_objects)
    for definition in detection.AP_DEFINITIONS:
        value = average_precision([image], definition)[0]
        assert value == pytest.approx(naive_ap(flags, num_objects, definition), abs=1e-12)


def test_iou_conventions():
    assert box_iou([[0, 0, 9, 9]], [[5, 5, 14, 14]], offset=1)[0, 0] == pytest.approx(25 / 175)
    assert box_iou([[1, 2, 5, 6]], [[3, 1, 4, 5]], offset=1)[0, 0] == pytest.approx(8 / 27)
    assert box_iou([[0, 0, 2, 2]], [[1, 1, 3, 3]])[0, 0] == pytest.approx(1 / 7)
    assert box_iou([[0, 0, 2, 2]], [[0, 0, 4, 4]], crowd=[True])[0, 0] == 1
    assert box_iou([[1, 1, 1, 1]], [[1, 1, 1, 1]])[0, 0] == 0
    assert box_iou(np.zeros((0, 4)), [[0, 0, 1, 1]]).shape == (0, 1)


def test_iou_of_exactly_the_threshold_is_a_hit():
    voc = one([[0, 0, 1, 1]], [1.0], [[0, 0, 1, 3]], thresholds=(0.5, 0.51), style='voc')  # 2 x 2 in 2 x 4
    assert voc.hit[:, 0].tolist() == [True, False]
    record = one([[0, 0, 1, 1]], [1.0], [[0, 0, 1, 2]], thresholds=(0.5, 0.51))
    assert record.hit[:, 0].tolist() == [True, False]


def test_second_detection_of_an_object_is_wrong_but_a_difficult_object_swallows_any_number():
    boxes = [[0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 30, 30], [20, 20, 30, 29]]
    objects = [[0, 0, 10, 10], [20, 20, 30, 30]]
    for style in ('coco', 'voc'):
        record = one(boxes, [0.9, 0.8, 0.7, 0.6], objects, thresholds=(0.5,), style=style,
                             difficult=[False, True])  # fmt: skip
        assert record.num_objects == 1
        assert record.hit[0].tolist() == [True, False, False, False]
        # COCO lets a difficult object that is no crowd take one detection only
        assert record.ignored[0].tolist() == [False, False, True, style == 'voc']


def test_matching_rules_differ_on_a_taken_object():
    """The second box overlaps the taken object most and the free one enough: only COCO looks further."""
    objects = [[0, 0, 10, 10], [0, 0, 10, 14]]
    boxes, scores = [[0, 0, 10, 10], [0, 0, 10, 11]], [0.9, 0.8]
    assert one(boxes, scores, objects, thresholds=(0.5,)).hit[0].tolist() == [True, True]
    assert one(boxes, scores, objects, thresholds=(0.5,), style='voc').hit[0].tolist() == [True, False]


def test_equal_overlaps_go_to_the_later_object_as_in_pycocotools():
    """Two objects overlap the detection alike, and one of them is difficult: it shows which was taken."""
    boxes, objects = [[0, 0, 10, 10]], [[0, 0, 10, 8], [0, 2, 10, 10], [0, 0, 10, 5]]
    for style, taken in (('coco', 1), ('voc', 0)):
        for difficult in (0, 1, 2):
            record = one(boxes, [1.0], objects, thresholds=(0.5,), style=style, difficult=np.arange(3) == difficult)
            swallowed = style == 'voc' and difficult == taken  # COCO prefers objects that count
            assert (record.hit[0, 0], record.ignored[0, 0]) == (not swallowed, swallowed)
    crowded = one(boxes * 3, [0.9, 0.8, 0.7], objects[:2], thresholds=(0.5,), crowd=[False, True])
    assert crowded.hit[0].tolist() == [True, False, False] and crowded.ignored[0].tolist() == [False, True, True]


def test_both_ends_of_an_area_range_are_inside():
    box = [[0, 0, 32, 32]]
    for name, inside in (('small', 1), ('medium', 1), ('large', 0)):
        record = one(box, [1.0], box, ranges=(name,))
        assert record.num_objects == inside and record.hit.all() == bool(inside)


def test_duplicate_after_full_recall_costs_nothing():
    box = [[0, 0, 9, 9]]
    record = one(box * 3, [0.9, 0.8, 0.7], box, thresholds=(0.5,))
    for definition in detection.AP_DEFINITIONS:
        assert average_precision([record], definition)[0] == pytest.approx(1)


def test_class_without_objects_is_nan_and_without_detections_zero():
    nothing = one([[0, 0, 9, 9]], [0.5], [], thresholds=(0.5, 0.75))
    missed = one([], [], [[0, 0, 9, 9]], thresholds=(0.5, 0.75))
    for definition in detection.AP_DEFINITIONS:
        assert np.isnan(average_precision([nothing], definition)).all()
        assert average_precision([missed], definition).tolist() == [0, 0]
    assert detection.average_recall([missed]).tolist() == [0, 0]
    assert np.isnan(detection.average_recall([one([], [], [], thresholds=(0.5,))])).all()


def draw_dataset(seed, num_images=12, num_classes=3, crowds=True):
    """Boxes on a quarter-pixel grid: widths and corners are exact in both libraries, so ties are the same ties."""
    rng = np.random.default_rng(seed)
    images = []
    for _ in range(num_images):
        count, extra = rng.integers(0, 6), rng.integers(0, 6)
        corner, size = rng.integers(0, 400, (count, 2)) / 4, rng.choice([40, 100, 300, 500], (count, 2)) / 4
        gt = np.concatenate([corner, corner + size], 1)
        labels = rng.integers(0, num_classes, count)
        moved = np.repeat(gt, 2, 0) + np.round(rng.normal(0, 12, (2 * count, 4))) / 4
        noise = rng.integers(0, 400, (extra, 2)) / 4
        pred = np.concatenate([moved, np.concatenate([noise, noise + 20], 1)])
        pred[:, 2:] = np.maximum(pred[:, 2:], pred[:, :2] + 1)
        pred_labels = np.concatenate([np.repeat(labels, 2), rng.integers(0, num_classes, extra)])
        images.append({
            'pred_boxes': pred, 'pred_box_labels': pred_labels,
            'pred_box_scores': rng.integers(0, 20, len(pred)) / 20,
            'gt_boxes': gt, 'gt_box_labels': labels, 'gt_crowd': crowds & (rng.random(count) < 0.15),
        })  # fmt: skip
    return [{'img_id': index, **image} for index, image in enumerate(images)]


def run_pycocotools(images, num_classes=3):
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    def to_xywh(box):
        return [*box[:2], box[2] - box[0], box[3] - box[1]]

    truth, found = [], []
    for image in images:
        for box, label, crowd in zip(image['gt_boxes'].tolist(), image['gt_box_labels'], image['gt_crowd']):
            area = (box[2] - box[0]) * (box[3] - box[1])
            truth.append({'id': len(truth) + 1, 'image_id': image['img_id'], 'category_id': int(label),
                          'bbox': to_xywh(box), 'area': area, 'iscrowd': int(crowd)})  # fmt: skip
        rows = zip(image['pred_boxes'].tolist(), image['pred_box_labels'], image['pred_box_scores'])
        for box, label, score in rows:
            found.append({'image_id': image['img_id'], 'category_id': int(label), 'bbox': to_xywh(box),
                          'score': float(score)})  # fmt: skip
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {'images': [{'id': image['img_id']} for image in images], 'annotations': truth,
                        'categories': [{'id': label} for label in range(num_classes)]}  # fmt: skip
        coco.createIndex()
        evaluator = COCOeval(coco, coco.loadRes(found), 'bbox')
        evaluator.evaluate()
        evaluator.accumulate()
        evaluator.summarize()
    return evaluator


def metric(images, **kwargs):
    from wsolzoo.evaluation.metrics import DetectionMetric

    evaluator = DetectionMetric(**kwargs)
    evaluator.process(None, images)
    return evaluator.evaluate(len({image['img_id'] for image in images}))


@pytest.mark.parametrize('seed', range(6))
def test_equals_pycocotools(seed):
    images = draw_dataset(seed)
    expected = run_pycocotools(images)
    results = metric(images, classwise=True)
    stats = [float('nan') if value == -1 else 100 * value for value in expected.stats]
    names = ('mAP', 'AP@0.50', 'AP@0.75', 'mAP_small', 'mAP_medium', 'mAP_large', 'AR@1', 'AR@10', 'AR@100')
    assert [results[f'detection/{name}'] for name in names] == pytest.approx(stats[:9], abs=1e-10, nan_ok=True)
    per_class = expected.eval['precision'][:, :, :, 0, -1]  # threshold, recall, class
    for label in range(3):
        if (per_class[:, :, label] > -1).all():
            assert results[f'detection/AP/{label}'] == pytest.approx(100 * per_class[:, :, label].mean(), abs=1e-10)


def test_max_dets_binds():
    rng = np.random.default_rng(0)
    gt = np.array([[0.0, 0, 10, 10]])
    noise = rng.integers(100, 200, (150, 2)).astype(float)
    pred = np.concatenate([np.concatenate([noise, noise + 5], 1), gt])
    image = {'img_id': 0, 'pred_boxes': pred, 'pred_box_scores': np.linspace(1, 0.1, 151), 'gt_boxes': gt}
    assert metric([image], class_agnostic=True)['detection/mAP'] == 0
    assert metric([image], class_agnostic=True, max_dets=200)['detection/mAP'] == pytest.approx(100 / 151)


@pytest.mark.parametrize('style', ['coco', 'voc07', 'voc12', 'step'])
def test_styles_of_the_metric(style):
    images = draw_dataset(3, crowds=False)
    results = metric(images, style=style)
    assert 0 < results['detection/AP@0.50'] < 100
    if style != 'coco':
        assert results['detection/mAP'] == results['detection/AP@0.50'] and len(results) == 2


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), style=st.sampled_from(['coco', 'voc07', 'voc12', 'step']))
def test_properties(seed, style):
    images = draw_dataset(seed, num_images=6)
    results = metric(images, style=style)
    rng = np.random.default_rng(seed)
    shuffled = [images[index] for index in rng.permutation(6)]
    assert metric(shuffled + shuffled[:2], style=style) == pytest.approx(results, nan_ok=True)
    rescaled = [{**image, 'pred_box_scores': image['pred_box_scores'] ** 3 * 7 - 2} for image in images]
    assert metric(rescaled, style=style) == pytest.approx(results, nan_ok=True)
    for value in results.values():
        assert np.isnan(value) or 0 <= value <= 100 + 1e-10


def test_perfect_detections_score_full_and_label_of_the_image_serves_all_boxes():
    gt = np.array([[0.0, 0, 40, 40], [50, 50, 90, 99]])
    image = {'img_id': 'a/b', 'pred_boxes': gt, 'pred_box_scores': [0.5, 0.4], 'pred_box_labels': [7, 7],
             'gt_boxes': gt, 'gt_label': 7}  # fmt: skip
    assert metric([image])['detection/mAP'] == pytest.approx(100)
    assert metric([{**image, 'gt_label': 6}])['detection/mAP'] == 0


@pytest.mark.parametrize('change, message', [
    ({'pred_box_scores': [0.5]}, r'image 3: .*2 boxes but `pred_box_scores` 1'),
    ({'pred_box_labels': [1, 1, 1]}, '`pred_box_labels` holds 3 labels for 2 boxes'),
    ({'pred_boxes': [[5, 0, 1, 1], [0, 0, 1, 1]]}, 'x1 >= x0'),
    ({'pred_box_scores': [0.5, np.nan]}, 'NaN'),
    ({'gt_crowd': [True, False]}, '`gt_crowd` 2 entries'),
])  # fmt: skip
def test_errors_name_the_image(change, message):
    image = {'img_id': 3, 'pred_boxes': [[0, 0, 1, 1]] * 2, 'pred_box_scores': [0.5, 0.4], 'pred_box_labels': [1, 1],
             'gt_boxes': [[0, 0, 1, 1]], 'gt_label': 1}  # fmt: skip
    with pytest.raises(ValueError, match=message):
        metric([{**image, **change}])


def test_missing_fields_and_wrong_settings():
    with pytest.raises(ValueError, match="`pred_boxes`.*'x'.*gt_boxes"):
        metric([{'img_id': 'x', 'gt_boxes': []}])
    with pytest.raises(ValueError, match='class_agnostic=True'):
        metric([{'img_id': 'x', 'gt_boxes': [], 'pred_boxes': [], 'pred_box_scores': []}])
    with pytest.raises(ValueError, match="'coc'.*voc07"):
        metric([], style='coc')
    with pytest.raises(ValueError, match=r'\(0, 1\]'):
        metric([], thresholds=[0])
    with pytest.raises(ValueError, match='unknown definition'):
        average_precision([EXAMPLE], 'area')
    with pytest.raises(ValueError, match="'coco' or 'voc'"):
        match_image([], [], [], style='kitti')
