"""What would fail after hours fails before the run, with what to do."""

import json
import re
import shutil
from collections import namedtuple
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from tiny_run import hurry, tool, write_config

from wsolzoo.run import disk, launch, preflight
from wsolzoo.run.preflight import PreflightError
from wsolzoo.run.schedules import NEVER, schedule_warnings

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

    monkeypatch.setattr(disk.tempfile, 'NamedTemporaryFile', refuse)
    assert 'cannot be written (Permission denied). Choose another with --work-dir' in reasons(settings)


def test_disk_too_full_for_the_checkpoints(settings, tmp_path, monkeypatch):
    hurry(monkeypatch, tmp_path)
    monkeypatch.setattr(shutil, 'disk_usage', lambda path: Usage(10**12, 10**12 - 2**17, 2**17))
    with pytest.raises(PreflightError) as caught:
        launch.build_runner(settings)
    assert re.search(
        f'the disk of {tmp_path}/run has 0 MiB free, and 3 checkpoints of . MiB need . MiB. Free some space, or choose '
        'another disk with --work-dir.',
        str(caught.value),
    )


def test_the_estimate_is_near_the_truth(settings, monkeypatch, tmp_path):
    """AdamW and EMA: four values for each parameter."""
    hurry(monkeypatch, tmp_path)
    settings.model.backbone.base_channels = 64
    runner = launch.build_runner(settings)
    values = sum(t.numel() * t.element_size() for t in runner.model.state_dict().values())
    assert disk.checkpoint_bytes(runner) == pytest.approx(4 * values, rel=0.05)


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


def test_a_test_needs_no_weights_to_start_from(settings, tmp_path):
    settings.model.backbone.init_cfg = dict(type='Pretrained', checkpoint='weights/gone.pth')
    preflight.check_config(settings, training=False)


def test_a_split_with_a_part_missing(settings):
    settings.test_cfg = None
    assert reasons(settings).endswith(
        'the config gives test_dataloader, test_evaluator without test_cfg: a test split takes all three '
        '(test_cfg=dict() will do), or none'
    )


@pytest.fixture
def train(tmp_path, capfd, monkeypatch):
    """Try to train with overrides; returns the error's text."""
    hurry(monkeypatch, tmp_path)

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
    assert 'train_dataloader or train_cfg cannot be built: ' in text
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


def own_data(tmp_path, *rows: str) -> str:
    """Overrides for six pictures of one's own, with a table of labels and boxes."""
    for index in range(6):
        picture = np.full((64, 64, 3), 40 * index, np.uint8)
        picture[8:40, 8:40] += 10
        cv2.imwrite(str(tmp_path / f'{index}.png'), picture)
    (tmp_path / 'boxes.csv').write_text('\n'.join(['file,class,x1,y1,x2,y2', *rows]))
    pipeline = "[dict(type='LoadImage'), dict(type='PackLocalization')]"
    return f"""
own = dict(type='BoxCSV', data_root='{tmp_path}', ann_file='boxes.csv', pipeline={pipeline}, _delete_=True)
train_dataloader['dataset'] = dict(own, role='train-weaksup')
val_dataloader['dataset'] = dict(own, role='train-fullsup')
test_dataloader['dataset'] = dict(own, role='test')
model['head']['num_classes'] = 3
"""


def test_a_protocol_of_masks_on_data_with_boxes(train, tmp_path):
    """Crashed at the first validation."""
    extra = own_data(tmp_path, *(f'{index}.png,{index % 3},8,8,40,40' for index in range(6)))
    text = train('val_evaluator.protocols=[choe2020-pxap]', extra=extra + PLAIN)
    assert 'LocalizationMetric of val_evaluator needs gt_mask of every image, and val_dataloader (BoxCSV) gives' in text
    assert 'Add it to the data, read it in the pipeline, or choose other metrics in val_evaluator.' in text


PLAIN = "default_hooks['checkpoint'] = dict(type='SafeCheckpointHook', interval=1)\n"


def test_class_labels_are_enough_to_train_select_and_test(tmp_path, capfd, monkeypatch):
    """Crashed at the first validation."""
    hurry(monkeypatch, tmp_path)
    monkeypatch.chdir(tmp_path)
    extra = own_data(tmp_path, *(f'{index}.png,{index % 3},,,,' for index in range(6)))
    config = write_config(tmp_path, epochs=2, extra=extra)
    assert tool('train.py').main([str(config), '--work-dir', 'run']) == 0
    told = capfd.readouterr().err
    assert (
        'warning: val_dataloader (BoxCSV) has class labels and no boxes or masks: val_evaluator reports Top-1 and '
        'Top-5, and nothing of choe2020-v1\nwarning: the best checkpoint is chosen by classification/top1 instead of '
        'choe2020-v1/MaxBoxAcc\n'
    ) in told
    best = next((tmp_path / 'run').glob('best_classification_top1_epoch_*.pth'))
    assert tool('test.py').main([str(config), str(best), '--work-dir', 'run', '--out', 'out.json']) == 0
    metrics = json.loads((tmp_path / 'out.json').read_text())['metrics']
    assert set(metrics) == {'classification/top1', 'classification/top5'}


class Schedule:
    """What a schedule tells about itself."""

    by_epoch = True

    def __init__(self, end, begin=0, **kwargs):
        self.begin, self.end = begin, end
        vars(self).update(kwargs)


class Cosine(Schedule): ...


class LinearLR(Schedule): ...


@pytest.mark.parametrize(
    ('schedules', 'says'),
    [
        ([Cosine(10)], []),
        ([LinearLR(1), Cosine(10, 1)], []),
        ([LinearLR(2)], []),
        ([Cosine(NEVER)], []),
        ([Cosine(NEVER, milestones=[3, 5])], []),
        ([Cosine(100, by_epoch=False)], []),
        ({'one': [Cosine(10)], 'other': [Cosine(10)]}, []),
        (None, []),
        ([LinearLR(1), Cosine(15, 1)], ['Cosine ends at epoch 15, but training ends at epoch 10']),
        ([Cosine(NEVER, T_max=15)], ['Cosine ends at epoch 15, but training ends at epoch 10']),
        ([Cosine(NEVER, milestones=[5, 12])], ['Cosine ends at epoch 12, but training ends at epoch 10']),
        ([Cosine(150, by_epoch=False)], ['Cosine ends at epoch 15, but training ends at epoch 10']),
        ([LinearLR(1), Cosine(5, 1)], ['Cosine ends at epoch 5, and training goes on to epoch 10']),
        ({'one': [Cosine(10)], 'other': [Cosine(20)]}, ['Cosine ends at epoch 20']),
    ],
)
def test_schedules_that_do_not_fit_the_training(schedules, says):
    loop = SimpleNamespace(max_epochs=10, max_iters=100, dataloader=[None] * 10)
    runner = SimpleNamespace(train_loop=loop, param_schedulers=schedules)
    found = list(schedule_warnings(runner))
    assert len(found) == len(says), found
    assert all(text.startswith(start) for text, start in zip(found, says, strict=True))
    assert all('Give param_scheduler the length of the training, or train_cfg the length' in text for text in found)


def test_a_training_by_iterations_is_measured_in_iterations():
    loop = SimpleNamespace(max_epochs=1, max_iters=100, dataloader=[None] * 30)
    runner = SimpleNamespace(train_loop=loop, param_schedulers=[Cosine(500, by_epoch=False)])
    assert next(schedule_warnings(runner)).startswith('Cosine ends at iteration 500, but training ends')
