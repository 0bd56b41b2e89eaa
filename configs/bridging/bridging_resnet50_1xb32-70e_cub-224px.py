_base_ = [
    '../_base_/models/bridging_resnet50.py',
    '../_base_/datasets/cub_224px.py',
    '../_base_/schedules/bridging_70e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=200, loss_weight=dict(drop=2.0, sim=0.5, norm=0.05)))
train_dataloader = dict(batch_size=32)
rules = [dict(pattern='^head|layer4', lr_mult=10)]
optim_wrapper = dict(optimizer=dict(lr=2e-3, weight_decay=1e-4), paramwise_cfg=dict(rules=rules))
