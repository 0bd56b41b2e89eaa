# Equation 1 as printed, hard masks, at a margin of 0.5: the contrastive loss hardly acts, see the method's page.
_base_ = [
    '../_base_/models/inca_plainnet.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/adamw_6e.py',
    '../_base_/default_runtime.py',
]
load_from = '{{ fileDirname }}/../cam/cam_plainnet_1xb32-15e_scenes-96px_20261121-a22d9744.pth'
find_unused_parameters = True
literal = dict(non_local=dict(), thresholds=dict(fg=0.8, bg=0.2), drop_prob=0.75, embedding=dict(temperature=0))
model = dict(
    head=dict(num_classes=10),
    necks={'stage3.0': literal, 'stage3.1': literal},
    losses=[
        dict(type='InCAContrastiveLoss', margin=0.5, loss_weight=1.0),
        dict(type='InCAConsistencyLoss', loss_weight=1.0),
    ],
)
train_dataloader = dict(batch_size=32)
