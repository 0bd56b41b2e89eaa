"""The boards: numbers of runs by hand, what they are compared with, and the page that is made of them."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from wsolzoo.zoo import leaderboard
from wsolzoo.zoo.metafile import Metafile

BOARDS = """
shapes:
  title: Shapes
  text: Forty images.
  against: cam
  seeds: [0, 1, 2, 7]
  scores: [oracle (MaxBoxAcc), transferred, box-free, fixed, MaxBoxAccV2, PxAP, Top-1]
  rows:
    cam: {name: CAM, config: cam_x, training: [[10, 1.0]]}
    frozen: {name: Frozen, config: cam_x, seedless: true}
    cut: {name: Cut, config: cam_x, training: [[10, 1.0], [5, 3.0]], reference: no training}
"""
FORTY = np.arange(40)


def entry(hits: np.ndarray, fingerprint: str) -> dict:
    share = 100 * float(hits.mean())
    column = {'GTKnown': share}
    return {
        'fingerprint': fingerprint,
        'num_images': 40,
        'columns': {'oracle': column, 'transferred': column, 'fixed': {'GTKnown': 20.0}},
        'hits': {'images': 'f00', 'transferred': {'GTKnown': np.packbits(hits).tobytes().hex()}},
    }


def write(folder: Path, hits: np.ndarray, v2: float, boxfree: float | None = None, chosen='pseudo:x', fingerprint='a'):
    """A run whose ``hits`` were found at the threshold of validation."""
    content = {
        'meta': {'data': 'Shapes', 'config': 'cam_x', 'date': '2026-01-02T00:00:00+00:00', 'selected_on_test': None},
        'classification': {'top1': 90.0},
        'protocols': {'choe2020-v1': entry(hits, fingerprint), 'choe2020-v2': {'fingerprint': 'b', 'num_images': 40}},
        'centered_box': {'GT-known': 25.0, 'MaxBoxAccV2': 30.0},
    }
    content['protocols']['choe2020-v2']['columns'] = {'oracle': {'MaxBoxAccV2': v2}}
    folder.mkdir(parents=True)
    (folder / 'metrics.json').write_text(json.dumps(content))
    if boxfree is not None:
        content['meta']['selected_on'] = chosen
        content['protocols']['choe2020-v1']['columns']['transferred'] = {'GTKnown': boxfree}
        (folder / 'boxfree').mkdir()
        (folder / 'boxfree' / 'metrics.json').write_text(json.dumps(content))


class Board:
    def __init__(self, root: Path, in_process):
        self.root, self.runs, self.in_process = root, root / 'runs', in_process
        (root / leaderboard.DATA).mkdir(parents=True)
        (root / leaderboard.DATA / 'boards.yml').write_text(BOARDS)

    def make(self, *options: str, folders: str = 'runs') -> tuple[int, str]:
        command = ['analysis_tools/leaderboard.py', 'shapes', str(self.root / folders), '--root', str(self.root)]
        return self.in_process(*command, *options)

    @property
    def content(self) -> dict:
        return yaml.safe_load((self.root / leaderboard.DATA / 'shapes.yml').read_text())

    def row(self, name: str) -> list[str]:
        collection = {'Name': 'CAM', 'Paper': {}}
        models = [{'Name': 'cam_x', 'In Collection': 'CAM', 'Config': 'configs/cam/cam_x.py'}]
        (self.root / 'docs' / 'methods').mkdir(exist_ok=True)
        (self.root / 'docs' / 'methods' / 'cam.md').write_text('# CAM')
        page = leaderboard.page([Metafile(self.root / 'configs/cam/metafile.yml', [collection], models)], self.root)
        rows = [line.strip('| ').split(' | ') for line in page.splitlines() if line.startswith('|')]
        self.names = [row[0] for row in rows[2:]]
        return next(row for row in rows if name in row[0])


@pytest.fixture
def board(tmp_path, in_process):
    """CAM finds 10 of 40 images; "cut" finds 20 others too, with both seeds, "wide" gains as often as it loses."""
    made = Board(tmp_path, in_process)
    for seed in (0, 1, 2):
        write(made.runs / f'cam_s{seed}', FORTY < 10, 40.0 + seed, boxfree=12.5)
        write(made.runs / f'cut_s{seed}', FORTY < 30, 60.0 + 2 * seed)
        write(made.runs / f'wide_s{seed}', (FORTY >= 5) & (FORTY < 15), 41.0 - seed)
    (made.runs / 'cam_s0' / 'train_seconds').write_text('80\n')
    return made


def test_numbers_seed_by_seed(board):
    (board.runs / 'late_s0').mkdir()
    (board.runs / 'notes').mkdir()
    write(board.runs / 'cam_s100', FORTY < 40, 90.0)
    status, stderr = board.make()
    assert status == 0
    assert 'cam_s100 is no seed of the board' in stderr
    assert 'late_s0 has no metrics.json yet' in stderr
    rows = board.content['rows']
    assert list(rows) == ['cam', 'cut', 'wide']
    assert rows['cam'] == {
        'config': 'cam_x',
        'date': '2026-01-02',
        'seeds': [0, 1, 2],
        'scores': {
            'oracle (MaxBoxAcc)': [25.0] * 3,
            'transferred': [25.0] * 3,
            'box-free': [12.5] * 3,
            'fixed': [20.0] * 3,
            'MaxBoxAccV2': [40.0, 41.0, 42.0],
            'Top-1': [90.0] * 3,
        },
    }
    assert 'box-free' not in rows['cut']['scores']


def test_rows_are_compared_by_images_and_by_seeds(board):
    """Gains of 20, 21, 22 have t = 21 sqrt(3) and p = 1 - t / sqrt(2 + t^2); of two rows the smaller p counts twice."""
    board.make()
    less = board.content['rows']['cut']['less']
    assert less['images']['gain'] == 50.0
    assert less['images']['p'] == pytest.approx(2 / 10_001, rel=0.01)
    assert less['images']['holm'] == pytest.approx(4 / 10_001, rel=0.01)
    t = 21 * 3**0.5
    assert less['seeds']['gains'] == [20.0, 21.0, 22.0]
    assert less['seeds']['p'] == pytest.approx(1 - t / (2 + t * t) ** 0.5, rel=0.05)
    assert less['seeds']['holm'] == pytest.approx(2 * less['seeds']['p'], rel=0.05)
    wide = board.content['rows']['wide']['less']
    assert wide['images']['gain'] == 0.0
    assert wide['images']['p'] > 0.9
    assert wide['seeds'] | {'p': 0, 'holm': 0} == {'gains': [1.0, -1.0, -3.0], 'sign': 0, 'p': 0, 'holm': 0}


def test_the_page_sorts_and_marks(board):
    board.make()
    assert board.row('[CAM]')[1:] == [
        *('10', '3', '25.0 ± 0.0', '25.0 ± 0.0', '12.5 ± 0.0', '20.0 ± 0.0', '41.0 ± 1.0', '', '90.0 ± 0.0'),
        *('1.00', '', '', '[config](../configs/cam/cam_x.py)'),
    ]
    names = ['*[Cut](methods/cam.md)* (no training)', '[CAM](methods/cam.md)', '[CAM (wide)](methods/cam.md)']
    assert board.names == [*names, '*centred box*']
    cut = board.row('Cut')
    assert cut[1:3] == ['10 + 5', '3']
    assert cut[10] == '2.50'  # (10 x 1 + 5 x 3) / 10
    assert cut[11].startswith('+50.0 (')
    assert cut[11].endswith(' ▲')
    assert cut[12] == '+21.0 (+20.0, +21.0, +22.0) ▲▲'
    assert board.row('wide')[11].startswith('+0.0 (')
    assert board.row('wide')[12] == '-1.0 (+1.0, -1.0, -3.0)'


def test_a_row_without_seeds_is_compared_with_every_seed(board):
    write(board.runs / 'frozen_s7', FORTY < 30, 43.0)
    write(board.runs / 'other_s7', FORTY < 30, 43.0)
    board.make()
    rows = board.content['rows']
    assert rows['frozen']['less']['seeds']['gains'] == [3.0, 2.0, 1.0]
    assert rows['frozen']['less']['images'] == rows['cut']['less']['images']
    assert rows['other']['less'] == {}, 'no seed is shared'


def test_rows_stay_until_they_come_again(board):
    board.make()
    write(board.root / 'more' / 'new_s0', FORTY < 20, 50.0)
    assert board.make(folders='more')[0] == 0
    assert list(board.content['rows']) == ['cam', 'cut', 'new', 'wide']
    assert 'less' not in board.content['rows']['new'], 'what it is compared with was not given'
    assert board.make('--anew', folders='more')[0] == 0
    assert list(board.content['rows']) == ['new']


def test_writing_twice_changes_nothing(board):
    board.make()
    before = board.content
    board.make()
    assert board.content == before


def test_seconds_count_where_no_step_was_timed():
    cost = leaderboard.cost_of
    assert cost({'seconds': [30.0, 50.0]}, {}, {'seconds': [80.0]}, None) == 0.5
    assert cost({'seconds': [30.0]}, {'training': [[1, 2.0]]}, {'seconds': [60.0]}, {'training': [[4, 1.0]]}) == 0.5
    assert cost({}, {}, {'seconds': [80.0]}, None) is None


def test_a_constant_box_has_a_row_of_its_own(board):
    (board.runs / 'constant_box.json').write_text('{"choe2020-v1": {"0.5": 41.44}, "choe2020-v2": {"mean": 44.5}}')
    board.make()
    assert board.row('constant')[3:8] == ['', '41.4', '', '', '44.5']
    assert board.row('centred')[3:8] == ['25.0', '25.0', '25.0', '25.0', '30.0']


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'fingerprint': 'other'}, 'cannot share a table: protocols differ'),
        ({'boxfree': 10.0, 'chosen': 'train-fullsup'}, 'bad_s0/boxfree was chosen on train-fullsup'),
    ],
)
def test_what_was_measured_otherwise_is_refused(board, change, said):
    write(board.runs / 'bad_s0', FORTY < 20, 50.0, **change)
    status, stderr = board.make()
    assert status == 2
    assert said in stderr


def test_a_board_is_one_that_is_described(board):
    status, stderr = board.in_process('analysis_tools/leaderboard.py', 'shape', 'runs', '--root', str(board.root))
    assert status == 2
    assert "did you mean 'shapes'?" in stderr
