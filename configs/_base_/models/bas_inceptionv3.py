model = dict(
    type='Localizer',
    data_preprocessor=dict(
        type='ImgDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True
    ),
    backbone=dict(
        type='InceptionV3',
        out_stages=('Mixed_6e', 'Mixed_7c'),
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://inception_v3_google'),
    ),
    head=dict(type='BASHead', num_classes=200, tap='Mixed_6e', mid_channels=1024, variant='v1-cub'),
    cam_class='gt',
)
