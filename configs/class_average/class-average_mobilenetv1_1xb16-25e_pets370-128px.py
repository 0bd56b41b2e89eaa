_base_ = '../bas/bas_mobilenetv1_1xb16-20e_pets370-128px.py'
model = dict(
    head=dict(num_classes=2), losses=[dict(type='ClassAverageLoss', num_classes=2, map_size=(16, 16), loss_weight=0.1)]
)
train_dataloader = dict(batch_size=16)
pipeline = [_base_.load, dict(type='Geometry', name='WE', size=128), _base_.pack]
custom_hooks = [*_base_.custom_hooks, dict(type='ClassAverageHook', begin=20, pipeline=pipeline)]
param_scheduler = [*_base_.param_scheduler, dict(type='MultiStepLR', milestones=[20], gamma=20.0, by_epoch=True)]
train_cfg = dict(max_epochs=25, val_interval=25)
