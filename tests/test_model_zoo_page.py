"""The generated tables in a browser: filters, search and sorting, from the files of this checkout alone."""

from pathlib import Path

import pytest
from visualization import browser

pytestmark = pytest.mark.skipif(browser.find() is None, reason='needs chromium')
ROOT = Path(__file__).parents[1]
HEAD = ['method', 'backbone', 'data', 'protocol', 'metric', 'score']
ROWS = [
    ('CAM', 'VGG16', 'CUB', 'v1', 'Top-1', '9.5'),
    ('CAM', 'VGG16', 'CUB', 'v1', 'GT-known', '70.1'),
    ('BAS', 'VGG16', 'CUB', 'v1', 'GT-known', ''),
    ('BAS', 'ResNet50', 'ILSVRC', 'v2', 'GT-known', '100.0'),
]
SHOWN = "[...document.querySelectorAll('tbody tr')].filter(row => !row.hidden).map(row => row.lastChild.textContent)"


def html(head, rows):
    cells = [''.join(f'<td>{cell}</td>' for cell in row) for row in rows]
    table = f'<thead><tr>{"".join(f"<th>{name}</th>" for name in head)}</tr></thead>'
    return f'<table>{table}<tbody>{"".join(f"<tr>{row}</tr>" for row in cells)}</tbody></table>'


@pytest.fixture
def tab(tmp_path, request):
    script = (ROOT / 'docs/_static/zoo_table.js').read_text(encoding='utf-8')
    page = tmp_path / 'zoo.html'
    body = getattr(request, 'param', f'<section id="model-zoo">{html(HEAD, ROWS)}</section>')
    page.write_text(f'<meta charset="utf-8"><script>{script}</script>{body}')
    tab = browser.Browser(tmp_path / 'profile')
    tab.show(page)
    yield tab
    assert tab.trouble == []
    tab.close()


def choose(tab, name, value):
    tab.run(f'document.querySelector(`select[aria-label="{name}"]`).value = {value!r}')
    tab.run(f'document.querySelector(`select[aria-label="{name}"]`).dispatchEvent(new Event("change"))')


def test_the_table_filters_and_sorts(tab):
    assert tab.run(SHOWN) == ['9.5', '70.1', '', '100.0']
    choose(tab, 'metric', 'GT-known')
    assert tab.run(SHOWN) == ['70.1', '', '100.0']
    tab.run("[...document.querySelectorAll('th')].at(-1).click()")
    assert tab.run(SHOWN) == ['100.0', '70.1', ''], 'by number, largest first, what has none at the end'
    tab.run("[...document.querySelectorAll('th')].at(-1).click()")
    assert tab.run(SHOWN) == ['70.1', '100.0', '']
    choose(tab, 'data', 'CUB')
    assert tab.run("[...document.querySelectorAll('select')][1].length") == 2, 'a filter offers what the others leave'
    assert tab.run("document.querySelector('output').textContent") == '2 of 4 rows'
    tab.run("document.querySelector('input').value = 'bas'; document.querySelector('input').oninput()")
    assert tab.run(SHOWN) == ['']


SCORES = html(['method', 'score'], [('A', '9.5 ± 0.1'), ('B', '70.1 ± 12.0'), ('C', '100.0')])
GAINS = html(['method', 'gain'], [('A', '+5.0 (+1.0 to +9.0) ▲'), ('B', ''), ('C', '-12.0 (-13.0 to -11.0) ▼')])
BOARDS = f'<section id="leaderboard"><section>{SCORES}</section><section>{GAINS}</section></section>'


@pytest.mark.parametrize('tab', [BOARDS], indirect=True)
def test_every_board_sorts_by_itself_and_by_means(tab):
    for table, order in ((0, ['C', 'B', 'A']), (1, ['A', 'C', 'B'])):
        tab.run(f"document.querySelectorAll('table')[{table}].querySelectorAll('th')[1].click()")
        rows = f"[...document.querySelectorAll('table')[{table}].querySelectorAll('tbody tr')]"
        assert tab.run(f'{rows}.map(row => row.cells[0].textContent)') == order
    assert tab.run("document.querySelectorAll('.zoo-filters').length") == 2
