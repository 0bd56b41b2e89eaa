_base_ = [
    '../_base_/models/cam_vgg16.py',
    '../_base_/datasets/cub_224px.py',
    '../_base_/schedules/we_50e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    head=dict(num_classes=200),
    batch_augments=[dict(type='CutMix', beta=0.85, prob=0.79)],
)
train_dataloader = dict(batch_size=32)
rules = [dict(pattern='^head|conv6', lr_mult=10)]
optim_wrapper = dict(optimizer=dict(lr=3.220934e-5), paramwise_cfg=dict(rules=rules))
