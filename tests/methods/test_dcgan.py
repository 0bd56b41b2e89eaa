"""The GAN: sizes, who learns when, pictures that follow from an id, the distance between sets of pictures."""

import copy

import numpy as np
import pytest
import torch

from wsolzoo.evaluation.functional.frechet import frechet_distance
from wsolzoo.methods.dcgan import DCGANDiscriminator, DCGANGenerator, latent_of
from wsolzoo.registry import MODELS, OPTIM_WRAPPER_CONSTRUCTORS
from wsolzoo.structures import DataSample

ADAM = {'type': 'OptimWrapper', 'optimizer': {'type': 'Adam', 'lr': 1e-3}}


def make(loss: str | dict = 'NonSaturatingLoss', norm: bool = True, **kwargs):
    torch.manual_seed(0)
    model = MODELS.build(
        {
            'type': 'GAN',
            'generator': {'type': 'DCGANGenerator', 'size': 8, 'latent': 4, 'base': 4},
            'discriminator': {'type': 'DCGANDiscriminator', 'size': 8, 'base': 4, 'norm': norm},
            'loss': {'type': loss} if isinstance(loss, str) else loss,
            'data_preprocessor': {'type': 'ImgDataPreprocessor', 'mean': [127.5] * 3, 'std': [127.5] * 3},
            '_scope_': 'wsolzoo',
            **kwargs,
        }
    )
    wrappers = OPTIM_WRAPPER_CONSTRUCTORS.build(
        {
            'type': 'ChildOptimWrapperConstructor',
            'optim_wrapper_cfg': {'generator': ADAM, 'discriminator': ADAM},
            '_scope_': 'wsolzoo',
        }
    )(model)
    return model, wrappers


def batch(count: int = 4) -> dict:
    images = torch.randint(0, 256, (count, 3, 8, 8), dtype=torch.uint8)
    return {'inputs': list(images), 'data_samples': [DataSample(metainfo={'img_id': str(i)}) for i in range(count)]}


@pytest.mark.parametrize('size', [16, 64])
def test_sizes(size):
    pictures = DCGANGenerator(size, latent=4, base=2)(torch.randn(2, 4))
    assert pictures.shape == (2, 3, size, size) and pictures.abs().max() <= 1
    assert DCGANDiscriminator(size, base=2)(pictures).shape == (2,)
    with pytest.raises(ValueError, match='power of two'):
        DCGANGenerator(48)


def test_the_published_plan_at_64_pixels():
    generator = DCGANGenerator(64, latent=100, base=64)
    plan = [tuple(layer.weight.shape[:2]) for layer in generator.layers if hasattr(layer, 'stride')]
    assert plan == [(100, 512), (512, 256), (256, 128), (128, 64), (64, 3)]


@pytest.mark.parametrize(
    ('loss', 'norm'),
    [('NonSaturatingLoss', True), ('LeastSquaresLoss', True), ('HingeLoss', True), ('WassersteinLoss', False)],
)
def test_a_step_moves_both(loss, norm):
    model, wrappers = make(loss, norm)
    before = copy.deepcopy(model.state_dict())
    scalars = model.train_step(batch(), wrappers)
    assert ('loss_penalty' in scalars) == (loss == 'WassersteinLoss')
    assert all(torch.isfinite(value) and not value.requires_grad for value in scalars.values())
    moved = {
        name.partition('.')[0] for name, value in model.state_dict().items() if not torch.equal(value, before[name])
    }
    assert moved >= {'generator', 'discriminator'}


def test_a_penalty_on_the_slope_refuses_batch_normalisation():
    discriminator = {'type': 'DCGANDiscriminator', 'size': 16, 'base': 4}
    with pytest.raises(ValueError, match=r'discriminator\.norm=False'):
        make('WassersteinLoss', discriminator=discriminator)
    make(loss={'type': 'WassersteinLoss', 'gradient_penalty': 0.0}, discriminator=discriminator)


def test_the_generator_does_not_teach_the_discriminator():
    model, _ = make()
    model.train()
    made = model.make(4)
    statistics = [buffer.clone() for buffer in model.discriminator.buffers()]
    model.generator_loss(made).backward()
    assert all(parameter.grad is None for parameter in model.discriminator.parameters())
    assert all(map(torch.equal, statistics, model.discriminator.buffers()))
    assert all(parameter.grad is not None for parameter in model.generator.parameters())
    model.zero_grad()
    losses = model.critic_losses(torch.rand(4, 3, 8, 8), model.make(4))
    losses['loss_critic'].backward()
    assert all(parameter.grad is None for parameter in model.generator.parameters())


def test_the_running_mean_of_the_generator():
    model, wrappers = make(average=0.75)
    before = model.averaged.layers[0].weight.clone()
    assert torch.equal(before, model.generator.layers[0].weight)
    model.train_step(batch(), wrappers)
    expected = 0.75 * before + 0.25 * model.generator.layers[0].weight
    assert torch.allclose(model.averaged.layers[0].weight, expected)


def test_a_picture_follows_from_the_id():
    assert torch.equal(latent_of('scenes/1', 5), latent_of('scenes/1', 5))
    assert not torch.equal(latent_of('scenes/1', 5), latent_of('scenes/2', 5))
    model, _ = make()
    model.eval()
    samples = model.test_step(batch())
    assert samples[0].pred_image.dtype == torch.uint8 and samples[0].pred_image.shape == (3, 8, 8)
    single = {key: value[2:3] for key, value in batch().items()}
    assert torch.equal(model.test_step(single)[0].pred_image, samples[2].pred_image)


def test_one_optimizer_for_both_is_refused():
    model, wrappers = make()
    with pytest.raises(TypeError, match='one optimizer per child'):
        model.train_step(batch(), wrappers['generator'])


def test_the_distance_of_gaussians_by_hand():
    rng = np.random.default_rng(0)
    one = rng.normal(size=(500, 3))
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(one, one + (1, 2, 2)) == pytest.approx(9)
    # independent axes: the sum over axes of the squared differences of the deviations
    white = (one - one.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(one.T))).T
    assert frechet_distance(white, white * (1, 2, 4)) == pytest.approx(0 + 1 + 9)
    with pytest.raises(ValueError, match='two vectors or more'):
        frechet_distance(one[:1], one)
