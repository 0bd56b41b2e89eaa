"""DMENet: the shipped configs."""

import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

import wsolzoo.methods  # noqa: F401 - registers the method
from wsolzoo.datasets.defocus.drawn import ScenesDefocus
from wsolzoo.engine.optim.children import ChildOptimWrapperConstructor
from wsolzoo.registry import MODELS
from wsolzoo.structures import DataSample

CONFIGS = sorted(path.stem for path in Path(__file__).parents[2].joinpath('configs/dmenet').glob('*.py'))


@pytest.fixture(scope='module')
def scenes():
    """A batch of drawn scenes, one of each domain."""
    source, part = ScenesDefocus('train', 3, scenes={'size': 64}), slice(16, 48)
    inputs, samples = [], []
    for index, domain in enumerate(('synthetic', 'masked', 'real')):
        info = source.get_data_info(index)
        sample = DataSample(metainfo={'domain': domain, 'map_unit': 'sigma7'})
        sample.gt_map = torch.from_numpy(info['gt_map'][None, part, part])
        sample.gt_mask = (info['gt_map'][part, part] > 0).astype('uint8')
        inputs.append(torch.from_numpy(info['img'].transpose(2, 0, 1)[:, part, part].copy()))
        samples.append(sample)
    return {'inputs': inputs, 'data_samples': samples}


def gradient_shares(model, data):
    """Norm of every term's gradient for B, as a share of the norm of their sum."""
    data = model.data_preprocessor(data, True)
    terms = {name: term for name, term in model.loss(**data).items() if name.startswith('loss_')}
    weights = list(model.network.parameters())

    def norm(loss):
        grads = torch.autograd.grad(loss, weights, retain_graph=True, allow_unused=True)
        return torch.stack([grad.square().sum() for grad in grads if grad is not None]).sum().sqrt()

    total = norm(torch.stack(list(terms.values())).sum())
    return {name.removeprefix('loss_'): (norm(term) / total).item() for name, term in terms.items()}


@pytest.mark.parametrize('name', CONFIGS)
def test_every_term_of_a_shipped_config_acts(name, repo, scenes):
    """At the start each has 1 % of the gradient, or the config says why not."""
    path = repo / f'configs/dmenet/{name}.py'
    said = re.search(r'# Faint at the start.*: ([a-z, ]+)\.', path.read_text())
    faint = set(said[1].split(', ')) if said else set()
    cfg = Config.fromfile(path)
    for part in (cfg.model.network, cfg.model.content):
        if part:
            part.encoder.pop('init_cfg', None)
    torch.manual_seed(0)
    shares = gradient_shares(MODELS.build(cfg.model).train(), scenes)
    assert faint <= set(shares)
    for term, share in shares.items():
        assert share >= 0.01 or term in faint, shares


def test_full_size_config_takes_a_step(repo, scenes):
    """The published configuration, untrained and on small crops: every module it names learns."""
    cfg = Config.fromfile(repo / 'configs/dmenet/dmenet_vgg19_1xb9-10000e_syndof-240px.py')
    cfg.model.network.encoder.pop('init_cfg')
    cfg.model.content.encoder.pop('init_cfg')
    model = MODELS.build(cfg.model).train()
    assert sum(p.numel() for p in model.network.parameters()) == 26_939_819
    wrappers = ChildOptimWrapperConstructor({k: v for k, v in cfg.optim_wrapper.items() if k != 'constructor'})(model)
    assert wrappers['network'].param_groups[0]['lr'] == 1e-4
    log = model.train_step(scenes, wrappers)
    assert {name for name in log if name.startswith('loss_')} == {
        'loss_map',
        'loss_aux',
        'loss_domain',
        'loss_adversarial',
        'loss_calibration',
        'loss_content',
    }
    assert cfg.param_scheduler == {'type': 'StepLR', 'step_size': 20, 'gamma': 0.8, 'by_epoch': True}


def run_demo(repo, work_dir, epochs, resume=False):
    """The shipped demo on a handful of scenes with a tiny network."""
    cfg = Config.fromfile(repo / 'configs/dmenet/dmenet_vgg19-eighth_1xb12-6e_defocus-scenes-64px.py')
    cfg.work_dir, cfg.resume = str(work_dir), resume
    cfg.model.network.update(base=4, residuals=1)
    for part in (cfg.model.network, cfg.model.content):
        part.encoder.width = 0.0625
    cfg.model.domain.base = 4
    for source, count in zip(cfg.train_dataloader.dataset.sources, (8, 5, 3)):
        source.update(count=count, scenes={'size': 64}, keep=None)
        source.pipeline[0].size = 32
    cfg.train_dataloader.update(batch_size=3, sampler={'type': 'MultiSourceSampler', 'counts': (1, 1, 1)})
    cfg.val_dataloader.dataset.update(count=2, scenes={'size': 64}, keep=None)
    cfg.train_cfg.max_epochs = epochs
    cfg.default_hooks.checkpoint.max_keep_ckpts = 2
    cfg.param_scheduler = None
    runner = Runner.from_cfg(cfg)
    runner.train()
    return runner


@pytest.mark.slow
def test_demo_trains_and_resumes_exactly(repo, tmp_path):
    """Interrupted after an epoch and resumed, a run reaches the weights of the uninterrupted one, bit for bit."""
    straight = run_demo(repo, tmp_path / 'straight', 2)
    run_demo(repo, tmp_path / 'parts', 1)
    resumed = run_demo(repo, tmp_path / 'parts', 2, resume=True)
    for (name, a), (_, b) in zip(straight.model.state_dict().items(), resumed.model.state_dict().items()):
        assert torch.equal(a, b), name
    assert resumed.iter == 16
