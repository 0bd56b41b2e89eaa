# On the keys of a trained transformer, which is held; a linear classifier beside the map learns for one epoch.
_base_ = [
    '../_base_/models/plaincait.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/after_tscam_6e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    backbone=dict(out_stages=('keys', 'cls'), freeze=True, init_cfg=_base_.trunk),
    head=dict(type='TokenCutHead', num_classes=10, threshold=0.2, centre=True),
)
train_dataloader = dict(batch_size=32)
param_scheduler = []
train_cfg = dict(max_epochs=1, val_interval=1)
