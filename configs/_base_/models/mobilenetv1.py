# Weights of tools/model_converters/convert_npz.py: trained with ReLU6 and TensorFlow's padding (the papers have ReLU),
# and with batch norm folded into the convolutions, so that its running statistics (0 and 1) must stay.
model = dict(
    type='Localizer',
    data_preprocessor=dict(type='ImgDataPreprocessor', mean=[128.0] * 3, std=[128.0] * 3, bgr_to_rgb=True),
    backbone=dict(
        type='MobileNetV1',
        relu6=True,
        tf_padding=True,
        norm_eval=True,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='checkpoints/mobilenet_v1_1.0_224_backbone_q8-c2b3f523.pth',
            prefix='backbone.',
        ),
    ),
    cam_class='gt',
)
