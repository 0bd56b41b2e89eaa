_base_ = '../bas/bas_mobilenetv1_1xb16-20e_pets370-128px.py'
model = dict(
    head=dict(num_classes=2),
    losses=[dict(type='ClassAverageLoss', num_classes=2, map_size=(16, 16), weight=1.0)],
)
custom_hooks = [
    dict(type='LossWeightHook', name='bas', begin=1, end=2),
    dict(type='LossWeightHook', name='ac', begin=1, end=3),
    dict(
        type='ClassAverageHook',
        begin=20,
        pipeline=[
            dict(type='LoadImage'),
            dict(type='Geometry', name='WE', size=128),
            dict(type='PackLocalization'),
        ],
    ),
]
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, begin=0, end=1, by_epoch=True, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=1e-5, begin=1, end=20, by_epoch=True, convert_to_iter_based=True),
    dict(type='MultiStepLR', milestones=[20], gamma=20.0, by_epoch=True),
]
train_dataloader = dict(batch_size=16)
train_cfg = dict(max_epochs=25, val_interval=25)
