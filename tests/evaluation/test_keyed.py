"""One record per image whatever the number of processes, shown on every metric of this kind."""

import numpy as np
import pytest
import torch
import torch.multiprocessing as mp

from wsolzoo.evaluation.metrics import DetectionMetric, SaliencyMetric, SegmentationMetric, keyed
from wsolzoo.registry import METRICS
from wsolzoo.structures import DataSample


def make_samples(count=7):
    samples = []
    for index in range(count):
        rng = np.random.default_rng(index)
        gt = (rng.random((6, 8)) < 0.4).astype(np.uint8)
        box = np.concatenate([rng.integers(0, 20, (3, 2)), rng.integers(30, 60, (3, 2))], 1).astype(np.float64)
        sample = DataSample(metainfo={'img_id': f'f/{index}'}, gt_label=1)
        sample.gt_mask, sample.pred_map = gt, torch.from_numpy(rng.random((6, 8)))
        sample.gt_boxes, sample.pred_boxes = box, box + 2
        sample.pred_box_scores, sample.pred_box_labels = rng.random(3), np.array([1, 1, 0])
        samples.append(sample.to_dict())
    return samples


BUILDS = [
    {'type': 'SaliencyMetric', 'num_resamples': 5},
    {'type': 'SegmentationMetric'},
    {'type': 'DetectionMetric'},
    {'type': 'DetectionMetric', 'style': 'voc07'},
]


def run(config, samples, size=7):
    metric = METRICS.build(dict(config))
    metric.process(None, samples)
    return metric.evaluate(size)


@pytest.mark.parametrize('config', BUILDS)
def test_order_batches_and_padding_do_not_matter(config):
    samples = make_samples()
    expected = run(config, samples)
    assert run(config, samples[::-1] + samples[2:5]) == pytest.approx(expected, abs=0, nan_ok=True)
    metric = METRICS.build(dict(config))
    for sample in samples:
        metric.process(None, [sample])
    assert metric.evaluate(7) == pytest.approx(expected, abs=0, nan_ok=True)
    assert metric.results == []


@pytest.mark.parametrize('config', BUILDS)
@pytest.mark.parametrize('parts', [2, 3])
def test_uneven_parts_with_padding_merge_to_the_whole(config, parts, monkeypatch):
    samples = make_samples()
    shards = [samples[rank::parts] + samples[:rank] for rank in range(parts)]
    gathered = []
    for shard in shards:
        metric = METRICS.build(dict(config))
        metric.process(None, shard)
        gathered.append(metric.results)
    monkeypatch.setattr(keyed, 'all_gather_object', lambda mine: gathered)
    assert metric.evaluate(7) == pytest.approx(run_alone(config, samples), abs=0, nan_ok=True)


def run_alone(config, samples):
    metric = METRICS.build(dict(config))
    metric.process(None, samples)
    return metric.compute_metrics(metric.results) and {
        f'{metric.prefix}/{name}': value for name, value in metric.compute_metrics(metric.results).items()
    }


def _worker(rank, port, queue):
    import torch.distributed as dist

    torch.set_num_threads(1)
    dist.init_process_group('gloo', init_method=f'tcp://127.0.0.1:{port}', rank=rank, world_size=2)
    samples = make_samples()
    shard = [samples[index % 7] for index in range(rank, 8, 2)]  # what a padded sampler deals out
    queue.put((rank, [run(config, shard) for config in BUILDS]))
    dist.destroy_process_group()


@pytest.mark.slow
def test_two_real_processes_give_the_number_of_one():
    import socket

    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    context = mp.get_context('spawn')
    queue = context.SimpleQueue()
    processes = [context.Process(target=_worker, args=(rank, port, queue)) for rank in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
        assert process.exitcode == 0
    answers = dict(queue.get() for _ in processes)
    for index, config in enumerate(BUILDS):
        expected = run(config, make_samples())
        for rank in range(2):
            assert answers[rank][index] == pytest.approx(expected, abs=0, nan_ok=True)


def test_ids_that_are_not_unique_are_an_error():
    samples = make_samples(4)
    samples[3]['img_id'] = samples[0]['img_id']
    with pytest.raises(ValueError, match=r"expected 4 distinct img_id, got 3.*'f/0'"):
        run(BUILDS[1], samples, 4)


def test_fewer_images_than_announced_is_a_warning():
    with pytest.warns(UserWarning, match='only 4 of 7'):
        run(BUILDS[1], make_samples(4))


def test_missing_id():
    sample = make_samples(1)[0]
    del sample['img_id']
    with pytest.raises(ValueError, match='`img_id`'):
        run(BUILDS[1], [sample])


def test_bootstrap_settings_are_checked():
    for kwargs in ({'num_resamples': -1}, {'level': 95}):
        with pytest.raises(ValueError, match='num_resamples'):
            SegmentationMetric(**kwargs)


@pytest.mark.parametrize('kind', [SaliencyMetric, SegmentationMetric, DetectionMetric])
def test_no_state_is_larger_than_a_histogram(kind):
    """Records do not grow with the picture."""

    def size(side):
        rng = np.random.default_rng(0)
        sample = {'img_id': 0, 'pred_map': rng.random((side, side)), 'gt_mask': np.eye(side, dtype=np.uint8),
                  'pred_boxes': [[0, 0, 1, 1]], 'pred_box_scores': [1.0], 'gt_boxes': [[0, 0, 1, 1]],
                  'gt_label': 0, 'pred_box_labels': [0]}  # fmt: skip
        import pickle

        return len(pickle.dumps(kind().record(sample)))

    assert size(64) == size(128) < 10000


@pytest.mark.parametrize('ids, expected', [([10, 9, 2], [2, 9, 10]), (['b', 'a', '10'], ['10', 'a', 'b'])])
def test_records_come_sorted_by_id(ids, expected):
    assert keyed.merge_by_image([(key, key) for key in ids], None) == expected
