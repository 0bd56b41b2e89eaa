"""InCA: regions, losses by hand, gradient rules, and the bounded memory of the non-local block."""

import pytest
import torch

from wsolzoo.methods.inca import (
    InCAAttention,
    InCAConsistencyLoss,
    InCAContrastiveLoss,
    InCANeck,
    NonLocalAttention,
    Thresholds,
    regions,
)
from wsolzoo.models.outputs import HeadOutput, LocOutputs
from wsolzoo.testing import build_model, tiny_batch


def outputs(*attentions: InCAAttention) -> LocOutputs:
    empty = torch.zeros(1)
    return LocOutputs(empty, (empty,), attentions, HeadOutput(empty, empty), empty, [])


def attention(embeddings, valid=(True,), map=None) -> InCAAttention:
    map = torch.zeros(1, 1, 2, 2) if map is None else map
    return InCAAttention(map, torch.zeros(1, 1, 2, 2), torch.tensor(embeddings), torch.tensor(valid))


EIGHT_TWO = Thresholds(0.8, 0.2)


def test_hard_regions_by_hand_and_foreground_and_background_are_a_partition():
    a = torch.tensor([[[[0.0, 0.1, 0.2, 0.5, 0.8, 0.9, 1.0]]]])
    dropped, foreground, background = regions(a, EIGHT_TWO)[0, :, 0].int().tolist()
    assert foreground == [0, 0, 0, 1, 1, 1, 1]
    assert background == [1, 1, 1, 0, 0, 0, 0]
    assert dropped == [0, 0, 0, 1, 0, 0, 0]
    assert regions(a, EIGHT_TWO, drop_bg=False)[0, 0, 0].int().tolist() == [1, 1, 1, 1, 0, 0, 0]
    for temperature in (0.0, 0.1):
        random = regions(torch.randn(5, 1, 6, 6), EIGHT_TWO, temperature=temperature)
        torch.testing.assert_close(random[:, 1] + random[:, 2], torch.ones(5, 6, 6))


def test_soft_regions_by_hand_and_their_limit():
    a = torch.tensor([[[[0.0, 0.5, 1.0]]]])
    dropped, foreground, background = regions(a, Thresholds(0.75, 0.25), temperature=0.25)[0, :, 0]
    one, three = torch.tensor(1.0).sigmoid(), torch.tensor(3.0).sigmoid()  # (0.5 - 0.25) / 0.25, (1 - 0.25) / 0.25
    torch.testing.assert_close(foreground, torch.stack([1 - one, one, three]))
    torch.testing.assert_close(background, 1 - foreground)
    torch.testing.assert_close(dropped, torch.stack([(1 - one) * three, one * one, three * (1 - one)]))
    random = torch.randn(5, 1, 6, 6)
    nearly = regions(random, EIGHT_TWO, temperature=1e-6)
    torch.testing.assert_close(nearly, regions(random, EIGHT_TWO), atol=1e-4, rtol=0)


def test_thresholds_relative_to_the_maximum_or_the_range():
    a = torch.tensor([[[[2.0, 3.0, 4.0]]]])
    assert regions(a, Thresholds(0.9, 0.6, 'max'))[0, 1, 0].tolist() == [0, 1, 1]
    assert regions(a, Thresholds(0.9, 0.6, 'minmax'))[0, 1, 0].tolist() == [0, 0, 1]


def test_contrastive_loss_by_hand():
    same, orthogonal = [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]
    loss = InCAContrastiveLoss(margin=0.5)
    assert loss(outputs(attention([same])))['loss_ca'].item() == 0.0
    assert loss(outputs(attention([orthogonal])))['loss_ca'].item() == pytest.approx(2.5)
    both = loss(outputs(attention([same]), attention([orthogonal])))['loss_ca']
    assert both.item() == pytest.approx(1.25), 'mean over the necks'
    half = attention([same, orthogonal], valid=(True, False))
    assert loss(outputs(half))['loss_ca'].item() == 0.0, 'an image with an empty region does not count'
    nothing = attention([orthogonal], valid=(False,))
    assert loss(outputs(nothing))['loss_ca'].item() == 0.0


def test_the_log_says_how_often_the_contrastive_loss_acts():
    active, inert, empty = [[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]], [[1.0, 0.0]] * 2 + [[0.0, 1.0]], [[9.0, 9.0]] * 3
    first, second = attention([active, empty], (True, False)), attention([inert, inert], (True, True))
    logged = InCAContrastiveLoss(margin=1.5)(outputs(first, second))
    assert logged['loss_ca'].item() == pytest.approx((0.8 - 2 + 1.5) / 2)
    assert logged['ca_active'].item() == pytest.approx(1 / 3)
    assert logged['ca_pull'].item() == pytest.approx(0.8 / 3)
    assert logged['ca_push'].item() == pytest.approx(2.0)
    assert [name for name in logged if 'loss' in name] == ['loss_ca']


def test_consistency_loss_by_hand_and_its_stop_gradient():
    first = torch.tensor([[[[0.0, 1.0], [2.0, 4.0]]]], requires_grad=True)
    last = torch.tensor([[[[0.0, 0.0], [0.0, 1.0]]]], requires_grad=True)
    pair = outputs(attention([[[0.0]] * 3], map=first), attention([[[0.0]] * 3], map=last))
    value = InCAConsistencyLoss(loss_weight=2.0)(pair)['loss_fc']
    assert value.item() == pytest.approx(2.0 * (0.25**2 + 0.5**2) / 4)
    value.backward()
    assert first.grad.abs().sum() > 0
    assert last.grad is None
    with pytest.raises(ValueError, match='there are 1 of them'):
        InCAConsistencyLoss()(outputs(attention([[[0.0]] * 3])))


def test_the_other_readings_of_the_contrastive_loss():
    orthogonal = [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]
    one = attention([orthogonal])
    assert InCAContrastiveLoss(margin=0.5, reduction='sum')(outputs(one, one))['loss_ca'].item() == pytest.approx(5.0)
    root = InCAContrastiveLoss(margin=0.5, distance='euclidean')(outputs(one))['loss_ca'].item()
    assert root == pytest.approx(2**0.5 + 0.5, abs=1e-5)


def test_the_other_readings_of_the_consistency_loss():
    def maps(*values):
        return outputs(*(attention([[[0.0]] * 3], map=torch.tensor([[value]])) for value in values))

    fine, middle, coarse = [[0.0, 1.0], [2.0, 4.0]], [[0.0, 4.0], [4.0, 4.0]], [[1.0]]
    small = InCAConsistencyLoss(normalize='sigmoid', resize='first')(maps(fine, coarse))['loss_fc'].item()
    sigmoids = torch.tensor([0.0, 1.0, 2.0, 4.0]).sigmoid().mean() - torch.tensor(1.0).sigmoid()
    assert small == pytest.approx(sigmoids.square().item())
    summed = InCAConsistencyLoss(pair=(0, 1), reduction='sum')(maps(fine, middle, fine))['loss_fc'].item()
    assert summed == pytest.approx(0.75**2 + 0.5**2)
    for pair in ((1, 0), (0, 3), (0, 0), (-3, -1)):
        with pytest.raises(ValueError, match=r'there are 2 of them, counted from 0'):
            InCAConsistencyLoss(pair=pair)(maps(fine, middle))


def test_the_background_may_be_all_but_the_most_discriminative_area():
    a = torch.tensor([[[[0.0, 0.1, 0.5, 0.9, 1.0]]]])
    thresholds = Thresholds(0.8, 0.2, background='fg')
    assert regions(a, thresholds)[0, 2, 0].int().tolist() == [1, 1, 1, 0, 0]
    assert torch.equal(regions(a, thresholds)[:, :2], regions(a, EIGHT_TWO)[:, :2])


def test_thresholds_of_the_attention_itself():
    a = torch.tensor([[[[-1.0, 0.1, 0.5, 3.0]]]])
    assert regions(a, Thresholds(0.8, 0.2, 'absolute'))[0, 0, 0].int().tolist() == [0, 0, 1, 0]


def test_one_draw_an_image():
    torch.manual_seed(0)
    neck, feat = InCANeck(2, drop_prob=0.5, draw='image').train(), torch.rand(64, 2, 4, 4) + 0.1
    dropped = (neck(feat)[0] == 0).flatten(1).any(1)
    assert 16 < dropped.sum() < 48


def test_embeddings_without_unit_length_are_plain_averages():
    torch.manual_seed(0)
    neck, feat = InCANeck(3, embedding={'unit': False, 'temperature': 0}).train(), torch.rand(1, 3, 4, 4)
    _, got = neck(feat)
    foreground = regions(feat.mean(1, keepdim=True), neck.thresholds)[0, 1].bool()
    torch.testing.assert_close(got.embeddings[0, 1], feat[0, :, foreground].mean(1), rtol=1e-4, atol=1e-5)


def test_half_precision_neither_overflows_nor_divides_by_zero():
    feat = torch.full((1, 8, 28, 28), 300.0, dtype=torch.half)
    feat[..., :9] = 1.0
    _, got = InCANeck(8, drop_prob=1.0).train()(feat)
    assert got.embeddings.isfinite().all() and got.embeddings.dtype == torch.float32


def test_the_attention_itself_may_be_embedded():
    torch.manual_seed(0)
    neck = InCANeck(4, embedding={'source': 'attention', 'channels': 3}).train()
    _, got = neck(torch.rand(2, 4, 6, 6))
    assert got.embeddings.shape == (2, 3, 3) and neck.project.in_channels == 1
    with pytest.raises(ValueError, match='needs channels'):
        InCANeck(4, embedding={'source': 'attention'})


@pytest.mark.parametrize(
    'arguments',
    [{'embedding': {'source': 'x'}}, {'thresholds': {'relative_to': 'x'}}, {'thresholds': {'background': 'x'}}],
)
def test_a_choice_that_is_none_is_refused(arguments):
    with pytest.raises(ValueError, match="must be one of .*; got 'x'"):
        InCANeck(4, **arguments)


def test_losses_without_necks_say_what_to_do():
    with pytest.raises(ValueError, match='InCANeck'):
        InCAContrastiveLoss()(outputs())


def test_non_local_attention_starts_as_the_channel_mean():
    torch.manual_seed(0)
    feat = torch.randn(2, 16, 7, 5)
    torch.testing.assert_close(NonLocalAttention(16)(feat), feat.mean(1, keepdim=True))


@pytest.mark.parametrize('similarity', ['softmax', 'dot'])
def test_non_local_attention_against_the_definition(similarity):
    torch.manual_seed(0)
    block = NonLocalAttention(8, embed_ratio=2, similarity=similarity, residual=False).double()
    feat = torch.randn(1, 8, 4, 3).double()
    q, k, v = (conv(feat)[0].flatten(1) for conv in (block.query, block.key, block.value))
    weights = q.T @ k
    weights = weights.softmax(1) if similarity == 'softmax' else weights / 12
    expected = torch.stack([sum(weights[i, j] * v[:, j] for j in range(12)) for i in range(12)], 1).mean(0)
    torch.testing.assert_close(block(feat).flatten(), expected)


def test_keys_are_bounded_at_56x56(monkeypatch):
    seen = []
    original = torch.Tensor.softmax
    monkeypatch.setattr(torch.Tensor, 'softmax', lambda self, dim: seen.append(self.shape) or original(self, dim))
    NonLocalAttention(8)(torch.randn(1, 8, 56, 56))
    assert seen == [(1, 3136, 784)]


def test_importance_in_evaluation_by_config():
    neck, feat = InCANeck(4, test_gate='importance').eval(), torch.randn(2, 4, 5, 5)
    torch.testing.assert_close(neck(feat)[0], feat * feat.mean(1, keepdim=True).sigmoid())
    with pytest.raises(ValueError, match="test_gate must be one of identity, importance; got 'mask'"):
        InCANeck(4, test_gate='mask')


def test_neck_is_the_identity_in_evaluation():
    neck, feat = InCANeck(4).eval(), torch.randn(2, 4, 5, 5)
    out, nothing = neck(feat)
    assert out is feat
    assert nothing is None


@pytest.mark.parametrize(('drop_prob', 'dropping'), [(1.0, True), (0.0, False)])
def test_training_gates_with_mask_or_importance(drop_prob, dropping):
    torch.manual_seed(0)
    neck, feat = InCANeck(4, drop_prob=drop_prob).train(), torch.rand(2, 4, 5, 5)
    out, got = neck(feat)
    attention = feat.mean(1, keepdim=True)
    gate = regions(attention, neck.thresholds)[:, :1] if dropping else attention.sigmoid()
    torch.testing.assert_close(out, feat * gate)
    torch.testing.assert_close(got.embeddings.norm(dim=-1), torch.ones(2, 3))


def test_gate_frequency_follows_the_probability():
    torch.manual_seed(0)
    neck, feat = InCANeck(2, drop_prob=0.75).train(), torch.rand(1, 2, 4, 4) + 0.1
    dropped = sum(bool((neck(feat)[0] == 0).any()) for _ in range(2000))
    assert 1420 < dropped < 1580


@pytest.mark.parametrize(('temperature', 'direct'), [(0, False), (0.1, True)])
def test_the_contrastive_loss_reaches_the_attention_through_soft_regions_alone(temperature, direct):
    torch.manual_seed(0)
    neck = InCANeck(4, non_local={'gamma': 0.5}, embedding={'temperature': temperature}).train()
    _, got = neck(torch.rand(3, 4, 6, 6, requires_grad=True))
    got.map.retain_grad()
    InCAContrastiveLoss(margin=4.0)(outputs(got))['loss_ca'].backward()
    reached = [x.grad is not None and bool(x.grad.abs().sum() > 0) for x in (got.map, neck.non_local.query.weight)]
    assert reached == [direct, direct]


def test_a_negative_temperature_is_refused():
    with pytest.raises(ValueError, match='embedding temperature must be positive, or 0 for hard masks; got -1'):
        InCANeck(4, embedding={'temperature': -1})


def test_inserted_into_a_backbone_by_config():
    torch.manual_seed(0)
    model = build_model(
        {
            'model': {
                'type': 'Localizer',
                'data_preprocessor': {'type': 'ImgDataPreprocessor', 'mean': [128.0] * 3, 'std': [64.0] * 3},
                'backbone': {'type': 'PlainNet', 'base_channels': 4},
                'necks': {
                    'stage2': {'type': 'InCANeck', 'non_local': {}, 'drop_prob': 1.0},
                    'stage3.0': {'type': 'InCANeck', 'non_local': {}, 'drop_prob': 1.0, 'embedding': {'channels': 3}},
                },
                'head': {'type': 'CAMHead', 'num_classes': 5},
                'losses': [{'type': 'InCAContrastiveLoss'}, {'type': 'InCAConsistencyLoss'}],
            }
        }
    ).train()
    batch = model.data_preprocessor(tiny_batch(model, 32), training=True)
    scalars = model(batch['inputs'], batch['data_samples'], mode='loss')
    assert {'loss_cls', 'loss_ca', 'loss_fc'} <= set(scalars)
    sum(value for name, value in scalars.items() if 'loss' in name).backward()
    without = [name for name, parameter in model.necks.named_parameters() if parameter.grad is None]
    assert not without, 'several processes wait for the gradient of every parameter'
