_base_ = [
    '../_base_/models/bas_mobilenetv1.py',
    '../_base_/datasets/tiny-imagenet-36_96px.py',
    '../_base_/schedules/finetune_5e.py',
    '../_base_/default_runtime.py',
]
# The generator learns slowly: at the rate of the rest of the head its sigmoid saturates before suppression begins.
model = dict(
    head=dict(
        num_classes=36,
        mid_channels=256,
        weights=dict(frg=0.5, bas=1.0, ac=1.0),
        variant='v2-vgg',
        generator_bias=1.0,
    )
)
train_dataloader = dict(batch_size=32)
optim_wrapper = dict(
    paramwise_cfg=dict(rules=[dict(pattern='generator', lr_mult=0.6), dict(pattern='^head', lr_mult=5)])
)
custom_hooks = [
    dict(type='LossWeightHook', name='bas', begin=1, end=2),
    dict(type='LossWeightHook', name='ac', begin=1, end=3),
]
