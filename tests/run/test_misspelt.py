"""A keyword or a type that does not exist is answered with what was meant, before the first step of training."""

import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from torch import nn

from wsolzoo.errors import WrongArgumentError, arguments, explained
from wsolzoo.registry import DATASETS, MODELS, TRANSFORMS
from wsolzoo.run import launch, mistakes
from wsolzoo.run.environment import prepare_environment

BASE = """
default_scope = 'wsolzoo'
runner_type = 'TerseRunner'
model = dict(type='PointModel', part=dict(type='PointPart', width=1))
train_dataloader = dict(
    batch_size=4, dataset=dict(type='Points', pipeline=[dict(type='Shift')]), sampler=dict(type='DefaultSampler')
)
train_cfg = dict(by_epoch=True, max_epochs=2)
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1))
param_scheduler = [dict(type='LinearLR', start_factor=0.1, end=5, by_epoch=False)]
default_hooks = dict(checkpoint=dict(type='SafeCheckpointHook', interval=1))
"""


class Shift:
    def __init__(self, by=0): ...


class Points:
    def __init__(self, pipeline=()):
        self.pipeline = [TRANSFORMS.build(step) for step in pipeline]

    def __len__(self):
        return 8

    def __getitem__(self, index):
        return torch.tensor([float(index)])


class PointPart(nn.Module):
    def __init__(self, width=1, **kwargs):
        super().__init__(**kwargs)


class WidePart(PointPart):
    """Hands on what it does not know."""

    def __init__(self, extra=0, **kwargs):
        super().__init__(**kwargs)


class PointModel(BaseModel):
    def __init__(self, part, broken=False):
        super().__init__()
        self.part = MODELS.build(part)
        self.fc = nn.Linear(1, 1)
        if broken:
            nn.Linear(1, 1, no_such_thing=1)

    def forward(self, inputs, mode='tensor'): ...


@pytest.fixture(autouse=True)
def components():
    prepare_environment()
    made = {Shift: TRANSFORMS, Points: DATASETS, PointPart: MODELS, WidePart: MODELS, PointModel: MODELS}
    for component, registry in made.items():
        registry.register_module(module=component)
    yield
    for component, registry in made.items():
        del registry.module_dict[component.__name__]


@pytest.fixture
def build(tmp_path):
    """Build the Runner of a config over the base."""

    def build(leaf: str):
        (tmp_path / 'base.py').write_text(BASE)
        (tmp_path / 'leaf.py').write_text(f"_base_ = './base.py'\n{leaf}\n")
        cfg = launch.load_config(str(tmp_path / 'leaf.py'))
        launch.set_work_dir(cfg, str(tmp_path / 'run'))
        launch.check(cfg)
        return launch.build_runner(cfg)

    return build


def test_the_base_is_built(build):
    build('')


@pytest.mark.parametrize(
    ('leaf', 'says'),
    [
        ('model = dict(part=dict(widht=3))', "model.part.widht: PointPart takes no 'widht'; did you mean 'width'?"),
        ("model = dict(part=dict(type='WidePart', widht=3))", "model.part.widht: WidePart takes no 'widht'"),
        ("model = dict(part=dict(type='PointPrt'))", 'close names: PointPart'),
        ("model = dict(_delete_=True, type='PointModel')", "model: PointModel needs 'part' (defined in "),
        ("model = dict(part=dict(_delete_=True, type='TimmBackbone', model_name='resnet10t', out_stagse=1))",
         "model.part.out_stagse: TimmBackbone takes no 'out_stagse'; did you mean 'out_stages'?"),
        ("model = dict(part=dict(_delete_=True, type='mmpretrain.ResNet', dpth=18))",
         "model.part.dpth: ResNet takes no 'dpth'; did you mean 'depth'?"),
        ('optim_wrapper = dict(optimizer=dict(weight_deccay=1))',
         "optim_wrapper.optimizer.weight_deccay: SGD takes no 'weight_deccay'; did you mean 'weight_decay'?"),
        ("optim_wrapper = dict(optimizer=dict(type='SDG'))", 'close names: SGD'),
        ('optim_wrapper = dict(acumulative_counts=2)', "did you mean 'accumulative_counts'?"),
        ('train_cfg = dict(max_epoch=2)', "train_cfg.max_epoch: EpochBasedTrainLoop takes no 'max_epoch'; did"),
        ('train_dataloader = dict(sampler=dict(shufle=True))',
         "train_dataloader.sampler.shufle: DefaultSampler takes no 'shufle'; did you mean 'shuffle'?"),
        ("train_dataloader = dict(dataset=dict(type='Point'))", 'close names: Points'),
        ("train_dataloader = dict(dataset=dict(pipeline=[dict(type='Shift', bye=1)]))",
         "train_dataloader.dataset.pipeline.0.bye: Shift takes no 'bye'; did you mean 'by'?"),
        ("param_scheduler = [dict(type='LinearLR', start_facto=0.1)]", "did you mean 'start_factor'?"),
        ("param_scheduler = [dict(type='LinearLR', start_facto=0.1, end=1, by_epoch=True, convert_to_iter_based=True)]",
         "did you mean 'start_factor'?"),
        ('default_hooks = dict(checkpoint=dict(intervall=2))',
         "default_hooks.checkpoint.intervall: SafeCheckpointHook takes no 'intervall'; did you mean 'interval'?"),
        ("custom_hooks = [dict(type='FiniteLossHook', intervall=2)]",
         "custom_hooks.0.intervall: FiniteLossHook takes no 'intervall'; did you mean 'interval'?"),
    ],
)  # fmt: skip
def test_what_was_meant(build, leaf, says):
    with pytest.raises((ValueError, KeyError)) as caught:
        build(leaf)
    assert isinstance(caught.value, launch.EXPLAINED)
    assert says in str(caught.value)


def test_a_mistake_of_the_code_is_not_blamed_on_the_config(build):
    with pytest.raises(TypeError, match='no_such_thing') as caught:
        build('model = dict(broken=True)')
    assert not isinstance(caught.value, launch.EXPLAINED)


def test_a_registry_answers_by_itself():
    with pytest.raises(WrongArgumentError, match="PointPart takes no 'widht'; did you mean 'width'.*test_misspelt.py"):
        MODELS.build(dict(type='PointPart', widht=1))


def test_arguments_follow_the_parents():
    assert arguments(WidePart) == {'extra', 'width'}
    assert arguments(nn.Linear) >= {'in_features', 'bias'}
    assert arguments(lambda first, *, second=1: None) == {'first', 'second'}


def test_other_errors_are_not_explained():
    assert explained(TypeError('unsupported operand')) is None
    assert explained(TypeError("f() got an unexpected keyword argument 'x'")) is None


def test_the_place_is_the_file_where_two_are_alike(build):
    twice = "custom_hooks = [dict(type='FiniteLossHook', a=1), dict(type='FiniteLossHook', a=2)]"
    with pytest.raises(launch.UsageError, match=r"leaf.py: FiniteLossHook takes no 'a'"):
        build(twice)


def test_a_config_without_a_file_has_a_name():
    assert mistakes.place_of(PointPart, Config(dict(model=dict(type='PointPart')))) == 'model'
    assert mistakes.place_of(PointPart, Config(dict(model=dict(type='Other')))) == 'the config'
