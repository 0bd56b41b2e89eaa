"""The inferencer answers in pixels of the image, whatever the pipeline did to it; tools/infer.py writes it down."""

import argparse
import importlib.util
import json

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from torch import nn

from wsolzoo import maps
from wsolzoo.apis import Inferencer
from wsolzoo.apis.images import expand
from wsolzoo.apis.inferencer import inference_pipeline, window_of
from wsolzoo.models.tasks import Localization
from wsolzoo.registry import MODELS
from wsolzoo.run.spelling import component


class RedNet(BaseModel):
    """Its map is the red channel at half the resolution (white and black have none); class 1 has the highest score."""

    task = Localization

    def __init__(self, cam_class='gt', **kwargs):
        super().__init__(**kwargs)
        self.cam_class = cam_class
        self.scores = nn.Parameter(torch.tensor([0.1, 0.7, 0.2]), requires_grad=False)
        self.sizes = []

    def forward(self, inputs, data_samples, mode='tensor', cam_class=None):
        for image, sample in zip(inputs, data_samples):
            self.sizes.append((tuple(image.shape[1:]), cam_class))
            red = image[2].float() - image[0].float()
            sample.pred_raw_map = nn.functional.avg_pool2d(red[None], 2)[0]
            sample.pred_scores = self.scores
        return data_samples


@pytest.fixture(autouse=True)
def red_net():
    MODELS.register_module(module=RedNet, force=True)
    yield
    MODELS.module_dict.pop('RedNet')


CONFIG = """
default_scope = 'wsolzoo'
model = dict(type='RedNet')
test_dataloader = dict(dataset=dict(
    type='BoxCSV', metainfo=dict(classes=['ant', 'bee', 'cow']),
    pipeline=[dict(type='LoadImage'), dict(type='LoadMask'), {geometry}dict(type='PackLocalization')]))
"""


@pytest.fixture
def config(tmp_path):
    def write(geometry="dict(type='Geometry', name='WE', size=64), ", name='rednet_x_toy-48px'):
        path = tmp_path / f'{name}.py'
        path.write_text(CONFIG.replace('{geometry}', geometry))
        return str(path)

    return write


def photo(width=200, height=100, box=(40, 20, 120, 60)):
    """(H, W, 3) RGB, grey with a red rectangle."""
    image = np.full((height, width, 3), 90, np.uint8)
    x0, y0, x1, y1 = box
    image[y0:y1, x0:x1] = (250, 90, 90)
    return image


def test_boxes_and_maps_are_in_pixels_of_the_image(config):
    result = Inferencer(config(), weights=False, device='cpu', threshold=0.5)(photo())[0]
    np.testing.assert_allclose(result['boxes'], [[40, 20, 120, 60]], atol=3)
    assert result['map'].shape == (100, 200) and result['map'].dtype == np.float32
    assert result['map'][40, 80] == 1 and result['map'][80, 180] == 0
    assert result['raw_map'].shape == (32, 32)
    np.testing.assert_allclose(result['window'], [0, 0, 200, 100], atol=1e-6)
    assert (result['label'], result['name'], result['img_id']) == (1, 'bee', '000000')
    assert result['score'] == pytest.approx(0.7)
    assert result['picture'].dtype == np.uint8 and (result['image'] == photo()).all()


def test_a_crop_is_undone(config):
    geometry = config("dict(type='Geometry', name='BAS', size=64), ")
    inferencer = Inferencer(geometry, weights=False, device='cpu', threshold=0.5)
    result = inferencer(photo())[0]
    np.testing.assert_allclose(result['boxes'], [[40, 20, 120, 60]], atol=3)
    x0, y0, x1, y1 = result['window']
    assert 0 < x0 < 20 and 180 < x1 < 200 and 0 < y0 < 10 and 90 < y1 < 100
    assert (result['map'][:, 0] == 0).all()  # the network never saw the border


def test_a_pipeline_without_geometry_takes_the_size_of_the_name(config):
    inferencer = Inferencer(config(geometry=''), weights=False, device='cpu')
    inferencer(photo())
    assert inferencer.model.sizes == [((48, 48), 'pred')]
    with pytest.raises(ValueError, match='AntialiasResize'):
        inference_pipeline(Config.fromfile(config(geometry='', name='nosize')))


def test_a_given_class_is_localized_and_the_model_is_left_as_it_was(config):
    inferencer = Inferencer(config(), weights=False, device='cpu')
    result = inferencer(photo(), label=2)[0]
    assert (result['name'], inferencer.model.sizes[-1][1], inferencer.model.cam_class) == ('cow', 'gt', 'gt')
    assert result['score'] == pytest.approx(0.2)


def test_an_empty_map_has_no_box(config):
    result = Inferencer(config(), weights=False, device='cpu')(np.full((30, 30, 3), 90, np.uint8))[0]
    assert result['boxes'].shape == (0, 4) and not result['map'].any()


def test_all_boxes_finds_both_objects(config):
    image = np.maximum(photo(box=(10, 10, 60, 60)), photo(box=(120, 30, 190, 90)))
    inferencer = Inferencer(config(), weights=False, device='cpu', threshold=0.5, all_boxes=True)
    assert len(inferencer(image)[0]['boxes']) == 2


def test_batches_give_what_single_images_give(config):
    images = [photo(), photo(90, 150, (10, 20, 60, 130)), photo(64, 64, (8, 8, 40, 40))]
    inferencer = Inferencer(config(), weights=False, device='cpu')
    together, alone = inferencer(images, batch_size=2), [inferencer(image)[0] for image in images]
    for a, b in zip(together, alone, strict=True):
        np.testing.assert_array_equal(a['map'], b['map'])
        np.testing.assert_array_equal(a['boxes'], b['boxes'])


@pytest.mark.parametrize(
    'settings',
    [
        {'threshold': 1.0},
        {'threshold': -0.1},
        {'normalizer': 'minmaxx'},
        {'normalizer': {'type': 'ivr', 'percentil': 0.3}},
    ],
    ids=str,
)
def test_wrong_settings_are_refused(config, settings):
    with pytest.raises(ValueError, match="threshold must be|'minmax'|'percentile'"):
        Inferencer(config(), weights=False, **settings)


def test_a_normaliser_has_arguments(config):
    spec = component('ivr:percentile=0.3')
    assert spec == {'type': 'ivr', 'percentile': 0.3}
    result = Inferencer(config(), weights=False, device='cpu', normalizer=spec)(photo())[0]
    window = np.array([0, 0, 200, 100])
    expected = maps.place(maps.ivr(result['raw_map'], 0.3), window, (100, 200))
    np.testing.assert_allclose(result['map'], expected.astype(np.float32))
    with pytest.raises(argparse.ArgumentTypeError, match='NAME:KEY=NUMBER'):
        component('ivr:0.3')


def test_an_unknown_model_is_explained():
    with pytest.raises(FileNotFoundError, match='cam_plainet'):
        Inferencer('cam_plainet_1xb32-15e_scenes-96px')


def test_folders_are_searched_and_other_things_refused(tmp_path):
    (tmp_path / 'a' / 'b').mkdir(parents=True)
    for name in ('a/b/2.png', 'a/1.JPG', 'a/notes.txt'):
        (tmp_path / name).write_bytes(b'x')
    assert [img_id for img_id, _ in expand(tmp_path)] == ['a/1.JPG', 'a/b/2.png']
    (tmp_path / 'empty').mkdir()
    for wrong, error in (
        (tmp_path / 'empty', FileNotFoundError),
        (tmp_path / 'none.png', FileNotFoundError),
        (np.zeros((3, 3)), TypeError),
        ([5], TypeError),
    ):
        with pytest.raises(error):
            list(expand(wrong))


def test_a_window_outside_the_image_is_cut():
    map = np.ones((4, 4))
    canvas = maps.place(map, np.array([-10.0, 5.0, 30.0, 45.0]), (40, 20))
    assert canvas.shape == (40, 20) and (canvas[5:] == 1).all() and (canvas[:5] == 0).all()
    np.testing.assert_allclose(window_of(np.array([4, 4, 6, 6]), np.array([1, 1, 3, 3]), (8, 8)), [3, 3, 11, 11])


@pytest.fixture
def infer(repo):
    spec = importlib.util.spec_from_file_location('infer', repo / 'tools' / 'infer.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


def test_the_tool_writes_map_boxes_and_picture(config, infer, tmp_path, capsys):
    weights = tmp_path / 'w.pth'
    torch.save({'scores': torch.tensor([0.0, 0.1, 0.9])}, weights)
    folder = tmp_path / 'photos'
    (folder / 'sub').mkdir(parents=True)
    cv2.imwrite(str(folder / 'sub' / 'a.png'), photo()[..., ::-1])
    cv2.imwrite(str(tmp_path / 'b.png'), photo(50, 60, (10, 10, 30, 30))[..., ::-1])
    cv2.imwrite(str(folder / 'b.png'), photo()[..., ::-1])
    out = tmp_path / 'out'
    arguments = [config(), str(folder), str(tmp_path / 'b.png'), '--checkpoint', str(weights), '--out-dir', str(out)]
    assert infer([*arguments, '--device', 'cpu', '--threshold', '0.5']) == 0
    made = sorted(path.relative_to(out).as_posix() for path in out.rglob('*') if path.is_file())
    assert made == [f'{stem}.{end}' for stem in ('2_b.png', 'b.png', 'sub/a.png') for end in ('json', 'npy', 'png')]
    told = json.loads((out / 'sub/a.png.json').read_text())
    assert (told['name'], told['width'], told['height']) == ('cow', 200, 100)
    np.testing.assert_allclose(told['boxes'], [[40, 20, 120, 60]], atol=3)
    assert np.load(out / 'sub/a.png.npy').shape == (32, 32)
    assert cv2.imread(str(out / 'sub/a.png.png')).shape[0] > 100
    assert '3 results' in capsys.readouterr().out


def test_the_tool_explains_what_is_wrong(config, infer, tmp_path, capsys):
    assert infer([config(), str(tmp_path / 'none.jpg')]) == 2
    assert 'none.jpg does not exist' in capsys.readouterr().err
    cv2.imwrite(str(tmp_path / 'a.png'), photo())
    good = [config(), str(tmp_path / 'a.png'), '--out-dir', str(tmp_path / 'out')]
    weights = tmp_path / 'w.pth'
    torch.save({'scores': torch.tensor([0.0, 0.1, 0.9])}, weights)
    for more, said in (
        ([], 'no published weights'),
        (['--checkpoint', str(tmp_path / 'none.pth')], 'no checkpoint'),
        (['--checkpoint', str(weights), '--device', 'cuda:77'], 'torch sees'),
        (['--checkpoint', str(weights), '--device', 'cup'], 'not known to torch'),
        (['--checkpoint', str(weights), '--threshold', '2'], 'threshold must be in'),
    ):
        assert infer([*good, *more]) == 2
        assert said in capsys.readouterr().err


def test_a_broken_picture_is_named_and_the_others_are_answered(config, infer, tmp_path, capsys):
    weights, folder = tmp_path / 'w.pth', tmp_path / 'photos'
    torch.save({'scores': torch.tensor([0.0, 0.1, 0.9])}, weights)
    folder.mkdir()
    for name in ('a.png', 'c.png'):
        cv2.imwrite(str(folder / name), photo())
    (folder / 'b.jpg').write_bytes(b'')
    out = tmp_path / 'out'
    arguments = [config(), str(folder), '--checkpoint', str(weights), '--out-dir', str(out), '--device', 'cpu']
    assert infer(arguments) == 1
    said = capsys.readouterr()
    assert 'left out: b.jpg' in said.err and '2 results' in said.out
    assert sorted(path.name for path in out.glob('*.png')) == ['a.png.png', 'c.png.png']


def test_a_checkpoint_that_fits_in_part_is_refused_unless_allowed(config, tmp_path):
    weights = tmp_path / 'w.pth'
    torch.save({'scores': torch.zeros(3), 'other': torch.zeros(2)}, weights)
    with pytest.raises(ValueError, match='does not fit'):
        Inferencer(config(), str(weights), 'cpu')
    assert Inferencer(config(), str(weights), 'cpu', allow_partial=True)


def test_class_names_are_those_of_the_checkpoint(config, tmp_path):
    weights = tmp_path / 'w.pth'
    meta = {'dataset_meta': {'classes': ['x', 'y', 'face']}}
    torch.save({'state_dict': {'scores': torch.tensor([0.0, 0.1, 0.9])}, 'meta': meta}, weights)
    assert Inferencer(config(), str(weights), 'cpu')(photo())[0]['name'] == 'face'


def test_a_zoo_name_means_its_checkpoint_and_nothing_else():
    name = 'cam_plainnet_1xb32-15e_scenes-96px'
    trained, untrained = (Inferencer(name, weights, 'cpu').model for weights in (True, False))
    assert not torch.equal(trained.head.fc.weight, untrained.head.fc.weight)
    with pytest.raises(ValueError, match='no published weights'):
        Inferencer('bas_vgg16_1xb32-100e_cub-224px')
