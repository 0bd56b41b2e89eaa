"""The zoo's books, kept over a checkout in miniature."""

import shutil
from hashlib import sha256
from pathlib import Path

import pytest
import yaml

from wsolzoo.zoo.config_rules import check_file
from wsolzoo.zoo.methods_table import rows_of

NAME = 'cam_tinynet_1xb4-2e_points-8px'
CONFIG = """
_base_ = ['../_base_/base.py']
model = dict(num_classes=3)
train_dataloader = dict(batch_size=4)
"""
BASE = """
model = dict(type='X', num_classes=1)
train_dataloader = dict(batch_size=1)
train_cfg = dict(max_epochs=2)
"""


def metafile() -> dict:
    return {
        'Collections': [
            {
                'Name': 'CAM',
                'Paper': {'Title': 'Deep features', 'URL': 'https://arxiv.org/abs/1512.04150', 'Year': 2016},
                'README': 'configs/cam/README.md',
                'Summary': 'One linear layer after pooling, read as a map.',
            }
        ],
        'Models': [
            {
                'Name': NAME,
                'In Collection': 'CAM',
                'Config': f'configs/cam/{NAME}.py',
                'Metadata': {
                    'Training Data': 'Points',
                    'Epochs': 2,
                    'Batch Size': 4,
                    'Num Classes': 3,
                    'Architecture': ['TinyNet', 'CAM'],
                },
                'Results': [
                    {
                        'Task': 'Weakly Supervised Object Localization',
                        'Dataset': 'Points test',
                        'Protocol': 'choe2020-v2',
                        'Metrics': {'MaxBoxAccV2': 61.25, 'Top-1': 90},
                        'Centered Box': {'MaxBoxAccV2': 50.5},
                        'Published': {'Source': 'Table 2', 'Metrics': {'MaxBoxAccV2': 63.7}},
                        'Provenance': {
                            'Command': f'python tools/test.py configs/cam/{NAME}.py x.pth',
                            'Seed': 0,
                            'Commit': '0123abc',
                            'Date': '2026-11-21',
                            'Hardware': '2 CPU cores',
                        },
                    }
                ],
            }
        ],
    }  # fmt: skip


@pytest.fixture
def zoo(tmp_path, in_process):
    """Write a checkout and run a command over it."""
    folder = tmp_path / 'configs' / 'cam'
    folder.mkdir(parents=True)
    (tmp_path / 'configs' / '_base_').mkdir()
    (tmp_path / 'docs').mkdir()
    (tmp_path / 'configs' / '_base_' / 'base.py').write_text(BASE)
    (folder / f'{NAME}.py').write_text(CONFIG)

    class Zoo:
        root: Path = tmp_path
        config = folder / f'{NAME}.py'
        base = tmp_path / 'configs' / '_base_' / 'base.py'
        content = metafile()

        @property
        def model(self) -> dict:
            return self.content['Models'][0]

        @property
        def result(self) -> dict:
            return self.model['Results'][0]

        def run(self, command: str) -> tuple[int, str]:
            (folder / 'metafile.yml').write_text(yaml.safe_dump(self.content, sort_keys=False))
            return in_process('zoo.py', command, '--root', str(tmp_path))

    made = Zoo()
    for command in ('index', 'readme'):
        assert made.run(command)[0] == 0
    return made


def test_a_sound_zoo_passes(zoo):
    assert zoo.run('check') == (0, '')


def test_generated_files(zoo):
    assert yaml.safe_load((zoo.root / 'model-index.yml').read_text()) == {'Import': ['configs/cam/metafile.yml']}
    readme = (zoo.root / 'configs/cam/README.md').read_text()
    assert '| metric | this zoo | centred box | paper |' in readme
    assert '| MaxBoxAccV2 | 61.25 | 50.50 | 63.70 |' in readme
    assert '| Top-1 | 90 |  |  |' in readme
    assert 'Seed 0, commit 0123abc, date 2026-11-21, hardware 2 CPU cores.' in readme
    table = (zoo.root / 'docs/model_zoo.md').read_text()
    link = f'[{NAME}](../configs/cam/{NAME}.py)'
    assert f'| CAM | TinyNet | Points test | choe2020-v2 | MaxBoxAccV2 | 61.25 | 50.50 | 63.70 |  | {link} |' in table
    assert f'| CAM | TinyNet | Points test | choe2020-v2 | Top-1 | 90 |  |  |  | {link} |' in table


def test_an_installed_zoo_has_no_docs_and_is_sound(zoo):
    shutil.rmtree(zoo.root / 'docs')
    assert zoo.run('check') == (0, '')
    assert zoo.run('readme')[0] == 0
    assert not (zoo.root / 'docs').exists()


def test_weights_are_linked(zoo):
    zoo.model['Weights'] = f'https://example.org/{NAME}_20261121-01234567.pth'
    assert zoo.run('readme')[0] == 0
    assert f'| [weights]({zoo.model["Weights"]}) |' in (zoo.root / 'docs/model_zoo.md').read_text()


@pytest.mark.parametrize(
    'page',
    [
        'model-index.yml',
        'configs/cam/README.md',
        'docs/model_zoo.md',
        'docs/methods/all_methods.md',
        'docs/leaderboard.md',
        'docs/published.md',
    ],
)
def test_stale_pages_are_found(zoo, page):
    (zoo.root / page).write_text('old')
    status, stderr = zoo.run('check')
    assert status == 1
    assert f'{page} is out of date: run `python tools/zoo.py ' in stderr


def test_a_changed_number_makes_the_pages_stale(zoo):
    zoo.result['Metrics']['MaxBoxAccV2'] = 99.0
    status, stderr = zoo.run('check')
    assert status == 1
    assert stderr.count('is out of date') == 2


def test_broken_metafiles_are_explained(zoo):
    cases = [
        (lambda: zoo.model.update({'Metdata': 1}), "has an unknown key 'Metdata'; did you mean 'Metadata'?"),
        (lambda: zoo.model.pop('Config'), "has no 'Config'"),
        (lambda: zoo.model.update(Name='other'), 'Name must be that of its config'),
        (lambda: zoo.model.update({'In Collection': 'ACoL'}), "In Collection 'ACoL' is not a collection"),
        (lambda: zoo.result['Metrics'].update(MaxBoxAccV2='61 %'), 'MaxBoxAccV2 must be a number'),
        (lambda: zoo.result.pop('Provenance'), 'Provenance must be a mapping with Command'),
        (lambda: zoo.result['Provenance'].update(Seed=''), "'Seed' is empty"),
        (lambda: zoo.result['Provenance'].update(Command='python x.py'), 'Command does not name the config'),
        (lambda: zoo.result['Provenance'].update(Commit='yesterday'), 'Commit must be 7 to 40'),
        (lambda: zoo.result['Provenance'].update(Date='21.11.2026'), 'Date must be yyyy-mm-dd'),
        (lambda: zoo.result['Published'].pop('Source'), "has no 'Source'"),
        (lambda: (zoo.result.pop('Metrics'), zoo.result.pop('Published')), 'has neither Metrics'),
        (lambda: zoo.content['Collections'][0].update(README='README.md'), 'README must be configs/cam/README.md'),
    ]
    for change, expected in cases:
        zoo.content = metafile()
        change()
        status, stderr = zoo.run('check')
        assert status == 1
        assert expected in stderr
        assert 'configs/cam/metafile.yml: ' in stderr


@pytest.mark.parametrize(
    ('change', 'expected'),
    [
        ({'Batch Size': 8}, 'batch size over all GPUs is 4 in the config, 8 in Metadata'),
        ({'Epochs': 3}, 'epochs is 2 in the config, 3 in Metadata'),
        ({'Num Classes': 2}, 'num_classes is 3 in the config, 2 in Metadata'),
    ],
)
def test_metafiles_are_checked_against_their_configs(zoo, change, expected):
    zoo.model['Metadata'].update(change)
    status, stderr = zoo.run('check')
    assert status == 1
    assert expected in stderr


def test_names_are_checked_against_their_configs(zoo):
    zoo.config.write_text(CONFIG.replace('batch_size=4', 'batch_size=5'))
    status, stderr = zoo.run('check')
    assert status == 1
    assert 'batch size is 5 in the config, 4 in its name' in stderr


def test_the_batch_that_a_learning_rate_is_for_is_the_one_in_the_name(zoo):
    zoo.config.write_text(f'{CONFIG}auto_scale_lr = dict(base_batch_size=32)\n')
    status, stderr = zoo.run('check')
    assert status == 1
    assert 'batch size over all GPUs is 4 in the config, 32 in auto_scale_lr' in stderr


def test_rules_for_configs(zoo):
    leaves = {
        'from math import pi\n': 'there is an import',
        'if True:\n    x = 1\n': 'there is an if',
        'def f(): ...\n': 'there is a function',
        '\n' * 40: 'a leaf has at most 24',
    }
    for addition, expected in leaves.items():
        zoo.config.write_text(CONFIG + addition)
        assert expected in zoo.run('check')[1]
    zoo.config.write_text(CONFIG.replace('num_classes=3', 'width=3'))
    assert 'a leaf always states num_classes' in zoo.run('check')[1]


def test_loss_weights_are_not_left_to_a_default(zoo):
    losses = "model = dict(num_classes=3, losses=[dict(type='InCAConsistencyLoss'{})], head=dict(type='BASHead'{}))"
    zoo.config.write_text(CONFIG.replace('model = dict(num_classes=3)', losses.format('', '')))
    stderr = zoo.run('check')[1]
    assert 'InCAConsistencyLoss without loss_weight; a config or its bases state every loss weight' in stderr
    assert 'BASHead without loss_weight' in stderr
    said = losses.format(', loss_weight=1.0', ', loss_weight=dict(frg=1.0)')
    zoo.config.write_text(CONFIG.replace('model = dict(num_classes=3)', said))
    assert zoo.run('check') == (0, '')


def test_bases_may_inherit_but_not_far(zoo):
    second, third = (zoo.base.with_name(name) for name in ('second.py', 'third.py'))
    zoo.base.write_text("_base_ = './second.py'\n" + BASE)
    second.write_text("_base_ = './third.py'\n")
    third.write_text('')
    assert zoo.run('check') == (0, ''), 'leaf, base, base, base'
    third.write_text("_base_ = './fourth.py'\n")
    third.with_name('fourth.py').write_text('')
    stderr = zoo.run('check')[1]
    assert f'{NAME} -> base -> second -> third -> fourth: more than 3 steps' in stderr
    assert 'base.py: base -> second' not in stderr, 'the bases alone are three steps'
    third.write_text("_base_ = ['./fourth.py', './fifth.py']\n")
    third.with_name('fifth.py').write_text('')
    assert 'third.py: 2 bases; a base inherits from one other base at the most' in zoo.run('check')[1]


def test_bases_go_neither_back_to_a_leaf_nor_in_a_circle(zoo):
    zoo.base.write_text(f"_base_ = '../cam/{NAME}.py'\n")
    back, circle = check_file(zoo.base, zoo.root)
    assert back.endswith(f'base.py: inherits from {NAME}.py, a leaf; a base inherits from bases only')
    assert f'base -> {NAME} -> base -> {NAME} -> base: more than 3 steps' in circle


def test_a_leaf_may_refine_a_leaf(zoo):
    other = zoo.config.with_name('other.py')
    other.write_text(CONFIG)
    zoo.config.write_text(CONFIG.replace("'../_base_/base.py'", "'./other.py'"))
    assert 'more than 3 steps' not in zoo.run('check')[1]
    many = [f'../_base_/base{n}.py' for n in range(5)]
    for name in many:
        (zoo.config.parent / name).write_text('')
    zoo.config.write_text(CONFIG.replace("['../_base_/base.py']", str(many)))
    assert '5 bases; 4 are allowed (model, data set, schedule, runtime)' in zoo.run('check')[1]


def test_unlisted_and_misnamed_configs(zoo):
    zoo.config.with_name('MyConfig.py').write_text(CONFIG)
    zoo.config.with_name('bas_tinynet_1xb4-2e_points-8px.py').write_text(CONFIG)
    status, stderr = zoo.run('check')
    assert status == 1
    assert 'MyConfig.py: the name does not follow {method}_{backbone}' in stderr
    assert 'MyConfig.py: no metafile lists this config' in stderr
    assert "the name begins with 'bas', but the folder is 'cam'" in stderr


def test_weights_are_named_after_their_hash(zoo):
    data = b'weights'
    sha = sha256(data).hexdigest()[:8]
    good = f'configs/cam/{NAME}_20261121-{sha}.pth'
    (zoo.root / good).write_bytes(data)
    zoo.model['Weights'] = good
    zoo.model['Metadata']['Training Data Terms'] = 'none, drawn by this program'
    assert zoo.run('readme')[0] == 0
    assert zoo.run('check') == (0, '')
    (zoo.root / good).write_bytes(b'other')
    assert f'does not begin with {sha}' in zoo.run('check')[1]
    zoo.model['Weights'] = 'configs/cam/best.pth'
    assert f'Weights must be called {NAME}_<yyyymmdd>-' in zoo.run('check')[1]


RESULTS = """# Results

| setting | x |
| --- | --- |
| CAM | 1 |

| method | Top-1 | GT-known | MaxBoxAccV2 | step, CAM = 1 |
| --- | --- | --- | --- | --- |
| CAM (ours) | 90.0 | 68.9 ± 2.2 | 61.7 ± 0.5 | 1.00 |
| *CAM, 6 epochs more* | 93.0 | 64.8 ± 1.8 | 59.3 ± 0.8 | 1.00 |
| *centred box* | | 27.4 | 34.2 | |

| CAM | 5 |
"""


def test_the_table_of_methods(zoo):
    """Scores from the page of results, what is needed from the config; what papers printed has a page of its own."""
    assert rows_of(RESULTS)['CAM'] == {
        'method': 'CAM (ours)', 'Top-1': '90.0', 'GT-known': '68.9', 'MaxBoxAccV2': '61.7', 'step, CAM = 1': '1.00'
    }  # fmt: skip
    folder = zoo.root / 'docs/methods'
    assert '| CAM' not in (folder / 'all_methods.md').read_text(), 'without a kind it is no method of localization'
    (folder / 'results_scenes.md').write_text(RESULTS)
    (folder / 'cam.md').write_text('Code: {mod}`wsolzoo.methods.cam`.')
    zoo.content['Collections'][0] |= {'Code': 'wsolzoo/methods/cam.py', 'Metadata': {'Kind': 'class map'}}
    said = {'Dataset': 'CUB test', 'Protocol': 'bas-v1'}
    tasks = {'Weakly Supervised Object Localization': 71.26, 'Classification': 95.5}
    zoo.model['Results'] = [
        said | {'Task': task, 'Published': {'Source': 'A et al.', 'Metrics': {'GT-known': value}}}
        for task, value in tasks.items()
    ]
    zoo.run('readme')
    assert '| [CAM](cam.md) | 2016 | class map |  | 1.00 | 68.9 | 61.7 |' in (folder / 'all_methods.md').read_text()
    published = (zoo.root / 'docs/published.md').read_text()
    assert '## CUB test\n\n| method | year | backbone | protocol | GT-known | source |  |\n' in published
    row = f'| [CAM](methods/cam.md) | 2016 | TinyNet | bas-v1 | 71.26 | A et al. | [config](../configs/cam/{NAME}.py) |'
    assert row in published
    assert '95.5' not in published, 'of localization alone'
