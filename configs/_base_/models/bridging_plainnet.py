_base_ = './localizer.py'
model = dict(
    backbone=dict(type='PlainNet', base_channels=16, strides=(2, 1, 2, 2), out_stages=('stage2', 'stage3')),
    head=dict(
        type='BridgingHead',
        num_classes=10,
        tap='stage2',
        drop=dict(threshold=0.5, drop_prob=0.5),
        regions=dict(fg=0.4, bg=0.2),
    ),
)
# From random weights every image looks alike at first: the terms begin once the classes are told apart.
custom_hooks = [
    dict(type='LossWeightHook', name='drop', begin=5, end=8),
    dict(type='LossWeightHook', name='sim', begin=5, end=8),
    dict(type='LossWeightHook', name='norm', begin=5, end=8),
]
