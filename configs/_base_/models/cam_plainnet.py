model = dict(
    type='Localizer',
    data_preprocessor=dict(
        type='ImgDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True
    ),
    backbone=dict(type='PlainNet', base_channels=16, strides=(2, 1, 2, 2)),
    head=dict(type='CAMHead', num_classes=10),
    cam_class='gt',
)
