"""The judge of defocus models: a perfect one, an inverted one, and one that knows nothing."""

import importlib.util

import cv2
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from wsolzoo.datasets.defocus.sources import DepthFolder
from wsolzoo.synthetic.optics.generate import Recipe, generate


@pytest.fixture(scope='module')
def tool(repo):
    spec = importlib.util.spec_from_file_location('evaluate_defocus', repo / 'tools/analysis_tools/evaluate_defocus.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp('pairs')
    rng = np.random.default_rng(0)
    cv2.imwrite(str(root / 'a.png'), rng.integers(0, 256, (48, 64, 3)).astype(np.uint8))
    cv2.imwrite(str(root / 'a_depth.png'), np.repeat(np.linspace(5000, 600, 48)[:, None], 64, 1).astype(np.uint16))
    list(generate(DepthFolder(str(root)), root / 'set', Recipe(c_max=15, layers=None)))
    return root / 'set'


def test_perfect_and_inverted_maps(tool, folder):
    truth = cv2.imread(str(folder / 'maps' / 'a_0.png'), -1) / 70
    perfect = tool.judge_set(str(folder), lambda image: (truth, 'sigma7'))
    assert perfect['defocus/MAE'] == 0 and perfect['defocus/rank'] == pytest.approx(1)
    assert perfect['blur/AP'] == pytest.approx(100, abs=1) and perfect['images'] == 1
    other_unit = tool.judge_set(str(folder), lambda image: ((14 * truth + 1) / 15, 'coc15'))
    assert other_unit['defocus/MAE_px'] == pytest.approx(0, abs=1e-9)
    inverted = tool.judge_set(str(folder), lambda image: (1 - truth, 'sigma7'))
    assert inverted['defocus/rank'] == pytest.approx(-1) and inverted['blur/polarity'] < 0


def test_focal_stack(tool, tmp_path):
    """A tilted plane: the sharp zone moves from left to right over the frames."""
    rng = np.random.default_rng(0)
    texture = rng.integers(0, 256, (96, 160)).astype(np.float64)
    place = np.linspace(0, 6, 160)
    blurs = [np.abs(place - frame) for frame in range(7)]
    pyramid = np.stack([gaussian_filter(texture, s) for s in np.arange(0, 6.6, 0.25)])
    for frame, blur in enumerate(blurs):
        level = np.rint(blur / 0.25).astype(int)
        picture = pyramid[level, :, np.arange(160)].T
        cv2.imwrite(str(tmp_path / f'{frame:02d}.jpg'), picture, [cv2.IMWRITE_JPEG_QUALITY, 98])
    cv2.imwrite(str(tmp_path / 'all_in_focus.jpg'), texture)  # no frame
    answers = iter(blurs)

    def perfect(image):
        return np.repeat(next(answers)[None] / 7, 96, 0), 'sigma7'

    result = tool.judge_stack(str(tmp_path), perfect, smooth=4)
    assert result['frames'] == 7 and result['pixels'] > 1000
    assert result['rank'] > 0.95 and result['near'] > 95 and result['hit'] > 80 and result['within'] > 0.9
    knows_nothing = tool.judge_stack(str(tmp_path), lambda image: (rng.random((96, 160)), 'sigma7'), smooth=4)
    assert abs(knows_nothing['rank']) < 0.3 and knows_nothing['near'] < 80


def test_a_baseline_needs_no_checkpoint(tool, folder, repo):
    model = tool.build(str(repo / 'configs/reblur/reblur_constant_defocus-photos-64px.py'), None)
    result = tool.judge_set(str(folder), lambda image: tool.estimate(model, image))
    assert result['defocus/rank'] == 0 and result['defocus/mean_px'] == pytest.approx(model.network.sigma)
