"""The test set never chooses; where a config insists, every result says so."""

import json
import types

import pytest
import torch
from mmengine.logging import MessageHub
from tiny_run import hurry, tool, write_config

from wsolzoo.engine.hooks.selection import SelectionError, SelectionHook, guard_selection, selected_on_test, splits_of
from wsolzoo.run.launch import load_config
from wsolzoo.testing import build_model


def split(role):
    return types.SimpleNamespace(role=role)


@pytest.fixture
def runner(request):
    hub = MessageHub(f'selection {request.node.name}')
    return types.SimpleNamespace(cfg={}, message_hub=hub, hooks=[], val_loop=None)


def test_other_roles_may_choose(runner):
    for role in ('train-fullsup', 'train-weaksup', None):
        guard_selection(runner, split(role), 'checkpoint')
    assert selected_on_test(runner) == []


def test_refused_inside_wrappers_too(runner):
    wrapped = types.SimpleNamespace(dataset=types.SimpleNamespace(datasets=[split('train-fullsup'), split('test')]))
    assert [inner.role for inner in splits_of(wrapped)] == ['train-fullsup', 'test']
    with pytest.raises(SelectionError, match='the thresholds would be selected on .* role="test"'):
        guard_selection(runner, wrapped, 'thresholds')


def test_insisting_is_noted_once_for_each_choice(runner):
    runner.cfg = {'allow_test_selection': True}
    for what in ('checkpoint', 'thresholds', 'checkpoint'):
        guard_selection(runner, split('test'), what)
    assert selected_on_test(runner) == ['checkpoint', 'thresholds']


class EarlyStoppingHook:
    pass


def test_what_selects_in_training(runner):
    runner.val_loop = types.SimpleNamespace(dataloader=types.SimpleNamespace(dataset=split('test')))
    SelectionHook().before_train(runner)  # validation alone only looks
    for hook, what in ((types.SimpleNamespace(save_best='auto'), 'checkpoint'), (EarlyStoppingHook(), 'end of')):
        runner.hooks = [hook]
        with pytest.raises(SelectionError, match=f'the {what}'):
            SelectionHook().before_train(runner)


def test_a_stamped_checkpoint_stamps_its_tests(tmp_path, monkeypatch, capfd):
    """Thresholds from the test split itself: refused; allowed, the file, the page and the table tell."""
    hurry(monkeypatch, tmp_path)
    config, weights = write_config(tmp_path, cache='disk'), tmp_path / 'a.pth'
    stamp = {'message_hub': {'runtime_info': {'selected_on_test': 'checkpoint'}}}
    torch.save({'state_dict': build_model(load_config(str(config))).state_dict(), **stamp}, weights)
    arguments = [str(config), str(weights), '--work-dir', str(tmp_path / 'run'), '--cfg-options']
    arguments.append('val_dataloader.dataset.split=test')
    assert tool('test.py').main(arguments) == 2
    assert 'error: the thresholds would be selected on WSOLScenes with role="test"' in capfd.readouterr().err
    assert tool('test.py').main([*arguments, 'allow_test_selection=True']) == 0
    told = 'checkpoint, thresholds'
    assert f'selected on test: {told}' in capfd.readouterr().out
    assert json.loads((tmp_path / 'run' / 'metrics.json').read_text())['meta']['selected_on_test'] == told
    assert f'Selected on test: {told}' in (tmp_path / 'run' / 'report.html').read_text()
