"""The curves of a schedule, against what a Runner does."""

from pathlib import Path

import cv2
import pytest
from mmengine.config import Config

from tests import tiny_run
from wsolzoo.engine.hooks.training_log import training_curves

REPO = Path(__file__).resolve().parents[2]
plot = tiny_run.tool('analysis_tools/plot_schedule.py')


def test_the_learning_rate_is_the_one_of_a_run(tmp_path, monkeypatch):
    tiny_run.hurry(monkeypatch, tmp_path)
    config = tiny_run.write_config(tmp_path, epochs=3)
    train = tiny_run.tool('train.py')
    every = 'default_hooks.logger.interval=1'
    assert train.main([str(config), '--work-dir', str(tmp_path / 'run'), '--cfg-options', every]) == 0
    logged = training_curves(tmp_path / 'run')['learning rate']['series']['lr']
    length = 24 // 6
    panels, axis = plot.curves(Config.fromfile(config), length)
    places, values = panels['learning rate']['AdamW']
    assert axis == 'epoch' and places[length] == 1.0 and len(values) == 3 * length
    assert [value for _, value in logged] == pytest.approx(values)


def test_weights_of_terms_begin_late_and_momentum_stays():
    cfg = Config.fromfile(REPO / 'configs/bas/bas_plainnet_1xb32-15e_scenes-96px.py')
    panels, _ = plot.curves(cfg, 5)
    epochs, values = panels['loss weight']['head.ac']
    full = cfg.model.head.loss_weight.ac
    assert values[:4] == [0, 0, 0, 0] and values[6:] == [full] * (len(epochs) - 6) and 0 < values[4] < full
    assert set(next(iter(panels['momentum'].values()))[1]) == {0.9}


@pytest.mark.parametrize(
    'name', ['dmenet/dmenet_vgg19-eighth_1xb12-6e_defocus-scenes-64px', 'cam/cam_vgg16_1xb32-50e_cub-224px']
)
def test_the_tool_draws_every_optimizer(name, tmp_path, capsys):
    out = tmp_path / 'pictures' / 's.png'
    assert plot.main([f'{name}.py', '--epoch-length', '3', '--out', str(out)]) == 0
    assert cv2.imread(str(out)).shape[1] == 960 and str(out) in capsys.readouterr().out


def test_what_trains_nothing_has_no_schedule(capsys):
    assert plot.main(['cam/cam_squeezenet1-1_ilsvrc-val1300-227px.py', '--out', 'x.png']) == 2
    assert 'neither max_epochs nor max_iters' in capsys.readouterr().err
    with pytest.raises(SystemExit):
        plot.parse_args(['a.py', '--out', 'a.txt'])
