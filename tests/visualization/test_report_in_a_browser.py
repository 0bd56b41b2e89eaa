"""The report as people see it: in a window, on a phone, in the dark, on paper; what can be clicked works."""

import cv2
import numpy as np
import pytest
from visualization import browser

from wsolzoo.evaluation.functional.causes import DEFINITIONS
from wsolzoo.structures import Drawing
from wsolzoo.visualization import wanted_images, write_report

pytestmark = pytest.mark.skipif(browser.find() is None, reason='needs chromium')
FAILURES = [cause for cause in DEFINITIONS if cause != 'hit']


SHOWN = "[...document.querySelectorAll('#failures .shot')].filter(shot => shot.checkVisibility()).length"
CUT = """[...document.querySelectorAll('td, th, .card *, figcaption *')].filter(e => e.offsetParent && !e.closest('.id')
  && e.getBoundingClientRect().right > innerWidth + 0.5).map(e => e.outerHTML.slice(0, 80))"""


def a_result():
    columns = {
        name: {'MaxBoxAcc': value, 'GTKnown': value, 'BoxAcc': {'0.5': value}, 'threshold': {'0.5': 0.2}}
        for name, value in (('oracle', 60.0), ('transferred', 58.0), ('fixed', 50.0))
    }
    box = {'MaxBoxAcc': 40.0, 'GTKnown': 40.0, 'BoxAcc': {'0.5': 40.0}}
    entry = columns['oracle'] | {'columns': columns, 'centered_box': box, 'whole_image': box, 'num_images': 30}
    entry |= {'thresholds': [0.0, 0.5, 0.9], 'curve': {'0.5': [20.0, 60.0, 5.0]}, 'intervals': {'GTKnown': [50, 70]}}
    images = [
        {'img_id': f'val/{i:03d}.jpg', 'label': i % 3, 'iou': i / 30, 'pred_labels': [0], 'cause': FAILURES[i % 6]}
        | {'box': [4.0, 2.0, 20.0, 20.0], 'gt_boxes': [[2.0, 2.0, 28.0, 20.0]]}
        for i in range(30)
    ]
    breakdown = {'class': {f'species {i}': {'GTKnown': i, 'Top1Loc': i, 'num_images': 3} for i in range(60)}}
    return {'protocols': {'choe2020-v1': entry}, 'images': images, 'causes': DEFINITIONS, 'breakdown': breakdown}


@pytest.fixture(scope='module')
def pages(tmp_path_factory):
    """A localization report, one of a dense task, and one with pictures that were made."""
    folder, result = tmp_path_factory.mktemp('report'), a_result()
    rng = np.random.default_rng(0)
    photo = cv2.resize(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8), (320, 240))
    pictures = {i: {'image': photo, 'map': rng.random((4, 5)), 'frame': (24, 32)} for i in wanted_images(result)}
    meta = {'classes': ['bird', '<b>&', 'cat'], 'config': 'x = 1\n' * 400, 'partial_weights': '3 tensors are missing'}
    boxes = write_report(result, folder / 'boxes.html', title='boxes_' + 'x' * 80, images=pictures, meta=meta)
    dense = {'image': photo, 'pred_map': rng.random((24, 32)), 'gt_map': rng.random((24, 32)), 'map_unit': 'px'}
    only = {'metrics': {'MAE': 0.05}, 'images': [{'img_id': str(i)} for i in range(3)]}
    maps = write_report(only, folder / 'maps.html', title='maps', images={str(i): dense for i in range(3)})
    small = cv2.resize(photo, (32, 32))
    one = {'image': small, 'drawing': Drawing(image=255 - small, of_nothing=True)}
    only = {'images': [{'img_id': str(i)} for i in range(20)], 'shown': 20}
    sheet = write_report(only, folder / 'sheet.html', title='sheet', images={str(i): one for i in range(20)})
    return {'boxes': boxes, 'maps': maps, 'sheet': sheet}


@pytest.fixture(scope='module')
def tab(tmp_path_factory):
    tab = browser.Browser(tmp_path_factory.mktemp('profile'))
    yield tab
    tab.close()


@pytest.mark.parametrize('name', ['boxes', 'maps', 'sheet'])
@pytest.mark.parametrize(('width', 'dark'), [(1280, False), (1280, True), (400, False)])
def test_it_fits_the_window_and_nothing_complains(pages, tab, name, width, dark):
    tab.show(pages[name], width=width, dark=dark)
    tab.run("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    assert tab.run('document.documentElement.scrollWidth') <= width
    assert tab.run(CUT) == []
    assert tab.run('[...document.images].every(image => image.complete && image.naturalWidth > 0)')
    colour = np.array(cv2.imdecode(np.frombuffer(tab.picture(whole=False), np.uint8), 1))[2, 2]
    assert (colour.max() < 60) if dark else (colour.min() > 200)
    assert tab.trouble == []


def test_a_folded_page_is_short(pages, tab):
    tab.show(pages['boxes'])
    assert tab.run('document.documentElement.scrollHeight') < 5000
    tab.show(pages['boxes'], width=400)
    assert tab.run('document.documentElement.scrollHeight') < 9000


def choose(tab, name, value):
    tab.run(f"document.getElementById('{name}').value = '{value}'")
    tab.run(f"document.getElementById('{name}').dispatchEvent(new Event('change'))")


def test_failures_are_filtered_by_cause_and_class(pages, tab):
    tab.show(pages['boxes'])
    assert tab.run(SHOWN) == 0, 'folded'
    choose(tab, 'by-cause', FAILURES[0])
    assert tab.run(SHOWN) == 5
    choose(tab, 'by-class', 'bird')
    assert tab.run(SHOWN) == 5 and '5 of class bird shown' in tab.run("document.getElementById('failures').innerText")
    choose(tab, 'by-cause', '')
    assert tab.run(SHOWN) == 10
    choose(tab, 'by-class', '<b>&')
    assert tab.run(SHOWN) == 10


def test_a_click_enlarges_a_picture_and_the_next_one_follows(pages, tab):
    for name in pages:
        tab.show(pages[name])
        tab.run("document.querySelector('.shot .stack').click()")
        assert tab.run("document.getElementById('zoom').open")
        width = "document.querySelector('{} .stack').getBoundingClientRect().width"
        small, large = (tab.run(width.format(place)) for place in ('.shot', '#zoom'))
        assert large > 1.4 * small
        first = tab.run("document.querySelector('#zoom .id').innerText")
        tab.run("document.querySelector('#zoom .next').click()")
        assert tab.run("document.querySelector('#zoom .id').innerText") != first
        tab.run("document.querySelector('#zoom .close').click()")
        assert not tab.run("document.getElementById('zoom').open")
    assert tab.trouble == []


def test_an_injected_script_does_not_run(pages, tab):
    tab.show(pages['boxes'])
    tab.run("document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = 1'}))")
    assert tab.run('window.ran === undefined')
    tab.ask('Log.clear')
    tab.trouble.clear()  # it complained, as it should


def test_paper_shows_what_was_folded(pages, tab):
    tab.show(pages['boxes'], dark=True)
    folded = tab.run("document.querySelectorAll('details:not([open])').length")
    whole = tab.pdf()
    assert whole.startswith(b'%PDF')
    assert tab.run("document.querySelectorAll('details:not([open])').length") == folded > 5, 'as it was'
    tab.run("document.querySelectorAll('details:not([open])').forEach(fold => fold.remove())")
    assert len(whole) > 1.5 * len(tab.pdf())
