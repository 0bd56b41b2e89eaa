_base_ = [
    '../_base_/models/adl_vgg16.py',
    '../_base_/datasets/cub_224px.py',
    '../_base_/schedules/we_50e.py',
    '../_base_/default_runtime.py',
]
tuned = dict(drop_rate=0.33, gamma=0.72)
model = dict(
    head=dict(num_classes=200),
    necks={'pool3': tuned, 'conv4_3': tuned, 'conv5_3': tuned},
)
train_dataloader = dict(batch_size=32)
rules = [dict(pattern='^head|conv6', lr_mult=10)]
optim_wrapper = dict(optimizer=dict(lr=2.430601e-5), paramwise_cfg=dict(rules=rules))
