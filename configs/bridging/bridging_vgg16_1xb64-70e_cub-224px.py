_base_ = [
    '../_base_/models/bridging_vgg16.py',
    '../_base_/datasets/cub_224px.py',
    '../_base_/schedules/bridging_70e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=200, loss_weight=dict(drop=3.0, sim=0.5, norm=0.15)))
train_dataloader = dict(batch_size=64)
rules = [dict(pattern='^head|conv6', lr_mult=5)]
optim_wrapper = dict(optimizer=dict(lr=4e-3), paramwise_cfg=dict(rules=rules))
