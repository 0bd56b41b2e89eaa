# The second phase: class maps on shallow times deep features, which become the masks of the third.
_base_ = [
    '../_base_/models/spol_plainnet.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/after_cam_6e.py',
    '../_base_/default_runtime.py',
]
model = dict(backbone=dict(init_cfg=_base_.trunk), head=dict(num_classes=10))
train_dataloader = dict(batch_size=32)
