"""The re-blur ratio: the edge of the paper, calibration, and what it says about pictures."""

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from wsolzoo.methods.reblur import ConstantMap, ReblurRatio, calibrate, energy, gaussian, reblur_ratio
from wsolzoo.registry import MODELS

TABLE = [(0.2, 0.0), (0.5, 1.0), (0.9, 3.0)]


def picture(sigma, seed=0):
    texture = gaussian_filter(np.random.default_rng(seed).random((64, 64)) * 255, sigma, mode='wrap')
    return torch.from_numpy(texture / 255).float().expand(1, 3, 64, 64)


def test_step_edge_of_the_paper():
    """At a step of blur sigma the gradient falls by sqrt((sigma^2 + 1) / sigma^2) when blurred by 1 px."""
    step = np.repeat((np.arange(96) >= 48).astype(float)[None], 96, 0) * 200
    for sigma in (2.0, 3.0, 4.0):  # differences of pixels widen narrower edges
        blurred = torch.from_numpy(gaussian_filter(step, sigma))[None, None]
        before, after = energy(blurred), energy(gaussian(blurred, 1.0))
        ratio = math.sqrt(before[..., 40:56].max() / after[..., 40:56].max())
        assert ratio == pytest.approx(math.sqrt((sigma**2 + 1) / sigma**2), rel=0.03)


def test_gaussian_is_one():
    point = torch.zeros(1, 2, 41, 41)
    point[..., 20, 20] = 1
    out = gaussian(point, 2.0)
    place = torch.arange(41.0) - 20
    assert out.sum().item() == pytest.approx(2, rel=1e-4)
    assert (out[0, 0].sum(0) * place**2).sum().sqrt().item() == pytest.approx(2, rel=0.02)


def test_more_blur_leaves_more_energy_whatever_the_contrast():
    ratios = [reblur_ratio(picture(sigma))[0, 0, 32, 32].item() for sigma in (0.0, 1.0, 2.0, 3.0)]
    assert ratios == sorted(ratios) and ratios[0] < 0.3 < 0.6 < ratios[-1]
    pale = reblur_ratio(0.5 + 0.4 * (picture(1.0) - 0.5), noise=0.0)[0, 0, 32, 32].item()
    assert pale == pytest.approx(reblur_ratio(picture(1.0), noise=0.0)[0, 0, 32, 32].item(), rel=1e-3)


def test_calibration_is_monotone_and_of_medians():
    rng = np.random.default_rng(0)
    sigmas = rng.uniform(0, 3.5, 4000)
    table = calibrate(0.2 + 0.2 * sigmas + rng.normal(0, 0.01, 4000), sigmas, knots=8)
    assert len(table) == 8
    for ratio, sigma in table:
        assert sigma == pytest.approx((ratio - 0.2) / 0.2, abs=0.1)
    falling = calibrate(np.linspace(0, 1, 100), np.linspace(3, 0, 100), knots=5)
    assert [sigma for _, sigma in falling] == [falling[0][1]] * 5


def test_table_is_interpolated_and_ends_are_kept(monkeypatch):
    model = ReblurRatio(TABLE)
    ratios = torch.tensor([0.0, 0.2, 0.35, 0.5, 0.7, 1.0]).view(1, 1, 1, 6)
    monkeypatch.setattr('wsolzoo.methods.reblur.reblur_ratio', lambda images, **settings: ratios)
    out = model(torch.zeros(1, 3, 1, 6)) * 7
    assert out.flatten().tolist() == pytest.approx([0, 0, 0.5, 1, 2, 3], abs=1e-6)
    for broken in ([(0.2, 0.0)], [(0.5, 1.0), (0.2, 0.0)]):
        with pytest.raises(ValueError, match='ascending'):
            ReblurRatio(broken)


def test_estimators_have_units_and_a_range():
    for network in ({'type': 'ReblurRatio', 'table': TABLE}, {'type': 'ConstantMap', 'sigma': 1.4}):
        model = MODELS.build({'type': 'Estimator', 'network': network, 'map_unit': 'sigma7', 'max_sigma': 3.5}).eval()
        assert not list(model.parameters())
        sample = model.predict(picture(1.0))[0]
        assert sample.pred_map.shape == (64, 64) and sample.pred_unit == 'sigma7' and sample.max_sigma == 3.5
    assert sample.pred_map.numpy() == pytest.approx(0.2)
    with pytest.raises(ValueError, match='map_unit'):
        MODELS.build({'type': 'Estimator', 'network': {'type': 'ConstantMap', 'sigma': 1.0}, 'map_unit': 'px'})
    assert ConstantMap(7.0)(torch.zeros(2, 3, 4, 5)).shape == (2, 1, 4, 5)


def test_half_precision():
    assert torch.isfinite(ReblurRatio(TABLE)(picture(1.0).half())).all()
