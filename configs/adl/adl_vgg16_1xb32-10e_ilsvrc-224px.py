_base_ = [
    '../_base_/models/adl_vgg16.py',
    '../_base_/datasets/ilsvrc_224px.py',
    '../_base_/schedules/we_10e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=1000))
train_dataloader = dict(batch_size=32)
rules = [dict(pattern='^head|conv6', lr_mult=10)]
optim_wrapper = dict(optimizer=dict(lr=1.654502e-5), paramwise_cfg=dict(rules=rules))
