"""`tools/zoo.py reproduce` over a checkout in miniature: a linear layer that tells the sign of eight points."""

import json
import shutil
from pathlib import Path

import pytest
import torch
import yaml
from mmengine.visualization import Visualizer

from wsolzoo.engine.weights.atomic import save_named_after_hash

NAME = 'tiny_tinynet_1xb4-2e_points-8px'
CONFIG = f'configs/tiny/{NAME}.py'


class Zoo:
    """A checkout with one model, whose checkpoint is right about seven of eight points."""

    def __init__(self, root: Path, config: Path, in_process) -> None:
        self.root, self.in_process, self.folder = root, in_process, root / 'configs' / 'tiny'
        self.folder.mkdir(parents=True)
        for name in ('base.py', 'tiny_parts.py'):
            shutil.copy(config.with_name(name), self.folder)
        shutil.copy(config, root / CONFIG)
        self.publish(bias=0.3)

    def publish(self, bias: float) -> None:
        """Publish a checkpoint and write the metafile that its numbers belong to."""
        weights = {'fc.weight': torch.tensor([[-1.0], [1.0]]), 'fc.bias': torch.tensor([0.0, bias])}
        self.checkpoint = save_named_after_hash(weights, self.folder / f'{NAME}_20260101')
        where = f'configs/tiny/{self.checkpoint.name}'
        made = {'Seed': 0, 'Commit': '0123abc', 'Date': '2026-01-01', 'Hardware': 'a core'}
        result = {'Task': 'Signs', 'Dataset': 'Points', 'Protocol': 'tiny', 'Metrics': {'top1': 87.5, 'count': 8}}
        result |= {'Provenance': made | {'Command': f'python tools/test.py {CONFIG} {where}'}}
        model = {'Name': NAME, 'In Collection': 'Tiny', 'Config': CONFIG, 'Weights': where, 'Results': [result]}
        model |= {'Metadata': {}, 'Training': made | {'Command': f'python tools/train.py {CONFIG} --seed 0'}}
        paper = {'Title': 'Signs', 'URL': 'https://example.org'}
        collection = {'Name': 'Tiny', 'Paper': paper, 'README': 'configs/tiny/README.md', 'Summary': 'Signs.'}
        self.content = {'Collections': [collection], 'Models': [model]}

    @property
    def result(self) -> dict:
        return self.content['Models'][0]['Results'][0]

    def run(self, *more: str) -> tuple[int, dict]:
        """Exit status, and the outcome of the model as the JSON has it."""
        (self.folder / 'metafile.yml').write_text(yaml.safe_dump(self.content))
        out = self.root / 'out.json'
        out.unlink(missing_ok=True)
        places = ('--root', str(self.root), '--work-dir', str(self.root / 'work'), '--out', str(out))
        status, stderr = self.in_process('zoo.py', 'reproduce', *(more or ('--all',)), *places, '--jobs', '1')
        return status, json.loads(out.read_text())['models'][0] if out.exists() else {'reason': stderr}


@pytest.fixture
def calls(monkeypatch, in_process):
    """The commands that were run, inside this process instead of one of their own."""
    made = []

    def call(words, folder, environment, output):
        Visualizer._instance_dict.clear()  # is found again by the second in which a run began
        made.append(Path(words[1]).name)
        monkeypatch.chdir(folder)
        status, out, err = in_process(made[-1], *words[2:], split=True)
        output.write(out + err)
        return status

    monkeypatch.setattr('wsolzoo.run.reproduction.model.call', call)
    return made


@pytest.fixture
def zoo(tmp_path, tiny_config, in_process, calls):
    return Zoo(tmp_path / 'checkout', tiny_config, in_process)


def test_an_honest_model_passes_once(zoo, calls):
    status, outcome = zoo.run()
    assert (status, outcome['status']) == (0, 'PASS'), outcome['reason']
    assert {score['metric']: score['measured'] for score in outcome['scores']} == {'top1': 87.5, 'count': 8.0}
    status, outcome = zoo.run()
    assert (status, outcome['status'], outcome['kept']) == (0, 'PASS', True)
    assert calls == ['test.py'], 'nothing has changed'
    zoo.result['Notes'] = 'read again'
    assert zoo.run()[1]['kept'] is False


def test_a_changed_number_fails(zoo):
    zoo.result['Metrics']['top1'] = 95.0
    status, outcome = zoo.run()
    assert (status, outcome['status']) == (1, 'FAIL')
    assert outcome['reason'] == 'top1 (tiny): recorded 95, measured 87.5, allowed ± 0.95'
    zoo.result['Tolerance'] = 10
    assert zoo.run()[0] == 0


def test_a_changed_config_fails(zoo):
    zoo.run()
    base = zoo.folder / 'base.py'
    base.write_text(base.read_text().replace('pipeline=pipeline)', 'length=6, pipeline=pipeline)'))
    status, outcome = zoo.run()
    assert (status, outcome['kept']) == (1, False)
    assert 'count (tiny): recorded 8, measured 6' in outcome['reason']
    base.write_text('import nothing_of_that_name\n')
    assert 'its config cannot be read' in zoo.run()[1]['reason']


def test_a_changed_checkpoint_fails(zoo, calls):
    zoo.checkpoint.write_bytes(zoo.checkpoint.read_bytes() + b' ')
    status, outcome = zoo.run()
    assert (status, outcome['status']) == (1, 'FAIL')
    assert 'the SHA-256 of' in outcome['reason']
    assert calls == [], 'it is not even loaded'
    zoo.publish(bias=5.0)  # one that was renamed after what it now is
    assert zoo.run()[1]['reason'].startswith('top1 (tiny): recorded 87.5, measured 50')


def test_a_command_about_something_else_fails(zoo, calls):
    cases = {
        f'python tools/test.py {CONFIG} configs/tiny/other.pth': 'not its Weights',
        f'python tools/test.py configs/{NAME}/other.py': 'its command tests',
        f'sh tools/test.py {CONFIG}': 'a command is `python TOOL CONFIG',
        f'python tools/test.py {CONFIG} --work-dir {NAME}': 'takes no --work-dir',
    }
    for command, complaint in cases.items():
        zoo.result['Provenance']['Command'] = command
        status, outcome = zoo.run()
        assert (status, outcome['status']) == (1, 'FAIL')
        assert complaint in outcome['reason']
    assert calls == []


def test_what_is_not_here_is_skipped_and_said(zoo):
    command = zoo.result['Provenance']['Command']
    cases = {
        f'{command} --cfg-options test_dataloader.dataset.data_root=data/points': 'data/points is not here',
        f'{command} --cfg-options seed=$NOT_SET_ANYWHERE': 'the command uses $NOT_SET_ANYWHERE, which is not set',
    }
    for text, complaint in cases.items():
        zoo.result['Provenance']['Command'] = text
        status, outcome = zoo.run()
        assert (status, outcome['status'], outcome['reason']) == (0, 'SKIP', complaint)
    del zoo.content['Models'][0]['Weights']
    zoo.result['Provenance']['Command'] = f'python tools/test.py {CONFIG} work_dirs/x/epoch_2.pth'
    assert zoo.run(NAME)[1]['reason'] == 'its checkpoint is not published; the command tests work_dirs/x/epoch_2.pth'


def test_names_are_patterns_and_a_wrong_one_is_refused(zoo):
    assert zoo.run('tiny_*')[1]['status'] == 'PASS'
    status, outcome = zoo.run('tiny_tinynet')
    assert status == 2
    assert f'no model {"tiny_tinynet"!r} in the zoo; did you mean {NAME!r}?' in outcome['reason']
    assert 'take --all' in zoo.in_process('zoo.py', 'reproduce', '--root', str(zoo.root))[1]


def test_a_training_is_made_again(zoo, calls):
    zoo.result['Tolerance'] = {'count': 0}
    status, outcome = zoo.run('--all', '--train')
    assert calls == ['train.py', 'test.py']
    scores = {score['metric']: score for score in outcome['scores']}
    assert scores['count']['holds']
    assert status == (0 if scores['top1']['holds'] else 1)
    assert scores['top1']['allowed'] == 0.875
    zoo.result['Deviation'] = {'top1': 40.0}
    status, outcome = zoo.run('--all', '--train')
    assert (status, outcome['status']) == (0, 'PASS'), 'within three deviations of other seeds'
    del zoo.content['Models'][0]['Training']
    assert zoo.run('--all', '--train')[1]['reason'] == 'its metafile records no training'


@pytest.mark.slow
def test_a_command_of_its_own_process(tmp_path, tiny_config, in_process):
    zoo = Zoo(tmp_path / 'checkout', tiny_config, in_process)
    status, outcome = zoo.run()
    assert (status, outcome['status']) == (0, 'PASS'), outcome['reason']
    (zoo.folder / 'tiny_parts.py').write_text('raise SystemExit("out of order")')
    zoo.result['Notes'] = 'again'
    status, outcome = zoo.run()
    assert status == 1
    assert 'tools/test.py ended with 1: out of order (see ' in outcome['reason']
    assert Path(outcome['reason'].rpartition('(see ')[2].strip(')')).read_text().strip() == 'out of order'
