# As tools/model_converters/convert_npz.py fills it, with the classifier of ImageNet.
model = dict(
    type='Localizer',
    data_preprocessor=dict(type='ImgDataPreprocessor', mean=[128.0] * 3, std=[128.0] * 3, bgr_to_rgb=True),
    backbone=dict(type='TimmBackbone', model_name='mobilenetv2_100', pad_type='same'),
    head=dict(type='CAMHead', num_classes=1000),
    cam_class='gt',
)
