# The generator starts as the mean activation of the frozen trunk, and learns more slowly than the classifier beside it.
_base_ = [
    '../_base_/models/bas_mobilenetv1-mid256.py',
    '../_base_/datasets/pets370_224px.py',
    '../_base_/schedules/few-images_10e.py',
    '../_base_/default_runtime.py',
]
activation = dict(name='generator', type='Constant', val=0.002)
model = dict(
    backbone=_base_.start.trunk,
    head=dict(
        num_classes=37,
        mid_channels=128,
        loss_weight=dict(frg=0.0, bas=1.0, ac=1.0),
        generator_bias=-2.0,
        init_cfg=dict(type='Xavier', layer='Conv2d', distribution='uniform', override=activation),
    ),
)
train_dataloader = dict(batch_size=16)
rules = [dict(pattern='generator', lr_mult=0.2), *_base_.rules]
optim_wrapper = dict(paramwise_cfg=dict(rules=rules))
