# Not published: the rate is that of CAM here, the threshold the default of Choe et al.
_base_ = [
    '../_base_/models/acol_resnet50.py',
    '../_base_/datasets/ilsvrc_224px.py',
    '../_base_/schedules/we_10e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=1000, threshold=0.7, loss_weight=1.0))
train_dataloader = dict(batch_size=32)
# As Choe et al.: layer4 learns ten times as fast, the head of this method at the base rate.
rules = [dict(pattern='layer4', lr_mult=10)]
optim_wrapper = dict(optimizer=dict(lr=3.108411e-5, weight_decay=1e-4), paramwise_cfg=dict(rules=rules))
