"""Reading checkpoints: nothing in them runs, what is safe loads, what does not fit is explained."""

import argparse
import logging
import os
import pickle
import types
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.hooks import CheckpointHook
from mmengine.logging import MessageHub, MMLogger
from mmengine.model import BaseModel
from mmengine.registry import DefaultScope
from mmengine.runner import EpochBasedTrainLoop, Runner, load_checkpoint
from torch import nn

from wsolzoo.engine.weights import checkpoint, install
from wsolzoo.engine.weights.checkpoint import (
    FLAG,
    CheckpointError,
    CheckpointReportHook,
    UnsafeCheckpointError,
    load_weights,
    partial_weights,
)
from wsolzoo.engine.weights.mismatch import compare, only_prefix, state_dict_of
from wsolzoo.models.backbones import PlainNet


class Evil:
    """Touches a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return os.system, (f'touch {self.marker}',)


@pytest.fixture(autouse=True)
def installed():
    install()


def tiny(**kwargs) -> PlainNet:
    return PlainNet(base_channels=4, strides=(2, 2), depth=1, **kwargs)


def save_evil(path: Path, legacy: bool = False) -> Path:
    marker = path.with_suffix('.ran')
    state = dict(tiny().state_dict(), evil=Evil(marker))
    torch.save({'state_dict': state}, path, _use_new_zipfile_serialization=not legacy)
    return marker


@pytest.mark.parametrize('legacy', [False, True])
@pytest.mark.parametrize('way', ['load_checkpoint', 'init_cfg', 'load_weights'])
def test_a_checkpoint_that_would_run_code_is_refused(tmp_path, way, legacy):
    path = tmp_path / 'bad.pth'
    marker = save_evil(path, legacy)
    with pytest.raises(UnsafeCheckpointError, match=r'bad\.pth.*posix\.system.*Nothing was run.*state_dict'):
        if way == 'load_checkpoint':
            load_checkpoint(tiny(), str(path))
        elif way == 'init_cfg':
            tiny(init_cfg={'type': 'Pretrained', 'checkpoint': str(path)}).init_weights()
        else:
            load_weights(tiny(), str(path))
    assert not marker.exists()
    torch.load(path, weights_only=False)  # the file is as bad as it should be
    assert marker.exists()


def test_getattr_is_allowed_for_log_histories_alone(tmp_path):
    class Reach:
        def __reduce__(self):
            return getattr, (np.ndarray, '__subclasses__')

    torch.save({'state_dict': {'a': torch.ones(1), 'b': Reach()}}, tmp_path / 'reach.pth')
    with pytest.raises(UnsafeCheckpointError, match='getattr'):
        checkpoint.load_from_local(str(tmp_path / 'reach.pth'))


def test_what_is_allowed_is_not_left_allowed(tmp_path):
    torch.save({'a': torch.ones(1)}, tmp_path / 'a.pth')
    before = list(torch.serialization.get_safe_globals())
    checkpoint.load_from_local(str(tmp_path / 'a.pth'))
    assert set(torch.serialization.get_safe_globals()) == set(before)


@pytest.mark.parametrize(
    ('name', 'content', 'error', 'message'),
    [
        ('page.pth', b'<html>not found</html>', UnsafeCheckpointError, 'not a checkpoint'),
        ('empty.pth', b'', ValueError, 'complete'),
        ('half.pth', None, ValueError, 'complete'),
        ('plain.pkl', pickle.dumps(argparse.Namespace(lr=1), 2), UnsafeCheckpointError, 'plain.pkl'),
    ],
)
def test_files_that_are_no_checkpoint(tmp_path, name, content, error, message):
    path = tmp_path / name
    if content is None:
        torch.save({'a': torch.ones(999)}, path)
        content = path.read_bytes()[:2000]
    path.write_bytes(content)
    with pytest.raises(error, match=message):
        checkpoint.load_from_local(str(path))


def test_a_missing_file_names_its_neighbours(tmp_path):
    torch.save({}, tmp_path / 'epoch_12.pth')
    with pytest.raises(FileNotFoundError, match=r'epoch_12\.pth'):
        checkpoint.load_from_local(str(tmp_path / 'epoch_13.pth'))


def test_npz_and_safetensors_load_as_state_dicts(tmp_path):
    state = tiny().state_dict()
    np.savez(
        tmp_path / 'w.npz', **{k: v.numpy().astype('f2') if v.is_floating_point() else v for k, v in state.items()}
    )
    model = tiny()
    assert not load_weights(model, str(tmp_path / 'w.npz'))
    assert torch.allclose(model.stem[0].weight, state['stem.0.weight'], atol=1e-3)

    save_file = pytest.importorskip('safetensors.torch').save_file
    save_file(state, tmp_path / 'w.safetensors')
    assert not load_weights(model, str(tmp_path / 'w.safetensors'))
    assert torch.equal(model.stem[0].weight, state['stem.0.weight'])


def test_an_npz_with_objects_or_quantised_weights_is_refused(tmp_path):
    np.savez(tmp_path / 'objects.npz', a=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match='allow_pickle'):
        checkpoint.load_from_local(str(tmp_path / 'objects.npz'))
    np.savez(tmp_path / 'q8.npz', graph_json=np.zeros(2, np.uint8))
    with pytest.raises(ValueError, match='convert_npz'):
        checkpoint.load_from_local(str(tmp_path / 'q8.npz'))


def test_mismatch_is_summarised_by_module():
    model = tiny()
    state = {f'backbone.{name}': value for name, value in model.state_dict().items()}
    report = compare(model, state)
    assert report.matched == 0
    assert "prefix='backbone.'" in report.summary()

    state = {**model.state_dict(), 'stem.0.weight': torch.zeros(9, 3, 3, 3), 'fc.weight': torch.zeros(1), 'fc.bias': 0}
    del state['stage1.0.1.bias']
    report = compare(model, state)
    assert (report.missing, report.unexpected) == (('stage1.0.1.bias',), ('fc.weight', 'fc.bias'))
    assert report.shapes == {'stem.0.weight': ((9, 3, 3, 3), (4, 3, 3, 3))}
    assert 'left as it is' in report.summary()
    assert not compare(model, model.state_dict())


def test_a_long_report_stays_short():
    wide = nn.ModuleDict({f'part{i}': nn.Linear(2, 2) for i in range(100)})
    text = compare(wide, {}).summary()
    assert 'part0.* (2)' in text
    assert len(text) < 400


def test_a_backbone_checkpoint_for_a_whole_model_is_recognised():
    whole = nn.ModuleDict({'backbone': tiny()})
    assert "the part 'backbone'" in compare(whole, tiny().state_dict()).hint


def test_load_weights_by_prefix_and_strictly(tmp_path):
    source, path = tiny(), str(tmp_path / 'w.pth')
    torch.save({'model': {f'module.net.{k}': v for k, v in source.state_dict().items()}}, path)
    model = tiny()
    with pytest.raises(ValueError, match="prefix='net.'"):
        load_weights(model, path)
    assert not load_weights(model, path, prefix='net', strict=True)
    assert torch.equal(model.stem[0].weight, source.stem[0].weight)
    with pytest.raises(ValueError, match='not in the file'):
        load_weights(PlainNet(4, (2, 2, 2), 1), path, prefix='net', strict=True)


def test_state_dict_of_and_only_prefix_say_what_they_found():
    with pytest.raises(ValueError, match='optimizer'):
        state_dict_of({'optimizer': {}})
    with pytest.raises(ValueError, match=r'head\.a, head\.b'):
        only_prefix({'head.a': 1, 'head.b': 2}, 'backbone')


def test_pretrained_reports_and_refuses_through_a_config(tmp_path, capsys):
    path = str(tmp_path / 'w.pth')
    torch.save({'other.weight': torch.ones(2)}, path)
    with DefaultScope.overwrite_default_scope('wsolzoo'):
        with pytest.raises(ValueError, match=r'does not fit PlainNet'):
            tiny(init_cfg={'type': 'Pretrained', 'checkpoint': path}).init_weights()


class Toy(BaseModel):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(2, 1)

    def forward(self, inputs, labels=None, mode='tensor'):
        return {'loss': self.fc(inputs).mean()}


def make_runner(work_dir: Path, epochs: int, **kwargs) -> Runner:
    data = [(torch.full((2,), float(i)), i) for i in range(4)]
    return Runner(
        Toy(),
        str(work_dir),
        train_dataloader={
            'dataset': data,
            'batch_size': 2,
            'sampler': {'type': 'DefaultSampler', 'shuffle': False},
            'collate_fn': {'type': 'default_collate'},
        },
        train_cfg={'by_epoch': True, 'max_epochs': epochs},
        optim_wrapper={'optimizer': {'type': 'SGD', 'lr': 0.1, 'momentum': 0.9}},
        default_hooks={'checkpoint': {'type': 'CheckpointHook', 'interval': 1}, 'logger': {'type': 'LoggerHook'}},
        custom_hooks=[{'type': 'wsolzoo.CheckpointReportHook'}],
        experiment_name=f'{work_dir.name}{epochs}{len(kwargs)}{MMLogger.check_instance_created("x")}{id(kwargs)}',
        log_level='ERROR',
        **kwargs,
    )


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp('run')
    runner = make_runner(folder, 3)
    runner.train()
    return folder, runner.model.state_dict()


def test_a_runner_resumes_its_own_checkpoint(run, tmp_path):
    """Its log history is pickled by MMEngine; it loads, and training ends where the straight run ended."""
    folder, straight = run
    runner = make_runner(tmp_path, 3, load_from=str(folder / 'epoch_2.pth'), resume=True)
    assert isinstance(next(h for h in runner.hooks if isinstance(h, CheckpointHook)), CheckpointHook)
    runner.train()
    assert all(torch.equal(value, runner.model.state_dict()[name]) for name, value in straight.items())


def test_a_runner_refuses_a_bad_or_foreign_checkpoint(tmp_path):
    marker = save_evil(tmp_path / 'bad.pth')
    with pytest.raises(UnsafeCheckpointError):
        make_runner(tmp_path, 1, load_from=str(tmp_path / 'bad.pth')).train()
    assert not marker.exists()
    torch.save(tiny().state_dict(), tmp_path / 'foreign.pth')
    with pytest.raises(ValueError, match='no weight of .*foreign.pth fits'):
        make_runner(tmp_path, 1, load_from=str(tmp_path / 'foreign.pth')).train()


def a_runner(model: nn.Module, training: bool = False, resume: bool = False, **cfg):
    """As much of a Runner as the report needs."""
    loop = object.__new__(EpochBasedTrainLoop) if training else {'type': 'EpochBasedTrainLoop'}
    return types.SimpleNamespace(
        model=model,
        cfg=cfg,
        logger=logging.getLogger('report'),
        message_hub=MessageHub(f'report{id(model)}'),
        _train_loop=loop,
        _resume=resume,
        param_schedulers=[],
        _load_from='epoch_3.pth',
    )


def other_classes() -> dict:
    return {'state_dict': {**nn.Linear(2, 1).state_dict(), 'bias': torch.zeros(3)}}


MISFITS = {
    'another number of classes': other_classes,
    'weights that the file lacks': lambda: {'state_dict': {'weight': torch.zeros(1, 2)}},
    'weights that only the file has': lambda: {'state_dict': {**nn.Linear(2, 1).state_dict(), 'mask.a': torch.ones(1)}},
}


@pytest.mark.parametrize('misfit', MISFITS)
def test_a_misfit_gives_no_numbers(misfit):
    model = nn.Linear(2, 1)
    with pytest.raises(CheckpointError, match=r'epoch_3\.pth does not fit (.|\n)*set allow_partial_weights=True'):
        CheckpointReportHook().after_load_checkpoint(a_runner(model), MISFITS[misfit]())
    with pytest.raises(CheckpointError, match=r'epoch_3\.pth is of another model'):
        CheckpointReportHook().after_load_checkpoint(a_runner(model, True, resume=True), MISFITS[misfit]())
    runner = a_runner(model, training=True)  # fine-tuning
    CheckpointReportHook().after_load_checkpoint(runner, MISFITS[misfit]())
    assert partial_weights(runner) is None


def test_insisting_on_a_misfit_is_stamped():
    for hook, cfg in ((CheckpointReportHook(allow_partial=True), {}), (CheckpointReportHook(), {FLAG: True})):
        runner = a_runner(nn.Linear(2, 1), **cfg)
        hook.after_load_checkpoint(runner, other_classes())
        assert partial_weights(runner) == '1 weights loaded, 1 of another shape'
        hook.after_load_checkpoint(runner, {'module.' + k: v for k, v in nn.Linear(2, 1).state_dict().items()})
        assert partial_weights(runner) is None  # the next checkpoint fits


def test_weights_that_are_not_numbers_and_other_things():
    runner, good = a_runner(nn.Linear(2, 1)), nn.Linear(2, 1).state_dict()
    with pytest.raises(CheckpointError, match=r'epoch_3\.pth holds NaN in 1 of its weights \(bias\)'):
        CheckpointReportHook().after_load_checkpoint(runner, {**good, 'bias': torch.tensor([float('nan')])})
    for nothing in ({}, {'state_dict': {}}, {'state_dict': {'weight': 1}}, {'state_dict': [1]}, {1: 2}):
        with pytest.raises(CheckpointError, match=r'epoch_3\.pth: expected a state_dict'):
            CheckpointReportHook().after_load_checkpoint(runner, nothing)
    checkpoint = {'state_dict': {**good, 'epoch': 3, 4: torch.ones(1)}, 'meta': {}}
    CheckpointReportHook().after_load_checkpoint(runner, checkpoint)
    assert set(checkpoint) == {'state_dict', 'meta'}
    assert set(checkpoint['state_dict']) == {'weight', 'bias'}
