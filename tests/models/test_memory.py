"""The memory of classes: means by hand, in the checkpoint, and one for all processes."""

import multiprocessing

import pytest
import torch

from wsolzoo.models.memory import ClassMemory
from wsolzoo.models.scaling import minmax
from wsolzoo.testing import build_model, tiny_batch


def half(visits):
    return visits * 0 + 0.5


def test_means_by_hand():
    memory = ClassMemory(3, 2)
    labels = torch.tensor([2, 0, 2])
    memory.update(labels, torch.tensor([[2.0, 0.0], [1.0, 1.0], [4.0, 2.0]]), half)
    assert memory.centres.tolist() == [[1.0, 1.0], [0.0, 0.0], [3.0, 1.0]], 'the first visit replaces'
    memory.update(torch.tensor([0]), torch.tensor([[3.0, 1.0]]), half)
    assert memory.centres.tolist() == [[2.0, 1.0], [0.0, 0.0], [3.0, 1.0]]
    assert memory.visits.tolist() == [2, 0, 1]
    centres, known = memory(torch.tensor([1, 2]))
    assert known.tolist() == [False, True]
    assert centres.tolist() == [[0.0, 0.0], [3.0, 1.0]]


def test_the_rate_is_asked_with_the_visits_so_far():
    memory, asked = ClassMemory(2, 1), []
    for _ in range(3):
        memory.update(torch.tensor([1]), torch.ones(1, 1), lambda visits: asked.append(visits.tolist()) or visits * 0)
    assert asked == [[0, 0], [0, 1], [0, 2]]


def test_nothing_seen_changes_nothing_and_half_precision_is_remembered_in_full():
    memory = ClassMemory(2, 1)
    memory.update(torch.tensor([1]), torch.ones(1, 1, dtype=torch.bfloat16), half)
    memory.update(torch.zeros(0, dtype=torch.int64), torch.zeros(0, 1), half)
    assert memory.centres.tolist() == [[0.0], [1.0]]
    assert memory.centres.dtype == torch.float32


def test_what_is_handed_out_is_a_constant_and_survives_a_later_update():
    memory = ClassMemory(1, 1)
    vectors = torch.ones(1, 1, requires_grad=True)
    memory.update(torch.tensor([0]), vectors, half)
    centres, _ = memory(torch.tensor([0]))
    distance = (vectors * centres).sum()
    memory.update(torch.tensor([0]), torch.full((1, 1), 5.0), half)
    distance.backward()
    assert vectors.grad.tolist() == [[1.0]] and not centres.requires_grad
    assert set(memory.state_dict()) == {'centres', 'visits'}


def _remember(rank: int, world: int, path) -> None:
    torch.distributed.init_process_group('gloo', f'file://{path}.store', rank=rank, world_size=world)
    torch.save(_remembered(rank, world), f'{path}.{rank}')


def _remembered(rank: int, world: int) -> dict:
    generator, memory = torch.Generator().manual_seed(0), ClassMemory(4, 8)
    for _ in range(5):
        labels, vectors = torch.randint(4, (7,), generator=generator), torch.randn(7, 8, generator=generator)
        memory.update(labels[rank::world], vectors[rank::world], half)  # four images here, three there
    return memory.state_dict()


@pytest.mark.slow
def test_two_processes_remember_what_one_does(tmp_path):
    context = multiprocessing.get_context('fork')
    ranks = [context.Process(target=_remember, args=(rank, 2, tmp_path / 'memory')) for rank in range(2)]
    for process in ranks:
        process.start()
    for process in ranks:
        process.join(60)
        assert process.exitcode == 0
    one, other = (torch.load(f'{tmp_path}/memory.{rank}') for rank in range(2))
    alone = _remembered(0, 1)
    assert all(torch.equal(one[name], other[name]) for name in one), 'the same in both, to the last bit'
    assert torch.equal(one['visits'], alone['visits'])
    torch.testing.assert_close(one['centres'], alone['centres'])


def test_minmax_is_of_each_map_and_a_constant_one_is_zero():
    maps = torch.tensor([[[1.0, 3.0]], [[5.0, 5.0]]], dtype=torch.bfloat16)
    scaled = minmax(maps)
    assert scaled.tolist() == [[[0.0, 1.0]], [[0.0, 0.0]]]
    assert scaled.dtype == torch.float32


@pytest.mark.parametrize('loss', [{'type': 'I2CLoss'}, {'type': 'DAWSOLLoss', 'samples': 3}], ids=['I2C', 'DA-WSOL'])
def test_losses_that_remember_learn_in_half_precision(loss):
    backbone = {'type': 'PlainNet', 'base_channels': 4}
    preprocessor = {'type': 'ImgDataPreprocessor', 'mean': [128.0] * 3, 'std': [64.0] * 3}
    settings = {'backbone': backbone, 'head': {'type': 'CAMHead', 'num_classes': 3}, 'losses': [loss]}
    torch.manual_seed(0)
    model = build_model({'model': {'type': 'Localizer', 'data_preprocessor': preprocessor, **settings}}).train()
    batch = tiny_batch(model, 32, batch_size=4)
    for index, sample in enumerate(batch['data_samples']):
        sample.gt_label = index // 2
    batch = model.data_preprocessor(batch, training=True)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        for _ in range(2):  # the second step knows what the first one saw
            scalars = model(**batch, mode='loss')
    losses = {name: value for name, value in scalars.items() if 'loss' in name}
    assert len(losses) == 3 and all(value.dtype == torch.float32 for value in losses.values())
    sum(losses.values()).backward()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())
