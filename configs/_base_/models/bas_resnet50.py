model = dict(
    type='Localizer',
    data_preprocessor=dict(
        type='ImgDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True
    ),
    backbone=dict(
        type='ResNet',
        depth=50,
        output_stride=8,
        pool_layer4=True,
        out_stages=('layer3', 'layer4'),
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50'),
    ),
    head=dict(type='BASHead', num_classes=200, tap='layer3', mid_channels=1024, variant='v1-cub'),
    cam_class='gt',
)
