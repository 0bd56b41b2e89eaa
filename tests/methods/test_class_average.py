"""Class-average maps: the loss by hand, exact averages whatever the split over processes, and the two phases."""

import pytest
import torch
from mmengine.config import Config

from tests import tiny_run
from wsolzoo.methods.class_average import ClassAverageLoss, class_sums
from wsolzoo.models.outputs import HeadOutput, LocOutputs
from wsolzoo.registry import MODELS
from wsolzoo.structures import DataSample


def outputs(maps, labels, flips=None) -> LocOutputs:
    maps = torch.as_tensor(maps)[:, None]
    samples = [DataSample(metainfo={'flip': flip}) for flip in flips or [False] * len(maps)]
    head = HeadOutput(torch.zeros(len(maps), 3), maps, {'label_map': maps})
    return LocOutputs(maps, (maps,), (), head, torch.tensor(labels), samples)


def filled(**kwargs) -> ClassAverageLoss:
    loss = ClassAverageLoss(num_classes=3, map_size=(1, 2), loss_weight=1.0, **kwargs)
    loss.mean_maps.copy_(torch.tensor([[[0.0, 1.0]], [[0.5, 0.5]], [[9.0, 9.0]]]))
    loss.counts.copy_(torch.tensor([4, 2, 0]))
    loss.active = True
    return loss


def test_nothing_before_the_late_phase():
    assert ClassAverageLoss(3, (1, 2))(outputs([[[0.0, 0.0]]], [0])) == {}


def test_loss_by_hand():
    batch = outputs([[[0.5, 0.5]], [[0.0, 1.0]], [[0.0, 0.0]]], [0, 1, 2])
    assert filled()(batch)['loss_avg'].item() == pytest.approx((0.5 + 0.5 + 0.0) / 3)
    assert filled(reduction='sum')(batch)['loss_avg'].item() == pytest.approx((1.0 + 1.0 + 0.0) / 3)


def test_target_flips_with_the_image():
    batch = outputs([[[1.0, 0.0]], [[1.0, 0.0]]], [0, 0], flips=[True, False])
    assert filled(flip_target=True)(batch)['loss_avg'].item() == pytest.approx(0.5)


def test_averages_are_constants_and_travel_in_the_state_dict():
    loss = filled()
    maps = torch.rand(2, 1, 2, requires_grad=True)
    batch = outputs(maps, [0, 1])
    loss(batch)['loss_avg'].backward()
    assert maps.grad.abs().sum() > 0
    assert set(loss.state_dict()) == {'mean_maps', 'counts'}
    assert not list(loss.parameters())


def test_sums_do_not_depend_on_how_images_are_split():
    torch.manual_seed(0)
    maps, labels = torch.rand(11, 4, 4), torch.randint(3, (11,))
    whole_sums, whole_counts = class_sums(maps, labels, 3)
    parts = [class_sums(maps[i::3], labels[i::3], 3) for i in range(3)]
    torch.testing.assert_close(sum(sums for sums, _ in parts), whole_sums, rtol=1e-15, atol=1e-15)
    assert torch.equal(sum(counts for _, counts in parts), whole_counts)
    for label in range(3):
        torch.testing.assert_close(whole_sums[label], maps[labels == label].double().sum(0))


def test_wrong_size_and_wrong_head_say_what_to_do():
    with pytest.raises(ValueError, match='map_size'):
        filled()(outputs(torch.zeros(1, 3, 3), [0]))
    model = Config.fromfile('configs/cam/cam_plainnet_1xb32-15e_scenes-96px.py').model
    model.losses = [{'type': 'ClassAverageLoss', 'num_classes': 10}]
    with pytest.raises(ValueError, match='ClassAverageLoss needs a head .* such as BASHead; CAMHead does not'):
        MODELS.build(model)


TWO_PHASES = """
model = dict(
    _delete_=True,
    type='Localizer',
    data_preprocessor=dict(type='ImgDataPreprocessor', mean=[128.0] * 3, std=[64.0] * 3, bgr_to_rgb=True),
    backbone=dict(type='PlainNet', base_channels=4, out_stages=('stage2', 'stage3')),
    head=dict(type='BASHead', num_classes=10, tap='stage2', mid_channels=8),
    losses=[dict(type='ClassAverageLoss', num_classes=10, map_size=(16, 16), {loss})],
)
custom_hooks = [dict(type='ClassAverageHook', begin=1, pipeline=[dict(type='PackLocalization')], {hook})]
default_hooks = dict(checkpoint=dict(save_best=None, max_keep_ckpts=-1))
val_cfg = None
val_dataloader = None
val_evaluator = None
test_cfg = None
test_dataloader = None
test_evaluator = None
"""


@pytest.fixture(scope='module')
def train(tmp_path_factory):
    """Trains two epochs, the second of them late, once for each name; gives the weights saved after each."""
    folder, made = tmp_path_factory.mktemp('class_average'), {}

    def start(name: str = 'run', *options: str, loss: str = '', hook: str = '') -> dict[int, dict]:
        if name not in made:
            extra = TWO_PHASES.format(loss=loss, hook=hook)
            config = tiny_run.write_config(folder, epochs=2, extra=extra)
            config.write_text(config.read_text().replace(", ema=dict(type='EMAHook')", ''))
            words = [str(config), '--work-dir', str(folder / name), '--seed', '0', *options]
            assert tiny_run.tool('train.py').main(words) == 0
            saved = {int(path.stem[-1]): path for path in (folder / name).glob('epoch_*.pth')}
            made[name] = {epoch: torch.load(path, weights_only=False)['state_dict'] for epoch, path in saved.items()}
        return made[name]

    start.folder = folder
    with pytest.MonkeyPatch.context() as patch:
        tiny_run.hurry(patch, folder)
        yield start


def test_the_averages_appear_when_the_late_phase_begins_and_a_resumed_run_keeps_them(train):
    early, late = (train()[epoch] for epoch in (1, 2))
    assert early['losses.0.counts'].sum() == 0 and late['losses.0.counts'].sum() == 24
    maps = late['losses.0.mean_maps']
    assert 0 < maps.max() < 1
    torch.testing.assert_close(maps, maps.flip(-1), msg='symmetrised by default')
    again = train('resumed', '--resume', str(train.folder / 'run/epoch_1.pth'))
    assert torch.equal(again[2]['losses.0.mean_maps'], maps)
    assert torch.equal(again[2]['backbone.stem.0.weight'], late['backbone.stem.0.weight'])


def test_averages_that_come_with_weights_to_start_from_are_made_anew(train):
    finished = train()[2]
    again = train('again', '--cfg-options', f'load_from={train.folder / "run/epoch_2.pth"}')
    assert again[1]['losses.0.counts'].sum() == 0
    assert not torch.equal(again[2]['losses.0.mean_maps'], finished['losses.0.mean_maps'])


def test_each_map_may_be_divided_by_its_maximum_first(train):
    raw, scaled = train()[2], train('scaled', hook='max_normalize=True, symmetrise=False')[2]
    assert scaled['losses.0.mean_maps'].max() > raw['losses.0.mean_maps'].max()


def test_targets_flip_with_the_images_of_a_real_pipeline(train):
    maps = train('flipped', loss='flip_target=True', hook='symmetrise=False')[2]['losses.0.mean_maps']
    assert not torch.equal(maps, maps.flip(-1))
    with pytest.raises(ValueError, match='symmetric averages do not change'):
        train('refused', loss='flip_target=True')


def test_a_pipeline_that_does_not_tell_of_flips_is_refused():
    batch = outputs([[[1.0, 0.0]]], [0])
    batch.samples[0] = DataSample()
    with pytest.raises(ValueError, match="do not say 'flip'"):
        filled(flip_target=True)(batch)
