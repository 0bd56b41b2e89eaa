_base_ = '../cam/cam_mobilenetv1_1xb16-20e_pets370-128px.py'
find_unused_parameters = True
model = dict(
    head=dict(num_classes=2),
    necks={
        'blocks.4.0': dict(type='InCANeck', non_local=dict(), drop_prob=0.75),
        'blocks.4.1': dict(type='InCANeck', non_local=dict(), drop_prob=0.75),
    },
    losses=[
        dict(type='InCAContrastiveLoss', margin=0.5, weight=1.0),
        dict(type='InCAConsistencyLoss', weight=1.0),
    ],
)
train_dataloader = dict(batch_size=16)
