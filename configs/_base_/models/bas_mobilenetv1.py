model = dict(
    type='Localizer',
    data_preprocessor=dict(
        type='ImgDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True
    ),
    backbone=dict(
        type='MobileNetV1',
        out_stages=('blocks.3', 'blocks.4'),
        init_cfg=dict(type='Pretrained', checkpoint='checkpoints/mobilenet_v1_1.0_224.pth'),
    ),
    head=dict(type='BASHead', num_classes=200, tap='blocks.3', mid_channels=1024, variant='v1-cub'),
    cam_class='gt',
)
