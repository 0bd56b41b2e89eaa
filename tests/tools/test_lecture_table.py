"""The table of the lecture's nets: the page is what the command writes, and what it writes is right by hand."""

from tests import tiny_run
from tests.conftest import REPO

lecture = tiny_run.tool('analysis_tools/lecture_table.py')


def test_the_page_is_what_the_command_writes(tmp_path):
    assert lecture.main(['--out', str(tmp_path / 'table.md')]) == 0
    page = (tmp_path / 'table.md').read_text()
    assert page == (REPO / 'docs' / 'lecture_table.md').read_text(), 'run the command in its first line'
    for row in ('60,965,224 | 724,406,816', '138,357,544 | 15,470,264,320', '60,192,808 | 11,282,415,616'):
        assert row in page


def test_counts_by_hand():
    """C1 and C3 dense, and the three layers of the head: places times weights, biases free."""
    counts = lecture.count(*lecture.nets()['LeNet-5, C3 dense'])
    assert counts.operations == 784 * 25 * 6 + 100 * 150 * 16 + 400 * 120 + 120 * 84 + 84 * 10
    assert str(counts) == '0.00 G'
