_base_ = '../cam/cam_mobilenetv1_1xb32-5e_tiny-imagenet-36-96px.py'
find_unused_parameters = True
model = dict(
    head=dict(num_classes=36),
    necks={
        'blocks.4.0': dict(type='InCANeck', non_local=dict(), drop_prob=0.75),
        'blocks.4.1': dict(type='InCANeck', non_local=dict(), drop_prob=0.75),
    },
    losses=[
        dict(type='InCAContrastiveLoss', margin=0.5, weight=1.0),
        dict(type='InCAConsistencyLoss', weight=1.0),
    ],
)
train_dataloader = dict(batch_size=32)
