model = dict(
    type='Localizer',
    data_preprocessor=dict(
        type='ImgDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True
    ),
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
    cam_class='gt',
)
