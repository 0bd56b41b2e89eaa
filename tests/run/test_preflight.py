"""What would fail after hours fails before the run, with what to do."""

import shutil
from collections import namedtuple

import pytest
import torch
from mmengine.config import Config
from tiny_run import hurry, tool, write_config

from wsolzoo.run import launch, preflight
from wsolzoo.run.preflight import PreflightError

Usage = namedtuple('Usage', 'total used free')


@pytest.fixture
def settings(tmp_path):
    """A loaded config with a work dir."""
    cfg = launch.load_config(str(write_config(tmp_path)))
    cfg.work_dir = str(tmp_path / 'run')
    return cfg


def reasons(cfg: Config) -> str:
    with pytest.raises(PreflightError) as caught:
        preflight.check_config(cfg)
    return str(caught.value)


def test_a_good_config_passes_and_leaves_an_empty_work_dir(settings, tmp_path):
    preflight.check_config(settings)
    assert list((tmp_path / 'run').iterdir()) == []


def test_unwritable_work_dir(settings, tmp_path):
    (tmp_path / 'run').write_text('a file')
    assert reasons(settings) == (
        f'this run cannot end well:\n  the work dir {tmp_path}/run cannot be written (File exists). Choose another '
        'with --work-dir, or change the rights of this one.'
    )


def test_read_only_work_dir(settings, tmp_path, monkeypatch):
    def refuse(**_):
        raise PermissionError(13, 'Permission denied')

    monkeypatch.setattr(preflight.tempfile, 'NamedTemporaryFile', refuse)
    assert 'cannot be written (Permission denied). Choose another with --work-dir' in reasons(settings)


def test_disk_too_full_for_the_checkpoints(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, 'disk_usage', lambda path: Usage(10**12, 10**12 - 2**17, 2**17))
    size = preflight.in_mb(preflight.checkpoint_bytes(settings))
    needed = preflight.in_mb(3 * preflight.checkpoint_bytes(settings))
    assert reasons(settings).endswith(
        f'the disk of {tmp_path}/run has 0 MiB free, and 3 checkpoints of {size} need {needed}. Free some space, or '
        'choose another disk with --work-dir.'
    )


def test_the_estimate_is_near_the_truth(settings):
    """AdamW and EMA: four values for each parameter."""
    settings.model.backbone.base_channels = 64
    model = launch_model(settings)
    values = sum(t.numel() * t.element_size() for t in model.state_dict().values())
    assert preflight.checkpoint_bytes(settings) == pytest.approx(4 * values, rel=0.05)
    settings.model.backbone.no_such_argument = 1
    assert preflight.checkpoint_bytes(settings) is None


def launch_model(cfg: Config):
    from wsolzoo.testing import build_model

    return build_model(cfg)


def test_missing_pretrained_weights(settings):
    settings.model.backbone.init_cfg = dict(type='Pretrained', checkpoint='weights/gone.pth')
    assert reasons(settings).endswith(
        'model.backbone.init_cfg.checkpoint: there is no file weights/gone.pth. Put the weights there, name another '
        'file or a scheme such as torchvision://, or train from random weights with init_cfg=None.'
    )


def test_every_reason_is_told_at_once(settings, tmp_path):
    (tmp_path / 'run').write_text('a file')
    settings.model.head.init_cfg = dict(type='Pretrained', checkpoint='gone.pth')
    assert len(reasons(settings).splitlines()) == 3


def test_half_written_files_of_a_killed_run_are_removed(settings, tmp_path):
    (tmp_path / 'run').mkdir()
    for name in ('epoch_1.pth', '.epoch_2.pth.x1y2', '.other'):
        (tmp_path / 'run' / name).touch()
    preflight.check_config(settings)
    assert sorted(p.name for p in (tmp_path / 'run').iterdir()) == ['.other', 'epoch_1.pth']


@pytest.fixture
def train(tmp_path, capfd, monkeypatch):
    """Try to train with overrides; returns the error's text."""
    hurry(monkeypatch, tmp_path.parent)

    def run(*options: str, extra: str = '') -> str:
        config = write_config(tmp_path, cache='disk', extra=extra)
        status = tool('train.py').main([str(config), '--work-dir', str(tmp_path / 'run'), '--cfg-options', *options])
        text = capfd.readouterr().err
        assert status == 2, text
        assert not list((tmp_path / 'run').glob('*.pth'))
        return text.split('error: ')[-1]

    return run


PIPELINE = "train_dataloader['dataset'] = dict(scenes, pipeline=[dict({}), dict(type='PackLocalization')])"


def test_wrong_number_of_classes(train):
    assert (
        'model.head.num_classes is 7, but the data of train_dataloader (WSOLScenes) has 10 classes. Set '
        'model.head.num_classes=10, and num_classes of losses too.'
    ) in train('model.head.num_classes=7')


def test_images_too_small_for_the_network(train):
    text = train('randomness.seed=0', extra=PIPELINE.format("type='AntialiasResize', size=4"))
    assert (
        'an image of 4x4 pixels from train_dataloader leaves a map of 1x1, which locates nothing. Resize to a larger '
        'size in the pipeline, or use smaller strides in the backbone.'
    ) in text


def test_a_crop_larger_than_the_image(train):
    text = train('randomness.seed=0', extra=PIPELINE.format("type='RandomCrop', size=96"))
    assert (
        'the first image of train_dataloader cannot be read: RandomCrop(size=(96, 96)) cannot cut 96x96 pixels out of '
        'an image of 64x64 (scenes/train/00000); put AntialiasResize before it'
    ) in text


def test_data_that_is_not_there(train):
    cub = "dict(_delete_=True, type='CUB', split='train', role='train-weaksup', data_root='nowhere', pipeline=[])"
    text = train('randomness.seed=0', extra=f"train_dataloader['dataset'] = {cub}")
    assert 'train_dataloader or train_evaluator cannot be built: ' in text
    assert 'nowhere' in text
    assert 'Set data_root to the folder of the data set' in text


SELECT = (
    'the checkpoint would be selected on WSOLScenes with role="test". A test split reports and never selects: use a '
    'split with role="train-fullsup" in val_dataloader. If you must, set allow_test_selection=True in the config; '
    'every result will then say so.'
)


def test_the_test_set_selects_no_checkpoint(train):
    assert SELECT in train('val_dataloader.dataset.split=test')


def test_the_look_changes_no_random_number(settings, monkeypatch, tmp_path):
    hurry(monkeypatch, tmp_path)
    runner = launch.build_runner(settings)
    before = torch.get_rng_state()
    preflight.check_runner(runner)
    assert torch.equal(before, torch.get_rng_state())
    assert runner.model.training
