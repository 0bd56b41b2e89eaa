_base_ = [
    '../_base_/models/cam_resnet50.py',
    '../_base_/datasets/cub_224px.py',
    '../_base_/schedules/we_50e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    head=dict(num_classes=200),
    batch_augments=[dict(type='HaS', grid_size=120, drop_rate=0.66)],
)
train_dataloader = dict(batch_size=32)
rules = [dict(pattern='^head|layer4', lr_mult=10)]
optim_wrapper = dict(optimizer=dict(lr=3.61996526e-3, weight_decay=1e-4), paramwise_cfg=dict(rules=rules))
