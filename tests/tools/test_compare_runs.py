"""The table over runs: means by hand, and rows that may not share it."""

import importlib.util
import json
from pathlib import Path

import pytest

SPEC = importlib.util.spec_from_file_location(
    'compare_runs', Path(__file__).parents[2] / 'tools/analysis_tools/compare_runs.py'
)
compare_runs = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(compare_runs)


def run(
    folder: Path, gt_known: float, fingerprint: str = 'a', data: str = 'WSOLScenes', hits: dict | None = None
) -> str:
    folder.mkdir()
    column = {'GTKnown': gt_known, 'Top1Loc': gt_known - 10}
    entry = {'fingerprint': fingerprint, 'num_images': 5, 'columns': {'transferred': column, 'oracle': None}}
    entry |= {'hits': hits} if hits else {}
    content = {
        'meta': {'data': data},
        'classification': {'top1': 90.0},
        'protocols': {'choe2020-v1': entry},
        'centered_box': {'GT-known': 27.4},
    }
    (folder / 'metrics.json').write_text(json.dumps(content))
    return str(folder)


def test_mean_and_deviation_over_seeds(tmp_path, capsys):
    one, two, three = (run(tmp_path / f's{i}', value) for i, value in enumerate([60.0, 64.0, 50.0]))
    assert compare_runs.main([f'BAS={one},{two}', f'CAM={three}']) == 0
    assert capsys.readouterr().out.splitlines() == [
        '| method | seeds | Top-1 | GT-known | Top-1 Loc |',
        '|---|---|---|---|---|',
        '| BAS | 2 | 90.0 ± 0.0 | 62.0 ± 2.8 | 52.0 ± 2.8 |',
        '| CAM | 1 | 90.0 | 50.0 | 40.0 |',
        '| *centred box* | |  | 27.4 |  |',
    ]


def test_another_test_of_each_run_stands_beside(tmp_path, capsys):
    one = run(tmp_path / 'one', 60.0)
    run(tmp_path / 'one' / 'boxfree', 50.0)
    assert compare_runs.main([f'A={one}', '--beside', 'box-free=boxfree']) == 0
    assert capsys.readouterr().out.splitlines()[2] == '| A | 1 | 90.0 | 60.0 | 50.0 | 50.0 |'
    assert compare_runs.main([f'A={one}', '--beside', 'boxfree']) == 2
    assert 'NAME=FOLDER' in capsys.readouterr().err


def test_seeds_are_compared_one_by_one(tmp_path, capsys):
    cam = ','.join(run(tmp_path / f'cam{i}', value) for i, value in enumerate([60.0, 64.0]))
    bas = ','.join(run(tmp_path / f'bas{i}', value) for i, value in enumerate([70.5, 61.0]))
    assert compare_runs.main([f'CAM={cam}', f'BAS={bas}', f'one seed={cam.partition(",")[0]}']) == 0
    lines = capsys.readouterr().out.splitlines()
    at = lines.index('| seed by seed, less CAM | GT-known | MaxBoxAccV2 | PxAP |')
    assert lines[at + 2 :] == ['| BAS | +10.5, -3.0 (mean +3.8) |  |  |']


@pytest.mark.parametrize(('key', 'change'), [('protocols', {'fingerprint': 'b'}), ('data', {'data': 'CUB'})])
def test_rows_of_different_protocols_or_data_are_refused(tmp_path, capsys, key, change):
    one, two = run(tmp_path / 'one', 60.0), run(tmp_path / 'two', 60.0, **change)
    assert compare_runs.main([f'A={one}', f'B={two}']) == 2
    assert f'A [0] and B [0] cannot share a table: {key} differ' in capsys.readouterr().err


def test_rows_are_compared_in_pairs(tmp_path, capsys):
    """Forty images: the second method finds what the first does and ten more, the third's seeds disagree."""
    import numpy as np

    first = np.arange(40) < 10
    hits = {'a': first, 'b': np.arange(40) < 20, 'c': first, 'd': ~first}
    for name, values in hits.items():
        bits = {'GTKnown': np.packbits(values).tobytes().hex()}
        run(tmp_path / name, 50.0, hits={'images': 'f00', 'transferred': bits})
        path = tmp_path / name / 'metrics.json'
        path.write_text(path.read_text().replace('"num_images": 5', '"num_images": 40'))
    assert compare_runs.main([f'A={tmp_path}/a', f'B={tmp_path}/b', f'C={tmp_path}/c,{tmp_path}/d']) == 0
    rows = [line.split(' | ') for line in capsys.readouterr().out.splitlines() if ' - A' in line]
    assert [row[:2] for row in rows] == [['| GT-known, B - A', '+25.0'], ['| GT-known, C - A', '+25.0']]
    (low, high), p = (float(end) for end in rows[0][2].split(' to ')), float(rows[0][3].rstrip(' |'))
    assert 8 < low < 18 and 32 < high < 42 and p < 0.01
    other = run(tmp_path / 'e', 50.0, hits={'images': 'bad'})
    assert compare_runs.main([f'A={tmp_path}/a', f'E={other}']) == 2


def test_missing_run_and_malformed_row(tmp_path, capsys):
    assert compare_runs.main([f'A={tmp_path}']) == 2
    assert 'tools/test.py writes it' in capsys.readouterr().err
    assert compare_runs.main(['A']) == 2
    assert "a row is NAME=DIR[,DIR...]; got 'A'" in capsys.readouterr().err
