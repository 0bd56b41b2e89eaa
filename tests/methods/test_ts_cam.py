"""TS-CAM against hand arithmetic, and what teaches what."""

import pytest
import torch
from mmengine.registry import DefaultScope
from torch.nn import functional as F

from wsolzoo.methods.ts_cam import TSCAMHead
from wsolzoo.models.tasks.localizer import CombinationError
from wsolzoo.registry import MODELS
from wsolzoo.testing import tiny_batch

ROWS = torch.tensor([[[0.2, 0.4, 0.2, 0.1, 0.1], [0.6, 0.1, 0.1, 0.1, 0.1]],
                     [[0.1, 0.5, 0.2, 0.1, 0.1], [0.5, 0.3, 0.1, 0.1, 0.0]]])  # fmt: skip
"""Attention of the class token to itself and four patches: two blocks of two heads."""


def test_the_map_is_attention_times_score_neither_normalised():
    attention = ROWS[:, :, 1:].mean(1).view(1, 2, 2, 2)
    torch.testing.assert_close(attention.sum(1).flatten(), torch.tensor([0.65, 0.30, 0.20, 0.15]))
    head = TSCAMHead(1, (2, 1))
    torch.nn.init.zeros_(head.score.weight)
    torch.nn.init.zeros_(head.score.bias)
    head.score.weight.data[0, 0, 1, 1] = 1
    output = head((attention, torch.tensor([2.0, 1.0, -1.0, 0.5]).view(1, 1, 2, 2)))
    torch.testing.assert_close(output.maps.flatten(), torch.tensor([1.3, 0.3, -0.2, 0.075]))
    torch.testing.assert_close(output.maps_of(torch.tensor([[0]])), output.maps)
    assert output.logits.item() == pytest.approx(0.625), 'attention does not weigh the class score'
    normalised = (output.maps - output.maps.min()) / (output.maps.max() - output.maps.min())
    torch.testing.assert_close(normalised.flatten(), torch.tensor([1, 1 / 3, 0, 0.275 / 1.5]))


def model_of(out_stages, backbone=None):
    backbone = backbone or {'type': 'PlainViT', 'base_channels': 4, 'blocks': 2}
    preprocessor = {'type': 'ImgDataPreprocessor', 'mean': [127.0] * 3, 'std': [64.0] * 3, 'bgr_to_rgb': True}
    with DefaultScope.overwrite_default_scope('wsolzoo'):
        model = MODELS.build(
            {
                'type': 'Localizer',
                'backbone': {**backbone, 'out_stages': out_stages},
                'head': {'type': 'TSCAMHead', 'num_classes': 3, 'loss_weight': 0.5},
                'data_preprocessor': preprocessor,
            }
        )
    model.init_weights()
    return model


def test_the_class_token_learns_where_it_is_classified_and_nowhere_else():
    torch.manual_seed(0)
    for stages, learns in ((('attn', 'norm'), False), (('attn', 'cls', 'norm'), True)):
        model = model_of(stages).train()
        batch = model.data_preprocessor(tiny_batch(model, 64), training=True)
        feats, passage = model.extract_feat(batch['inputs'])
        labels = torch.tensor([0, 2])
        output, scalars = model.head.loss(feats, labels, passage)
        assert ('loss_token' in scalars) == learns
        sum(value for name, value in scalars.items() if 'loss' in name).backward()
        assert bool(model.backbone.cls_token.grad.any()) == learns, 'blocks begin as the identity'
        assert not output.maps.requires_grad
        if learns:
            expected = 0.5 * F.cross_entropy(model.head.token(feats[1][:, :, 0, 0]), labels)
            torch.testing.assert_close(scalars['loss_token'], expected)


def test_what_has_no_class_token_is_refused_with_the_way_out():
    with pytest.raises(CombinationError, match=r"out_stages=\('attn', 'norm'\) of TimmViT.*PlainNet returns stage2"):
        model_of(('stage2', 'stage3'), {'type': 'PlainNet', 'base_channels': 4})
    with pytest.raises(ValueError, match='reads attention and patches'):
        TSCAMHead(3, (4,))
