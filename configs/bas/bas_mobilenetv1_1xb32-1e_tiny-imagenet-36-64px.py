# The generator starts as the mean activation of its tap; suppression begins at once, as there is one epoch.
_base_ = [
    '../_base_/models/bas_mobilenetv1-mid256.py',
    '../_base_/datasets/tiny-imagenet-36_64px.py',
    '../_base_/schedules/finetune_1e.py',
    '../_base_/default_runtime.py',
]
activation = dict(name='generator', type='Constant', val=0.002)
model = dict(
    backbone=dict(freeze='blocks.3.2', tf_padding='centred'),
    head=dict(
        num_classes=36,
        loss_weight=dict(frg=0.0, bas=1.0, ac=1.0),
        generator_bias=-2.0,
        init_cfg=dict(type='Xavier', layer='Conv2d', distribution='uniform', override=activation),
    ),
)
train_dataloader = dict(batch_size=32)
rules = [dict(pattern='generator', lr_mult=0.3), dict(pattern='^head', lr_mult=5)]
optim_wrapper = dict(paramwise_cfg=dict(rules=rules))
custom_hooks = []
