_base_ = '../bas/bas_mobilenetv1_1xb32-5e_tiny-imagenet-36-96px.py'
model = dict(
    head=dict(num_classes=36),
    losses=[dict(type='ClassAverageLoss', num_classes=36, map_size=(12, 12), weight=1.0)],
)
custom_hooks = [
    dict(type='LossWeightHook', name='bas', begin=1, end=2),
    dict(type='LossWeightHook', name='ac', begin=1, end=3),
    dict(
        type='ClassAverageHook',
        begin=5,
        pipeline=[
            dict(type='LoadImage'),
            dict(type='Geometry', name='WE', size=96),
            dict(type='PackLocalization'),
        ],
    ),
]
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, begin=0, end=1, by_epoch=True, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=1e-5, begin=1, end=5, by_epoch=True, convert_to_iter_based=True),
    dict(type='MultiStepLR', milestones=[5], gamma=20.0, by_epoch=True),
]
train_dataloader = dict(batch_size=32)
train_cfg = dict(max_epochs=7, val_interval=7)
