"""The page about one's own pictures, done as it says: both configs train, select and are tested."""

import re

import layouts
import pytest
from tiny_run import REPO, hurry, tool

PAGE = (REPO / 'docs/own_data.md').read_text(encoding='utf-8')
CONFIGS = re.findall(r'```python\n(.*?)```', PAGE, re.DOTALL)
SMALL = "model = dict(backbone=dict(_delete_=True, type='PlainNet', base_channels=4), "


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """Twelve tiny pictures where the page wants them, and a command that runs a tool there on one of its configs."""
    layouts.image_folder(tmp_path / 'data/mine')
    table = tmp_path / 'data/mine/boxes.csv'
    table.write_text(table.read_text() + 'train/cat/0.jpg,cat,3,3,20,20\ntrain/dog/1.jpg,dog,3,3,20,20\n')
    monkeypatch.chdir(tmp_path)
    hurry(monkeypatch, tmp_path)
    quick = ['train_cfg.max_epochs=1', 'train_dataloader.batch_size=3', *dropped('train')]

    def run(name, config, *words, options=()):
        (tmp_path / 'mine.py').write_text(config.replace('model = dict(', SMALL))
        return tool(name).main(['mine.py', *words, '--cfg-options', *quick, *options])

    return run


def dropped(*splits):
    """Loaders without processes of their own."""
    return [f'{split}_dataloader.{key}' for split in splits for key in ('num_workers=0', 'persistent_workers=False')]


@pytest.mark.parametrize('config', CONFIGS)
def test_configs_are_short(config):
    assert len(config.splitlines()) < 10


def test_labels_only(mine, tmp_path):
    others, few = dropped('val', 'test'), CONFIGS[0].replace('holdout=5', 'holdout=2')
    assert mine('train.py', few, '--work-dir', 'run', options=[*others, 'train_cfg.val_interval=1']) == 0
    assert (tmp_path / 'run/best_classification_top1_epoch_1.pth').is_file()
    assert mine('test.py', few, 'run/epoch_1.pth', '--work-dir', 'run', options=others) == 0
    assert '"top1"' in (tmp_path / 'run/metrics.json').read_text()
    words = ['mine.py', 'data/mine/test', '--checkpoint', 'run/epoch_1.pth', '--out-dir', 'out']
    assert tool('infer.py').main(words) == 0
    assert len(list((tmp_path / 'out').rglob('*.json'))) == 6


def test_with_boxes(mine, tmp_path, capsys):
    others = dropped('val', 'test')
    assert mine('train.py', CONFIGS[1], '--work-dir', 'run', options=others) == 0
    assert mine('test.py', CONFIGS[1], 'run/epoch_1.pth', '--work-dir', 'run', '--out', 'out.json', options=others) == 0
    assert '"choe2020-v2/MaxBoxAccV2"' in (tmp_path / 'out.json').read_text()
    assert tool('dataset_tools/verify.py').main(['mine.py']) == 0
    assert tool('visualization/browse_dataset.py').main(['mine.py', '--split', 'test', '--count', '2']) == 0
    table = tmp_path / 'data/mine/boxes.csv'
    table.write_text(table.read_text().replace('test/dog/1.jpg,dog,5,4,26,20', 'test/dog/1.jpg,dog,5,4,2,20'))
    capsys.readouterr()
    assert mine('test.py', CONFIGS[1], 'run/epoch_1.pth', '--work-dir', 'run', options=others) == 2
    assert (
        'data/mine/boxes.csv, line 2: the box [5.0, 4.0, 2.0, 20.0] is empty or upside down' in capsys.readouterr().err
    )
    table.write_text(table.read_text().replace('1.jpg,dog,5,4,2,20', '1.jpg,dog,55,4,80,20'))
    assert mine('test.py', CONFIGS[1], 'run/epoch_1.pth', '--work-dir', 'run', options=others) == 2
    assert 'leaves the image of 40x30: 0% of it lies inside' in capsys.readouterr().err


def test_boxes_for_the_test_alone_choose_no_threshold(mine, capsys):
    others = dropped('val', 'test')
    config = CONFIGS[1].replace("dict(folder, role='train-fullsup'", "dict(folder, boxes=None, role='train-fullsup'")
    assert mine('train.py', config, '--work-dir', 'run', options=others) == 0
    assert mine('test.py', config, 'run/epoch_1.pth', '--work-dir', 'run', options=others) == 2
    assert 'no threshold can be chosen on val_dataloader' in capsys.readouterr().err
