# 14x14: pool4 is 3x3; B1 reads it, B2 and the classifier read conv5_3.
_base_ = './localizer.py'
model = dict(
    backbone=dict(
        type='VGG16',
        pools=(2, 2, 2, (3, 2), None),
        out_stages=('pool4', 'conv5_3'),
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://vgg16'),
    ),
    head=dict(
        type='SPGHead',
        num_classes=200,
        mid_channels=(512, 512),
        side_channels=(512, 512),
        loss_weight=dict(b2=1.0, b1=1.0, c=1.0),
        init_cfg=dict(type='Kaiming', layer='Conv2d'),
    ),
)
