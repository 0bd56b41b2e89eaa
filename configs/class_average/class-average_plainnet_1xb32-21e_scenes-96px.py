_base_ = [
    '../_base_/models/bas_plainnet.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    head=dict(num_classes=10, loss_weight=dict(frg=0.25, bas=1.0, ac=1.0)),
    losses=[dict(type='ClassAverageLoss', num_classes=10, map_size=(24, 24), loss_weight=0.1)],
)
train_dataloader = dict(batch_size=32)
average = dict(type='ClassAverageHook', begin=15, pipeline=_base_.test_pipeline)
custom_hooks = [*_base_.custom_hooks, average]
param_scheduler = [
    *_base_.param_scheduler,
    dict(type='MultiStepLR', milestones=[15], gamma=50.0, by_epoch=True),
    dict(type='MultiStepLR', milestones=[19], gamma=0.1, by_epoch=True),
]
train_cfg = dict(max_epochs=21, val_interval=3)
