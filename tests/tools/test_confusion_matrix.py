"""Which class is taken for which, from a file and from a test."""

import csv
import json

import cv2
import pytest
import torch
from mmengine.config import Config

from tests import tiny_run
from wsolzoo.testing import build_model

confusion = tiny_run.tool('analysis_tools/confusion_matrix.py')
PAIRS = [(0, 0), (0, 0), (0, 2), (1, 1), (2, 0), (2, 0), (2, 2)]


def rows_of(path):
    return list(csv.reader(path.open(encoding='utf-8')))


def test_a_results_file_becomes_a_picture_and_a_table(tmp_path, capsys):
    images = [{'img_id': str(i), 'label': label, 'pred_labels': [guess, 1]} for i, (label, guess) in enumerate(PAIRS)]
    breakdown = {'class': {name: {'num_images': 1} for name in ('bird', 'cat', 'ü, "x"')}}
    (tmp_path / 'r.json').write_text(json.dumps({'images': images, 'breakdown': breakdown}))
    out = tmp_path / 'a' / 'c.png'
    assert confusion.main([str(tmp_path / 'r.json'), '--out', str(out)]) == 0
    assert rows_of(out.with_suffix('.csv'))[1:] == [
        ['bird', '2', '0', '1'], ['cat', '0', '1', '0'], ['ü, "x"', '2', '0', '1'],
    ]  # fmt: skip
    said = capsys.readouterr().out
    assert 'top-1 57.14 over 7 images' in said and 'ü, "x" taken for bird: 2 of 3' in said
    assert cv2.imread(str(out)).shape[2] == 3


def test_a_config_and_a_checkpoint_are_tested(tmp_path, monkeypatch, capsys):
    tiny_run.hurry(monkeypatch, tmp_path)
    config = tiny_run.write_config(tmp_path)
    torch.manual_seed(0)
    torch.save(build_model(Config.fromfile(config)).state_dict(), tmp_path / 'w.pth')
    arguments = [
        str(config),
        str(tmp_path / 'w.pth'),
        '--work-dir',
        str(tmp_path / 'run'),
        '--out',
        str(tmp_path / 'c.png'),
    ]
    assert confusion.main(arguments) == 0
    rows = rows_of(tmp_path / 'c.csv')
    assert rows[0][1] == 'antler' and len(rows) == 11, 'ten classes by name'
    assert sum(int(cell) for row in rows[1:] for cell in row[1:]) == 23
    assert 'over 23 images' in capsys.readouterr().out


def test_what_is_missing_is_said(tmp_path, capsys):
    (tmp_path / 'r.json').write_text(json.dumps({'images': [{'img_id': '1'}]}))
    assert confusion.main([str(tmp_path / 'r.json')]) == 2
    assert 'no image of this test has a label and a predicted class' in capsys.readouterr().err
    with pytest.raises(SystemExit):
        confusion.parse_args(['a.py'])
    assert 'give a checkpoint as well' in capsys.readouterr().err
