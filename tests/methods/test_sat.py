"""SAT against its reference values, and the gate against attention written out."""

import pytest
import torch

from wsolzoo.methods.sat import (
    SATHead,
    SpatialTokenPlainViT,
    SpatialTokenTimmViT,
    batch_area_loss,
    certainty_loss,
    published_kernel,
    spatial_mask,
)
from wsolzoo.models.tasks.localizer import CombinationError
from wsolzoo.registry import MODELS
from wsolzoo.testing import scope

ROUGHLY = {'rtol': 0, 'atol': 1e-6}
MASKS = torch.stack((torch.tensor([[0.1, 0.2, 0.1], [0.2, 0.9, 0.2], [0.1, 0.2, 0.1]]), torch.full((3, 3), 0.5)))[
    :, None
]


def test_the_kernel_is_nearly_a_delta():
    side, corner = 0.046012, 0.002628
    expected = torch.tensor([[corner, side, corner], [side, 0.805440, side], [corner, side, corner]])
    torch.testing.assert_close(published_kernel(), expected, **ROUGHLY)


def test_losses_of_two_masks():
    assert batch_area_loss(MASKS, 0.25).item() == pytest.approx(0.116667, abs=1e-6), 'image by image it is 0.133333'
    kernel = published_kernel()
    terms = [certainty_loss(mask[None], kernel).item() for mask in MASKS]
    assert terms == pytest.approx([0.135012, 0.248599], abs=1e-6)
    assert certainty_loss(MASKS, kernel).item() == pytest.approx(0.191806, abs=1e-6)


def test_the_mask_of_four_tokens():
    queries = torch.tensor([[1.0, 0], [0, 1], [1, 1], [2, 0]])
    keys = torch.tensor([[1.0, 0], [0, 1], [1, 1], [0, 0]])
    mask = spatial_mask(queries[None, None, 3], keys[None, None])
    torch.testing.assert_close(mask[0], torch.tensor([0.804430, 0.5, 0.804430, 0.5]), **ROUGHLY)
    row = (queries[0] @ keys.T / 2**0.5).softmax(0)
    assert (row * mask[0]).sum().item() == pytest.approx(0.703895, abs=1e-6), 'not normalised again'


def alive(backbone):
    torch.manual_seed(1)
    for parameter in backbone.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return backbone.eval()


def test_gated_values_are_gated_attention():
    """Every row of the attention of a gated block, written out and multiplied by the mask."""
    backbone = alive(SpatialTokenPlainViT(base_channels=2, num_heads=2, blocks=2, out_stages=('attn', 'norm')))
    assert backbone.looked_at == (1,)
    block, seen = backbone.blocks[1], []
    handle = block.register_forward_hook(lambda module, args, output: seen.append((args[0], output)))
    with torch.no_grad():
        masks, _ = backbone(torch.randn(2, 3, 48, 32))[0]
    handle.remove()
    x, after = seen[0]
    assert x.shape[1] == 2 + 6 * 4
    with torch.no_grad():
        q, k, v = (part.unflatten(2, (2, -1)).transpose(1, 2) for part in block.attn.qkv(block.norm1(x)).chunk(3, 2))
        logits = q @ k.mT / q.shape[-1] ** 0.5
        mask = logits[:, :, 1].mean(1).sigmoid()
        gated = logits.softmax(-1) * mask[:, None, None]
        y = x + block.attn.proj((gated @ v).transpose(1, 2).flatten(2))
        torch.testing.assert_close(after, y + block.mlp(block.norm2(y)))
    torch.testing.assert_close(masks[:, 0].flatten(1), mask[:, 2:])


def test_resumed_passes_give_the_same_masks():
    pytest.importorskip('timm')
    backbone = alive(
        SpatialTokenTimmViT(
            'vit_tiny_patch16_224', img_size=32, patch_size=8, embed_dim=24, depth=4, num_heads=2,
            looked_at=(-2, -1), out_stages=('blocks.2', 'attn', 'norm'),
        )
    )  # fmt: skip
    assert backbone.num_prefix == 2
    carried: dict = {}
    tap, masks, patches = backbone(torch.randn(1, 3, 32, 40), carried=carried)[0]
    assert masks.shape == (1, 2, 4, 5)
    again = backbone(tap, start='blocks.3', carried=dict(carried))[0]
    torch.testing.assert_close(again, (masks, patches))


def model_of(backbone):
    preprocessor = {'type': 'ImgDataPreprocessor', 'mean': [127.0] * 3, 'std': [64.0] * 3}
    head = {'type': 'SATHead', 'num_classes': 3, 'area': 0.25, 'loss_weight': {}}
    with scope():
        return MODELS.build(
            {'type': 'Localizer', 'backbone': backbone, 'head': head, 'data_preprocessor': preprocessor}
        )


def test_area_and_certainty_teach_the_spatial_token_and_not_the_classifier():
    model = model_of({'type': 'SpatialTokenPlainViT', 'base_channels': 4, 'out_stages': ('attn', 'norm')})
    alive(model)
    feats, passage = model.extract_feat(torch.randn(2, 3, 64, 64))
    output, scalars = model.head.loss(feats, torch.tensor([0, 2]), passage)
    assert output.maps.shape == (2, 3, 8, 8)
    (scalars['loss_area'] + scalars['loss_norm']).backward(retain_graph=True)
    assert model.backbone.spatial_token.grad.any()
    assert model.backbone.blocks[0].mlp[0].weight.grad.any()
    assert model.head.score.weight.grad is None
    model.zero_grad()
    scalars['loss_cls'].backward()
    assert model.backbone.spatial_token.grad.any(), 'through the gate'


def test_with_class_attention_the_gate_learns_from_the_class_token():
    """Patches that do not look have their own features, so that their loss says nothing about the gate."""
    settings = {'base_channels': 4, 'looked_at': (0, 1, 2), 'out_stages': ('attn', 'cls', 'norm')}
    model = model_of({'type': 'SpatialTokenPlainCaiT', **settings})
    alive(model)
    feats, passage = model.extract_feat(torch.randn(2, 3, 64, 64))
    _, scalars = model.head.loss(feats, torch.tensor([0, 2]), passage)
    scalars['loss_cls'].backward(retain_graph=True)
    assert not model.backbone.spatial_token.grad.any()
    scalars['loss_token'].backward()
    assert model.backbone.spatial_token.grad.any()


def test_other_backbones_and_areas_are_refused():
    with pytest.raises(CombinationError, match='SpatialTokenTimmViT.*PlainViT returns attn, norm'):
        model_of({'type': 'PlainViT', 'base_channels': 4, 'out_stages': ('attn', 'norm')})
    with pytest.raises(ValueError, match='share of the image'):
        SATHead(3, (1, 8), area=25)
