"""What a person types wrong is answered in a line that says what to do, without a traceback."""

import sys

import pytest
from tiny_run import hurry, tool, write_config

from wsolzoo import compat

BACKBONE = "model['backbone'] = dict(_delete_=True, {})"


@pytest.fixture
def told(tmp_path, capfd, monkeypatch):
    """Run a tool on a tiny config with this at its end; returns what it says."""
    hurry(monkeypatch, tmp_path)
    monkeypatch.setattr(sys, 'path', list(sys.path))

    def run(extra: str = '', *options: str, name: str = 'train.py') -> str:
        config = write_config(tmp_path, cache='disk', extra=extra)
        arguments = [str(config), *options] if options[:1] != ('swapped',) else [*options[1:], str(config)]
        assert tool(name).main([*arguments, '--work-dir', str(tmp_path / 'run')]) == 2
        return capfd.readouterr().err.split('error: ')[-1].replace(str(tmp_path), '~')

    return run


@pytest.mark.parametrize(
    ('extra', 'says'),
    [
        ('model = dict(', "~/tiny.py: '(' was never closed in line"),
        ('a = b', "~/tiny.py cannot be read: NameError: name 'b' is not defined"),
        ("custom_imports = dict(imports=['no_such_module'])", "No module named 'no_such_module'. custom_imports names"),
        ("model['backbone'] = dict(type='mmdet.ResNet')", 'the package mmdet is not installed'),
        (
            "model['backbone'] = dict(type='mmpretrain.ResNet')",
            "dict(type='MMPretrainBackbone', net=dict(type='ResNet', ",
        ),
        (BACKBONE.format("type='TimmBackbone', model_name='resnet188'"), "did you mean 'resnet18'?"),
        (
            BACKBONE.format("type='TimmBackbone', model_name='vit_tiny_patch16_224'"),
            "from train_dataloader does not get through the model (Input height (64) doesn't match model (224)",
        ),
        ('test_cfg = None', 'the config gives test_dataloader, test_evaluator without test_cfg'),
    ],
)
def test_in_a_config(told, extra, says):
    assert says in told(extra)


@pytest.mark.parametrize(
    ('option', 'says'),
    [
        ('train_cfg.max_epochs=three', "train_cfg cannot be built: invalid literal for int() with base 10: 'three'"),
        ('optim_wrapper.optimizer.lr=high', 'optim_wrapper.optimizer: AdamW cannot be built: '),
        ('train_dataloader.batch_size=many', 'train_cfg cannot be built: batch_size should be a positive integer'),
    ],
)
def test_in_an_override(told, option, says):
    text = told('', '--cfg-options', option)
    assert says in text
    assert len(text.splitlines()) <= 2


def test_a_base_that_is_not_there(tmp_path, capfd):
    (tmp_path / 'heir.py').write_text("_base_ = './gone.py'")
    assert tool('train.py').main([str(tmp_path / 'heir.py')]) == 2
    assert (
        capfd.readouterr().err == f'error: {tmp_path}/heir.py: there is no {tmp_path}/./gone.py, which _base_ names\n'
    )


def test_checkpoint_and_config_swapped(told, tmp_path):
    (tmp_path / 'epoch_1.pth').touch()
    text = told('', 'swapped', str(tmp_path / 'epoch_1.pth'), name='test.py')
    assert text == '~/epoch_1.pth is no config: a config ends in .py and comes before the checkpoint\n'


def test_published_weights_without_a_network(told, monkeypatch):
    """The hub's client would retry for minutes and name no model."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, 'HF_HUB_OFFLINE', False)
    monkeypatch.setattr(compat, 'reachable', lambda address: False)
    text = told(BACKBONE.format("type='TimmBackbone', model_name='resnet10t', pretrained=True"))
    assert "the weights of timm's resnet10t are not in the cache and cannot be downloaded" in text
    assert constants.HF_HUB_OFFLINE is False


def test_nobody_answers(monkeypatch):
    for name in ('http_proxy', 'https_proxy', 'all_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'):
        monkeypatch.delenv(name, raising=False)
    assert not compat.reachable('https://localhost:1')
    monkeypatch.setenv('https_proxy', 'http://localhost:1')
    assert compat.reachable('https://localhost:1')
