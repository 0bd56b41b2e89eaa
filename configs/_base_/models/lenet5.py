# Grey pictures with light strokes on a dark ground, brought to mean 0 and deviation 1.
model = dict(
    type='Localizer',
    data_preprocessor=dict(type='ImgDataPreprocessor', mean=[57.5], std=[57.0]),
    backbone=dict(type='LeNet5', partial=True, pool='avg', act='scaled_tanh'),
    head=dict(type='SlidingHead', num_classes=10, kernel=5, widths=(120, 84), act='scaled_tanh'),
    cam_class='gt',
)
