"""Reading checkpoints: nothing in them runs, what is safe loads, what does not fit is explained."""

import argparse
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.hooks import CheckpointHook
from mmengine.logging import MMLogger
from mmengine.model import BaseModel
from mmengine.registry import DefaultScope
from mmengine.runner import CheckpointLoader, Runner, load_checkpoint
from torch import nn

from wsolzoo.engine.weights import checkpoint
from wsolzoo.engine.weights.checkpoint import UnsafeCheckpointError, load_weights
from wsolzoo.engine.weights.mismatch import compare, only_prefix, state_dict_of
from wsolzoo.models.backbones import PlainNet


class Evil:
    """Touches a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return os.system, (f'touch {self.marker}',)


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


def test_no_scheme_is_left_to_the_unsafe_readers():
    ours = set(checkpoint.SCHEMES.values())
    assert set(CheckpointLoader._schemes.values()) == ours


@pytest.mark.parametrize(
    ('name', 'message'),
    [
        ('torchvision://vgg61', 'vgg16'),
        ('timm://mobilenetv1_10', 'mobilenetv1_100'),
        ('mmpretrain://resnet50_8xb32_in2k', 'resnet50_8xb32_in1k'),
        ('mmcls://vgg61', 'vgg16'),
        ('s3://bucket/a.pth', 'not supported'),
    ],
)
def test_unknown_names_are_answered_with_close_ones(name, message):
    if name.startswith('timm'):
        pytest.importorskip('timm')
    with pytest.raises(ValueError, match=message):
        CheckpointLoader.load_checkpoint(name)


def test_torchvision_scheme_reads_a_cached_file(tmp_path, monkeypatch):
    """The real path from the scheme to the reader; only the download is replaced."""
    fetched = []

    def download(url, path, sha256_prefix):
        fetched.append((url, sha256_prefix))
        torch.save(tiny().state_dict(), path)

    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    monkeypatch.setattr(torch.hub, 'download_url_to_file', download)
    model = tiny(init_cfg={'type': 'Pretrained', 'checkpoint': 'torchvision://vgg16'})
    for _ in range(2):  # the second time from the cache
        model.init_weights()
        model._is_init = False
    assert fetched == [('https://download.pytorch.org/models/vgg16-397923af.pth', '397923af')]


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
    with pytest.raises(ValueError, match='no weight of the checkpoint fits'):
        make_runner(tmp_path, 1, load_from=str(tmp_path / 'foreign.pth')).train()
