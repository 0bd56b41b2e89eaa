"""Seeds: Otsu and the losses by hand, what each pool holds, how often a pixel is drawn."""

import cv2
import numpy as np
import pytest
import torch

from wsolzoo.models.seeds import (
    SeedSampler,
    colour_loss,
    drawn,
    eroded,
    log_barrier,
    lowest,
    otsu_levels,
    seed_loss,
    size_loss,
)


def test_otsu_is_that_of_opencv():
    assert otsu_levels(torch.tensor([[[0.1, 0.1, 0.2], [0.1, 0.9, 0.8], [0.0, 0.7, 0.1]]])).item() == 51
    rng = np.random.default_rng(0)
    for power in (0.3, 1, 4):
        map = rng.random((20, 24)).astype(np.float32) ** power
        level, _ = cv2.threshold((map * 255).astype(np.uint8), 0, 1, cv2.THRESH_OTSU)
        assert otsu_levels(torch.from_numpy(map)[None]).item() == int(level)


def test_log_barrier_by_hand():
    z = torch.tensor([-100.0, -1.0, -0.5, 0.0, 0.5])
    for t, known in (
        (1, (-4.605170, 0, 0.5, 1, 1.5)),
        (2, (-2.302585, 0, 0.346574, 1.193147, 2.193147)),
        (10, (-0.460517, 0, 0.069315, 0.560517, 5.560517)),
    ):
        torch.testing.assert_close(log_barrier(z, t), torch.tensor(known), atol=1e-5, rtol=0)


def test_partial_cross_entropy_and_size_by_hand():
    logits = torch.zeros(1, 2, 3, 3)
    logits[0, 1, 1, 1], logits[0, 0, 0, 0] = 2, 1
    seeds = torch.full((1, 3, 3), 255)
    seeds[0, 1, 1], seeds[0, 0, 0], seeds[0, 2, 2] = 1, 0, 0
    assert seed_loss(logits, seeds).item() == pytest.approx(0.377779, abs=1e-6)
    areas = logits.softmax(1).sum((2, 3))[0]
    torch.testing.assert_close(areas.sort().values, torch.tensor([4.350262, 4.649738]))
    assert 0.1 * size_loss(logits, 1.0).item() == pytest.approx(-0.150352, abs=1e-6)
    assert seed_loss(logits, torch.full((1, 3, 3), 255)).item() == 0, 'no seed is no NaN'


def test_neighbours_of_one_colour_pull_at_each_other():
    logits = torch.zeros(1, 2, 1, 4)
    logits[0, 1, 0, 2:] = 20.0
    logits[0, 0, 0, :2] = 20.0
    plain, edge = torch.zeros(1, 3, 1, 4), torch.zeros(1, 3, 1, 4)
    edge[..., 2:] = 5.0
    assert colour_loss(logits, plain, window=3).item() == pytest.approx(1 / 3), 'one of three pairs differs'
    assert colour_loss(logits, edge, window=3).item() == pytest.approx(0, abs=1e-6), 'the parts meet at the edge'


def test_pools():
    mask = torch.zeros(1, 30, 30, dtype=torch.bool)
    mask[0, 5:20, 5:20] = True
    assert eroded(mask, 11)[0].nonzero().tolist() == [[y, x] for y in range(10, 15) for x in range(10, 15)]
    mask[0, 5:20, 8:] = False
    assert torch.equal(eroded(mask, 11), mask), 'what would vanish stays'
    assert lowest(torch.arange(20.0).reshape(1, 4, 5), 0.1)[0].nonzero().tolist() == [[0, 0], [0, 1]]


def test_pixels_are_drawn_as_often_as_their_weight_says():
    torch.manual_seed(0)
    weights = torch.tensor([0.0, 1.0, 3.0]).expand(4000, 1, 3)
    share = drawn(weights, 1).float().mean((0, 1))
    torch.testing.assert_close(share, torch.tensor([0.0, 0.25, 0.75]), atol=0.02, rtol=0)
    assert drawn(weights, 3).sum((1, 2)).eq(2).all(), 'no more than have any weight, each once'


def map_of_a_square() -> torch.Tensor:
    map = torch.full((1, 40, 40), 0.1) + torch.linspace(0, 0.05, 40)
    map[0, 10:30, 10:30] = 0.9
    return map


def test_seeds_lie_where_the_map_says():
    torch.manual_seed(0)
    map = map_of_a_square()
    for _ in range(5):
        seeds = SeedSampler()(map)
        assert (seeds == 1).sum() == 9 and (seeds == 0).sum() in (4, 6, 9), 'one pixel each, grown to 3 x 3'
        assert (map[seeds == 1] > 0.5).all() and (map[seeds == 0] < 0.2).all()
    many = SeedSampler({'pool': 'all', 'draw': 'map', 'count': 5}, {'share': 0.4, 'draw': 'inverse', 'count': 5}, 1)
    seeds = many(map)
    assert (seeds == 0).sum() == 5 and 0 < (seeds == 1).sum() <= 5
    assert not torch.equal(seeds, many(map)), 'anew at every step'


def test_the_published_background_of_negev_hits_the_object_by_its_area():
    """1 - map / sum is nearly uniform: a fifth of the background seeds fall on an object that fills a fifth."""
    torch.manual_seed(0)
    map = torch.full((1, 30, 30), 0.1)
    map[0, :12, :15] = 0.9  # 20 %
    sampler = SeedSampler({'pool': 'all', 'draw': 'map'}, {'share': 1.0, 'draw': 'inverse'}, dilate=1)
    seeds = sampler(map.expand(3000, -1, -1))
    hits = (seeds[:, :12, :15] == 0).sum() / (seeds == 0).sum()
    assert hits.item() == pytest.approx(0.2, abs=0.03)


def test_a_map_that_says_nothing_gives_no_seeds():
    maps = torch.stack([torch.full((12, 12), 0.5), torch.full((12, 12), torch.nan), torch.eye(12)])
    seeds = SeedSampler(dilate=1)(maps)
    assert (seeds[:2] == 255).all() and (seeds[2] == 1).any()


@pytest.mark.parametrize(
    ('settings', 'match'),
    [
        ({'object': {'pool': 'otzu'}}, "takes pool .otsu or all., .* got pool='otzu'"),
        ({'background': {'min_p': 0.1}}, 'takes share, draw'),
        ({'dilate': 2}, 'odd'),
    ],
)
def test_mistakes_are_named(settings, match):
    with pytest.raises(ValueError, match=match):
        SeedSampler(**settings)
