"""I2C: pairs that every process and every resumed run draws alike, seeds, both consistencies by hand, the memory."""

import pytest
import torch
from small_run import EPOCHS, Noisy, small_runner
from tiny_run import same

from wsolzoo.methods.i2c import I2CLoss, PairedClassSampler, global_consistency, local_consistency, object_seeds
from wsolzoo.models.outputs import HeadOutput, LocOutputs


class Labelled:
    """Annotation alone."""

    def __init__(self, labels) -> None:
        self.labels = labels

    def __len__(self) -> int:
        return len(self.labels)

    def get_data_info(self, index: int) -> dict:
        return {'gt_label': self.labels[index]}


LABELS = [0] * 5 + [1] * 4 + [2] * 2 + [7]


def drawn(rank: int = 0, world: int = 1, epoch: int = 0, seed: int = 3, labels=LABELS) -> list[int]:
    sampler = PairedClassSampler(Labelled(labels), seed=seed)
    sampler.rank, sampler.world = rank, world
    sampler.count = -(-len(labels) // (2 * world))
    sampler.set_epoch(epoch)
    indices = list(sampler)
    assert len(indices) == len(sampler)
    return indices


def test_every_pair_is_two_images_of_one_class_and_a_lap_has_every_class():
    indices = drawn()
    pairs = list(zip(indices[::2], indices[1::2], strict=True))
    assert len(pairs) == 6
    for one, other in pairs:
        assert one != other and LABELS[one] == LABELS[other]
    for lap in (pairs[:3], pairs[3:]):
        assert sorted(LABELS[one] for one, _ in lap) == [0, 1, 2], 'the class of one image has no pair'
    first, second = (next(p for p in lap if LABELS[p[0]] == 0) for lap in (pairs[:3], pairs[3:]))
    assert not set(first) & set(second), 'a class is gone through before an image comes again'


def test_the_epoch_is_a_function_of_seed_and_number():
    assert drawn(epoch=1) == drawn(epoch=1)
    assert drawn(epoch=1) != drawn(epoch=2)
    assert drawn(seed=4) != drawn(seed=3)


def test_processes_share_the_pairs_and_split_none():
    labels = [0, 1] * 10
    whole, parts = drawn(labels=labels), [drawn(rank, 2, labels=labels) for rank in range(2)]
    merged = [parts[i % 2][2 * (i // 2) : 2 * (i // 2) + 2] for i in range(10)]
    assert merged == [whole[2 * i : 2 * i + 2] for i in range(10)]
    assert len(drawn(0, 3, labels=labels)) == len(drawn(2, 3, labels=labels)) == 8, 'every process as many batches'


def test_a_data_set_without_pairs_is_refused():
    with pytest.raises(ValueError, match='only one'):
        PairedClassSampler(Labelled([0, 1, 2]), seed=0)


def test_a_run_continued_anywhere_sees_the_same_pairs(tmp_path, monkeypatch):
    monkeypatch.setattr('time.sleep', lambda seconds: None)
    monkeypatch.setattr(Noisy, 'get_data_info', lambda self, index: {'gt_label': index // 4}, raising=False)

    def run(name: str, resume=None):
        runner = small_runner(tmp_path / name, EPOCHS, resume=resume, **pairs)
        runner.train()
        checkpoint = torch.load(tmp_path / name / 'iter_12.pth', weights_only=False)
        return checkpoint['state_dict'], checkpoint['optimizer']

    pairs = {'sampler': {'type': 'PairedClassSampler'}}
    straight = run('straight')
    for stop in (3, 6):
        assert same(run(f'from{stop}', tmp_path / f'straight/iter_{stop}.pth'), straight) == []


def test_seeds_lie_in_the_object_and_differ_from_draw_to_draw():
    maps = torch.zeros(1, 4, 4)
    maps[0, 1:3] = torch.tensor([[8.0, 9.0, 10.0, 8.0], [8.0, 9.0, 8.0, 8.0]])
    inside = set(range(4, 12))
    torch.manual_seed(0)
    draws = [tuple(sorted(object_seeds(maps, 3)[0].tolist())) for _ in range(20)]
    assert all(len(set(draw)) == 3 and set(draw) <= inside for draw in draws)
    assert len(set(draws)) > 5, 'drawn, not the first in raster order'


def test_where_the_object_is_small_the_next_most_active_positions_follow():
    maps = torch.tensor([[[0.0, 10.0, 1.0], [3.0, 2.0, 0.0]]])
    assert sorted(object_seeds(maps, 3)[0].tolist()) == [1, 3, 4]


def test_consistencies_by_hand():
    first = torch.tensor([[[0.0, 0.0], [3.0, 0.0]]])
    second = torch.tensor([[[3.0, 4.0], [3.0, 1.0]]])
    assert local_consistency(first, second).item() == pytest.approx((5 + 1) / 2, abs=1e-5)
    means, centres = torch.tensor([[0.0, 0.0], [1.0, 1.0]]), torch.tensor([[3.0, 4.0], [1.0, 2.0]], requires_grad=True)
    value = global_consistency(means.requires_grad_(), centres)
    assert value.item() == pytest.approx((5 + 1) / 2, abs=1e-5)
    value.backward()
    assert centres.grad is None and means.grad.abs().sum() > 0, 'the centre is a constant'


def outputs(labels, size: int = 2, seed: int = 0) -> LocOutputs:
    generator = torch.Generator().manual_seed(seed)
    feat = torch.rand(len(labels), 3, size, size, generator=generator).requires_grad_()
    head = HeadOutput(torch.zeros(len(labels), 4), torch.rand(len(labels), 4, size, size, generator=generator))
    return LocOutputs(feat, (feat,), (), head, torch.tensor(labels), [])


def loss_of(**kwargs) -> I2CLoss:
    return I2CLoss(4, (3,), loss_weight={'local': 1.0, 'global': 1.0}, **kwargs)


def test_only_pairs_count_and_their_centres_move():
    loss, batch = loss_of(seeds=4), outputs([1, 1, 0, 2, 3])
    scalars = loss(batch)
    assert scalars['pairs'].item() == pytest.approx(2 / 5)
    scalars['loss_local'].backward()
    assert (batch.feats[0].grad.flatten(1).abs().sum(1) > 0).tolist() == [True, True, False, False, False]
    assert 'loss_global' not in scalars, 'no pull to a centre nobody has seen'
    assert loss.memory.visits.tolist() == [0, 1, 0, 0]
    torch.testing.assert_close(loss.memory.centres[1], batch.feats[0][:2].detach().mean((0, 2, 3)))


def test_the_second_visit_is_pulled_and_the_rate_decays():
    loss, first, second = loss_of(seeds=4, decay=0.5), outputs([1, 1]), outputs([1, 1], seed=1)
    loss(first)
    before = loss.memory.centres[1].clone()
    scalars = loss(second)
    mean = second.feats[0].detach().mean((0, 2, 3))
    assert scalars['loss_global'].item() == pytest.approx((before - mean).norm().item(), rel=1e-3)
    scalars['loss_global'].backward()
    assert second.feats[0].grad.abs().sum() > 0
    share = torch.exp(torch.tensor(-0.5))
    torch.testing.assert_close(loss.memory.centres[1], (1 - share) * before + share * mean)


def test_nothing_is_remembered_in_evaluation():
    loss = loss_of().eval()
    loss(outputs([1, 1]))
    assert loss.memory.visits.sum() == 0


def test_batches_without_pairs_say_which_sampler_is_needed():
    with pytest.raises(ValueError, match='PairedClassSampler'):
        loss_of()(outputs([0, 1, 0, 1, 0, 1, 0, 1]))
    scalars = loss_of()(outputs([0, 1, 2]))  # too few to tell
    assert set(scalars) == {'pairs'} and scalars['pairs'].item() == 0
    with pytest.raises(ValueError, match='local, global'):
        I2CLoss(4, (3,), loss_weight={'locale': 1.0})
