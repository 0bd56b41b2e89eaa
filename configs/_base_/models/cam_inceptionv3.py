_base_ = './localizer.py'
model = dict(
    backbone=dict(
        type='InceptionV3',
        output_stride=8,
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://inception_v3_google'),
    ),
    head=dict(type='ConvCAMHead', num_classes=200, mid_channels=(1024, 1024), dropout=0.5),
)
