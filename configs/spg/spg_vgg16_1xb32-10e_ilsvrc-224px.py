# Not published: the rate is that of CAM here, the thresholds are the defaults of Choe et al.
_base_ = [
    '../_base_/models/spg_vgg16.py',
    '../_base_/datasets/ilsvrc_224px.py',
    '../_base_/schedules/we_10e.py',
    '../_base_/default_runtime.py',
]
seeds = dict(b2=dict(high=0.7, low=0.01), b1=dict(high=0.5, low=0.05), c=dict(high=0.7, low=0.1))
model = dict(head=dict(num_classes=1000, seeds=seeds, loss_weight=dict(b2=1.0, b1=1.0, c=1.0)))
train_dataloader = dict(batch_size=32)
# As Choe et al.: the layers after pool3 learn as fast as the head.
rules = [dict(pattern=r'^head|features\.(17|19|2\d)', lr_mult=10)]
optim_wrapper = dict(optimizer=dict(lr=1.654502e-5), paramwise_cfg=dict(rules=rules))
