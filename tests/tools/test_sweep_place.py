"""The sweep over how much place tells: what each run is, and what the table and the curve say of the runs."""

import json

import pytest

from tests import tiny_run

CONFIG = 'configs/class_average/class-average_plainnet-crops_1xb32-2e_scenes-96px.py'


@pytest.fixture
def tool():
    return tiny_run.tool('analysis_tools/sweep_place.py')


def row(spread: float, flips: str, seed: int, gain: float) -> dict:
    without = {'GT-known': 70.0, 'MaxBoxAccV2': 60.0, 'PxAP': 50.0}
    return {
        'spread': spread,
        'flips': flips,
        'seed': seed,
        'without': without,
        'with': {name: value + gain for name, value in without.items()},
    }


ROWS = [row(1.0, 'on', 1, -2.0), row(0.0, 'on', 0, 3.0), row(1.0, 'on', 0, -1.0), row(0.0, 'off', 0, 5.0)]


@pytest.mark.parametrize('flips', [True, False])
def test_both_phases_have_the_scenes_and_nothing_is_mirrored_where_animals_look_one_way(tool, flips, tmp_path):
    args = tool.parse_args([str(tiny_run.REPO / CONFIG)])
    for name in (args.config, tool.first_of(args)):
        cfg = tool.prepared(args, name, 0.25, flips, 7, tmp_path)
        for split in ('train', 'val', 'test'):
            assert dict(cfg[f'{split}_dataloader'].dataset.scene) == {'spread': 0.25, 'flip': flips}
        steps = [step['type'] for step in cfg.train_dataloader.dataset.pipeline]
        assert ('RandomFlip' in steps) is flips and cfg.randomness.seed == 7
        averages = [hook for hook in cfg.custom_hooks if hook['type'] == 'ClassAverageHook']
        assert len(averages) == (name == args.config)
        assert all(hook.get('symmetrise', True) is flips for hook in averages)


def test_gains_are_taken_seed_by_seed(tool):
    assert tool.gains(ROWS, 'on', 'PxAP') == {0.0: [3.0], 1.0: [-1.0, -2.0]}
    text = tool.table(ROWS)
    assert '| 1.00 | on | 70.0, 68.5 | -1.0, -2.0 | 60.0, 58.5 | -1.0, -2.0 | 50.0, 48.5 | -1.0, -2.0 |' in text
    assert len(text.splitlines()) == 2 + 3


def test_the_curve_is_drawn_from_files_alone(tool, tmp_path, capsys):
    (tmp_path / 'a.json').write_text(json.dumps(ROWS[:2]))
    (tmp_path / 'b.json').write_text(json.dumps(ROWS[2:]))
    figure = tmp_path / 'place.svg'
    assert tool.main(['--draw', str(tmp_path / 'a.json'), str(tmp_path / 'b.json'), '--figure', str(figure)]) == 0
    assert '| 0.00 | off |' in capsys.readouterr().out
    assert '<svg' in figure.read_text()


def test_a_config_without_averages_and_no_config_at_all_are_refused(tool, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert tool.main([str(tiny_run.REPO / 'configs/bas/bas_plainnet_1xb32-15e_scenes-96px.py')]) == 2
    assert 'needs a ClassAverageHook and a first_phase' in capsys.readouterr().err
    with pytest.raises(SystemExit):
        tool.main([])
