from pathlib import Path

import pytest
from mmengine.config import Config

from wsolzoo.run.launch import load_config
from wsolzoo.run.names import ConfigError, check_config, inspect_config
from wsolzoo.run.options import UsageError

BASE = """
default_scope = 'wsolzoo'
train_pipeline = [dict(type='LoadImageFromFile')]
train_dataloader = dict(
    batch_size=4,
    dataset=dict(type='CheckedDataset', pipeline=train_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=True),
)
train_cfg = dict(by_epoch=True, max_epochs=2)
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.1), paramwise_cfg=dict(bias_lr_mult=2))
param_scheduler = [dict(type='LinearLR', start_factor=0.1, end=5, by_epoch=False)]
default_hooks = dict(checkpoint=dict(type='CheckpointHook', interval=1))
env_cfg = dict(cudnn_benchmark=False)
"""


@pytest.fixture
def look(tmp_path: Path):
    """Write a leaf over the base and return what was found."""

    def write(leaf: str, options: tuple[str, ...] = (), name: str = 'leaf.py'):
        (tmp_path / 'base.py').write_text(BASE)
        (tmp_path / name).write_text(leaf)
        cfg = load_config(str(tmp_path / name), options)
        return inspect_config(cfg, dict(option.split('=') for option in options))

    return write


INHERIT = "_base_ = './base.py'\n"


def only(lines: list[str]) -> str:
    assert len(lines) == 1, lines
    return lines[0]


def test_a_good_config_is_silent(look):
    report = look(INHERIT + "classes = 3\nmodel = dict(type='CheckedModel', num_classes=classes)\n")
    assert (report.errors, report.warnings) == ([], [])


def test_misspelt_top_level_name(look):
    error = only(look(INHERIT + 'optim_wraper = dict()\n').errors)
    assert error == "leaf.py:2 optim_wraper: nothing reads this name; did you mean 'optim_wrapper'?"


def test_a_name_nothing_reads(look):
    report = look(INHERIT + 'favourite_colour = 1\n_kept = 2\n')
    assert report.errors == []
    assert 'leaf.py:2 favourite_colour: nothing reads' in only(report.warnings)


@pytest.mark.parametrize('use', ['_base_.train_pipeline', '{{_base_.train_pipeline}}'])
def test_a_base_name_is_read_by_its_heir(look, use):
    base = (
        INHERIT
        + f'val_pipeline = {use}\nval_dataloader = dict(dataset=dict(type="CheckedDataset", pipeline=val_pipeline))\n'
    )
    assert look(base).warnings == []


def test_an_edited_pipeline_that_nothing_uses(look):
    report = look(INHERIT + 'train_pipeline = []\n')
    warning = only(report.warnings)
    assert report.errors == []
    assert 'leaf.py:2 train_pipeline: assigned but not used' in warning
    assert 'base.py has put its own train_pipeline into the place that counts' in warning
    assert 'train_dataloader = dict(dataset=dict(pipeline=train_pipeline))' in warning


def test_a_config_that_was_written_out_whole(look, tmp_path):
    look(INHERIT)
    report = look(load_config(str(tmp_path / 'leaf.py'), ()).pretty_text, name='dumped.py')
    assert (report.errors, report.warnings) == ([], [])
    changed = look(load_config(str(tmp_path / 'leaf.py'), ()).pretty_text + "\ntrain_pipeline = [dict(type='Other')]")
    assert 'train_pipeline' in str(changed.errors + changed.warnings)


def test_overrides_without_effect(look):
    assert 'the data loaders have copied it' in only(look(INHERIT, ('train_pipeline=1',)).errors)
    assert "did you mean 'train_cfg.max_epochs'" in only(look(INHERIT, ('train_cg.max_epochs=1',)).errors)
    assert look(INHERIT, ('train_cfg.max_epochs=1',)).errors == []


@pytest.mark.parametrize(
    ('leaf', 'expected'),
    [
        ('optim_wrapper = dict(paramwise_cfg=dict(bias_lr_mul=2))', "did you mean 'bias_lr_mult'?"),
        ('train_dataloader = dict(batchsize=2)', "nothing reads this key; did you mean 'batch_size'?"),
        ("default_hooks = dict(checkpoints=dict(type='CheckpointHook'))", "did you mean 'checkpoint'?"),
        ('env_cfg = dict(cudnn_benchmrk=True)', 'env_cfg.cudnn_benchmrk: nothing reads this key; did you mean'),
        ('randomness = dict(sed=1)', "did you mean 'seed'?"),
        ('auto_scale_lr = dict(base_batchsize=1)', "did you mean 'base_batch_size'?"),
    ],
)
def test_wrong_keys_of_plain_sections_are_named_with_the_nearest(look, leaf, expected):
    assert expected in only(look(INHERIT + leaf + '\n').errors)


@pytest.mark.parametrize(
    'leaf',
    [
        "default_hooks = dict(anything=dict(type='NaiveVisualizationHook'))",
        "optim_wrapper = dict(_delete_=True, constructor='Mine', paramwise_cfg=dict(a=1))",
        "train_dataloader = dict(num_workers=2, persistent_workers=True, collate_fn=dict(type='default_collate'))",
        'env_cfg = dict(dist_cfg=dict(backend="gloo"), resource_limit=10)',
        'randomness = dict(seed=1, deterministic=True)',
    ],
)
def test_right_keys_are_left_alone(look, leaf):
    assert look(INHERIT + leaf + '\n').errors == []


def test_all_errors_are_listed_at_once():
    cfg = Config(dict(default_scope='wsolzoo', randomness=dict(sed=1), env_cfg=dict(cudnn_benchmrk=True)))
    with pytest.raises(ConfigError, match='has 2 problems:\n.*\n.*') as caught:
        check_config(cfg)
    assert 'cudnn_benchmrk' in str(caught.value)


def test_an_override_reaches_a_key_with_dots_in_it(tmp_path):
    text = "necks = {'stage3.0': dict(p=1), 'stage3': dict(p=2)}\nlosses = [dict(w=1.0), dict(w=2.0)]"
    (tmp_path / 'c.py').write_text(text)
    options = ['necks.stage3.0.p=5', 'necks.stage3.q=6', 'losses.1.w=0.0', 'losses.0.w=3.0', 'new.a.b=7']
    cfg = load_config(str(tmp_path / 'c.py'), options)
    assert cfg.necks == {'stage3.0': {'p': 5}, 'stage3': {'p': 2, 'q': 6}}
    assert cfg.losses == [{'w': 3.0}, {'w': 0.0}] and cfg.new.a.b == 7


def test_a_key_and_its_inside_cannot_both_be_set(tmp_path):
    (tmp_path / 'c.py').write_text('a = 1')
    with pytest.raises(UsageError, match='sets a.b.c and a part before its end'):
        load_config(str(tmp_path / 'c.py'), ['a.b=1', 'a.b.c=2'])
