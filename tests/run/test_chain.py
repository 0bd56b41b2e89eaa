"""A chain of phases: the order of its steps, and that it goes on wherever it stopped."""

import json
import os
import time

import pytest

from tests import tiny_run
from tests.conftest import REPO
from wsolzoo.run.chain import ROOT_VARIABLE, Step, last_checkpoint, plan
from wsolzoo.run.options import UsageError

LEAF = 'psol/psol_plainnet_1xb32-6e_scenes-96px.py'


@pytest.fixture(autouse=True)
def no_root_left(monkeypatch):
    monkeypatch.setenv(ROOT_VARIABLE, 'unset')  # so that it is put back


def tools_of(steps):
    return [(os.path.basename(step.command[1]), *step.command[2:]) for step in steps]


def write(folder, name, text):
    (folder / f'{name}.py').write_text(text)
    return str(folder / f'{name}.py')


def test_what_a_shipped_config_stands_on_comes_first(tmp_path):
    steps = plan(LEAF, tmp_path, seed=3, options=['accelerate=bf16'])
    names = 'cam_plainnet_1xb32-15e', 'psol_plainnet-ddt_1xb32-1e', 'psol_plainnet_1xb32-6e'
    cam, ddt, psol = (tmp_path / f'{name}_scenes-96px' for name in names)
    over = ('--cfg-options', 'accelerate=bf16')
    configs = {work: str(REPO / f'configs/{work.name.partition("_")[0]}/{work.name}.py') for work in (cam, ddt, psol)}

    def training(work):
        return ('train.py', configs[work], '--work-dir', str(work), '--resume', '--seed', '3', *over)

    assert tools_of(steps) == [
        training(cam),
        training(ddt),
        ('make_pseudo_labels.py', configs[ddt], str(ddt / 'epoch_1.pth'), '--as', 'boxes',
         '--out', str(ddt / 'boxes'), '--rule', 'otsu', '--normalizer', 'minmax', *over),
        training(psol),
        ('test.py', configs[psol], str(psol / 'epoch_6.pth'), '--work-dir', str(psol / 'test'), *over),
    ]  # fmt: skip
    assert os.environ[ROOT_VARIABLE] == str(tmp_path)


def test_a_phase_that_two_stand_on_is_trained_once(tmp_path):
    write(tmp_path, 'a', 'train_cfg = dict(max_epochs=2)')
    write(tmp_path, 'b', f"first_phase = dict(config='{tmp_path}/a.py')\ntrain_cfg = dict(max_iters=5)")
    leaf = write(tmp_path, 'c', f"""first_phase = [dict(config='{tmp_path}/a.py'), dict(config='{tmp_path}/b.py')]
train_cfg = dict(max_epochs=1)""")  # fmt: skip
    steps = plan(leaf, tmp_path / 'runs')
    assert [step.title for step in steps] == ['train a', 'train b', 'train c', 'test c']
    assert [step.result.name for step in steps[:3]] == ['epoch_2.pth', 'iter_5.pth', 'epoch_1.pth']
    assert steps[2].needs == (steps[0].result, steps[1].result)


@pytest.mark.parametrize(
    ('text', 'match'),
    [
        ("first_phase = dict(confg='a.py')", "takes no 'confg'; did you mean 'config'"),
        ("first_phase = dict(config='{here}', labels=dict(kind='boxes'))", 'needs labels.folder'),
        ("first_phase = dict(config='{here}')", 'stands on itself'),
        ('train_cfg = dict()', 'neither max_epochs nor max_iters'),
    ],
)
def test_mistakes_are_named(tmp_path, text, match):
    leaf = write(tmp_path, 'leaf', text.format(here=tmp_path / 'leaf.py'))
    with pytest.raises(UsageError, match=match):
        plan(leaf, tmp_path)


def test_a_result_older_than_what_it_was_made_of_is_no_result(tmp_path):
    old, new = tmp_path / 'old', tmp_path / 'new'
    step = Step('', (), old, (new,))
    assert not step.done
    old.touch()
    assert step.done, 'what it was made of may be gone'
    time.sleep(0.02)
    new.touch()
    with pytest.raises(UsageError, match='older than'):
        _ = step.done


@pytest.mark.slow
def test_a_chain_runs_and_a_second_time_there_is_nothing_to_do(tmp_path, monkeypatch, capfd):
    tiny_run.hurry(monkeypatch, tmp_path)
    monkeypatch.chdir(tmp_path)
    leaf = tiny_chain(tmp_path)
    tool = tiny_run.tool('chain.py')
    assert tool.main([leaf, '--root', str(tmp_path / 'runs')]) == 0, capfd.readouterr()
    result = json.loads((tmp_path / 'runs/second/test/metrics.json').read_text())
    assert result['meta']['selected_on'] == 'train-fullsup' and 'protocols' in result
    capfd.readouterr()
    assert tool.main([leaf, '--root', str(tmp_path / 'runs')]) == 0
    out = capfd.readouterr().out
    assert out.count(': done') == 3 and '24 boxes' in out, 'labels are looked at again'


def tiny_chain(folder):
    """Two configs of two epochs on 24 scenes; the second stands on the first."""
    first = tiny_run.write_config(folder, epochs=2, extra="""
model = dict(backbone=dict(base_channels=4), head=dict(type='DDTHead', num_classes=10))
custom_hooks = [dict(type='DDTHook', pipeline=[dict(type='PackLocalization')])]""")  # fmt: skip
    first = first.rename(folder / 'first.py')
    work = "'{{$WSOLZOO_WORK_DIRS:work_dirs}}/first"
    second = tiny_run.write_config(folder, epochs=2, extra=f"""
first_phase = dict(config='{first}', labels=dict(folder={work}/boxes', kind='boxes', rule='otsu'))
cam = dict(type='Localizer', backbone=dict(type='PlainNet', base_channels=4, strides=(2, 1, 2, 2)),
    head=dict(type='CAMHead', num_classes=10), init_cfg=dict(type='Pretrained', checkpoint={work}/epoch_2.pth'))
psol = dict(_delete_=True, type='PSOLHead', num_classes=10, loss_weight=50.0, classifier=cam)
model = dict(backbone=dict(base_channels=4), head=psol)
boxes = dict(type='LoadPseudoLabels', folder={work}/boxes', kind='boxes')
train_dataloader = dict(batch_size=6, num_workers=0, dataset=dict(
    **scenes, pipeline=[boxes, dict(type='PackLocalization')]))""")  # fmt: skip
    return str(second.rename(folder / 'second.py'))


def test_the_last_checkpoint_has_the_name_of_the_last_epoch():
    from mmengine.config import Config

    assert last_checkpoint(Config({'train_cfg': {'max_epochs': 7}})) == 'epoch_7.pth'
