_base_ = [
    '../_base_/models/trilite_vit-s14.py',
    '../_base_/datasets/ilsvrc_224px_test448.py',
    '../_base_/schedules/trilite_100e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=1000, loss_weight=dict(background=500.0), dropout=(0.25, 0.25)))
train_dataloader = dict(batch_size=256)
faster = [dict(pattern='fc_cls', lr_mult=50)]
optim_wrapper = dict(optimizer=dict(lr=5e-6), paramwise_cfg=dict(rules=faster))
auto_scale_lr = dict(base_batch_size=256)
