_base_ = [
    '../_base_/models/trilite_vit-s14.py',
    '../_base_/datasets/openimages30k_448px.py',
    '../_base_/schedules/trilite_100e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=100, loss_weight=dict(background=3.0), dropout=(0.0, 0.5)))
train_dataloader = dict(batch_size=32)
optim_wrapper = dict(optimizer=dict(lr=1e-5))
auto_scale_lr = dict(base_batch_size=32)
