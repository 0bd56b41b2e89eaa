# An extension of ours: soft masks, through which the contrastive loss reaches the attention, and a margin it feels.
_base_ = '../cam/cam_plainnet_1xb32-15e_scenes-96px.py'
load_from = '{{ fileDirname }}/../cam/cam_plainnet_1xb32-15e_scenes-96px_20261121-a22d9744.pth'
find_unused_parameters = True
model = dict(
    head=dict(num_classes=10),
    necks={
        'stage3.0': dict(type='InCANeck', non_local=dict(), drop_prob=0.75, embedding=dict(masks='soft')),
        'stage3.1': dict(type='InCANeck', non_local=dict(), drop_prob=0.75, embedding=dict(masks='soft')),
    },
    losses=[
        dict(type='InCAContrastiveLoss', margin=2.0, weight=1.0),
        dict(type='InCAConsistencyLoss', weight=1.0),
    ],
)
train_dataloader = dict(batch_size=32)
optim_wrapper = dict(optimizer=dict(lr=5e-4))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, begin=0, end=1, by_epoch=True, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=1e-5, begin=1, end=6, by_epoch=True, convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=6, val_interval=6)
