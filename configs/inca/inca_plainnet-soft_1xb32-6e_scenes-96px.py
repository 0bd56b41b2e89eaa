# An extension of ours: soft masks, through which the contrastive loss reaches the attention, and a margin it feels.
_base_ = [
    '../_base_/models/inca_plainnet.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/adamw_6e.py',
    '../_base_/default_runtime.py',
]
load_from = '{{ fileDirname }}/../cam/cam_plainnet_1xb32-15e_scenes-96px_20261121-a22d9744.pth'
soft = dict(embedding=dict(masks='soft'))
model = dict(
    head=dict(num_classes=10),
    necks={'stage3.0': soft, 'stage3.1': soft},
    losses=[
        dict(type='InCAContrastiveLoss', margin=2.0, loss_weight=1.0),
        dict(type='InCAConsistencyLoss', loss_weight=1.0),
    ],
)
train_dataloader = dict(batch_size=32)
