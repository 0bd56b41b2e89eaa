_base_ = [
    '../_base_/models/cam_plainnet.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    necks={
        'stage3.0': dict(type='InCANeck', non_local=dict(), drop_prob=0.25),
        'stage3.1': dict(type='InCANeck', non_local=dict(), drop_prob=0.25),
    },
    head=dict(num_classes=10),
    losses=[
        dict(type='InCAContrastiveLoss', margin=0.5, weight=1.0),
        dict(type='InCAConsistencyLoss', weight=1.0),
    ],
)
train_dataloader = dict(batch_size=32)
