_base_ = './localizer.py'
model = dict(
    backbone=dict(
        type='VGG16',
        output_stride=16,
        out_stages=('conv4_3', 'conv5_3'),
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://vgg16'),
    ),
    head=dict(
        type='BASHead',
        num_classes=200,
        tap='conv4_3',
        mid_channels=1024,
        variant='v1-cub',
        init_cfg=dict(type='Normal', layer='Conv2d', std=0.02),
    ),
)
