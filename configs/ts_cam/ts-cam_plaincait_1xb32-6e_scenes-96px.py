_base_ = [
    '../_base_/models/tscam_plaincait.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/after_cam_6e.py',
    '../_base_/default_runtime.py',
]
model = dict(backbone=dict(init_cfg=_base_.trunk), head=dict(num_classes=10, loss_weight=1.0))
train_dataloader = dict(batch_size=32)
