"""Curves and times from what runs logged."""

import json

import cv2
import pytest

from tests import tiny_run

logs = tiny_run.tool('analysis_tools/analyze_logs.py')


def write(folder, start, losses, time=0.5):
    path = folder / f'{start:04d}' / 'vis_data' / 'scalars.json'
    path.parent.mkdir(parents=True)
    rows = [
        {'loss': loss, 'step': start + i, 'time': 9.0 if i == 0 else time, 'data_time': time / 5}
        for i, loss in enumerate(losses)
    ]
    path.write_text('\n'.join(map(json.dumps, [*rows, {'v1/GTKnown': 40.0, 'step': 1}])))


@pytest.fixture
def runs(tmp_path):
    write(tmp_path / 'cam', 1, [3.0, 2.0, 1.5])
    write(tmp_path / 'cam', 3, [1.4, 1.2])  # resumed
    write(tmp_path / 'bas', 1, [5.0, 4.0], time=1.0)
    return tmp_path


def test_a_resumed_run_is_one_curve_and_the_first_iteration_does_not_count(runs):
    found = logs.read([f'CAM={runs}/cam', str(runs / 'bas')])
    assert list(found) == ['CAM', 'bas']
    assert logs.series(found['CAM'], 'loss') == ([1, 2, 3, 4], [3.0, 2.0, 1.4, 1.2])
    assert logs.seconds(found['bas'][0]) == [1.0]


def test_the_tool_draws_and_tells(runs, capsys):
    out = runs / 'curves.png'
    arguments = [str(runs / 'cam'), str(runs / 'bas'), '--keys', 'loss', 'v1/GTKnown', '--out', str(out)]
    assert logs.main(arguments) == 0
    assert cv2.imread(str(out)).shape == (720, 960, 3)
    said = capsys.readouterr().out
    assert '1.0000' in said and '20 %' in said and str(out) in said


def test_what_is_missing_is_said(runs, capsys):
    assert logs.main([str(runs / 'cam'), '--keys', 'los']) == 2
    assert "did you mean 'loss'" in capsys.readouterr().err
    assert logs.main([str(runs)]) == 2
    assert 'is it a work dir' in capsys.readouterr().err
    assert logs.main([str(runs / 'cam'), str(runs / 'cam')]) == 2
    assert 'two runs are called cam' in capsys.readouterr().err
