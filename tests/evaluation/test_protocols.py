"""Every published protocol on maps whose answer can be computed by hand, and against a plain re-implementation."""

import cv2
import numpy as np
import pytest

from wsolzoo.evaluation.localization import protocols
from wsolzoo.evaluation.localization.counts import BoxCounts
from wsolzoo.evaluation.localization.records import box_record, normalised
from wsolzoo.evaluation.localization.summary import BoxSummary, threshold_index, thresholds_of
from wsolzoo.evaluation.localization.tables import MixedProtocolsError, require_same

BOX = [name for name in protocols.names() if not protocols.get(name).is_pixel]
SIZE = (224, 224)


def block(x0=60, y0=50, x1=181, y1=151):
    """A map that is 1 in a rectangle (end exclusive) and 0 elsewhere."""
    out = np.zeros(SIZE)
    out[y0:y1, x0:x1] = 1
    return out


def judge(name, array, truths, rank=None):
    """Box, IoU and accuracies of one image at the protocol's fixed threshold."""
    protocol = protocols.get(name)
    thresholds = thresholds_of(protocol)
    record = box_record(array, np.array(truths, float), protocol, thresholds, SIZE)
    run = record.at(threshold_index(thresholds, protocol.threshold.fixed))
    counts = BoxCounts(protocol, thresholds)
    counts.add(record, 0, rank)
    kinds = ('GTKnown',) if rank is None else ('GTKnown', 'Top1Loc', 'Top5Loc')
    column = BoxSummary(counts, kinds=kinds).columns['fixed']
    return record.boxes[run].tolist(), record.ious[run], column, record, counts


def test_all_names():
    assert protocols.names()[:9] == [
        'choe2020-v1', 'choe2020-v2', 'choe2020-pxap', 'bas-v1', 'bas-v2', 'pas2020', 'spol2021', 'tscam2021',
        'choe2020-v2-fullsup',
    ]  # fmt: skip


@pytest.mark.parametrize('name', BOX)
def test_a_perfect_block(name):
    box, iou, column, *_ = judge(name, block(), [[60, 50, 181, 151]], rank=0)
    assert box == [60, 50, 181, 151] and iou == 1
    assert column['GTKnown'] == column['Top1Loc'] == 100


@pytest.mark.parametrize(
    ('name', 'truth', 'known', 'top1'),
    [
        # sides + 1: 122 x 102 against 122 x 51, IoU exactly 0.5
        ('choe2020-v1', [60, 50, 181, 100], 100, 100),
        ('choe2020-v2', [60, 50, 181, 100], 100, 100),
        ('choe2020-v2-fullsup', [60, 50, 181, 100], 100, 100),
        ('bas-v1', [60, 50, 181, 100], 0, 0),
        ('bas-v2', [60, 50, 181, 100], 100, 100),
        ('pas2020', [60, 50, 181, 100], 100, 100),
        ('tscam2021', [60, 50, 181, 100], 100, 0),
        # no offset: 121 x 101 against 121 x 50.5
        ('spol2021', [60, 50, 181, 100.5], 0, 0),
    ],
)
def test_hit_rules_at_exactly_one_half(name, truth, known, top1):
    _, iou, column, *_ = judge(name, block(), [truth], rank=0)
    assert iou == 0.5
    assert (column['GTKnown'], column['Top1Loc']) == (known, top1)


def test_offset_zero_and_one():
    truth = [[100, 100, 200, 150]]
    array = block(150, 100, 250, 150)  # ends at 224: 74 x 50 against 100 x 50, both 50 x 50
    assert judge('spol2021', array, truth)[1] == pytest.approx(2500 / (74 * 50 + 5000 - 2500))
    assert judge('tscam2021', array, truth)[1] == pytest.approx(51 * 51 / (75 * 51 + 101 * 51 - 51 * 51))


@pytest.mark.parametrize(
    ('name', 'end'),
    [('choe2020-v1', 223), ('choe2020-v2', 223), ('choe2020-v2-fullsup', 223), ('bas-v1', 224), ('bas-v2', 224),
     ('pas2020', 224), ('spol2021', 224), ('tscam2021', 224)],
)  # fmt: skip
def test_box_end_at_the_border(name, end):
    assert judge(name, block(100, 100, 224, 224), [[100, 100, 224, 224]])[0] == [100, 100, end, end]


@pytest.mark.parametrize(
    ('name', 'box'),
    [('choe2020-v1', [0, 0, 0, 0]), ('choe2020-v2', [0, 0, 0, 0]), ('choe2020-v2-fullsup', [0, 0, 0, 0]),
     ('bas-v1', [0, 0, 224, 224]), ('bas-v2', [0, 0, 224, 224]), ('pas2020', [0, 0, 224, 224]),
     ('tscam2021', [0, 0, 1, 1]), ('spol2021', [0, 0, 0, 0])],
)  # fmt: skip
def test_empty_maps(name, box):
    found, _, column, record, counts = judge(name, np.zeros(SIZE), [[0, 0, 224, 224]])
    assert found == box and record.empty.all() and record.degenerate
    skipped = name == 'spol2021'
    assert counts.total().total.max() == (0 if skipped else 1)
    assert column['GTKnown'] == (100 if name in ('bas-v1', 'bas-v2', 'pas2020') else 0)


def test_an_empty_box_can_hit_only_as_choe_counts():
    """IoU adds 1 to sides: the box 0 0 0 0 equals a true box of that kind."""
    assert judge('choe2020-v1', np.zeros(SIZE), [[0, 0, 0.4, 0.9]])[1] == 1


def test_skipped_images_leave_the_denominator():
    protocol = protocols.get('spol2021')
    thresholds = thresholds_of(protocol)
    counts = BoxCounts(protocol, thresholds)
    for array in (block(), np.zeros(SIZE), 0.5 * block()):
        counts.add(box_record(array, np.array([[60, 50, 181, 151.0]]), protocol, thresholds, SIZE), 0)
    columns = BoxSummary(counts, fixed=0.8).columns
    assert columns['fixed']['GTKnown'] == 100, 'one of one: the others leave nothing above 0.8'
    assert counts.total().hits[0, 0, 20] == 2 and counts.total().total[20] == 2
    assert columns['oracle']['threshold']['0.5'] < 0.5, 'the oracle counts hits: emptying maps must not pay'


def test_largest_contour_or_component():
    """A square of 9 pixels, and a line of 100 pixels whose polygon has no area."""
    array = np.zeros(SIZE)
    array[20:23, 30:33] = 1
    array[200, 50:150] = 1
    truths = [[0, 0, 1, 1]]
    for name in ('choe2020-v1', 'spol2021', 'tscam2021', 'pas2020'):
        assert judge(name, array, truths)[0] == [30, 20, 33, 23]
    for name in ('bas-v1', 'bas-v2'):
        assert judge(name, array, truths)[0] == [50, 200, 150, 201]


def test_all_contours_take_the_best_one():
    array = block(0, 0, 100, 100) + block(150, 150, 170, 170)
    truth = [[150, 150, 170, 170]]
    assert judge('choe2020-v1', array, truth)[1] == 0
    assert judge('choe2020-v2', array, truth)[:2] == ([150, 150, 170, 170], 1)


@pytest.mark.parametrize(
    ('name', 'level'),
    [('choe2020-v1', 0.2), ('bas-v1', 0.15), ('bas-v2', 0.10), ('spol2021', 0.2), ('tscam2021', 0.10)],
)
def test_fixed_thresholds_are_strict(name, level):
    """A second block at and just above the published threshold."""
    for value, found in ((level - 0.01, False), (level + 0.01, True)):
        array = np.maximum(block(), value * block(10, 50, 220, 151))
        box = judge(name, array, [[0, 0, 1, 1]])[0]
        assert (box == [10, 50, 220, 151]) is found, (name, value, box)


def test_pas_is_relative_to_the_90th_percentile():
    """90 % of the pixels reach 0.5 at most: the threshold is 0.35 x 127 = 44.45, level 44."""
    array = np.full(SIZE, 0.5)
    array[:, :100] = 0
    array[0, 0] = 1
    assert np.percentile((array * 255).astype(np.uint8), 90) == 127
    for grey, found in ((44, False), (45, True)):
        lifted = array.copy()
        lifted[:, 50:100] = (grey + 0.5) / 255
        assert (judge('pas2020', lifted, [[0, 0, 1, 1]])[0][0] == 50) is found


@pytest.mark.parametrize(('name', 'count'), [('choe2020-v1', 2), ('bas-v1', 2), ('pas2020', 1)])
def test_which_true_boxes_count(name, count):
    truths = [[200, 200, 210, 210], [60, 50, 181, 151]]
    assert bool(judge(name, block(), truths)[1] == 1) is (count == 2)


def test_truth_is_truncated_or_not():
    truth = [[60.9, 50.9, 181.9, 151.9]]
    assert judge('choe2020-v1', block(), truth)[1] == 1
    assert judge('bas-v2', block(), truth)[1] == 1
    assert judge('bas-v1', block(), truth)[1] < 1
    assert judge('bas-v2', np.ones(SIZE) - block(223, 223, 224, 224), [[0, 0, 224, 224]])[3].truths.tolist() == [
        [0, 0, 223, 223]
    ]


def test_objects_lost_by_the_crop_have_iou_zero_but_count():
    _, iou, _, record, counts = judge('bas-v1', np.zeros(SIZE), [[0, 10, 0, 30]])
    assert iou == 0 and len(record.truths) == 0 and counts.num_images == 1
    assert judge('choe2020-v1', np.zeros(SIZE), [[0, 0, 0, 0]])[1] == 1, 'without a crop even that box counts'


def test_macro_average():
    protocol = protocols.get('bas-v1')
    thresholds = thresholds_of(protocol)
    counts = BoxCounts(protocol, thresholds)
    for label, array in ((0, block()), (0, block()), (0, block()), (1, block(0, 0, 10, 10))):
        counts.add(box_record(array, np.array([[60, 50, 181, 151.0]]), protocol, thresholds, SIZE), label)
    assert BoxSummary(counts).columns['fixed']['GTKnown'] == 50


def test_where_the_normaliser_acts():
    raw = np.random.default_rng(0).normal(size=(7, 7))
    wide = cv2.resize(raw, (224, 224), interpolation=cv2.INTER_CUBIC)
    expected = (wide - wide.min()) / (wide.max() - wide.min())
    np.testing.assert_array_equal(normalised(raw, protocols.get('choe2020-v1'), SIZE), expected)
    small = (raw - raw.min()) / (raw.max() - raw.min())
    expected = cv2.resize(small, (224, 224), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_array_equal(normalised(raw, protocols.get('bas-v1'), SIZE), expected)
    small = (raw - raw.min()) / (raw.max() - raw.min() + 1e-5)
    expected = cv2.resize(small, (224, 224), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_array_equal(normalised(raw, protocols.get('bas-v2'), SIZE), expected)
    wide = cv2.resize(raw, (224, 224), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_array_equal(
        normalised(raw, protocols.get('tscam2021'), SIZE), (wide - wide.min()) / (wide.max() - wide.min())
    )


def plain_sweep(raw, truths, size, all_contours, interval):
    """Best IoU at every threshold, written down as the protocol reads, with nothing shared."""
    height, width = size
    grown = cv2.resize(raw.astype(np.float64), (width, height), interpolation=cv2.INTER_CUBIC)
    if np.isnan(grown).any() or grown.max() == grown.min():
        grown = np.zeros(size)
    else:
        grown = (grown - grown.min()) / (grown.max() - grown.min())
    grey = (grown * 255).astype(np.uint8)
    out = []
    for t in np.arange(0, 1, interval):
        mask = (grey > int(t * grey.max())).astype(np.uint8)
        contours = cv2.findContours(mask, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)[0]
        if not all_contours and len(contours):
            contours = [max(contours, key=cv2.contourArea)]
        boxes = [(0, 0, 0, 0)] if not len(contours) else []
        for contour in contours:
            x, y, w, h = cv2.boundingRect(contour)
            boxes.append((x, y, min(x + w, width - 1), min(y + h, height - 1)))
        best = 0.0
        for a in boxes:
            for b in truths:
                b = [int(v) for v in b]
                inter = max(0, min(a[2], b[2]) - max(a[0], b[0]) + 1) * max(0, min(a[3], b[3]) - max(a[1], b[1]) + 1)
                union = sum((c[2] - c[0] + 1) * (c[3] - c[1] + 1) for c in (a, b)) - inter
                best = max(best, inter / union)
        out.append(best)
    return np.array(out)


@pytest.mark.parametrize(('name', 'all_contours'), [('choe2020-v1', False), ('choe2020-v2', True)])
@pytest.mark.parametrize('interval', [0.01, 0.001])
@pytest.mark.parametrize('seed', range(4))
def test_choe_against_a_plain_implementation(name, all_contours, interval, seed):
    rng = np.random.default_rng(seed)
    size = (48, 40) if interval == 0.001 else (224, 224)
    kinds = (
        lambda: rng.normal(size=(14, 14)),
        lambda: np.exp(-((np.indices((28, 28)) - rng.integers(5, 23, (2, 1, 1))) ** 2).sum(0) / 40),
        lambda: rng.integers(0, 3, (9, 11)).astype(np.float32),
        lambda: rng.random(size) if interval == 0.001 else rng.random((20, 20)),
    )
    raw = kinds[seed]()
    corner = rng.random((2, 2)) * 20
    truths = np.concatenate([corner, corner + 5 + rng.random((2, 2)) * 100], 1)
    protocol = protocols.vary(name, f'{name}-test', threshold={'interval': interval, 'fixed': None})
    thresholds = thresholds_of(protocol)
    record = box_record(raw, truths, protocol, thresholds, size)
    found = np.repeat(record.ious, np.diff(record.starts, append=len(thresholds)))
    np.testing.assert_array_equal(found, plain_sweep(raw, truths, size, all_contours, interval))


def test_a_missing_map_is_a_miss_everywhere():
    for name in BOX:
        protocol = protocols.get(name)
        record = box_record(None, np.array([[0, 0, 0, 0.0]]), protocol, thresholds_of(protocol), SIZE)
        assert record.ious.tolist() == [0] and record.empty.all()


def test_unknown_names_list_close_ones():
    with pytest.raises(KeyError, match='choe2020-v2'):
        protocols.get('choe2020v2')
    with pytest.raises(KeyError, match='there are'):
        protocols.get('???')


def test_explain_says_it_in_words(capsys):
    protocols.explain('bas-v1')
    said = capsys.readouterr().out
    for words in ('256x256', '224x224', '8-connected', 'IoU > 0.5', 'over classes', 'ten crops', '0.15', 'whole view'):
        assert words in said
    for name in protocols.names():
        protocols.explain(name)
        assert name in capsys.readouterr().out


def test_users_register_their_own(monkeypatch):
    monkeypatch.setattr(protocols, '_PROTOCOLS', dict(protocols._PROTOCOLS))
    mine = protocols.vary('choe2020-v2', 'mine', map={'normalizer': 'ivr', 'arguments': {'percentile': 0.4}})
    assert protocols.register(mine) is protocols.get('mine')
    protocols.register(mine)
    assert mine.fingerprint != protocols.get('choe2020-v2').fingerprint
    same = protocols.vary('choe2020-v2', 'mine', map={'normalizer': {'type': 'ivr', 'percentile': 0.4}})
    assert same == mine and same.fingerprint == mine.fingerprint
    assert protocols.vary('bas-v2', 'max', map={'normalizer': 'max'}).map.arguments == {}, 'its eps is of another one'
    with pytest.raises(ValueError, match='another definition'):
        protocols.register(protocols.vary(mine, 'choe2020-v2'))
    assert protocols.resolve({'base': 'choe2020-v2', 'name': 'x', 'hit': {'ious': (0.5,)}}).hit.ious == (0.5,)
    with pytest.raises(ValueError, match='name missing'):
        protocols.resolve({'base': 'choe2020-v2'})


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'map': {'normalizer': 'softmax'}}, "there is no map normaliser 'softmax'"),
        ({'map': {'normalizer': {'type': 'ivr', 'percentil': 0.3}}}, "takes no 'percentil'; did you mean 'percentile'"),
        ({'map': {'normalizer': 'ivr', 'arguments': {'percentile': 30}}}, 'is a fraction in'),
        ({'box': {'component': 'any'}}, 'component is one of'),
        ({'threshold': {'interval': 0}}, 'interval'),
        ({'hit': {'average': 'mean'}}, 'average is one of'),
        ({'map': {'quantise': False}}, 'reference'),
    ],
)
def test_nonsense_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        protocols.vary('choe2020-v1', 'broken', **change)


def test_fingerprints_ignore_names_only():
    first, second = protocols.get('choe2020-v2'), protocols.get('choe2020-v2-fullsup')
    assert protocols.vary(first, 'other name').fingerprint == first.fingerprint
    assert first.fingerprint != second.fingerprint
    assert len({protocols.get(name).fingerprint for name in protocols.names()}) == len(protocols.names())


def test_thresholds_hold_the_fixed_one():
    protocol = protocols.get('choe2020-v1')
    assert len(thresholds_of(protocol)) == 1000
    assert len(thresholds_of(protocol, 0.1234)) == 1001
    grid = protocols.get('pas2020').threshold.grid()
    assert 0.35 not in grid, 'the published value is kept beside its neighbour on the grid: they may differ by a level'
    at = threshold_index(thresholds_of(protocols.get('pas2020')), 0.35)
    assert thresholds_of(protocols.get('pas2020'))[at] == 0.35
    with pytest.raises(ValueError, match='not among'):
        threshold_index(thresholds_of(protocol), 0.5004)


def test_tables_refuse_to_mix_protocols():
    first = protocols.get('choe2020-v1')
    coarse = protocols.vary(first, first.name, threshold={'interval': 0.01})
    rows = {'CAM': {'protocols': first.fingerprint}, 'HaS': {'protocols': first.fingerprint}}
    require_same(rows)
    require_same({})
    for other in ({'protocols': coarse.fingerprint}, {}):
        with pytest.raises(MixedProtocolsError, match='CAM and ACoL cannot share a table: protocols differ'):
            require_same(rows | {'ACoL': other})


def test_kim2021_changes_the_normaliser_alone():
    for base in ('choe2020-v2', 'choe2020-pxap'):
        for name in ('max', 'pas', 'ivr'):
            changed = protocols.get(f'{base}-{name}')
            again = protocols.vary(base, 'x', map={'normalizer': name})
            assert changed.fingerprint == again.fingerprint
    assert 'ivr' in protocols.get('choe2020-v2-ivr').describe()


def test_an_old_name_gives_the_same_rules_and_says_what_they_are():
    with pytest.warns(FutureWarning, match='chooses on true boxes'):
        old = protocols.get('realistic')
    assert old.name == 'realistic' and old.fingerprint == protocols.get('choe2020-v2-fullsup').fingerprint
    assert 'true boxes' in old.describe() and 'realistic' not in protocols.names()
