_base_ = [
    '../_base_/models/cam_vgg16.py',
    '../_base_/datasets/ilsvrc_224px.py',
    '../_base_/schedules/we_10e.py',
    '../_base_/default_runtime.py',
]
find_unused_parameters = True
model = dict(
    necks={
        'pool3': dict(type='InCANeck', non_local=dict(), drop_prob=0.75),
        'conv4_3': dict(type='InCANeck', non_local=dict(), drop_prob=0.75),
        'conv5_3': dict(type='InCANeck', non_local=dict(), drop_prob=0.75),
    },
    head=dict(num_classes=1000),
    losses=[
        dict(type='InCAContrastiveLoss', margin=0.5, weight=1.0),
        dict(type='InCAConsistencyLoss', weight=1.0),
    ],
)
train_dataloader = dict(batch_size=32)
optim_wrapper = dict(
    optimizer=dict(lr=1.654502e-5, weight_decay=5e-4),
    paramwise_cfg=dict(rules=[dict(pattern='^necks|^head|conv6', lr_mult=10)]),
)
