"""Space files: what they mean, and what is refused in a sentence."""

import pytest
from mmengine.config import Config

from wsolzoo.run.search.space import SpaceError, find_places, own_values, read_space, values_at, with_values

CONFIG = {
    'optim_wrapper': {'optimizer': {'type': 'SGD', 'lr': 0.1}},
    'model': {
        'type': 'Localizer',
        'head': {'type': 'CAMHead', 'num_classes': 2},
        'necks': {'stage3.0': {'drop_prob': 0.5}, 'stage3.1': {'drop_prob': 0.5}},
        'losses': [{'type': 'A', 'margin': 1.0}, {'type': 'B'}],
    },
    'train_dataloader': {'dataset': {'split': 'train'}},
    'val_dataloader': {'dataset': {'split': 'val'}},
    'test_dataloader': {'dataset': {'split': 'test'}},
}


def read(tmp_path, text: str):
    path = tmp_path / 'space.yml'
    path.write_text(text)
    return read_space(path, Config(CONFIG))


def test_a_star_reaches_every_place_that_fits(tmp_path):
    space = read(tmp_path, 'model.necks.*.drop_prob: {low: 0, high: 1}\nmodel.losses.*.margin: {low: 0, high: 2}\n')
    assert space[0].places == ('model.necks.stage3.0.drop_prob', 'model.necks.stage3.1.drop_prob')
    assert space[1].places == ('model.losses.0.margin',)
    values = values_at(space, {space[0].name: 0.25, space[1].name: 1.5})
    cfg = Config(CONFIG)
    changed = with_values(cfg, values)
    assert [neck['drop_prob'] for neck in changed.model.necks.values()] == [0.25, 0.25]
    assert changed.model.losses == [{'type': 'A', 'margin': 1.5}, {'type': 'B'}]
    assert cfg.model.losses[0].margin == 1.0, 'the config of the search stays as it is'


def test_numbers_as_people_write_them(tmp_path):
    """YAML reads 1e-5 as a word; a bound may be an earlier parameter; a keyword may be left out of the config."""
    (lr,) = read(tmp_path, 'optim_wrapper.optimizer.lr: {low: 1e-5, high: 1, log: true}\n')
    assert (lr.low, lr.high, lr.log, lr.whole) == (1e-5, 1.0, True, False)
    low, high = read(
        tmp_path,
        'model.necks.stage3.0.drop_prob: {low: 0, high: 1}\n'
        'model.losses.0.margin: {low: 0, high: model.necks.stage3.0.drop_prob}\n',
    )
    assert high.high == low.name
    assert find_places(CONFIG, 'optim_wrapper.optimizer.momentum') == ['optim_wrapper.optimizer.momentum']
    (whole,) = read(tmp_path, 'model.head.num_classes: {low: 2, high: 4, int: true}\n')
    assert isinstance(whole.low, int)


@pytest.mark.parametrize(
    ('text', 'says'),
    [
        ('optim_wrapper.optimizer.lrr: {low: 0, high: 1}', "did you mean 'optim_wrapper.optimizer.lr'?"),
        ('model.neks.*.drop_prob: {low: 0, high: 1}', "did you mean 'model.necks.stage3."),
        ('zzz: {low: 0, high: 1}', 'no such place'),
        ('test_dataloader.batch_size: {choices: [1, 2]}', 'belongs to the test split'),
        ('test_evaluator.protocols: {choices: [a]}', 'belongs to the test split'),
        ('test_cfg.type: {choices: [TestLoop]}', 'belongs to the test split'),
        ('allow_test_selection: {choices: [true]}', 'belongs to the test split'),
        ('val_dataloader.dataset.split: {choices: [test]}', 'what all trials are measured by'),
        ('optim_wrapper.optimizer.lr: {low: 0, high: 1, log: true}', 'above 0 with log'),
        ('optim_wrapper.optimizer.lr: {low: 2, high: 1}', 'low must be at most high'),
        ('optim_wrapper.optimizer.lr: {low: 0}', 'takes {low: …, high: …} or {choices: […]}'),
        ('optim_wrapper.optimizer.lr: {low: 0, high: 1, logs: true}', "takes no 'logs'; did you mean 'log'?"),
        ('optim_wrapper.optimizer.lr: {low: 0, high: there}', 'a number or the key of an earlier parameter'),
        ('optim_wrapper.optimizer.lr: {low: 0, high: .inf}', 'a finite number'),
        ('optim_wrapper.optimizer.lr: {low: 0.5, high: 2, int: true}', 'a whole number'),
        ('optim_wrapper.optimizer.lr: {choices: []}', 'choices is a list'),
        ('optim_wrapper.optimizer.lr: {choices: [[1]]}', 'choices is a list'),
        ('optim_wrapper.optimizer.lr: {choices: [1], low: 0}', 'stands alone'),
        ('- a', 'must map places'),
        ('a: [', 'is no YAML'),
    ],
)
def test_refused(tmp_path, text, says):
    with pytest.raises(SpaceError) as caught:
        read(tmp_path, text + '\n')
    assert says in str(caught.value)
    assert '\n' not in str(caught.value)


def test_a_missing_file_names_those_beside_it(tmp_path):
    (tmp_path / 'search_space.yml').write_text('a: 1')
    with pytest.raises(FileNotFoundError, match='search_space.yml'):
        read_space(tmp_path / 'serach.yml', Config(CONFIG))


def test_every_space_of_the_zoo_fits_the_configs_beside_it(repo):
    """A config of its folder has all its places: of the data and variant that its name has (``_scenes-lse.yml``)."""
    from wsolzoo.run.launch import read_config

    spaces = sorted((repo / 'configs').glob('*/search_space*.yml'))
    assert spaces
    for path in spaces:
        variant = path.stem.partition('-')[2]
        data = next((name for name in ('pets', 'tiny') if f'_{name}' in path.stem), 'scenes')
        trained = [leaf for leaf in sorted(path.parent.glob('*.py')) if 'untouched' not in leaf.name]
        leaf = next(leaf for leaf in trained if data in leaf.name and variant in leaf.name)
        assert read_space(path, read_config(leaf))


def test_what_the_config_says_is_a_point_of_the_space_or_not(tmp_path):
    space = read(
        tmp_path, 'optim_wrapper.optimizer.lr: {low: 0.01, high: 1}\nmodel.necks.*.drop_prob: {low: 0, high: 1}\n'
    )
    assert own_values(space, Config(CONFIG)) == {'optim_wrapper.optimizer.lr': 0.1, 'model.necks.*.drop_prob': 0.5}
    assert own_values(space, with_values(Config(CONFIG), {'model.necks.stage3.0.drop_prob': 0.4})) is None
    assert own_values(read(tmp_path, 'model.losses.0.margin: {low: 2, high: 3}\n'), Config(CONFIG)) is None
    assert own_values(read(tmp_path, 'model.head.num_classes: {choices: [2, 3]}\n'), Config(CONFIG))
