"""A loss that is not a number: the run stops, names its images, and the checkpoint before stays."""

import types

import pytest
import torch
from tiny_run import hurry, tool, write_config

from wsolzoo.engine.hooks.finite_loss import FiniteLossHook, NonFiniteLossError
from wsolzoo.structures import DataSample

POISON = """
custom_imports = dict(imports=['poison'])
custom_hooks = [dict(type='PoisonHook')]
"""
PARTS = """
import torch
from mmengine.hooks import Hook
from wsolzoo.registry import HOOKS


@HOOKS.register_module(force=True)
class PoisonHook(Hook):
    def before_train_epoch(self, runner):
        if runner.epoch == 2:
            for parameter in runner.model.head.parameters():
                parameter.data.fill_(float('inf'))
"""


def test_the_run_stops_and_keeps_the_last_good_checkpoint(tmp_path, capfd, monkeypatch):
    hurry(monkeypatch, tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / 'poison.py').write_text(PARTS)
    config = write_config(tmp_path, extra=POISON)
    assert tool('train.py').main([str(config), '--work-dir', str(tmp_path / 'run')]) == 2
    text = capfd.readouterr().err.split('error: ')[-1]
    assert text.startswith('loss is nan, loss_cls is nan in epoch 3, iteration 9. Images of the batch: scenes/train/')
    assert text.count('scenes/train/') == 6
    assert f'The last good checkpoint is {tmp_path}/run/epoch_2.pth.' in text
    assert text.strip().endswith('then continue with --resume.')
    assert [path.name for path in (tmp_path / 'run').glob('epoch_*.pth')] == ['epoch_2.pth']
    saved = torch.load(tmp_path / 'run' / 'epoch_2.pth', weights_only=False)['state_dict']
    assert all(torch.isfinite(value).all() for value in saved.values())


def runner_at(iteration: int, work_dir, length: int = 5):
    loader = [None] * length
    return types.SimpleNamespace(
        iter=iteration, epoch=0, work_dir=str(work_dir), train_dataloader=loader, max_iters=100,
        train_loop=types.SimpleNamespace(max_iters=100),
    )  # fmt: skip


@pytest.mark.parametrize('value', [float('nan'), float('inf'), float('-inf')])
def test_every_kind_of_bad_number(tmp_path, value):
    sample = DataSample(metainfo={'img_id': 'a', 'img_path': 'data/a.jpg'})
    with pytest.raises(NonFiniteLossError, match=r'data/a\.jpg.*No checkpoint was saved yet'):
        FiniteLossHook().after_train_iter(
            runner_at(0, tmp_path), 0, {'data_samples': [sample]}, {'loss_cls': torch.tensor(value)}
        )


def test_only_losses_count_and_only_when_it_is_time(tmp_path):
    hook, bad = FiniteLossHook(interval=3), {'loss': torch.tensor(float('nan'))}
    FiniteLossHook().after_train_iter(runner_at(0, tmp_path), 0, None, {'top1': torch.tensor(float('nan'))})
    hook.after_train_iter(runner_at(0, tmp_path), 0, None, bad)
    for batch in (2, 4):  # every third, and the last before the epoch is saved
        with pytest.raises(NonFiniteLossError, match='Images of the batch: unknown'):
            hook.after_train_iter(runner_at(batch, tmp_path), batch, None, bad)
    with pytest.raises(ValueError, match='interval must be at least 1; got 0'):
        FiniteLossHook(interval=0)
