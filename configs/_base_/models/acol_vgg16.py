# 14x14: pool4 and pool5 are 3x3, pool5 with stride 1, and a 3x3 average pooling precedes the classifiers.
_base_ = './localizer.py'
model = dict(
    backbone=dict(
        type='VGG16',
        pools=(2, 2, 2, (3, 2), (3, 1)),
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://vgg16'),
    ),
    head=dict(
        type='ACoLHead',
        num_classes=200,
        threshold=0.7,
        mid_channels=(1024, 1024),
        pool=3,
        loss_weight=1.0,
        init_cfg=dict(type='Kaiming', layer='Conv2d'),
    ),
)
