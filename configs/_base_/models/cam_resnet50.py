_base_ = './localizer.py'
model = dict(
    backbone=dict(
        type='ResNet', depth=50, output_stride=8, init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50')
    ),
    head=dict(type='CAMHead', num_classes=200),
)
