_base_ = [
    '../_base_/models/cam_resnet50.py',
    '../_base_/datasets/ilsvrc_224px.py',
    '../_base_/schedules/we_10e.py',
    '../_base_/default_runtime.py',
]
find_unused_parameters = True
model = dict(
    necks={
        'layer3.0': dict(type='InCANeck', non_local=dict(), drop_prob=0.75),
        'layer4.0': dict(type='InCANeck', non_local=dict(), drop_prob=0.75),
        'layer4.2': dict(type='InCANeck', non_local=dict(), drop_prob=0.75),
    },
    head=dict(num_classes=1000),
    losses=[
        dict(type='InCAContrastiveLoss', margin=0.5, weight=1.0),
        dict(type='InCAConsistencyLoss', weight=1.0),
    ],
)
train_dataloader = dict(batch_size=32)
optim_wrapper = dict(
    optimizer=dict(lr=3.108411e-5, weight_decay=1e-4),
    paramwise_cfg=dict(rules=[dict(pattern='^necks|^head|layer4', lr_mult=10)]),
)
