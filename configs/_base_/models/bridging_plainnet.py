_base_ = './localizer.py'
model = dict(
    backbone=dict(type='PlainNet', base_channels=16, strides=(2, 1, 2, 2), out_stages=('stage2', 'stage3')),
    head=dict(
        type='BridgingHead',
        num_classes=10,
        tap='stage2',
        drop=dict(threshold=0.8, drop_prob=0.25),
        regions=dict(fg=0.4, bg=0.2),
    ),
)
custom_hooks = [
    dict(type='LossWeightHook', name='sim', begin=3, end=4),
    dict(type='LossWeightHook', name='norm', begin=3, end=4),
]
