_base_ = [
    '../_base_/models/adl_resnet50.py',
    '../_base_/datasets/cub_224px.py',
    '../_base_/schedules/we_50e.py',
    '../_base_/default_runtime.py',
]
tuned = dict(drop_rate=0.24, gamma=0.76)
model = dict(
    head=dict(num_classes=200),
    necks={'layer3.0': tuned, 'layer4.0': tuned, 'layer4.2': tuned},
)
train_dataloader = dict(batch_size=32)
rules = [dict(pattern='^head|layer4', lr_mult=10)]
optim_wrapper = dict(optimizer=dict(lr=1.253438325e-2, weight_decay=1e-4), paramwise_cfg=dict(rules=rules))
