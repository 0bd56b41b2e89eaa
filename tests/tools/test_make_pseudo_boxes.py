"""Boxes for the split that chooses, and what they are worth."""

import csv
from types import SimpleNamespace

import cv2
import numpy as np

from tests import tiny_run


def run(tmp_path, monkeypatch, *arguments):
    tiny_run.hurry(monkeypatch, tmp_path)
    config, out = tiny_run.write_config(tmp_path), tmp_path / 'boxes.csv'
    status = tiny_run.tool('dataset_tools/make_pseudo_boxes.py').main([str(config), '--out', str(out), *arguments])
    return status, list(csv.reader(out.open())) if out.exists() else []


def test_the_centred_box(tmp_path, monkeypatch, capsys):
    status, rows = run(tmp_path, monkeypatch, '--by', 'centre', '--side', '0.5')
    assert status == 0 and rows[0] == ['file', 'x1', 'y1', 'x2', 'y2'] and len(rows) == 25
    assert rows[1] == ['scenes/val/00000', '16', '16', '48', '48']
    assert '24 boxes' in (out := capsys.readouterr().out) and 'mean IoU 0.' in out


def test_the_proposal_that_most_others_agree_with(tmp_path, monkeypatch, capsys):
    found = np.array([[0, 0, 4, 4], [0, 0, 60, 60], [2, 2, 40, 40], [0, 0, 36, 36], [0, 0, 128, 128]])
    search = SimpleNamespace(
        setBaseImage=lambda image: image.shape == (128, 128, 3) or 1 / 0,
        switchToSelectiveSearchFast=lambda: None,
        process=lambda: found,
    )
    if not hasattr(cv2, 'ximgproc'):
        assert run(tmp_path, monkeypatch, '--by', 'selective-search') == (2, [])
        assert 'pip install opencv-contrib-python-headless' in capsys.readouterr().err
    segmentation = SimpleNamespace(createSelectiveSearchSegmentation=lambda: search)
    monkeypatch.setattr(cv2, 'ximgproc', SimpleNamespace(segmentation=segmentation), raising=False)
    status, rows = run(tmp_path, monkeypatch, '--by', 'selective-search', '--scale', '2')
    assert status == 0 and rows[1][1:] == ['1', '1', '21', '21'], 'neither the speck nor the whole picture takes part'
