_base_ = './localizer.py'
model = dict(
    backbone=dict(
        type='InceptionV3',
        out_stages=('Mixed_6e', 'Mixed_7c'),
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://inception_v3_google'),
    ),
    head=dict(type='BASHead', num_classes=200, tap='Mixed_6e', mid_channels=1024, variant='v1-cub'),
)
