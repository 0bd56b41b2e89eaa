"""CAM: the read-out against the definition."""

import torch
from torch.nn import functional as F

from wsolzoo.methods.cam import CAMHead, ConvCAMHead


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
