_base_ = '../bas/bas_mobilenetv1_1xb32-1e_tiny-imagenet-36-128px.py'
model = dict(
    head=dict(num_classes=36),
    losses=[dict(type='ClassAverageLoss', num_classes=36, map_size=(8, 8), loss_weight=1.0)],
)
train_dataloader = dict(batch_size=32)
custom_hooks = [*_base_.custom_hooks, dict(type='ClassAverageHook', begin=1, pipeline=_base_.test_pipeline)]
param_scheduler = [*_base_.param_scheduler, dict(type='MultiStepLR', milestones=[1], gamma=5.0, by_epoch=True)]
train_cfg = dict(max_epochs=2, val_interval=2)
