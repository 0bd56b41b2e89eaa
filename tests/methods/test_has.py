"""HaS: whole cells, cut at the border, drawn for each image; the mean colour; nothing in evaluation."""

import pytest
import torch
from mmengine.config import Config

from wsolzoo.methods.has import HaS, hidden_cells
from wsolzoo.testing import build_model, tiny_batch

CPU = torch.device('cpu')
CONFIG = 'configs/has/has_plainnet_1xb32-15e_scenes-96px.py'


def test_cells_are_squares_of_pixels_and_the_last_ones_are_cut():
    torch.manual_seed(0)
    hidden = hidden_cells(40, (7, 10), 4, 0.5, CPU)
    assert hidden.shape == (40, 1, 7, 10)
    for rows in (slice(0, 4), slice(4, 7)):
        for columns in (slice(0, 4), slice(4, 8), slice(8, 10)):
            cell = hidden[:, 0, rows, columns].flatten(1)
            assert torch.equal(cell.any(1), cell.all(1)), 'a cell is hidden as a whole'
            assert cell.any() and not cell.all(), 'each image has its own draw'


def test_rows_are_rows():
    torch.manual_seed(1)
    hidden = hidden_cells(1, (2, 6), 2, 0.5, CPU)[0, 0]
    assert torch.equal(hidden[0], hidden[1]) and hidden.shape == (2, 6), 'one row of three cells'


def test_the_share_that_is_hidden_is_the_rate_and_its_ends_are_exact():
    torch.manual_seed(0)
    assert hidden_cells(100, (32, 32), 4, 0.26, CPU).float().mean().item() == pytest.approx(0.26, abs=0.02)
    assert not hidden_cells(4, (32, 32), 1, 0.0, CPU).any()
    assert hidden_cells(4, (32, 32), 5, 1.0, CPU).all()


def test_hidden_pixels_are_0_in_every_channel_and_the_others_untouched():
    torch.manual_seed(0)
    inputs, labels = torch.randn(6, 3, 12, 12) + 5, torch.arange(6)
    before = inputs.clone()
    out, same = HaS(grid_size=4, drop_rate=0.5)(inputs, labels)
    hidden = (out == 0).all(1, keepdim=True)
    assert torch.equal(out, torch.where(hidden, 0, before)) and 0 < hidden.float().mean() < 1
    assert torch.equal(inputs, before), 'the batch that came is not changed'
    assert same is labels


def test_hiding_comes_after_normalisation_and_only_in_training():
    model = build_model(Config.fromfile(CONFIG))
    model.batch_augments = [HaS(grid_size=8, drop_rate=1.0)]
    batch = model.data_preprocessor(tiny_batch(model, 64), training=True)
    seen = []
    model.backbone.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    model.train().loss(batch['inputs'], batch['data_samples'])
    assert seen[-1].abs().max() == 0, 'all hidden: the mean colour everywhere'
    model.eval().predict(batch['inputs'], batch['data_samples'])
    assert torch.equal(seen[-1], batch['inputs'])


@pytest.mark.parametrize(('wrong', 'said'), [({'grid_size': 0}, 'side of a cell'), ({'drop_rate': 1.5}, 'probability')])
def test_impossible_settings_are_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        HaS(**wrong)
