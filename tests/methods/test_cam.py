"""CAM: the read-out against the definition, and classifiers that are published with a backbone."""

import pytest
import torch
from torch.nn import functional as F

from wsolzoo.engine.weights.checkpoint import CheckpointError
from wsolzoo.methods.cam import CAMHead, ConvCAMHead
from wsolzoo.registry import MODELS
from wsolzoo.run.launch import load_config
from wsolzoo.testing import scope


def test_cam_is_the_linear_read_out_and_its_mean_the_logit():
    torch.manual_seed(0)
    head, feat = CAMHead(5, (7,)), torch.randn(2, 7, 4, 6)
    output = head((feat,))
    expected = torch.einsum('kc,nchw->nkhw', head.fc.weight, feat) / 7
    torch.testing.assert_close(output.maps, expected.detach())
    torch.testing.assert_close(output.logits, expected.mean((2, 3)) * 7 + head.fc.bias)
    assert not output.maps.requires_grad


def test_convolutional_cam_cuts_the_ring_that_padding_adds():
    torch.manual_seed(0)
    head = ConvCAMHead(5, (3,), mid_channels=(), dropout=0.0, relu=True, padding=1)
    feat = torch.randn(1, 3, 4, 4)
    output, conv = head((feat,)), head.classifier[-1]
    scores = F.conv2d(feat, conv.weight, conv.bias, padding=1).relu()
    assert output.maps.shape == (1, 5, 4, 4)
    torch.testing.assert_close(output.maps, scores[:, :, 1:-1, 1:-1])
    torch.testing.assert_close(output.logits, scores.mean((2, 3)))


def published(path, classes: int = 4) -> str:
    """A file with the keys of torchvision's ResNets: backbone and ``fc``."""
    torch.manual_seed(1)
    weights = MODELS.build({'type': 'ResNet', 'depth': 50, 'width': 0.0625}).state_dict()
    fc = torch.nn.Linear(128, classes)
    torch.save({**weights, 'fc.weight': fc.weight.detach(), 'fc.bias': fc.bias.detach()}, path)
    return str(path)


def test_ilsvrc_begins_with_the_published_classifier_and_cub_with_a_new_one(tmp_path):
    path = published(tmp_path / 'resnet.pth')
    model = load_config('cam/cam_resnet50_1xb32-10e_ilsvrc-224px.py').model
    model.backbone.width, model.head.num_classes = 0.0625, 4
    assert (
        model.head.init_cfg == model.backbone.init_cfg == dict(type='Pretrained', checkpoint='torchvision://resnet50')
    )
    model.backbone.init_cfg.checkpoint = model.head.init_cfg.checkpoint = path
    with scope():
        built = MODELS.build(model)
        built.init_weights()
    expected = torch.load(path)
    for name in ('fc.weight', 'fc.bias'):
        torch.testing.assert_close(built.head.state_dict()[name], expected[name], rtol=0, atol=0)
    torch.testing.assert_close(built.backbone.conv1.weight, expected['conv1.weight'], rtol=0, atol=0)
    assert 'init_cfg' not in load_config('cam/cam_resnet50_1xb32-50e_cub-224px.py').model.head


def test_a_classifier_of_other_classes_is_refused(tmp_path):
    head = CAMHead(5, (128,), init_cfg={'type': 'Pretrained', 'checkpoint': published(tmp_path / 'resnet.pth')})
    with scope(), pytest.raises(CheckpointError, match=r'does not fit CAMHead'):
        head.init_weights()
