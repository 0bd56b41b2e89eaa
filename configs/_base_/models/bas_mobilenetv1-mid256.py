# A narrower generator that begins in the middle, and suppression that rises slowly: for data sets of a CPU's size.
_base_ = './mobilenetv1.py'
model = dict(
    backbone=dict(out_stages=('blocks.3', 'blocks.4')),
    head=dict(type='BASHead', num_classes=2, tap='blocks.3', mid_channels=256, variant='v2-vgg', generator_bias=1.0),
)
custom_hooks = [
    dict(type='LossWeightHook', name='bas', begin=1, end=2),
    dict(type='LossWeightHook', name='ac', begin=1, end=3),
]
