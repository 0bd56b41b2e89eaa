"""DMENet: the equations, and who moves when."""

import copy

import pytest
import torch
import torch.nn.functional as F
from mmengine.optim import OptimWrapperDict

import wsolzoo.methods  # noqa: F401 - registers the method
from wsolzoo.engine.optim.children import ChildOptimWrapperConstructor
from wsolzoo.methods.dmenet import losses
from wsolzoo.methods.dmenet.model import CONTENT_WEIGHTS, split_domains
from wsolzoo.registry import MODELS
from wsolzoo.structures import DataSample

# ---- equations -------------------------------------------------------------------------------------------------------


def test_calibration_error_both_ways():
    logits, mask = torch.tensor([[[[-2.0, 0.0, 3.0]]]]), torch.tensor([[[[0.0, 1.0, 255.0]]]])
    p = torch.tensor([-2.0, 0.0]).sigmoid()
    b = torch.tensor([0.0, 1.0])
    assert losses.calibration_error(logits, mask).item() == pytest.approx(((p - b) ** 2).mean().item())
    entropy = -(b * p.log() + (1 - b) * (1 - p).log()).mean()
    assert losses.calibration_error(logits, mask, 'cross_entropy').item() == pytest.approx(entropy.item())
    with pytest.raises(ValueError, match='squared, cross_entropy'):
        losses.calibration_error(logits, mask, 'l1')


def test_shrinking_a_map_takes_tensorflows_rows():
    y = torch.arange(240.0).view(1, 1, 240, 1).expand(1, 1, 240, 240)
    rows = losses.shrink_map(y, (15, 15))[0, 0, :, 0].tolist()
    assert rows[:4] == [0, 17, 34, 51] and rows[-1] == 239
    assert F.interpolate(y, size=(15, 15), mode='nearest')[0, 0, :3, 0].tolist() == [0, 16, 32]  # another rule
    assert torch.equal(losses.shrink_map(y, (240, 240)), y)


def test_aux_error_sums_levels():
    y = torch.rand(1, 1, 32, 32)
    preds = [losses.shrink_map(y, (n, n)) + 0.1 for n in (2, 4, 32)]
    assert losses.aux_error(preds, y).item() == pytest.approx(3 * 0.01, rel=1e-4)


def test_absolute_error_by_hand():
    pred, y = torch.tensor([[[[0.1, 0.5]]]]), torch.tensor([[[[0.0, 0.2]]]])
    assert losses.map_error(pred, y).item() == pytest.approx((0.01 + 0.09) / 2)
    assert losses.map_error(pred, y, 'absolute').item() == pytest.approx((0.1 + 0.3) / 2)
    assert losses.aux_error([pred, pred], y, 'absolute').item() == pytest.approx(0.4)
    with pytest.raises(ValueError, match='squared, absolute'):
        build(error='cubic')


def test_content_weight_goes_with_the_pixels():
    """The same features see torchvision's pixels 57.6 times smaller, so the squared error needs 57.6^2 the weight."""
    scale = 255 * (0.229 + 0.224 + 0.225) / 3
    assert CONTENT_WEIGHTS['torchvision'] / CONTENT_WEIGHTS['caffe'] == pytest.approx(scale**2, rel=0.01)
    for pixels, weight in CONTENT_WEIGHTS.items():
        model = build(loss_weight=None, content=FULL['content'] | {'pixels': pixels})
        assert model.loss_weight['content'] == weight
    assert build(loss_weight={'content': 2.0}).loss_weight['content'] == 2.0


# ---- who moves when --------------------------------------------------------------------------------------------------

FULL = {
    'type': 'DMENet',
    'network': {'type': 'BlurNet', 'encoder': {'type': 'VGG19', 'width': 0.0625}, 'base': 4, 'residuals': 1},
    'domain': {'type': 'DomainNet', 'base': 4},
    'sharpness': {'type': 'SharpnessNet', 'widths': (8, 8, 4)},
    'content': {
        'type': 'ContentNet',
        'encoder': {'type': 'VGG19', 'width': 0.0625, 'padding': 'zeros', 'out_stages': ('conv4_4',)},
    },
    'data_preprocessor': {'type': 'ImgDataPreprocessor', 'mean': [0] * 3, 'std': [255] * 3, 'bgr_to_rgb': True},
    'loss_weight': {'content': 1e-6},
}


def build(**changes):
    torch.manual_seed(0)
    return MODELS.build(copy.deepcopy(FULL) | changes).train()


def optimizers(model, lr=1e-3):
    child = {'type': 'OptimWrapper', 'optimizer': {'type': 'SGD', 'lr': lr}}
    return ChildOptimWrapperConstructor(dict.fromkeys(('network', 'domain', 'sharpness'), child))(model)


def batch(size=32, each=2, domains=('synthetic', 'masked', 'real'), seed=0):
    generator = torch.Generator().manual_seed(seed)
    inputs, samples = [], []
    for domain in domains:
        for i in range(each):
            inputs.append(torch.randint(0, 256, (3, size, size), generator=generator, dtype=torch.uint8))
            sample = DataSample(metainfo={'domain': domain, 'img_id': f'{domain}{i}', 'map_unit': 'sigma7'})
            if domain == 'synthetic':
                sample.gt_map = torch.rand(1, size, size, generator=generator)
            elif domain == 'masked':
                sample.gt_mask = torch.randint(0, 2, (size, size), generator=generator).numpy()
            samples.append(sample)
    return {'inputs': inputs, 'data_samples': samples}


def state(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


class Recorder(OptimWrapperDict):
    """Writes down, at every step of an optimizer, which children have moved since the step before."""

    def __init__(self, model, wrappers):
        super().__init__(**dict(wrappers.items()))
        self.log, self.before = [], state(model)
        for name, wrapper in wrappers.items():
            step = wrapper.step

            def watched(name=name, step=step):
                step()
                changed = {key for key, value in model.state_dict().items() if not torch.equal(value, self.before[key])}
                parameters = {key.partition('.')[0] for key in changed if key in dict(model.named_parameters())}
                self.log.append((name, parameters))
                self.before = state(model)

            wrapper.step = watched


def test_update_order_and_what_each_step_moves():
    model = build()
    recorder = Recorder(model, optimizers(model))
    model.train_step(batch(), recorder)
    assert recorder.log == [('domain', {'domain'}), ('network', {'network'}), ('sharpness', {'sharpness'})]


def test_a_step_moves_everything_it_must():
    model = build()
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    model.train_step(batch(), optimizers(model, lr=1.0))
    still = [name for name, p in model.named_parameters() if p.requires_grad and torch.equal(p, before[name])]
    # a bias in front of batch normalisation has no effect, so rounding alone decides whether it moves
    idle = [name for name in still if name.endswith('.0.bias') or name.startswith('network.aux') and '.1.bias' in name]
    assert set(still) <= set(idle)
    assert all(torch.equal(p, before[name]) for name, p in model.named_parameters() if name.startswith('content'))


def test_main_step_leaves_d_alone_but_learns_from_it():
    model = build()
    inputs = model.data_preprocessor(batch(), True)
    before = state(model.domain)
    scalars = model.loss(inputs['inputs'], inputs['data_samples'])
    scalars['loss_adversarial'].backward()
    assert all(torch.equal(value, before[name]) for name, value in model.domain.state_dict().items())  # statistics too
    assert all(p.grad is None for p in model.domain.parameters())
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in model.network.up0.parameters())
    assert all(p.grad is None for p in model.network.refine.parameters())  # D looks at the decoder, not behind it


def test_d_step_gives_b_no_gradient():
    model = build()
    data = model.data_preprocessor(batch(), True)
    outputs = model.run_domains(split_domains(data['inputs'], data['data_samples']))
    model.domain_losses(outputs)['loss_domain'].backward()
    assert all(p.grad is None for p in model.network.parameters())
    assert any(p.grad.abs().sum() > 0 for p in model.domain.parameters())


def test_combination_is_the_released_one():
    """L_D = lambda (2 BCE(syn, 1) + BCE(masked, 0) + BCE(real, 0)) / 2; the other way round for B; sums weighted."""
    model = build(loss_weight={'map': 2.0, 'aux': 3.0, 'domain': 0.5, 'adversarial': 0.25, 'calibration': 0.125})
    data = model.data_preprocessor(batch(), True)
    parts = split_domains(data['inputs'], data['data_samples'])
    outputs = model.run_domains(parts)
    d = {name: model.domain(out.last) for name, out in outputs.items()}
    bce = F.binary_cross_entropy_with_logits
    one, zero = torch.ones_like(d['real']), torch.zeros_like(d['real'])
    want = 0.5 * (2 * bce(d['synthetic'], one) + bce(d['masked'], zero) + bce(d['real'], zero)) / 2
    assert model.domain_losses(outputs)['loss_domain'].item() == pytest.approx(want.item(), rel=1e-5)
    main = model.main_losses(outputs, parts)
    want = 0.25 * (bce(d['masked'], one) + bce(d['real'], one)) / 2
    assert main['loss_adversarial'].item() == pytest.approx(want.item(), rel=1e-5)
    y = torch.stack([s.gt_map for s in parts['synthetic'][1]])
    assert main['loss_map'].item() == pytest.approx(2 * ((outputs['synthetic'].map - y) ** 2).mean().item(), rel=1e-5)
    assert main['loss_aux'].item() == pytest.approx(3 * losses.aux_error(outputs['synthetic'].aux, y).item(), rel=1e-5)
    b = torch.stack([torch.as_tensor(s.gt_mask)[None] for s in parts['masked'][1]]).float()
    s = model.sharpness(outputs['masked'].map).sigmoid()
    assert main['loss_calibration'].item() == pytest.approx(0.125 * ((s - b) ** 2).mean().item(), rel=1e-4)
    phi = (model.content(outputs['synthetic'].map) - model.content(y)).square().mean()
    assert main['loss_content'].item() == pytest.approx(CONTENT_WEIGHTS['caffe'] * phi.item(), rel=1e-4)


@pytest.mark.parametrize('loss', ['NonSaturatingLoss', 'LeastSquaresLoss', 'HingeLoss'])
def test_any_adversarial_loss_takes_the_synthetic_features_for_real(loss):
    model = build(adversarial={'type': loss})
    data = model.data_preprocessor(batch(), True)
    parts = split_domains(data['inputs'], data['data_samples'])
    outputs = model.run_domains(parts)
    d, made = {name: model.domain(out.last) for name, out in outputs.items()}, ('masked', 'real')
    errors = MODELS.build({'type': loss})
    want = model.loss_weight['domain'] * sum(errors.critic(d['synthetic'], d[name]) for name in made) / 2
    assert model.domain_losses(outputs)['loss_domain'].item() == pytest.approx(want.item(), rel=1e-5)
    want = model.loss_weight['adversarial'] * sum(errors.generator(d[name]) for name in made) / 2
    assert model.main_losses(outputs, parts)['loss_adversarial'].item() == pytest.approx(want.item(), rel=1e-5)


def test_a_penalty_on_the_slope_does_not_go_with_batch_normalisation():
    with pytest.raises(ValueError, match='WassersteinLoss'):
        build(adversarial={'type': 'WassersteinLoss'})


def test_batch_statistics_are_of_one_domain():
    """The synthetic maps of a batch do not depend on what the other domains look like; running averages see all."""
    model, twin = build(), build()
    twin.load_state_dict(model.state_dict())
    data, other = batch(), batch()
    for i in range(2, 6):
        other['inputs'][i] = other['inputs'][i] // 4  # darker masked and real images
    maps = []
    for net, one in ((model, data), (twin, other)):
        one = net.data_preprocessor(one, True)
        maps.append(net.run_domains(split_domains(one['inputs'], one['data_samples']))['synthetic'].map)
    assert torch.equal(*maps)
    a, b = (net.network.up0[0][1].running_mean for net in (model, twin))
    assert not torch.allclose(a, b)
    assert model.network.up0[0][1].num_batches_tracked == 3  # once per domain


@pytest.mark.parametrize(
    ('off', 'terms', 'domains'),
    [
        (('domain', 'sharpness', 'content'), {'map'}, {'synthetic'}),
        (('sharpness', 'content'), {'map', 'adversarial', 'domain'}, {'synthetic', 'masked', 'real'}),
        (('sharpness',), {'map', 'adversarial', 'domain', 'content'}, {'synthetic', 'masked', 'real'}),
        ((), {'map', 'adversarial', 'domain', 'content', 'calibration'}, {'synthetic', 'masked', 'real'}),
        (('domain', 'content'), {'map', 'calibration'}, {'synthetic', 'masked'}),
    ],
)
@pytest.mark.parametrize('aux', [False, True])
def test_ablation_switches(off, terms, domains, aux):
    model = build(network=FULL['network'] | {'aux': aux}, **dict.fromkeys(off))
    wrappers = optimizers(model)
    assert set(wrappers.keys()) == {'network', 'domain', 'sharpness'} - set(off)
    log = model.train_step(batch(), wrappers)
    assert {name[5:] for name in log if name.startswith('loss_')} == terms | ({'aux'} if aux else set())
    assert {name[9:] for name in log if name.startswith('mean_map_')} == domains
    assert all(torch.isfinite(value) and not value.requires_grad for value in log.values())


def test_training_lowers_the_error():
    model = build(domain=None, sharpness=None, content=None, network=FULL['network'] | {'aux': False})
    child = {'type': 'OptimWrapper', 'optimizer': {'type': 'Adam', 'lr': 5e-3}}
    wrappers = ChildOptimWrapperConstructor({'network': child})(model)
    data = batch(domains=('synthetic',))
    for sample in data['data_samples']:  # what can be seen: dark pixels are blurred
        sample.gt_map = 1 - data['inputs'][data['data_samples'].index(sample)].float().mean(0, keepdim=True) / 255
    first = model.train_step(data, wrappers)['loss_map'].item()
    for _ in range(25):
        last = model.train_step(data, wrappers)['loss_map'].item()
    assert last < 0.5 * first


def test_only_b_runs_at_test_time():
    model = build().eval()
    for name in ('domain', 'content'):
        getattr(model, name).forward = None  # calling it would fail
    model.network.aux.forward = None
    data = {'inputs': batch()['inputs'][:1], 'data_samples': batch()['data_samples'][:1]}
    sample = model.val_step(data)[0]
    assert sample.pred_map.shape == (32, 32) and sample.pred_unit == 'sigma7'
    assert sample.pred_map.min() >= 0 and sample.pred_map.max() <= 1


@pytest.mark.parametrize(('fit', 'shape'), [('crop', (32, 48)), ('pad', (40, 50))])
def test_images_of_any_size(fit, shape):
    model = build(fit=fit).eval()
    with torch.no_grad():
        sample = model.predict(torch.rand(1, 3, 40, 50))[0]
    assert sample.pred_map.shape == shape


def test_polarity_is_asserted_in_validation():
    """Trained on inverted masks, S learns that high means sharp; validation stops the run and says why."""
    model = build(domain=None, content=None)
    net = model.sharpness
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    for _ in range(120):
        maps = torch.rand(4, 1, 8, 8)
        optimizer.zero_grad()
        losses.calibration_error(net(maps), (maps < 0.5).float()).backward()
        optimizer.step()
    data = {'inputs': batch()['inputs'][:1], 'data_samples': batch()['data_samples'][:1]}
    assert net.polarity() < -0.5 and net.training
    model.eval()
    model.val_step(data)  # too few updates to judge
    net.layers[0][0][1].num_batches_tracked.fill_(1000)
    with pytest.raises(RuntimeError, match='inverted'):
        model.val_step(data)


def test_units_and_domains_are_checked():
    model = build()
    data = batch()
    data['data_samples'][0].set_metainfo({'map_unit': 'coc15'})
    with pytest.raises(ValueError, match='coc15'):
        model.train_step(data, optimizers(model))
    with pytest.raises(ValueError, match='synthetic'):
        model.train_step(batch(domains=('real',)), optimizers(model))
    with pytest.raises(ValueError, match='masked'):
        model.train_step(batch(domains=('synthetic', 'real')), optimizers(model))
    with pytest.raises(ValueError, match='masked'):
        build(sharpness=None).train_step(batch(domains=('synthetic',)), optimizers(build(sharpness=None)))
    with pytest.raises(ValueError, match='lambda'):
        build(loss_weight={'lambda': 1.0})


def test_constructor_names_what_is_wrong():
    child = {'type': 'OptimWrapper', 'optimizer': {'type': 'SGD', 'lr': 0.1}}
    with pytest.raises(ValueError, match='sharpness'):
        ChildOptimWrapperConstructor({'network': child, 'domain': child})(build())
    with pytest.raises(ValueError, match='generator'):
        ChildOptimWrapperConstructor({'network': child, 'generator': child})(build())
