model = dict(
    type='Localizer',
    data_preprocessor=dict(
        type='ImgDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True
    ),
    backbone=dict(type='PlainNet', base_channels=16, strides=(2, 1, 2, 2), out_stages=('stage2', 'stage3')),
    head=dict(type='BASHead', num_classes=10, tap='stage2', mid_channels=64, variant='v2-vgg', generator_bias=1.0),
    cam_class='gt',
)
