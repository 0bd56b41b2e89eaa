# What localizers share whose backbone learned from ImageNet in the usual normalisation.
model = dict(
    type='Localizer',
    data_preprocessor=dict(
        type='ImgDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True
    ),
    cam_class='gt',
)
