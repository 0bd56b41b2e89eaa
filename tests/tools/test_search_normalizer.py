"""The search for a percentile: seeds in one table, and never on the test split."""

import json

import pytest
import torch
from mmengine.config import Config

from tests import tiny_run
from wsolzoo.testing import build_model

PROTOCOLS = (
    "test_evaluator = dict(type='LocalizationMetric', protocols=['choe2020-v1', 'choe2020-v2', 'choe2020-pxap'])"
)


@pytest.fixture
def run(tmp_path, monkeypatch):
    tiny_run.hurry(monkeypatch, tmp_path)
    monkeypatch.chdir(tmp_path)

    def start(*options: str, extra: str = PROTOCOLS) -> int:
        config = tiny_run.write_config(tmp_path, extra=extra)
        checkpoints = []
        for seed in (0, 1):
            torch.manual_seed(seed)
            checkpoints.append(str(tmp_path / f'seed{seed}.pth'))
            torch.save(build_model(Config.fromfile(config)).state_dict(), checkpoints[-1])
        tool = tiny_run.tool('analysis_tools/search_normalizer.py')
        return tool.main([str(config), *checkpoints, '--values', '90', '100', *options])

    return start


def test_every_seed_chooses_on_validation_and_both_rows_are_the_same_maps(run, tmp_path, capsys):
    assert run('--out', 'found.json') == 0
    out = capsys.readouterr().out
    assert '| normalisation | chosen on validation | GT-known | MaxBoxAcc | MaxBoxAccV2 | PxAP |' in out
    assert 'Loads checkpoint' not in out
    found = json.loads((tmp_path / 'found.json').read_text())
    assert ('try values beyond it' in out) is any(one['value'] == 90 for one in found)
    assert len(found) == 2
    for one in found:
        best = max(one['validation'].values())
        assert one['validation'][f'{one["value"]:g}'] == best
        assert set(one['config']) == set(one['chosen']) == {'GT-known', 'MaxBoxAcc', 'MaxBoxAccV2', 'PxAP'}
        assert all(0 <= value <= 100 for value in one['chosen'].values())


def test_the_test_split_may_not_choose(run, capsys):
    assert run(extra=PROTOCOLS + "\nval_dataloader['dataset'] = dict(scenes, split='test', role='test')") == 2
    assert 'percentile would be selected on WSOLScenes with role="test"' in capsys.readouterr().err


def test_boxes_are_needed_and_the_normaliser_must_have_an_argument(run, capsys):
    assert run(extra="test_evaluator = dict(type='LocalizationMetric', protocols=['choe2020-pxap'])") == 2
    assert 'pixel protocols only' in capsys.readouterr().err
    assert run('--normalizer', 'max') == 2
    assert "'max' takes no argument" in capsys.readouterr().err
