"""Switches for speed change no name of a weight, and no result beyond rounding; trying them changes nothing at all."""

import copy
import types

import pytest
import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict
from tiny_run import hurry, same, tool, write_config
from torch import nn

from wsolzoo.engine.hooks import accelerate
from wsolzoo.engine.hooks.accelerate import (
    ALLOWED,
    AccelerateHook,
    ChannelsLastHook,
    CompileBackboneHook,
    backbone_of,
    set_accelerate,
    switch_on,
)
from wsolzoo.engine.hooks.random_state import get_state
from wsolzoo.engine.hooks.trial import Trial, choose, real_batch, run_trials, table
from wsolzoo.engine.optim import amp
from wsolzoo.run.launch import load_config
from wsolzoo.testing import build_model, tiny_batch

MODEL = dict(
    type='Localizer',
    data_preprocessor=dict(type='ImgDataPreprocessor', mean=[0, 0, 0], std=[255, 255, 255], bgr_to_rgb=True),
    backbone=dict(type='PlainNet', base_channels=8),
    head=dict(type='CAMHead', num_classes=3),
)


def tiny_model() -> nn.Module:
    torch.manual_seed(0)
    return build_model({'model': MODEL})


def runner(model, **parts):
    return types.SimpleNamespace(model=model, **parts)


def scores(model) -> torch.Tensor:
    with torch.no_grad():
        return torch.stack([sample.pred_scores for sample in model.eval().val_step(tiny_batch(model))])


def test_channels_last():
    model = tiny_model()
    expected, names = scores(model), list(model.state_dict())
    seen = []
    model.backbone.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    for _ in range(2):  # training, then testing with the same model
        ChannelsLastHook().before_run(runner(model))
    torch.testing.assert_close(scores(model), expected, rtol=1e-4, atol=1e-5)
    assert seen[-1].is_contiguous(memory_format=torch.channels_last)
    assert len(model.backbone._forward_pre_hooks) == 1
    assert list(model.state_dict()) == names


def test_the_backbone_alone_is_compiled(monkeypatch):
    """With the tracing backend alone: generating code takes half a minute, and is torch's own business."""
    model = tiny_model()
    expected, names, asked = scores(model), list(model.state_dict()), {}
    compile_module = nn.Module.compile

    def eager(module, **kwargs):
        asked.update(kwargs)
        compile_module(module, backend='eager')

    monkeypatch.setattr(nn.Module, 'compile', eager)
    CompileBackboneHook(dynamic=False).before_run(runner(model))
    torch.testing.assert_close(scores(model), expected)
    assert asked == {'mode': 'default', 'dynamic': False}
    assert model.backbone._compiled_call_impl is not None
    assert model._compiled_call_impl is None
    assert list(model.state_dict()) == names


def test_a_model_without_backbone():
    with pytest.raises(ValueError, match='Linear has no backbone to speed up; remove the hook from custom_hooks'):
        backbone_of(nn.Linear(1, 1))


def test_bfloat16_reaches_the_forward_pass_alone():
    model = tiny_model()
    wrapper = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
    seen = []
    model.backbone.register_forward_hook(lambda module, inputs, output: seen.append(output[0][-1].dtype))
    amp.use_bfloat16(wrapper)
    model.train_step(tiny_batch(model), wrapper)
    scores(model)
    assert seen == [torch.bfloat16, torch.float32]
    assert type(wrapper) is OptimWrapper
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


class WithDropout(nn.Module):
    """Draws random numbers in training, and keeps running statistics."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5))

    def train_step(self, data: dict, wrapper: OptimWrapper) -> dict[str, torch.Tensor]:
        with wrapper.optim_context(self):
            loss = self.backbone(data['inputs']).square().mean()
        wrapper.update_params(loss)
        return {'loss': loss}


class Tenths(torch.utils.data.Dataset):
    """Images that are drawn anew each time they are asked for."""

    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> torch.Tensor:
        return index + torch.rand(3, 8, 8)


def test_trials_leave_everything_as_it_was():
    model = WithDropout().train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    loader = torch.utils.data.DataLoader(Tenths(), 4, collate_fn=lambda images: {'inputs': torch.stack(images)})
    model.train_step(real_batch(loader), OptimWrapper(optimizer))  # moments and running statistics are there
    before = copy.deepcopy([model.state_dict(), optimizer.state_dict(), get_state()])
    batch = real_batch(loader)
    assert batch['inputs'].floor().flatten(1).unique(dim=1).flatten().tolist() == [0, 2, 5, 7]
    switches = {name: lambda twin, its, name=name: switch_on(name, twin, OptimWrapper(its)) for name in ALLOWED}
    trials = run_trials(model, optimizer, batch, switches, warmup=1, rounds=2)
    after = [model.state_dict(), optimizer.state_dict(), get_state()]
    assert same(before[:2], after[:2]) == []
    assert same({**before[2], 'python': 0}, {**after[2], 'python': 0}) == []
    assert model.backbone[0].weight.is_contiguous()
    assert not model.backbone._forward_pre_hooks
    for name, trial in trials.items():  # of the same function, whatever the order in memory
        assert trial.loss == pytest.approx(trials['plain'].loss, rel=ALLOWED[name])
        assert trial.seconds > 0


@pytest.mark.parametrize(
    ('losses', 'seconds', 'expected'),
    [
        ((1, 1.00001, 1.01, 1.01), (1, 0.8, 0.5, 0.4), 'bf16+channels-last'),
        ((1, 1.00001, 1.01, 1.02), (1, 0.8, 0.5, 0.4), 'bf16'),  # its loss is another one
        ((1, 1.001, 1.1, float('nan')), (1, 0.8, 0.5, 0.4), 'plain'),
        ((1, 1, 1, 1), (1, 0.96, 0.97, 1.1), 'plain'),  # not worth it
        ((1, 1, 1, 1), (1, 0.94, 0.97, 1.1), 'channels-last'),
        ((float('nan'),) * 4, (1, 0.8, 0.5, 0.4), 'plain'),
    ],
)
def test_the_fastest_with_the_same_loss_is_chosen(losses, seconds, expected):
    trials = {name: Trial(time, loss) for name, time, loss in zip(ALLOWED, seconds, losses, strict=True)}
    assert choose(trials, ALLOWED, margin=0.05) == expected
    assert len(table(trials, ALLOWED).splitlines()) == 5


class Hub(dict):
    """Stands for a message hub."""

    def update_info(self, key: str, value: str) -> None:
        self[key] = value


def fake_runner(wrapper=None, resume=False):
    model = tiny_model()
    wrapper = wrapper or OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
    loader = torch.utils.data.DataLoader(range(10), 4)
    return runner(model, optim_wrapper=wrapper, message_hub=Hub(), train_dataloader=loader, _resume=resume)


def test_the_main_process_decides_and_machines_without_bfloat16_do_not_try_it(monkeypatch):
    tried = []

    def trials(model, optimizer, batch, switches):
        tried.extend(switches)
        return {name: Trial(1 - 0.1 * i, 1.0) for i, name in enumerate(switches)}

    def broadcast(chosen):
        assert chosen == ['channels-last']
        chosen[0] = 'plain'

    monkeypatch.setattr(accelerate, 'run_trials', trials)
    monkeypatch.setattr(accelerate, 'has_bfloat16', lambda: False)
    monkeypatch.setattr(accelerate, 'broadcast_object_list', broadcast)
    run = fake_runner()
    AccelerateHook('auto').before_train(run)
    assert tried == ['plain', 'channels-last']
    assert run.message_hub == {'accelerate': 'plain'}
    assert not run.model.backbone._forward_pre_hooks


@pytest.mark.parametrize(
    ('switch', 'resume', 'used'),
    [
        ('auto', True, 'channels-last'),
        (None, True, 'channels-last'),
        ('plain', True, 'plain'),  # who names a switch gets it
        (None, False, 'plain'),  # weights to begin with say nothing about this training
    ],
)
def test_a_resumed_run_goes_on_with_its_switches_and_times_nothing(monkeypatch, switch, resume, used):
    monkeypatch.setattr(accelerate, 'run_trials', None)  # calling it would fail
    hook, run = AccelerateHook(switch), fake_runner(resume=resume)
    hook.after_load_checkpoint(run, {'message_hub': {'runtime_info': {'accelerate': 'channels-last'}}})
    assert run.message_hub == {'accelerate': 'channels-last'}  # what a test says
    hook.before_train(run)
    assert run.message_hub == {'accelerate': used}
    assert len(run.model.backbone._forward_pre_hooks) == (used == 'channels-last')


def test_other_wrappers_are_left_alone(monkeypatch):
    said = []
    monkeypatch.setattr(accelerate, 'print_log', lambda text, *_: said.append(text))
    model = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for wrapper in (amp.BFloat16OptimWrapper(optimizer), OptimWrapperDict(part=OptimWrapper(optimizer))):
        run = fake_runner(wrapper)
        AccelerateHook('auto').before_train(run)
        assert run.message_hub == {'accelerate': 'plain'}
        assert said[-1].endswith(f'this run has {type(wrapper).__name__}.')


def test_no_run_is_accelerated_unless_it_asks():
    cfg = load_config('bas/bas_plainnet_1xb32-15e_scenes-96px.py')
    before = copy.deepcopy(cfg.to_dict())
    set_accelerate(cfg)
    assert cfg.default_hooks.pop('accelerate') == dict(type='AccelerateHook')
    assert cfg.to_dict() == before
    cfg.accelerate = 'bf16'
    for _ in range(2):  # a run writes its config down, and that can be run again
        set_accelerate(cfg)
        assert cfg.default_hooks.accelerate == dict(type='AccelerateHook', switch='bf16')


@pytest.fixture
def train(monkeypatch, tmp_path, tmp_path_factory):
    """Trains the miniature run into a folder; its last checkpoint without dates and folders."""
    hurry(monkeypatch, tmp_path_factory.getbasetemp() / 'cache')

    def run(name: str, *arguments: str, extra: str = '') -> dict:
        config = write_config(tmp_path, epochs=2, cache='disk', extra=extra)
        options = ['--cfg-options', 'default_hooks.checkpoint.max_keep_ckpts=-1']
        assert tool('train.py').main([str(config), '--work-dir', str(tmp_path / name), *arguments, *options]) == 0
        checkpoint = torch.load(tmp_path / name / 'epoch_2.pth', weights_only=False)
        used = checkpoint.pop('message_hub')['runtime_info'].get('accelerate')
        return {key: value for key, value in checkpoint.items() if key != 'meta'} | {'used': used}

    return run


def test_a_run_that_tries_and_stays_plain_is_the_run_without(train):
    without = train('without', extra="default_hooks['accelerate'] = dict(type='EmptyCacheHook')")  # it does nothing
    tried = train('tried', extra="default_hooks['accelerate'] = dict(switch='auto', margin=1.0)")
    assert (without.pop('used'), tried.pop('used')) == (None, 'plain')
    assert same(tried, without) == []


def test_a_resumed_run_goes_on_as_it_began(train, tmp_path):
    whole = train('whole', extra="accelerate = 'bf16+channels-last'")
    resumed = train('resumed', '--resume', str(tmp_path / 'whole' / 'epoch_1.pth'))
    assert whole['used'] == 'bf16+channels-last'
    assert same(resumed, whole) == []


def test_a_switch_that_does_not_exist(tmp_path, capsys):
    config = write_config(tmp_path, extra="accelerate = 'bf-16'")
    assert tool('train.py').main([str(config), '--work-dir', str(tmp_path / 'run')]) == 2
    assert "accelerate='bf-16': did you mean 'bf16'?" in capsys.readouterr().err
