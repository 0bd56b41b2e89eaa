_base_ = [
    '../_base_/models/cam_resnet50.py',
    '../_base_/datasets/cub_224px.py',
    '../_base_/schedules/we_50e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    head=dict(num_classes=200),
    batch_augments=[dict(type='CutMix', beta=1.35, prob=0.24)],
)
train_dataloader = dict(batch_size=32)
rules = [dict(pattern='^head|layer4', lr_mult=10)]
optim_wrapper = dict(optimizer=dict(lr=3.333722e-4, weight_decay=1e-4), paramwise_cfg=dict(rules=rules))
