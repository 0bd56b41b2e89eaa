"""The convolution of each image's own class against the full one."""

import torch

from wsolzoo.models.class_conv import class_conv3x3


def test_label_only_convolution_equals_the_full_one():
    torch.manual_seed(0)
    feat, conv, labels = torch.randn(3, 4, 6, 5).double(), torch.nn.Conv2d(4, 7, 3, padding=1).double(), [6, 0, 3]
    expected = conv(feat)[torch.arange(3), labels][:, None]
    torch.testing.assert_close(class_conv3x3(feat, conv.weight, conv.bias, torch.tensor(labels)), expected)
