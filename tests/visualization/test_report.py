"""The report: complete where data exists, silent where not, safe with foreign names, the same every time."""

import re
import subprocess
import sys
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest

from wsolzoo.evaluation.functional.causes import DEFINITIONS
from wsolzoo.structures import Drawing
from wsolzoo.visualization import charts, wanted_images, write_report
from wsolzoo.visualization.gallery import select, share_out
from wsolzoo.visualization.summary import headlines, numbers, protocol_table

EVIL = '<script>alert(1)</script>"\'&'


def column(shift=0.0, best=True):
    return {
        **({'MaxBoxAcc': 60.0, 'MaxBoxAccV2': 55.0} if best else {'MeanBoxAcc': 55.0 - shift}),
        'BoxAcc': {'0.3': 80.0 - shift, '0.5': 60.0 - shift, '0.7': 25.0 - shift},
        'GTKnown': 60.0 - shift,
        'Top1Loc': 50.0 - shift,
        'threshold': {'0.3': 0.1, '0.5': 0.2, '0.7': 0.3 + shift / 100},
    }


@pytest.fixture
def result():
    grid = [i / 20 for i in range(20)]
    causes = list(DEFINITIONS)
    images = [
        {
            'img_id': f'val/{i:03d}.jpg',
            'label': i % 3,
            'gt_boxes': [[2.0, 2.0, 20.0, 20.0]],
            'box': [1.0, 2.0, 3.0 + i, 4.0 + i],
            'iou': i / 30,
            'threshold': 0.2,
            'pred_labels': [(i * 7) % 3, 0],
            'cause': causes[i % len(causes)],
        }
        for i in range(30)
    ]
    box = column() | {
        'headline': 'oracle',
        'thresholds': grid,
        'curve': {iou: [100 * (1 - t) * float(iou) for t in grid] for iou in ('0.3', '0.5', '0.7')},
        'columns': {'oracle': column(), 'transferred': column(2, best=False), 'fixed': None},
        'intervals': {'GTKnown': [55.5, 64.5]},
        'centered_box': {'MaxBoxAcc': 40.0, 'GTKnown': 40.0, 'MaxBoxAccV2': 57.5, 'BoxAcc': {'0.5': 40.0}},
        'num_images': 30,
        'deviations': ['the network saw 96x96, the protocol asks for 224x224'],
    }
    pixels = {'PxAP': 44.0, 'pIoU': 31.0, 'interval': 0.001, 'deviations': box['deviations']}
    return {
        'protocols': {'choe2020-v2': box, 'choe2020-pxap': pixels},
        'classification': {'top1': 90.0},
        'breakdown': {
            'class': {'bird': {'GTKnown': 30.0, 'num_images': 9}, EVIL: {'GTKnown': 70.0, 'num_images': 21}},
            'size': {'large': {'GTKnown': 80.0, 'num_images': 10}, 'small': {'GTKnown': 20.0, 'num_images': 20}},
        },
        'images': images,
        'causes': DEFINITIONS | {'part-only': 'a definition of our own'},
    }


def pictures(result):
    rng = np.random.default_rng(0)
    return {
        img_id: {'image': rng.integers(0, 256, (24, 32, 3), dtype=np.uint8), 'map': rng.random((4, 5))}
        for img_id in wanted_images(result)
    }


CURVES = {
    'loss': {'x': 'iteration', 'series': {'loss': [(i, 2 / i) for i in range(1, 500)]}},
    'learning rate': {'lr': [(1, 1e-3), (2, 5e-4)]},
}


class Page(HTMLParser):
    """What a browser would see: tags with attributes, ids, and text by section."""

    VOID = {'meta', 'img', 'br'}

    def __init__(self, path):
        super().__init__()
        self.tags, self.text, self.open, self.section = [], {}, [], ''
        self.source = path.read_text(encoding='utf-8')
        self.feed(self.source)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == 'section':
            self.section = dict(attrs)['id']
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f'{tag} closed out of turn'

    def handle_data(self, data):
        self.text[self.section] = self.text.get(self.section, '') + data

    def all(self, tag, **wanted):
        return [attrs for name, attrs in self.tags if name == tag and wanted.items() <= attrs.items()]


@pytest.fixture
def page(result, tmp_path):
    meta = {'classes': ['bird', EVIL, 'cat'], 'seed': 3, 'config': f'model = dict() # {EVIL}', 'command': 'test.py x'}
    path = write_report(result, tmp_path / 'r.html', title=EVIL, images=pictures(result), curves=CURVES, meta=meta)
    return Page(path)


def test_every_section_is_there_and_well_formed(page):
    assert [attrs['id'] for attrs in page.all('section')] == [
        'numbers', 'curves', 'breakdown', 'pictures', 'failures', 'run',
    ]  # fmt: skip
    assert not page.open
    assert {a['href'].strip('#') for a in page.all('a')} == {a['id'] for a in page.all('section')}


def test_the_page_fetches_nothing_and_runs_only_its_own_script(page):
    for tag, attrs in page.tags:
        assert tag not in ('link', 'iframe', 'object', 'embed', 'base')
        assert not any(name.startswith('on') for name in attrs)
        assert 'loading' not in attrs, 'a lazy picture is blank in print'
        for name in ('src', 'href', 'srcset', 'action', 'data'):
            assert attrs.get(name, '#').startswith(('data:image/webp;base64,', '#')), (tag, name)
    assert 'url(' not in page.source and '@import' not in page.source
    addresses = set(re.findall(r'https?://[^"\s<]+', page.source))
    assert addresses <= {'http://www.w3.org/2000/svg'}  # a name space, nothing is fetched from it
    (script,) = re.findall('<script>(.*?)</script>', page.source, re.DOTALL)
    policy = page.all('meta', **{'http-equiv': 'Content-Security-Policy'})[0]['content']
    assert f"script-src 'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" in policy
    assert "default-src 'none'" in policy


def test_foreign_names_are_text(page):
    assert page.source.lower().count('<script') == 1, 'ours'
    assert EVIL in page.text['breakdown'] and EVIL in page.text['run']
    assert EVIL in page.text[''], 'the title'


def test_headlines_stand_beside_the_centred_box_and_name_their_protocol(page, result):
    found = {head.name: head for head in headlines(result)}
    assert (found['GT-known'].value, found['GT-known'].baseline, found['GT-known'].column) == (60.0, 40.0, 'oracle')
    assert found['MaxBoxAccV2'].gain == -2.5
    assert found['PxAP'].protocol == 'choe2020-pxap' and found['PxAP'].baseline is None
    assert found['Top-1'].value == 90.0 and found['GT-known'].interval == (55.5, 64.5)
    numbers = page.text['numbers']
    assert 'centred box 40.0' in numbers and '+20.0' in numbers and '−2.5' in numbers
    assert '55.5–64.5' in numbers
    assert len(page.all('article')) == len(found) - 1, 'MaxBoxAcc is GT-known here'
    assert 'GT-known = MaxBoxAcc' in ' '.join(numbers.split())
    assert 'card below' in {a['class'] for a in page.all('article')}


def test_one_table_for_each_protocol_with_three_columns(page, result):
    table = protocol_table(result['protocols']['choe2020-v2'])
    assert [name for name, _ in table['columns']] == ['oracle', 'transferred', 'fixed', 'centred box']
    rows = dict(table['rows'])
    assert rows['BoxAcc @ 0.5'] == ['60.00', '58.00', None, '40.00']
    assert rows['MaxBoxAccV2 / mean'] == ['55.00', '53.00', None, '57.50']
    assert rows['threshold @ 0.7'] == ['0.300', '0.320', None, None]
    assert table['intervals'] == ['GT-known 55.5–64.5']
    assert dict(protocol_table(result['protocols']['choe2020-pxap'])['rows']) == {'PxAP': ['44.00'], 'pIoU': ['31.00']}
    assert len(page.all('table')) == 2 + 2  # two protocols, two breakdowns
    assert page.text['numbers'].count('the protocol asks for 224x224') == 1, 'once, though two protocols say it'


def test_curves_and_their_chosen_points(page):
    charts_ = page.all('svg', role='img')
    labels = [attrs['aria-label'] for attrs in charts_]
    assert any('against threshold' in label and 'IoU 0.7 peaks at 70.0%' in label for label in labels)
    assert any(label.startswith('Histogram') for label in labels)
    assert any(label.startswith('loss in training') for label in labels)
    assert any(label.startswith('learning rate in training') for label in labels)
    assert len(page.all('polyline')) == 3 + 1 + 2  # curves, one centred box, two training curves
    circles = [a for a in page.all('circle') if 'mark' in a['class']]
    turned = [a for a in page.all('rect') if 'mark' in a.get('class', '') and 'rotate' in a.get('transform', '')]
    assert len(circles) == 3 and len(turned) == 3  # oracle and transferred, one for each IoU
    assert 'IoU 0.7, transferred' in page.text['curves']


def test_pictures_say_in_words_what_they_show(page, result):
    photos = [attrs for attrs in page.all('img') if attrs.get('class') != 'heat']
    assert len(page.all('img', **{'class': 'heat'})) == len(photos)
    assert len(photos) == 12 + 12 + 12 + sum(len(group) for group in select(result['images']).causes.values())
    assert all(attrs['alt'].startswith('Image val/') and 'boxes overlap by' in attrs['alt'] for attrs in photos)
    assert len(page.all('rect', **{'class': 'true'})) == len(photos)


def test_causes_are_counted_defined_and_shown(page):
    failures = page.text['failures']
    assert 'a definition of our own' in failures and DEFINITIONS['over-extended'] in failures
    assert 'Part only' in failures and 'Degenerate map' in failures
    assert '4 of 4' in failures
    options = [attrs.get('value') for attrs in page.all('option')]
    assert 'part-only' in options and 'cat' in failures and len(page.all('details', **{'class': 'cause'})) == 6


def test_a_plugins_own_causes_are_shown_as_it_names_them(tmp_path):
    images = [
        {'img_id': str(i), 'cause': cause} for i, cause in enumerate(['hit', 'too_dark', 'too_dark', 'upside-down'])
    ]
    page = Page(write_report({'images': images, 'causes': {'upside-down': 'Turned.'}}, tmp_path / 'r.html', title='t'))
    text = page.text['failures']
    assert text.index('Upside down') < text.index('Too dark') and 'Turned.' in text and 'Part only' not in text


def test_nothing_is_shown_of_what_is_not_there(tmp_path):
    page = Page(write_report({}, tmp_path / 'r.html', title='empty'))
    assert page.all('section') == [] and page.all('svg') == []
    only = {'protocols': {'p': {'PxAP': 50.0}}}
    page = Page(write_report(only, tmp_path / 'p.html', title='one number'))
    assert [attrs['id'] for attrs in page.all('section')] == ['numbers']


def test_other_tasks_get_a_plain_table(tmp_path):
    page = Page(write_report({'metrics': {'MAE': 0.0512, 'bad': float('nan')}}, tmp_path / 'r.html', title='saliency'))
    assert 'MAE' in page.text['numbers'] and '0.0512' in page.text['numbers'] and 'bad' not in page.text['numbers']


def test_other_tasks_get_pictures_of_estimate_and_truth(tmp_path):
    rng = np.random.default_rng(0)
    dense = {'image': rng.integers(0, 256, (24, 32, 3), dtype=np.uint8), 'pred_map': rng.random((20, 32)) / 2}
    dense |= {'gt_map': np.full((24, 32), 0.75), 'pred_unit': 'px', 'map_unit': 'px'}
    only = {'metrics': {'MAE': 0.05}, 'images': [{'img_id': 'a'}, {'img_id': 'b'}]}
    images = {'a': dense, 'b': {'image': dense['image'], 'pred_map': dense['pred_map']}}
    page = Page(write_report(only, tmp_path / 'r.html', title='t', images=images))
    alts = sorted(attrs['alt'] for attrs in page.all('img'))
    assert alts == ['Image a', 'Image b', 'estimate', 'estimate', 'truth']
    assert '0.75 px' in page.text['pictures'] and 'IoU' not in page.text['pictures']
    assert [a['id'] for a in page.all('section')] == ['numbers', 'pictures']


def test_the_same_data_gives_the_same_bytes(result, tmp_path):
    first, second = (
        write_report(result, tmp_path / f'{i}.html', title='t', images=pictures(result), curves=CURVES) for i in '12'
    )
    assert first.read_bytes() == second.read_bytes()


def test_the_choice_of_pictures_ignores_the_order_of_arrival(result):
    chosen = select(result['images'])
    assert select(result['images'][::-1]) == chosen
    assert chosen.best[0]['iou'] == max(r['iou'] for r in result['images'])
    assert chosen.worst[0]['iou'] == 0
    assert 'hit' not in chosen.causes and set(chosen.causes) == set(DEFINITIONS) - {'hit'}


def test_the_choice_of_pictures_is_bounded():
    records = [{'img_id': f'{i:05d}', 'iou': i / 5000, 'cause': list(DEFINITIONS)[i % 7]} for i in range(5000)]
    assert len(select(records).ids()) <= 3 * 12 + 96


def test_failures_share_a_page_and_small_groups_lose_nothing():
    assert share_out({'a': 2, 'b': 50, 'c': 90, 'd': 1}, 32) == {'a': 2, 'b': 14, 'c': 15, 'd': 1}
    assert share_out({'a': 50}, 32) == {'a': 32} and share_out({'a': 3}, 32) == {'a': 3} and share_out({}, 32) == {}


@pytest.mark.slow
def test_the_size_of_a_page_is_bounded(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    hard = cv2.resize(noise, (320, 240), interpolation=cv2.INTER_CUBIC)
    records = [{'img_id': f'{i:05d}', 'iou': i / 500, 'cause': list(DEFINITIONS)[i % 7]} for i in range(500)]
    images = {record['img_id']: {'image': hard, 'map': noise[..., 0]} for record in records}
    path = write_report({'images': records, 'causes': DEFINITIONS}, tmp_path / 'r.html', title='t', images=images)
    assert path.stat().st_size < 8e6


def test_a_long_list_of_classes_shows_both_ends_and_folds_the_rest(tmp_path):
    rows = {f'species {i:03d}': {'GTKnown': i / 2, 'num_images': 3} for i in range(200)}
    page = Page(write_report({'breakdown': {'class': rows}}, tmp_path / 'r.html', title='t'))
    assert len(page.all('table')) == 3
    shown = page.source.partition('All 200')[0]
    assert 'species 000' in shown and 'species 199' in shown and 'species 100' not in shown


def test_curves_that_lie_on_each_other_are_one_with_both_names(tmp_path):
    series = {'GTKnown': [(1, 10.0), (2, 20.0)], 'top1': [(1, 30.0), (2, 60.0)], 'MaxBoxAcc': [(1, 10.0), (2, 20.0)]}
    curves = {'validation (%)': {'x': 'epoch', 'series': series}}
    page = Page(write_report({}, tmp_path / 'r.html', title='t', curves=curves))
    assert len(page.all('polyline')) == 2 and 'GTKnown = MaxBoxAcc' in page.text['curves']


def test_what_must_be_read_before_the_numbers_stands_above_them(tmp_path):
    meta = {'selected_on_test': 'thresholds', 'partial_weights': '3 of 60 tensors are missing'}
    page = Page(write_report({'metrics': {'MAE': 1.0}}, tmp_path / 'r.html', title='t', meta=meta))
    assert len(page.all('p', **{'class': 'stamp'})) == 2
    assert 'Selected on test: thresholds' in page.text[''] and '3 of 60 tensors are missing' in page.text['']


def test_intervals_of_scalars_are_not_numbers_of_their_own():
    found = numbers({'MAE': 2.0, 'MAE_low': 1.5, 'MAE_high': 3.0, 'x_low': 1.0, 'bad': float('nan')})
    assert found == [('MAE', 2.0, (1.5, 3.0)), ('x_low', 1.0, None)]


def test_thinning_keeps_the_peak():
    points = [(i, 0.0) for i in range(5000)]
    points[3333] = (3333, 9.0)
    thinned = charts.thin(points)
    assert len(thinned) < 300 and (3333, 9.0) in thinned and thinned[0] == (0, 0) and thinned[-1] == (4999, 0)


def test_ticks_are_round_and_inside():
    assert charts.ticks(0, 100) == [0, 20, 40, 60, 80, 100]
    assert charts.ticks(0.03, 0.29) == [0.05, 0.1, 0.15, 0.2, 0.25]
    assert charts.ticks(1, 3, whole=True) == [1, 2, 3]


def test_writing_a_report_needs_no_torch():
    code = 'import sys, wsolzoo.visualization; assert not {"torch", "matplotlib"} & set(sys.modules)'
    subprocess.run([sys.executable, '-c', code], check=True)


def test_pictures_made_of_nothing_are_a_sheet_below_real_ones(tmp_path):
    rng = np.random.default_rng(0)
    images = {
        str(i): {
            'image': rng.integers(0, 256, (8, 8, 3), dtype=np.uint8),
            'drawing': Drawing(image=made, of_nothing=True),
        }
        for i, made in enumerate(rng.integers(0, 256, (20, 8, 8, 3), dtype=np.uint8))
    }
    result = {'images': [{'img_id': name} for name in images], 'shown': 16}
    assert len(wanted_images(result)) == 16
    page = write_report(result, tmp_path / 'r.html', title='sheet', images=images).read_text()
    assert page.count('alt="Real picture') == 12
    assert page.count('aria-label="Enlarge picture') == 16
    assert 'predicted box' not in page, 'the key of boxes has no place here'


def test_a_constant_has_ticks_of_its_own_size():
    chart = charts.line_chart('learning rate', {'lr': [(1, 5e-4), (2, 5e-4)]}, 'iteration')
    assert '>1e-3<' in chart and '>0.4<' not in chart
