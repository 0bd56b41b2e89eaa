_base_ = './localizer.py'
model = dict(
    backbone=dict(type='PlainNet', base_channels=16, strides=(2, 1, 2, 2), out_stages=('stage2', 'stage3')),
    head=dict(type='BASHead', num_classes=10, tap='stage2', mid_channels=64, variant='v2-vgg', generator_bias=1.0),
)
custom_hooks = [
    dict(type='LossWeightHook', name='bas', begin=3, end=4),
    dict(type='LossWeightHook', name='ac', begin=3, end=6),
]
