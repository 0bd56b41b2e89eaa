# FCN-8s with two classes, tight padding, from the published weights of VGG16.
model = dict(
    type='Estimator',
    data_preprocessor=dict(
        type='ImgDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True
    ),
    network=dict(
        type='FCN8s',
        form='tight',
        mid_channels=(4096, 4096),
        init_cfg=dict(type='PretrainedFCN', checkpoint='torchvision://vgg16'),
    ),
    losses=[dict(type='PixelCrossEntropy', reduction='mean', loss_weight=1.0)],
)
