"""prune_study.py: rows by plan, selector and mode; it goes on where it stopped, and mixes no two studies."""

import json
import math

import pytest
import torch
from mmengine.config import Config

from tests.tiny_run import hurry
from wsolzoo.engine.width_plan import KEY
from wsolzoo.run.options import UsageError
from wsolzoo.run.pruning import table
from wsolzoo.run.pruning.study import ANY, WHOLE, PruneStudy, Settings, shortened
from wsolzoo.testing import build_model, tiny_batch

pytest.importorskip('torch_pruning')

CONFIG = """
_base_ = ['{repo}/configs/fcn_saliency/fcn-saliency_vgg16-eighth_1xb16-6e_saliency-scenes-96px.py']
model = dict(network=dict(width=0.0625, mid_channels=(16, 12)))
scenes = dict(count=4, cache='memory', scene=dict(size=64))
train_dataloader = dict(batch_size=2, dataset=scenes)
val_dataloader = dict(dataset=scenes)
test_dataloader = dict(dataset=scenes)
val_evaluator = dict(keys=['maxF', 'MAE'])
test_evaluator = dict(keys=['maxF', 'MAE'])
"""
TOOL = 'analysis_tools/prune_study.py'


def test_rows_are_made_once_and_shown(repo, tmp_path, in_process, monkeypatch):
    hurry(monkeypatch, tmp_path / 'cache')
    config, out = tmp_path / 'small.py', tmp_path / 'study.jsonl'
    config.write_text(CONFIG.format(repo=repo))
    torch.save(build_model(Config.fromfile(config)).state_dict(), tmp_path / 'whole.pth')
    plan = repo / 'configs/fcn_saliency/fcn-saliency_vgg16-plan-f_1xb1-100k_msra10k-400px.py'
    args = [
        TOOL,
        str(config),
        str(tmp_path / 'whole.pth'),
        '--plans',
        str(plan),
        '--out',
        str(out),
        '--modes',
        'none',
        'recovery',
    ]
    status, said, wrong = in_process(*args, '--selectors', 'first', 'bn_scale', '--rounds', '3', split=True)
    assert status == 0, wrong
    head, *rows = map(json.loads, out.read_text().splitlines())
    assert head['length'] == 1 and len(head['parent']) == 64
    made = {(row['plan'], row['selector'], row['mode']): row for row in rows}
    assert set(made) == {
        (WHOLE, ANY, 'none'), (WHOLE, ANY, 'recovery'), (WHOLE, ANY, 'time'), ('f', ANY, 'time'),
        ('f', 'first', 'none'), ('f', 'first', 'recovery'), ('f', 'bn_scale', 'none'), ('f', 'bn_scale', 'recovery'),
    }  # fmt: skip
    assert 'batch norm' in made['f', 'bn_scale', 'none']['refused']
    assert (
        made['f', 'first', 'none']['MMAC'] == made['f', 'first', 'recovery']['MMAC'] < made[WHOLE, ANY, 'none']['MMAC']
    )
    assert made[WHOLE, ANY, 'time']['ratio'] == [1, 1, 1] and set(made['f', 'first', 'none']['test']) >= {
        'saliency/maxF', 'saliency/MAE'
    }  # fmt: skip
    assert '| plan | first | bn_scale |' in said and '| plan | first, trained | bn_scale, trained |' in said
    assert out.with_suffix('.md').read_text() == said
    before = out.read_text()
    out.write_text(before + '{"half a li')
    picture = tmp_path / 'study.png'
    assert in_process(*args, '--selectors', 'first', '--plot', str(picture))[0] == 0
    assert out.read_text() == before and picture.stat().st_size > 1000
    status, said = in_process(*args, '--recover', '2')
    assert status == 2 and 'other settings (length)' in said


@pytest.fixture
def study(repo, tmp_path):
    cfg = Config.fromfile(repo / 'configs/fcn_saliency/fcn-saliency_vgg16-eighth_1xb16-6e_saliency-scenes-96px.py')
    cfg.model.network.update(width=1 / 16, mid_channels=(16, 12))
    torch.manual_seed(0)
    model = build_model(cfg)
    rules = {'f': ([{'layers': ['fc6'], 'ratio': 0.5}], 1), 'e': ([{'layers': ['conv5_.'], 'ratio': 0.5}], 1)}
    return PruneStudy(cfg, model, tiny_batch(model, 32, 2), rules, Settings(2, seed=3), tmp_path / 'study.jsonl')


def test_wanted_rows(study):
    assert study.wanted(['l1', 'random:1'], ['none', 'scratch']) == [
        (WHOLE, ANY, 'none'), (WHOLE, ANY, 'scratch'),
        ('f', 'l1', 'none'), ('f', 'random:1', 'none'), ('f', ANY, 'scratch'),
        ('e', 'l1', 'none'), ('e', 'random:1', 'none'), ('e', ANY, 'scratch'),
    ]  # fmt: skip
    draws = [study.kept('f', name)['network.fc6']['out'] for name in ('random', 'random:3', 'random:4')]
    assert draws[0] == draws[1] != draws[2]
    assert study.kept(WHOLE) == {} and study.kept('f')['network.fc6']['out'] == list(range(8))


def test_random_weights_of_the_cut_widths(study):
    """Drawn at full width and cut: the variance is that of the channels which are read now."""
    kept = study.kept('e')
    model = study.redrawn(kept)
    layer = model.network.fc6
    assert layer.in_channels == 16 and not hasattr(model, KEY)
    expected = math.sqrt(2 / (16 * 49))
    assert layer.weight.std().item() == pytest.approx(expected, rel=0.05)
    assert torch.equal(study.redrawn(kept).network.fc6.weight, layer.weight)
    assert not torch.equal(layer.weight, study.model.network.fc6.weight[:, :16])


def test_a_schedule_ends_with_the_training():
    steps = {'type': 'MultiStepLR', 'milestones': [20, 30], 'end': 40}
    schedules = {'net': [{'type': 'LinearLR', 'end': 2}, steps], 'other': {'type': 'StepLR', 'step_size': 20}}
    cfg = Config({'train_cfg': {'max_epochs': 40}, 'param_scheduler': schedules})
    short = shortened(cfg, 4)
    assert short.train_cfg.max_epochs == 4 and cfg.train_cfg.max_epochs == 40
    assert short.param_scheduler.net[0].end == 1 and short.param_scheduler.net[1].milestones == [2, 3]
    assert short.param_scheduler.net[1].end == 4 and short.param_scheduler.other.step_size == 2
    assert shortened(Config({'train_cfg': {'max_iters': 1000}}), 10).train_cfg.max_iters == 10


def test_the_picture_shows_what_validation_prefers():
    rows = {
        ('f', 'first', 'recovery'): {'val': {'saliency/maxF': 60.0}, 'test': {'saliency/maxF': 90.0}},
        ('f', 'l1', 'recovery'): {'val': {'saliency/maxF': 70.0}, 'test': {'saliency/maxF': 50.0}},
        ('f', 'l1', 'none'): {'val': {'saliency/maxF': 99.0}, 'test': {'saliency/maxF': 99.0}},
        ('f', 'bn_scale', 'recovery'): {'refused': 'no norm'},
    }
    assert table.best_of(rows, 'maxF', 'recovery') == {'f': rows['f', 'l1', 'recovery']}
    with pytest.raises(UsageError, match='metrics of this study are maxF'):
        table.score(rows['f', 'l1', 'none'], 'F1', 'test')
    with pytest.raises(UsageError, match='--rounds'):
        table.plot(rows, 'maxF', 'test', 'x.png')
    assert [table.text(value) for value in (None, 0.0312, 87.04)] == ['', '0.0312', '87.0']


def test_seeds_share_a_table():
    def rows(whole, cut, draw, trained):
        values = {
            (WHOLE, ANY, 'none'): whole, ('f', 'random:0', 'none'): cut, ('f', f'random:{draw}', 'none'): cut + 4,
            ('f', 'l1', 'recovery'): trained,
        }  # fmt: skip
        return {key: {'plan': key[0], 'test': {'saliency/maxF': value}} for key, value in values.items()}

    studies = [rows(90.0, 10.0, 1, 50.0), rows(90.0, 20.0, 2, 52.0)]
    assert table.by_plan(studies, 'maxF', 'test', ['none'])[2:] == ['| whole | 90.0 |', '| f | 17.0 (10.0 to 24.0) |']
    head, _, whole, plan = table.by_plan(studies, 'maxF', 'test', ['recovery', 'scratch'])
    assert (head, whole, plan) == ('| plan | l1, trained |', '| whole |  |', '| f | 51.0 (50.0 to 52.0) |')
    assert table.cell([{'refused': 'no norm'}], 'maxF', 'test') == 'n/a' and table.cell([], 'maxF', 'test') == ''
