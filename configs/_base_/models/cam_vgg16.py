_base_ = './localizer.py'
model = dict(
    backbone=dict(
        type='VGG16', output_stride=16, conv6=True, init_cfg=dict(type='Pretrained', checkpoint='torchvision://vgg16')
    ),
    head=dict(type='CAMHead', num_classes=200),
)
