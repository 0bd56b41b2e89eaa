# The generator starts as the mean activation of its tap, and learns at the rate of the trunk.
_base_ = [
    '../_base_/models/bas_mobilenetv1-mid256.py',
    '../_base_/datasets/tiny-imagenet-36_128px.py',
    '../_base_/schedules/finetune_1e.py',
    '../_base_/default_runtime.py',
]
activation = dict(name='generator', type='Constant', val=0.002)
model = dict(
    backbone=dict(_base_.start.trunk, output_stride=32),
    head=dict(
        num_classes=36,
        mid_channels=128,
        loss_weight=dict(frg=0.0, bas=1.0, ac=1.0),
        generator_bias=-2.0,
        init_cfg=dict(type='Xavier', layer='Conv2d', distribution='uniform', override=activation),
    ),
)
train_dataloader = dict(batch_size=32)
rules = [dict(pattern='generator', lr_mult=0.1), *_base_.slower]
optim_wrapper = dict(paramwise_cfg=dict(rules=rules))
custom_hooks = []
