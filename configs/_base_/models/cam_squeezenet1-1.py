model = dict(
    type='Localizer',
    data_preprocessor=dict(type='ImgDataPreprocessor', mean=[104.0, 117.0, 123.0], std=[1.0, 1.0, 1.0]),
    backbone=dict(type='SqueezeNet'),
    head=dict(type='ConvCAMHead', num_classes=1000, mid_channels=[], dropout=0.5, relu=True, padding=1),
    cam_class='gt',
)
