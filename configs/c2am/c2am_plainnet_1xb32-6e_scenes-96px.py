_base_ = [
    '../_base_/models/c2am_plainnet.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/after_cam_6e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    backbone=dict(init_cfg=_base_.trunk),
    head=dict(num_classes=10, classifier=dict(init_cfg=_base_.trained)),
)
train_dataloader = dict(batch_size=32)
