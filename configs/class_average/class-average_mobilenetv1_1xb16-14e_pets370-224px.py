_base_ = '../bas/bas_mobilenetv1_1xb16-10e_pets370-224px.py'
model = dict(
    head=dict(num_classes=37),
    losses=[dict(type='ClassAverageLoss', num_classes=37, map_size=(14, 14), loss_weight=1.0)],
)
train_dataloader = dict(batch_size=16)
pipeline = [_base_.load, dict(type='Geometry', name='WE'), _base_.pack]
custom_hooks = [*_base_.custom_hooks, dict(type='ClassAverageHook', begin=10, pipeline=pipeline)]
param_scheduler = [*_base_.param_scheduler, dict(type='MultiStepLR', milestones=[10], gamma=20.0, by_epoch=True)]
train_cfg = dict(max_epochs=14, val_interval=14)
