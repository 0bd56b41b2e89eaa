_base_ = [
    '../_base_/models/spg_resnet50.py',
    '../_base_/datasets/cub_224px.py',
    '../_base_/schedules/we_50e.py',
    '../_base_/default_runtime.py',
]
seeds = dict(b2=dict(high=0.41, low=0.35), b1=dict(high=0.24, low=0.21), c=dict(high=0.12, low=0.08))
model = dict(head=dict(num_classes=200, seeds=seeds, loss_weight=dict(b2=1.0, b1=1.0, c=1.0)))
train_dataloader = dict(batch_size=32)
# As Choe et al.: layer4 learns ten times as fast, the head of this method at the base rate.
rules = [dict(pattern='layer4', lr_mult=10)]
optim_wrapper = dict(optimizer=dict(lr=4.521947e-5, weight_decay=1e-4), paramwise_cfg=dict(rules=rules))
