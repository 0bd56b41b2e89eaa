"""Parameters and multiply-adds, by hand and beside another counter."""

from pathlib import Path

import pytest
import torch
from mmengine.analysis import get_model_complexity_info
from mmengine.config import Config

from tests import tiny_run

REPO = Path(__file__).resolve().parents[2]
flops = tiny_run.tool('analysis_tools/get_flops.py')
LOCALIZERS = sorted(
    path for path in (REPO / 'configs').glob('[!_]*/*px.py') if path.parent.name not in ('dmenet', 'reblur')
)


def test_a_plain_net_by_hand():
    model = flops.build(Config.fromfile(REPO / 'configs/cam/cam_plainnet_1xb32-15e_scenes-96px.py'))
    rows = {name: numbers for name, *numbers in flops.count(model, 96)}
    assert list(rows) == [
        'backbone.stem',
        'backbone.stage1',
        'backbone.stage2',
        'backbone.stage3',
        'head',
        'the rest',
        'total',
    ]
    assert rows['backbone.stem'] == [3 * 16 * 9 + 2 * 16, 3 * 16 * 9 * 48 * 48]
    assert rows['head'] == [64 * 10 + 10, 64 * 10]
    assert rows['the rest'][0] == 0, 'the map of a class belongs to no module'
    assert rows['total'][0] == sum(weight.numel() for weight in model.parameters())
    assert rows['total'][1] == sum(operations for name, (_, operations) in rows.items() if name != 'total')


def test_a_backbone_as_the_engine_counts_it():
    model = flops.build(Config.fromfile(REPO / 'configs/cam/cam_vgg16_1xb32-50e_cub-224px.py')).eval()
    rows = {name: numbers for name, *numbers in flops.count(model, 64)}
    theirs = get_model_complexity_info(model.backbone, inputs=(torch.zeros(1, 3, 64, 64),), show_table=False)
    ours = [sum(numbers[column] for name, numbers in rows.items() if name.startswith('backbone.')) for column in (0, 1)]
    assert ours[0] == theirs['params']
    assert ours[1] == pytest.approx(theirs['flops'], rel=1e-3)


def test_a_stage_that_the_head_runs_again_counts_twice():
    model = flops.build(Config.fromfile(REPO / 'configs/bas/bas_plainnet_1xb32-15e_scenes-96px.py'))
    once, again = ({n: o for n, _, o in flops.count(model, 96, training=t)} for t in (False, True))
    assert again['backbone.stem'] == once['backbone.stem']
    assert again['total'] > once['total']


@pytest.mark.slow
@pytest.mark.parametrize('config', LOCALIZERS, ids=lambda path: path.stem)
def test_every_localizer_can_be_counted(config, capsys):
    assert flops.main([str(config), '--size', '64' if '96px' in config.name else '128']) == 0
    assert 'total' in capsys.readouterr().out


def test_the_tool_takes_the_size_from_the_name_and_says_what_it_lacks(capsys):
    assert flops.parse_args(['a/b_c-224px.py']).size == 224
    with pytest.raises(SystemExit):
        flops.parse_args(['a.py'])
    assert 'give --size' in capsys.readouterr().err
    assert flops.main(['nothing-64px.py']) == 2


def test_numbers_are_short():
    assert [flops.short(value) for value in (12, 999.6, 75_000, 23.918e6, 1.5e10)] == [
        '12',
        '1 K',
        '75 K',
        '23.9 M',
        '15 G',
    ]
