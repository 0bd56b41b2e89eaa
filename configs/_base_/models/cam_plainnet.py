_base_ = './localizer.py'
model = dict(
    backbone=dict(type='PlainNet', base_channels=16, strides=(2, 1, 2, 2)),
    head=dict(type='CAMHead', num_classes=10),
)
