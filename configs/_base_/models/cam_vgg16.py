model = dict(
    type='Localizer',
    data_preprocessor=dict(
        type='ImgDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True
    ),
    backbone=dict(
        type='VGG16', output_stride=16, conv6=True, init_cfg=dict(type='Pretrained', checkpoint='torchvision://vgg16')
    ),
    head=dict(type='CAMHead', num_classes=200),
    cam_class='gt',
)
