# Animals near the middle that all look one way, as in the data sets of the paper: here the best constant box is strong.
_base_ = '../bas/bas_plainnet_1xb32-15e_scenes-96px.py'
model = dict(
    head=dict(num_classes=10),
    losses=[dict(type='ClassAverageLoss', num_classes=10, map_size=(24, 24), weight=1.0)],
)
canonical = dict(spread=0.5, flip=False)
pipeline = [dict(type='PackLocalization')]
train_dataloader = dict(batch_size=32, dataset=dict(scene=canonical, pipeline=pipeline))
val_dataloader = dict(dataset=dict(scene=canonical))
test_dataloader = dict(dataset=dict(scene=canonical))
custom_hooks = [
    dict(type='LossWeightHook', name='bas', begin=3, end=4),
    dict(type='LossWeightHook', name='ac', begin=3, end=6),
    dict(type='ClassAverageHook', begin=15, pipeline=pipeline, symmetrise=False),
]
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, begin=0, end=1, by_epoch=True, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=1e-5, begin=1, end=15, by_epoch=True, convert_to_iter_based=True),
    dict(type='MultiStepLR', milestones=[15], gamma=50.0, by_epoch=True),
    dict(type='MultiStepLR', milestones=[19], gamma=0.1, by_epoch=True),
]
train_cfg = dict(max_epochs=21, val_interval=3)
