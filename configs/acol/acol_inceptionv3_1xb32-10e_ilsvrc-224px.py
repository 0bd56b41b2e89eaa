# Not published: the rate is that of CAM here, the threshold the default of Choe et al.
_base_ = [
    '../_base_/models/acol_inceptionv3.py',
    '../_base_/datasets/ilsvrc_224px.py',
    '../_base_/schedules/we_10e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=1000, threshold=0.7, loss_weight=1.0))
train_dataloader = dict(batch_size=32)
optim_wrapper = dict(optimizer=dict(lr=3.606503e-4))
