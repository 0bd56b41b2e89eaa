from pathlib import Path

import pytest
from mmengine.config import Config
from torch import nn

from wsolzoo.registry import DATASETS, MODELS
from wsolzoo.run.config_check import ConfigError, check_config, inspect_config
from wsolzoo.run.config_check.arguments import accepted
from wsolzoo.run.launch import UsageError, load_config

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


class CheckedDataset:
    def __init__(self, pipeline=()): ...


class CheckedParent(nn.Module):
    def __init__(self, width=1, **kwargs):
        super().__init__(**kwargs)


class CheckedModel(CheckedParent):
    """Takes `num_classes`, `part`, and what its parent takes; reads `extra` out of the rest."""

    def __init__(self, num_classes, part=None, **kwargs):
        kwargs.pop('extra', None)
        super().__init__(**kwargs)


class OpenModel(nn.Module):
    def __init__(self, name, **kwargs):
        super().__init__()
        self.options = kwargs


@pytest.fixture(autouse=True)
def components():
    made = {CheckedParent: MODELS, CheckedModel: MODELS, OpenModel: MODELS, CheckedDataset: DATASETS}
    for component, registry in made.items():
        registry.register_module(module=component)
    yield
    for component, registry in made.items():
        del registry.module_dict[component.__name__]


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
    report = look(INHERIT + "classes = 3\nmodel = dict(type='CheckedModel', num_classes=classes, width=2, extra=1)\n")
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


def test_overrides_without_effect(look):
    assert 'the data loaders have copied it' in only(look(INHERIT, ('train_pipeline=1',)).errors)
    assert "did you mean 'train_cfg.max_epochs'" in only(look(INHERIT, ('train_cg.max_epochs=1',)).errors)
    assert look(INHERIT, ('train_cfg.max_epochs=1',)).errors == []


@pytest.mark.parametrize(
    ('leaf', 'expected'),
    [
        ("model = dict(type='CheckedModel', num_clases=3)", "model.num_clases: CheckedModel takes no 'num_clases'; did you mean 'num_classes'?"),
        ("model = dict(type='CheckedModel', widht=3)", "did you mean 'width'?"),
        ("model = dict(type='CheckedModell')", 'close names: CheckedModel'),
        ("model = dict(type='OpenModel', part=dict(type='CheckedModel', num_clases=3))", 'model.part.num_clases'),
        ("model = dict(type='OpenModel', parts=[dict(type='CheckedParent', widht=3)])", 'model.parts[0].widht'),
        ('optim_wrapper = dict(optimizer=dict(weight_deccay=1))', "SGD takes no 'weight_deccay'; did you mean 'weight_decay'?"),
        ('optim_wrapper = dict(acumulative_counts=2)', "did you mean 'accumulative_counts'?"),
        ('optim_wrapper = dict(paramwise_cfg=dict(bias_lr_mul=2))', "did you mean 'bias_lr_mult'?"),
        ('train_cfg = dict(max_epoch=2)', "EpochBasedTrainLoop takes no 'max_epoch'; did you mean 'max_epochs'?"),
        ('train_dataloader = dict(batchsize=2)', "train_dataloader.batchsize: nothing reads this key; did you mean 'batch_size'?"),
        ('train_dataloader = dict(sampler=dict(shufle=True))', "did you mean 'shuffle'?"),
        ("train_dataloader = dict(dataset=dict(type='CheckedDatasett'))", 'close names: CheckedDataset'),
        ("param_scheduler = [dict(type='LinearLR', start_facto=0.1)]", "did you mean 'start_factor'?"),
        ("default_hooks = dict(checkpoints=dict(type='CheckpointHook'))", "default_hooks.checkpoints: did you mean 'checkpoint'?"),
        ('env_cfg = dict(cudnn_benchmrk=True)', "did you mean 'cudnn_benchmark'?"),
        ('randomness = dict(sed=1)', "did you mean 'seed'?"),
    ],
)  # fmt: skip
def test_wrong_keys_are_named_with_the_nearest(look, leaf, expected):
    assert expected in only(look(INHERIT + leaf + '\n').errors)


def test_a_near_miss_on_a_component_that_takes_anything(look):
    report = look(INHERIT + 'default_hooks = dict(checkpoint=dict(intervall=1))\n')
    assert report.errors == []
    assert only(report.warnings).endswith("CheckpointHook takes any keyword; did you mean 'interval'?")


@pytest.mark.parametrize(
    'leaf',
    [
        "model = dict(type='OpenModel', name='a', anything=3)",
        "model = dict(type='OpenModel', name='a', table=dict(type='a name of its own'))",
        "model = dict(type='CheckedModel', part=dict(type='torch.nn.Linear', in_features=1, out_features=1))",
        "optim_wrapper = dict(_delete_=True, constructor='Mine', one=dict(type='OptimWrapper', optimizer=dict(type='SGD')))",
        "param_scheduler = [dict(type='CosineAnnealingLR', T_max=3, by_epoch=True, convert_to_iter_based=True)]",
        "visualizer = dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend')])",
        "val_evaluator = dict(type='Evaluator', metrics=[])",
        "default_hooks = dict(visualization=dict(type='NaiveVisualizationHook'))",
        'train_cfg = dict(_delete_=True, by_epoch=False, max_iters=10, val_interval=5)',
    ],
)
def test_right_keys_are_left_alone(look, leaf):
    assert look(INHERIT + leaf + '\n').errors == []


def test_all_errors_are_listed_at_once(tmp_path):
    cfg = Config(dict(default_scope='wsolzoo', model=dict(type='CheckedModel', num_clases=1, widht=2)))
    with pytest.raises(ConfigError, match='has 2 problems:\n.*\n.*') as caught:
        check_config(cfg)
    assert 'widht' in str(caught.value)


def test_python_style_configs_are_read(look):
    report = look('from mmengine.dataset import DefaultSampler\nsampler = DefaultSampler\n'
                  'train_dataloader = dict(dataset=None, sampler=dict(type=sampler, shufle=True))\n', name='pure.py')  # fmt: skip
    assert "did you mean 'shuffle'?" in only(report.errors)


def test_accepted_arguments_follow_the_parents():
    assert accepted(CheckedModel) == {'num_classes', 'part', 'extra', 'width'}
    assert accepted(OpenModel) is None
    assert accepted(nn.Linear) >= {'in_features', 'bias'}
    assert accepted(lambda first, *, second=1: None) == {'first', 'second'}


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
