_base_ = [
    '../_base_/models/spg_vgg16.py',
    '../_base_/datasets/cub_224px.py',
    '../_base_/schedules/we_50e.py',
    '../_base_/default_runtime.py',
]
seeds = dict(b2=dict(high=0.29, low=0.23), b1=dict(high=0.03, low=0.02), c=dict(high=0.82, low=0.59))
model = dict(head=dict(num_classes=200, seeds=seeds, loss_weight=dict(b2=1.0, b1=1.0, c=1.0)))
train_dataloader = dict(batch_size=32)
# As Choe et al.: the layers after pool3 learn as fast as the head.
rules = [dict(pattern=r'^head|features\.(17|19|2\d)', lr_mult=10)]
optim_wrapper = dict(optimizer=dict(lr=1.2558923e-4), paramwise_cfg=dict(rules=rules))
