model = dict(
    type='Localizer',
    data_preprocessor=dict(
        type='ImgDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True
    ),
    backbone=dict(
        type='InceptionV3',
        output_stride=8,
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://inception_v3_google'),
    ),
    head=dict(type='ConvCAMHead', num_classes=200, mid_channels=(1024, 1024), dropout=0.5),
    cam_class='gt',
)
